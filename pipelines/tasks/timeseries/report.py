"""Charts of this task: the series itself, forecasts against truth, error by step."""

from pipelines.report import figures as charts
from pipelines.report.figures import Figure
from pipelines.results import Results
from pipelines.tasks.timeseries.data import Meta, Series, table_of
from pipelines.tasks.timeseries.score import Forecasts

TITLE = "Time series"
SEQUENCE = "measurements over time"
QUESTION = "Which cell forecasts a seasonal and a quasi-periodic series, and does it beat classical statistics?"


def figures(results: Results, target: str, model: str | None) -> list[Figure]:
    """Forecasts against truth for a model; error by step, of models and baselines, for the task."""
    if model is not None:
        return [_forecasts(results, target, model)]
    return [_series(results, target), _error_by_step(results, target)]


def _meta(results: Results, target: str) -> Series:
    return results.meta_as(Meta).targets[target]


def _series(results: Results, target: str) -> Figure:
    table, series = table_of(results.prepared, target), _meta(results, target)
    lines = {f"{split} part": (part["date"], part["value"]) for split, part in table.groupby("split", sort=False)}
    missing = table[~table["observed"]]
    plot = charts.lines(lines, x="", y=series.unit or "value")
    if len(missing):
        charts.add_points(plot, "missing, carried forward", missing["date"], missing["filled"])
    return Figure(
        f"series-{target}",
        f"{target}: the series and its three parts",
        "Networks learn on the first part, stop by the second and are scored on the third, which nothing else has "
        f"seen. {series.missing} of {series.rows} values are missing; they are carried forward as input and "
        "never scored.",
        "If the test part looks unlike the training part (a trend continues, an amplitude changes), every method has "
        "to extrapolate, and a recurrent network is not good at that.",
        plot,
    )


def _forecasts(results: Results, target: str, model: str) -> Figure:
    table, series = table_of(results.prepared, target), _meta(results, target)
    record = results.record(model, target, Forecasts)
    origins, forecasts = record.origins, record.forecasts
    dates, values = table["date"], table["value"]
    horizon = series.horizon
    start = int(origins[0])
    lines = {"truth": (dates[start:], values[start:])}
    plot = charts.lines(lines, x="", y=series.unit or "value")
    for index in range(0, len(origins), horizon):
        steps = slice(int(origins[index]) + 1, int(origins[index]) + horizon + 1)
        charts.add_line(plot, "forecast", dates[steps], forecasts[index], color=charts.ACCENT, legend=index == 0)
    return Figure(
        f"forecasts-{target}",
        f"{target}: forecasts against truth over the test part",
        f"Every {horizon} {series.step}s the network forecasts the next {horizon} from what was known then (one seed, "
        "the one with the median validation loss).",
        "Each red piece starts where the truth was known for the last time. Pieces that lag behind a turn mean that the "
        "network mostly repeats what it saw last.",
        plot,
    )


def _error_by_step(results: Results, target: str) -> Figure:
    series = _meta(results, target)
    steps = list(range(1, series.horizon + 1))
    models = {name: results.record(name, target, Forecasts) for name in results.models}
    baselines = results.baseline_records(target, Forecasts)
    plot = charts.lines(
        {name: (steps, record.by_step["MASE"]) for name, record in models.items()}, f"{series.step}s ahead", ""
    )
    for index, (name, record) in enumerate(baselines.items(), start=len(models)):
        color = charts.COLORS[index % len(charts.COLORS)]
        charts.add_line(plot, name, steps, record.by_step["MASE"], color=color, dash="dot")
    records = [*models.values(), *baselines.values()]
    charts.add_menu(plot, {metric: [record.by_step[metric] for record in records] for metric in records[0].by_step})
    return Figure(
        f"steps-{target}",
        f"{target}: error by step of the horizon",
        "Error at each step ahead over all test origins; recurrent models (explained seed) solid, baselines dotted. The menu "
        "changes the metric; MAE and RMSE are in the series' unit, sMAPE in per cent.",
        "The further ahead, the harder. A model whose line runs below the dotted ones only at first knows the last value "
        "well, not the dynamics. Click a name in the legend to hide its line.",
        plot,
    )
