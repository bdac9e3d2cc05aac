"""The results table of `README.md`, made from `metrics/`: `python -m pipelines.readme` writes it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipelines import artifacts, params, paths, registry
from pipelines.analysis import overview
from pipelines.analysis.overview import Entry, Row
from pipelines.report.texts import format_number, format_percent

README = Path("README.md")
BEGIN, END = "<!-- results: python -m pipelines.readme -->", "<!-- end of results -->"


def recorded() -> dict[str, Any]:
    """Task -> its recorded comparison; tasks without one have no results yet."""
    files = {task.name: paths.comparison(task.name) for task in registry.TASKS}
    return {name: artifacts.read_json(path) for name, path in files.items() if path.exists()}


def table(rows: Sequence[Row]) -> str:
    """One line for each target: the best model of each cell, the best baseline, the difference from it, and what to use."""
    columns = [*overview.COLUMNS.values(), overview.OTHER]
    columns = [column for column in columns if any(column in row.entries for row in rows)]
    lines = [
        f"| problem | metric | {' | '.join(columns)} | best baseline | difference in test loss | use |",
        f"|{'---|' * (len(columns) + 5)}",
    ]
    for row in rows:
        decision = row.decision
        metric = f"{decision['metric']['title']} {'↓' if decision['metric']['lower_is_better'] else '↑'}"
        cells = [_cell(row.entries.get(column)) for column in columns]
        baseline = f"{decision['baseline']} {format_number(decision['baseline_value'])}"
        parts = [overview.name(row).lower(), metric, *cells, baseline, _difference(decision), decision["use"]]
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
    interval = "" if test["low"] is None else f"({_signed(test['low'])} to {_signed(test['high'])}) "
    if decision["outcome"] == "even":
        return f"{difference}{interval}no significant difference"
    p = test["p_holm"]
    return difference + interval + ("p < 0.0001" if p < 0.0001 else f"p = {format_number(p, 2)}")


def _signed(share: float) -> str:
    return ("+" if share > 0 else "") + format_percent(share)


def with_table(readme: str) -> str:
    """`readme` with the current table between its marks."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    titles = {task.name: task.stage("report").TITLE for task in registry.TASKS}
    rows = [row for name, found in recorded().items() for row in overview.rows(name, titles[name], found)]
    return f"{before}{BEGIN}\n{table(rows)}\n{END}{after}"


if __name__ == "__main__":
    params.values()  # raises an error outside the repository's root
    text = with_table(README.read_text(encoding="utf-8"))
    with artifacts.replacing(README) as partial:
        partial.write_text(text, encoding="utf-8")
