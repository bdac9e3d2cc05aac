"""The results table of `README.md`, made from `metrics/`: `python -m pipelines.readme` writes it."""

from pathlib import Path

from pipelines import artifacts, params, paths, registry
from pipelines.report.texts import format_number

README = Path("README.md")
BEGIN, END = "<!-- results: python -m pipelines.readme -->", "<!-- end of results -->"


def table() -> str:
    """One row for each target: the best recurrent model, the best baseline, and the difference between them."""
    rows = [
        "| task | target | metric | best recurrent model | best baseline | difference |",
        "|---|---|---|---|---|---|",
    ]
    for task in registry.TASKS:
        if not paths.comparison_metrics(task.name).exists():
            continue  # it has no recorded results yet
        metrics_of = {metric.name: metric for metric in task.stage("score").METRICS.values()}
        title = task.stage("report").TITLE.lower()
        comparison = artifacts.read_json(paths.comparison_metrics(task.name))
        for target, best in comparison["best"].items():
            metric = metrics_of[best["metric"]]
            score = artifacts.read_json(paths.metrics(task.name, best["model"]))["test"][target][metric.name]
            value = comparison["baselines"][target][best["baseline"]][metric.name]
            spread = "" if score["std"] is None else f" ± {format_number(score['std'], 2)}"
            against = comparison["statistics"][target][best["model"]]["against_best_baseline"]
            rows.append(
                f"| {title} | {target} | {metric.title} | {best['model']} "
                f"{format_number(score['mean'])}{spread} | {best['baseline']} {format_number(value)} "
                f"| {100 * (score['mean'] / value - 1):+.1f} % ({_p_value(against['p'])}) |"
            )
    return "\n".join(rows)


def _p_value(p: float | None) -> str:
    return "p < 0.0001" if p is not None and p < 0.0001 else f"p = {format_number(p, 2)}"


def with_table(readme: str) -> str:
    """`readme` with the current table between its marks."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    params.values()  # raises an error outside the repository's root
    text = with_table(README.read_text(encoding="utf-8"))
    with artifacts.replacing(README) as partial:
        partial.write_text(text, encoding="utf-8")
