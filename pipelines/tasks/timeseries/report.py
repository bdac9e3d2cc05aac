"""Charts of this task: the series itself, forecasts against truth, error by step."""

from collections.abc import Sequence

import numpy as np

from pipelines.contract import Indices
from pipelines.nn.datasets import WINDOW
from pipelines.report import figures as charts
from pipelines.report import texts
from pipelines.report.figures import Figure
from pipelines.report.language import _, mark, shown, steps
from pipelines.report.tracks import Track, of_series
from pipelines.results import Results
from pipelines.tasks.timeseries.data import Meta, Series, datasets, table_of
from pipelines.tasks.timeseries.score import Forecasts

TITLE = mark("Time series")
SEQUENCE = mark("measurements over time")
QUESTION = mark("Which cell forecasts a seasonal and a quasi-periodic series, and does it beat classical statistics?")


def figures(results: Results, target: str, model: str | None) -> list[Figure]:
    """Forecasts against truth for a model; error by step, of models and baselines, for the task."""
    if model is not None:
        return [_forecasts(results, target, model)]
    return [_series(results, target), _inputs(results, target), _error_by_step(results, target)]


def _meta(results: Results, target: str) -> Series:
    return results.meta_as(Meta).targets[target]


def _series(results: Results, target: str) -> Figure:
    table, series = table_of(results.prepared, target), _meta(results, target)
    lines = {
        _("{split} part", split=shown(str(split))): (part["date"], part["value"])
        for split, part in table.groupby("split", sort=False)
    }
    missing = table[~table["observed"]]
    plot = charts.lines(lines, x="", y=shown(series.unit) or _("value"))
    if len(missing):
        charts.add_points(plot, _("missing, carried forward"), missing["date"], missing["filled"])
    return Figure(
        f"series-{target}",
        _("{target}: the series and its three parts", target=target),
        _(
            "Networks learn on the first part, stop by the second and are scored on the third, which nothing else has seen. "
            "{missing} of {rows} values are missing; they are carried forward as input and never scored.",
            missing=series.missing,
            rows=series.rows,
        ),
        _(
            "If the test part looks unlike the training part (a trend continues, an amplitude changes), every method has to "
            "extrapolate, and a recurrent network is not good at that."
        ),
        plot,
    )


TOO_FEW = 1000
"""Training windows below which the page says that there are too few for a network, if it is clearly worse than a baseline."""
CLEARLY = 1.2
"""Times the error of the best baseline."""


def _inputs(results: Results, target: str) -> Figure:
    series = _meta(results, target)
    windows = series.splits["train"].windows
    lag, several = series.difference, steps(series.step)

    def how(what: str, value: str) -> str:
        return (
            _("{value} (chosen from the training part)", value=value)
            if what in series.chosen
            else _("{value} (set)", value=value)
        )

    changes = (
        _("none")
        if not lag
        else _("from step to step")
        if lag == 1
        else _("over {lag} {steps}", lag=lag, steps=several)
    )
    rows = [
        [_("transformation"), how("transformation", shown(series.transform.title))],
        [_("difference"), how("difference", changes)],
        [_("lookback"), how("lookback", f"{series.lookback} {several}")],
        [_("season"), f"{series.season} {several}"],
        *(
            [
                _("covariate {column}", column=covariate.column),
                (_("changes") if covariate.difference else _("values"))
                + (
                    _(", known {ahead} {steps} in advance", ahead=covariate.ahead, steps=several)
                    if covariate.ahead
                    else _(", up to the present")
                ),
            ]
            for covariate in series.covariates
        ),
        *([_("left out: {column}", column=column), why] for column, why in series.left_out.items()),
    ]
    back = (
        ""
        if series.transform.power is None
        else _(
            " Forecasts are transformed back without a correction: they are medians, and the mean of what is to come lies "
            "higher."
        )
    )
    gaps = (
        _(
            " {over_gaps} windows are left out because more values in a row are missing in them than are carried forward.",
            over_gaps=series.over_gaps,
        )
        if series.over_gaps
        else ""
    )
    return Figure(
        f"inputs-{target}",
        _("{target}: what the networks see", target=target),
        _(
            "How the series is prepared. The networks learn from {windows:,} windows.{gaps}{back}",
            windows=windows,
            gaps=gaps,
            back=back,
        ),
        _("Each of these can be set by hand in params.yaml, under timeseries.prepare. ")
        + _enough(results, target, windows),
        texts.table(["", ""], rows, words=2),
    )


def _enough(results: Results, target: str, windows: int) -> str:
    """Whether so few windows are too few for a network, judged by the baselines."""
    baselines = {name: scores["mase"] for name, scores in results.comparison["baselines"][target].items()}
    best = min(baselines, key=lambda name: baselines[name])
    networks = min(results.metrics(model)["test"][target]["mase"]["mean"] for model in results.models)
    if windows >= TOO_FEW or networks <= CLEARLY * baselines[best]:
        return ""
    return _(
        "{windows:,} windows are too little data for these networks: the best one has a MASE of {networks:.3g}, {best} "
        "one of {error:.3g}. Use {best}, or add rows.",
        windows=windows,
        networks=networks,
        best=shown(best),
        error=baselines[best],
    )


def _forecasts(results: Results, target: str, model: str) -> Figure:
    table, series = table_of(results.prepared, target), _meta(results, target)
    record = results.record(model, target, Forecasts)
    origins, forecasts = record.origins, record.forecasts
    dates, values = table["date"], table["value"]
    horizon = series.horizon
    start = int(origins[0])
    lines = {_("truth"): (dates[start:], values[start:])}
    plot = charts.lines(lines, x="", y=shown(series.unit) or _("value"))
    for index in range(0, len(origins), horizon):
        span = slice(int(origins[index]) + 1, int(origins[index]) + horizon + 1)
        charts.add_line(plot, _("forecast"), dates[span], forecasts[index], color=charts.ACCENT, legend=index == 0)
    return Figure(
        f"forecasts-{target}",
        _("{target}: forecasts against truth over the test part", target=target),
        _(
            "Every {horizon} {steps} the network forecasts the next {horizon} from what was known then (one seed, the one "
            "with the median validation loss).",
            horizon=horizon,
            steps=steps(series.step),
        ),
        _(
            "Each red piece starts where the truth was known for the last time. Pieces that lag behind a turn mean that the "
            "network mostly repeats what it saw last."
        ),
        plot,
    )


def _error_by_step(results: Results, target: str) -> Figure:
    series = _meta(results, target)
    ahead = list(range(1, series.horizon + 1))
    models = {name: results.record(name, target, Forecasts) for name in results.models}
    baselines = results.baseline_records(target, Forecasts)
    plot = charts.lines(
        {name: (ahead, record.by_step["MASE"]) for name, record in models.items()},
        _("{steps} ahead", steps=steps(series.step)),
        "",
    )
    for index, (name, record) in enumerate(baselines.items(), start=len(models)):
        color = charts.COLORS[index % len(charts.COLORS)]
        charts.add_line(plot, shown(name), ahead, record.by_step["MASE"], color=color, dash="dot")
    records = [*models.values(), *baselines.values()]
    charts.add_menu(plot, {metric: [record.by_step[metric] for record in records] for metric in records[0].by_step})
    return Figure(
        f"steps-{target}",
        _("{target}: error by step of the horizon", target=target),
        _(
            "Error at each step ahead over all test origins; recurrent models (explained seed) solid, baselines dotted. The "
            "menu changes the metric; MAE and RMSE are in the series' unit, sMAPE in per cent."
        ),
        _(
            "The further ahead, the harder. A model whose line runs below the dotted ones only at first knows the last value "
            "well, not the dynamics. Click a name in the legend to hide its line."
        ),
        plot,
    )


def tracks(results: Results, target: str, sequences: Sequence[Indices]) -> list[Track]:
    """The network's inputs, in units of the training part."""
    meta = results.meta_as(Meta)
    windows = datasets(results.prepared, meta, target)["test"].batch(np.concatenate(sequences)).inputs[WINDOW]
    return [of_series(list(windows.astype(np.float64)), meta.targets[target].features, meta.targets[target].step)]
