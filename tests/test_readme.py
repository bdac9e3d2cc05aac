from pathlib import Path

import pytest

from pipelines import readme
from pipelines.analysis import overview
from tests.comparisons import compared
from tests.conftest import ROOT


def test_readme_results_table_matches_the_committed_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    if not all("decisions" in comparison for comparison in readme.recorded().values()):
        pytest.skip("the committed metrics are of a record that had no decisions; the next record replaces them")
    text = Path("README.md").read_text(encoding="utf-8")
    assert readme.with_table(text) == text, "run `python -m pipelines.readme`"


def test_readme_table_shows_every_cell_the_difference_and_what_to_use(tmp_path: Path) -> None:
    won, even = (compared(tmp_path, advantage) for advantage in (0.5, 0.0))
    rows = [row for name, found in (("a", won), ("b", even)) for row in overview.rows(name, name.upper(), found)]
    heading, _, first, second = readme.table(rows).splitlines()
    assert heading == "| problem | metric | LSTM | GRU | best baseline | difference in test loss | use |"
    assert first.startswith("| a: words | MAE ↓ | (0.")
    assert "| **0." in first
    assert first.endswith("p < 0.0001 | gru |")
    assert second.endswith("no significant difference | naive |")
