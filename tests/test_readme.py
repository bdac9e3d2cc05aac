from pathlib import Path

import pytest

from pipelines import readme
from tests.conftest import ROOT


def test_readme_results_table_matches_the_committed_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    if not all("decisions" in comparison for comparison in readme.recorded().values()):
        pytest.skip("the committed metrics are of a record that had no decisions; the next record replaces them")
    text = Path("README.md").read_text(encoding="utf-8")
    assert readme.with_table(text) == text, "run `python -m pipelines.readme`"
