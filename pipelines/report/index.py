"""`reports/index.html`: all targets and cells in one matrix, the verdicts, and a table from which a reader chooses."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipelines.analysis import overview
from pipelines.analysis.overview import Row
from pipelines.report import pages
from pipelines.results import Results

CHARACTERISTICS = {
    "examples": ("amount of training data", "examples", (1_000, 10_000)),
    "steps": ("length of a sequence", "steps", (25, 60)),
    "memory": ("length of memory that was used", "steps", (5, 20)),
}
"""What a reader's problem may be like: key -> title, unit, limits between few, some and many."""


def summary(results: Results, title: str, question: str, params: dict[str, Any]) -> dict[str, Any]:
    """What the index of all tasks shows of one."""
    return {
        "task": results.task,
        "title": title,
        "question": question,
        "comparison": results.comparison,
        "targets": {target: _facts(results, target) for target in results.targets},
        "sample": results.provenance["source"]["sample"],
        "seeds": len(results.training(results.models[0])["seeds"]),
        "provenance": pages.provenance(results, params),
    }


def _facts(results: Results, target: str) -> dict[str, Any]:
    """What the problem is like; the memory is that which the best model used, by its gradients (None: unknown)."""
    meta = results.target_meta[target]
    gradients = results.explanation(results.decisions[target]["best"], target).gradients
    return {
        "rows": meta["rows"],
        "examples": meta["splits"]["train"]["windows"],
        "test": meta["splits"]["test"]["windows"],
        "steps": meta["lookback"],
        "step": meta["step"],
        "memory": max((gradient.memory_length for gradient in gradients), default=None),
    }


def write(path: Path, summaries: Sequence[dict[str, Any]]) -> None:
    """The index of all tasks."""
    rows = [row for entry in summaries for row in overview.rows(entry["task"], entry["title"], entry["comparison"])]
    facts = {(entry["task"], target): found for entry in summaries for target, found in entry["targets"].items()}
    columns = [*overview.COLUMNS.values(), overview.OTHER]
    text = (
        pages.environment(".")
        .get_template("index.html")
        .render(
            tasks=summaries,
            rows=rows,
            columns=[column for column in columns if any(column in row.entries for row in rows)],
            name=overview.name,
            counts=overview.cell_counts(rows),
            ranks=overview.ranks(rows),
            undecided=[row for row in rows if row.decision["outcome"] == "even"],
            choices=[_choice(row, facts[row.task, row.target]) for row in rows],
            characteristics=[
                {
                    "key": key,
                    "title": title,
                    "levels": [_level_name(limits, unit, level) for level in range(len(limits) + 1)],
                }
                for key, (title, unit, limits) in CHARACTERISTICS.items()
            ],
            seeds=sorted({entry["seeds"] for entry in summaries}),
        )
    )
    path.write_text(text, encoding="utf-8")


def _choice(row: Row, facts: dict[str, Any]) -> dict[str, Any]:
    """A target as an example for a reader's own problem: what it is like, and what won."""
    column = next(name for name, entry in row.entries.items() if entry.standing == "best")
    return {
        "row": row,
        "facts": facts,
        "levels": {
            key: None if facts[key] is None else sum(facts[key] > limit for limit in limits)
            for key, (_, _, limits) in CHARACTERISTICS.items()
        },
        "winner": column if row.decision["outcome"] == "won" else "a baseline",
    }


def _level_name(limits: Sequence[int], unit: str, level: int) -> str:
    if level == 0:
        return f"up to {limits[0]:,} {unit}"
    return (
        f"more than {limits[-1]:,} {unit}"
        if level == len(limits)
        else f"{limits[level - 1]:,} to {limits[level]:,} {unit}"
    )
