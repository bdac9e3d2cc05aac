import re
from pathlib import Path

import pytest

from pipelines import readme
from pipelines.analysis import overview
from pipelines.report import language
from tests.comparisons import compared
from tests.conftest import ROOT


@pytest.mark.parametrize("code", readme.READMES)
def test_readme_results_table_matches_the_committed_metrics(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    if not all("decisions" in comparison for comparison in readme.recorded().values()):
        pytest.skip("the committed metrics are of a record that had no decisions; the next record replaces them")
    text = readme.READMES[code].read_text(encoding="utf-8")
    with language.speaking(code):
        assert readme.with_table(text) == text, "run `python -m pipelines.readme`"


def test_readme_has_a_sister_for_every_language_with_the_same_commands() -> None:
    assert readme.READMES.keys() == language.LANGUAGES.keys()
    texts = {code: (ROOT / path).read_text(encoding="utf-8") for code, path in readme.READMES.items()}
    commands = {code: re.findall(r"^gatehouse \w+", text, re.MULTILINE) for code, text in texts.items()}
    assert commands["tr"] == commands["en"]
    headings = {
        code: [line.partition(" ")[0] for line in text.splitlines() if line.startswith("#")]
        for code, text in texts.items()
    }
    assert headings["tr"] == headings["en"]
    assert all(text.count(mark) == 1 for text in texts.values() for mark in (readme.BEGIN, readme.END))


def test_readme_table_in_turkish_has_its_words_and_numbers(tmp_path: Path) -> None:
    rows = overview.rows("a", "A", compared(tmp_path, 0.5))
    with language.speaking("tr"):
        heading, _, row = readme.table(rows).splitlines()
    assert heading == "| problem | ölçüt | LSTM | GRU | en iyi temel yöntem | test kaybındaki fark | öneri |"
    assert "| a: words | MAE ↓ | (0," in row
    assert row.endswith("p < 0,0001 | gru |")


def test_readme_table_shows_every_cell_the_difference_and_what_to_use(tmp_path: Path) -> None:
    won, even = (compared(tmp_path, advantage) for advantage in (0.5, 0.0))
    rows = [row for name, found in (("a", won), ("b", even)) for row in overview.rows(name, name.upper(), found)]
    heading, _, first, second = readme.table(rows).splitlines()
    assert heading == "| problem | metric | LSTM | GRU | best baseline | difference in test loss | use |"
    assert first.startswith("| a: words | MAE ↓ | (0.")
    assert "| **0." in first
    assert first.endswith("p < 0.0001 | gru |")
    assert second.endswith("no significant difference | naive |")
