"""`reports/index.html`: all targets and cells in one matrix, the verdicts, and a table from which a reader chooses."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipelines.analysis import overview
from pipelines.report import choice, history, pages
from pipelines.report.language import shown
from pipelines.report.tour.material import Material
from pipelines.results import Results
from pipelines.sweeps import Sweep


def summary(results: Results, title: str, question: str) -> dict[str, Any]:
    """What the index of all tasks shows of one."""
    return {
        "task": results.task,
        "title": shown(title),
        "question": shown(question),
        "comparison": results.comparison,
        "targets": {target: _facts(results, target) for target in results.targets},
        "sample": results.provenance["source"]["sample"],
        "seeds": len(results.training(results.models[0])["seeds"]),
        "commit": pages.commit(),
    }


def _facts(results: Results, target: str) -> dict[str, Any]:
    meta = results.target_meta[target]
    return {"rows": meta["rows"], "test": meta["splits"]["test"]["windows"], "step": meta["step"]}


def write(
    path: Path, summaries: Sequence[dict[str, Any]], materials: Sequence[Material], swept: Sequence[Sweep] = ()
) -> None:
    """The index of all tasks, with links to the sweeps and what has changed since the last record."""
    rows = [row for entry in summaries for row in overview.rows(entry["task"], entry["title"], entry["comparison"])]
    titles = {summary["task"]: summary["title"] for summary in summaries}
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
            choice=choice.content(materials) if materials else None,
            seeds=sorted({entry["seeds"] for entry in summaries}),
            sweeps=[
                {"task": of.task, "title": titles.get(of.task, of.task), "points": len(of.results), "model": of.model}
                for of in swept
            ],
            history=history.since_last_record(summaries),
            named=history.NAMED,
        )
    )
    path.write_text(text, encoding="utf-8")
