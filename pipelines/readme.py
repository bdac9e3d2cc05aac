"""The results tables of `README.md` and `README.tr.md`, made from `metrics/`: `python -m pipelines.readme` writes them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipelines import artifacts, params, paths, registry
from pipelines.analysis import overview
from pipelines.analysis.overview import Entry, Row
from pipelines.report import language
from pipelines.report.language import _, localised, shown
from pipelines.report.texts import format_number, format_percent

READMES = {"en": Path("README.md"), "tr": Path("README.tr.md")}
"""By language."""
BEGIN, END = "<!-- results: python -m pipelines.readme -->", "<!-- end of results -->"


def recorded() -> dict[str, Any]:
    """Task -> its recorded comparison; tasks without one have no results yet."""
    files = {task.name: paths.comparison(task.name) for task in registry.TASKS}
    return {name: artifacts.read_json(path) for name, path in files.items() if path.exists()}


def table(rows: Sequence[Row]) -> str:
    """One line for each target: the best model of each cell, the best baseline, the difference from it, and what to use."""
    columns = [*overview.COLUMNS.values(), overview.OTHER]
    columns = [column for column in columns if any(column in row.entries for row in rows)]
    headings = [
        _("problem"), _("metric"), *map(shown, columns), _("best baseline"), _("difference in test loss"), _("use"),
    ]  # fmt: skip
    lines = [f"| {' | '.join(headings)} |", f"|{'---|' * len(headings)}"]
    for row in rows:
        decision = row.decision
        metric = f"{shown(decision['metric']['title'])} {'↓' if decision['metric']['lower_is_better'] else '↑'}"
        cells = [_cell(row.entries.get(column)) for column in columns]
        baseline = f"{shown(decision['baseline'])} {format_number(decision['baseline_value'])}"
        parts = [
            language.lower(overview.name(row)),
            metric,
            *cells,
            baseline,
            _difference(decision),
            shown(decision["use"]),
        ]
        lines.append(f"| {' | '.join(parts)} |")
    return "\n".join(lines)


def _cell(entry: Entry | None) -> str:
    """A model's metric, bold for the best of the row, in brackets where it is significantly worse."""
    if entry is None:
        return "–"
    value = format_number(entry.mean) + ("" if entry.std is None else f" ± {format_number(entry.std, 2)}")
    return {"best": f"**{value}**", "worse": f"({value})", "alike": value}[entry.standing]


def _difference(decision: dict[str, Any]) -> str:
    """Of the best model from the best baseline, with its interval, and how sure it is."""
    test = decision["test"]
    difference = "" if test["relative"] is None else f"{_signed(test['relative'])} "
    interval = (
        "" if test["low"] is None else _("({low} to {high}) ", low=_signed(test["low"]), high=_signed(test["high"]))
    )
    if decision["outcome"] == "even":
        return difference + interval + _("no significant difference")
    p = test["p_holm"]
    return difference + interval + (f"p < {localised('0.0001')}" if p < 0.0001 else f"p = {format_number(p, 2)}")


def _signed(share: float) -> str:
    return ("+" if share > 0 else "") + format_percent(share)


def with_table(readme: str) -> str:
    """`readme` with the current table between its marks, in the language that is spoken."""
    before, rest = readme.split(BEGIN)
    after = rest.split(END)[1]
    titles = {task.name: shown(task.stage("report").TITLE) for task in registry.TASKS}
    rows = [row for name, found in recorded().items() for row in overview.rows(name, titles[name], found)]
    return f"{before}{BEGIN}\n{table(rows)}\n{END}{after}"


if __name__ == "__main__":
    params.values()  # raises an error outside the repository's root
    for code, path in READMES.items():
        with language.speaking(code):
            text = with_table(path.read_text(encoding="utf-8"))
        with artifacts.replacing(path) as partial:
            partial.write_text(text, encoding="utf-8")
