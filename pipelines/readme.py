"""The results table of `README.md`, made from `metrics/`: `python -m pipelines.readme` writes it."""

from pathlib import Path
from typing import Any

from pipelines import artifacts, params, paths, registry
from pipelines.report.texts import format_number, format_percent

README = Path("README.md")
BEGIN, END = "<!-- results: python -m pipelines.readme -->", "<!-- end of results -->"


def recorded() -> dict[str, Any]:
    """Title of each task with a recorded comparison -> that comparison."""
    found = {}
    for task in registry.TASKS:
        if paths.comparison(task.name).exists():
            found[task.stage("report").TITLE.lower()] = artifacts.read_json(paths.comparison(task.name))
    return found


def table(comparisons: dict[str, Any]) -> str:
    """One row for each target: the best recurrent model, the best baseline, the difference between them, and what to use."""
    rows = [
        "| task | target | metric | best recurrent model | best baseline | difference | use |",
        "|---|---|---|---|---|---|---|",
    ]
    for title, comparison in comparisons.items():
        for target, decision in comparison["decisions"].items():
            spread = "" if decision["std"] is None else f" ± {format_number(decision['std'], 2)}"
            gap = "" if decision["gap"] is None else f"{format_percent(_change(decision))} "
            rows.append(
                f"| {title} | {target} | {decision['metric']['title']} | {decision['best']} "
                f"{format_number(decision['mean'])}{spread} | {decision['baseline']} {format_number(decision['baseline_value'])} "
                f"| {gap}({_p_value(decision)}) | {decision['use']} |"
            )
    return "\n".join(rows)


def _change(decision: dict[str, Any]) -> float:
    """The relative change of the metric from the best baseline to the best model, whichever direction is better."""
    return float(decision["mean"] / decision["baseline_value"] - 1)


def _p_value(decision: dict[str, Any]) -> str:
    """How sure the difference is."""
    p = decision["test"]["p_holm"]
    if decision["outcome"] == "even":
        return f"no significant difference, p = {format_number(p, 2)}"
    return "p < 0.0001" if p < 0.0001 else f"p = {format_number(p, 2)}"


def with_table(readme: str) -> str:
    """`readme` with the current table between its marks."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table(recorded())}\n{END}{after}"


if __name__ == "__main__":
    params.values()  # raises an error outside the repository's root
    text = with_table(README.read_text(encoding="utf-8"))
    with artifacts.replacing(README) as partial:
        partial.write_text(text, encoding="utf-8")
