"""The five explanations as charts, drawn the same way for every task and model."""

from typing import Any

import numpy as np
import pandas as pd

from pipelines.analysis.statistics import SIGNIFICANCE
from pipelines.contract import Explanation, ImportanceRecord
from pipelines.report import figures as charts
from pipelines.report import inside, language
from pipelines.report.figures import Figure
from pipelines.report.language import _, fill, mark, shown
from pipelines.results import Results

FEW = 6
"""With more models than this, cells and bands are too small to read."""
MOST_BARS = 40
"""Features with a bar each."""


def of_task(results: Results, target: str) -> list[Figure]:
    """Explanations that compare the models of a task."""
    pairs = [_pairs(results, target)] if len(results.models) > 1 else []
    return [*pairs, training_chart(results, target), dependency_chart(results, target)]


def of_model(results: Results, target: str, model: str) -> list[Figure]:
    """Explanations of one model, in the order in which they build on each other."""
    explanation = results.explanation(model, target)
    return [
        *inside.of_explanation(explanation, target),
        _own_training(results, target, model),
        *own_dependency(explanation, target),
        *importance(explanation, results.target_meta[target]["features"], target),
    ]


# Models against each other


def _pairs(results: Results, target: str) -> Figure:
    statistics = results.comparison["statistics"][target]
    models = list(results.models)
    tests = [[statistics[model]["against_models"].get(other) for other in models] for model in models]
    relative = [[None if test is None else test["relative"] for test in row] for row in tests]
    plot = charts.empty(_("against"), "", height=140 + 52 * len(models))
    plot.add_heatmap(
        z=[[None if value is None else 100 * value for value in row] for row in relative],
        x=models,
        y=models,
        text=[[_pair_text(test, p_value=len(models) <= FEW) for test in row] for row in tests],
        customdata=[[_pair_details(test) for test in row] for row in tests],
        texttemplate="%{text}",
        colorscale="RdBu",
        reversescale=True,
        zmid=0,
        colorbar={"title": "%", "thickness": 14},
        hovertemplate=_("%{y} against %{x}: %{customdata}<extra></extra>"),
    )
    plot.update_layout(hovermode="closest")
    plot.update_yaxes(autorange="reversed", automargin=True)
    return Figure(
        f"pairs-{target}",
        _("Every model against every other"),
        _(
            "Difference in mean test loss of the model of the row relative to that of the column, in per cent: below zero "
            "the row is better. The p-value is over test items and seeds together, corrected for the number of pairs (Holm); "
            "bold where it is below {significance:.0%}. Hover over a cell to see its 95 % interval and the standardised "
            "difference too.",
            significance=SIGNIFICANCE,
        ),
        _(
            "Call two models different only where the difference is bold: it asks whether other test data or other seeds "
            "would have reversed the ranking. Where models differ in size, a difference may be due to size."
        ),
        plot,
    )


def _pair_text(test: dict[str, Any] | None, p_value: bool) -> str:
    """The difference, bold if it is significant; with `p_value` this too."""
    if test is None:
        return ""
    if test["relative"] is None:  # the other makes no error at all
        return "–"
    p = test["p_holm"]
    text = language.percent(test["relative"], sign=True)
    if p is not None and p < SIGNIFICANCE:
        text = f"<b>{text}</b>"
    return f"{text}<br>p: {'–' if p is None else _p_value(p)}" if p_value else text


def _pair_details(test: dict[str, Any] | None) -> str:
    """The difference with its interval, effect size and p-value."""
    if test is None or test["low"] is None:
        return _pair_text(test, p_value=True)
    interval = _("95 % interval {low:+.1f} to {high:+.1f} %", low=100 * test["low"], high=100 * test["high"])
    return _(
        "{test}<br>{interval}<br>standardised {effect:+.2f}",
        test=_pair_text(test, p_value=True),
        interval=interval,
        effect=test["effect"],
    )


def _p_value(p: float) -> str:
    return fill("{p:.2g}", p=p) if p >= 0.0001 else fill("< {limit:.4f}", limit=0.0001)


# Training


def training_chart(results: Results, target: str) -> Figure:
    """Training and validation loss of every model by epoch."""
    from plotly.subplots import make_subplots

    plot = make_subplots(
        rows=1, cols=2, subplot_titles=(_("training loss"), _("validation loss")), horizontal_spacing=0.08
    )
    base = charts.empty("", "")
    plot.update_layout(
        template=base.layout.template,
        font=base.layout.font,
        legend={**base.layout.legend.to_plotly_json(), "y": 1.1},
        height=charts.HEIGHT,
        margin={"l": 64, "r": 16, "t": 72, "b": 48},
        hovermode="x unified",
    )
    last = 0
    for index, model in enumerate(results.models):
        history = results.history(model).query("target == @target")
        last = max(last, int(history["epoch"].max()) + 1)
        color = charts.COLORS[index % len(charts.COLORS)]
        for column, loss in enumerate(("loss", "valid_loss"), start=1):
            spread = history.groupby("epoch")[loss].agg(["mean", "min", "max"])
            epochs = (spread.index + 1).tolist()
            part = charts.empty("", "")
            charts.add_band(part, model, epochs, spread["min"], spread["max"], color)
            charts.add_line(part, model, epochs, spread["mean"], color=color, legend=column == 1)
            plot.add_traces(list(part.data), rows=[1, 1], cols=[column, column])
    plot.update_xaxes(title=_("epoch"))
    charts.integer_ticks(plot, last)
    seeds = len(results.training(results.models[0])["seeds"])
    return Figure(
        f"training-{target}",
        _("Training compared"),
        _(
            "Mean over {seeds} seeds, band from the lowest to the highest. A seed that has stopped early is no longer in the "
            "mean, so the last epochs are those of the seeds that trained longest. Training loss is measured with dropout, "
            "validation loss without.",
            seeds=seeds,
        ),
        _(
            "Where the right panel rises while the left one falls, the network memorises the training part; the weights kept "
            "are those of the lowest point. If bands overlap, training does not separate the models."
        ),
        plot,
    )


def _own_training(results: Results, target: str, model: str) -> Figure:
    history = results.history(model).query("target == @target")
    plot = charts.empty(_("epoch"), _("gradient norm"))
    for index, (seed, rows) in enumerate(history.groupby("seed")):
        charts.add_line(
            plot,
            _("seed {seed}", seed=seed),
            rows["epoch"] + 1,
            rows["gradient_norm"],
            color=charts.COLORS[index % len(charts.COLORS)],
        )
        charts.add_line(
            plot,
            _("seed {seed}, largest", seed=seed),
            rows["epoch"] + 1,
            rows["largest_gradient"],
            color=charts.COLORS[index % len(charts.COLORS)],
            dash="dash",
        )
    clip = results.training(model)["targets"][target]["clip_norm"]
    if clip is not None:
        plot.add_hline(y=clip, line={"color": "#999999", "dash": "dot"})
    plot.update_yaxes(type="log")
    charts.integer_ticks(plot, int(history["epoch"].max()) + 1)
    return Figure(
        f"gradient-norm-{target}",
        _("Gradient norm in training"),
        _(
            "Mean global norm of the gradient over each epoch's steps for every seed, dashed the largest; {clipping}.",
            clipping=_("no gradient was clipped")
            if clip is None
            else _("before clipping. Dotted the limit of {clip:g}", clip=clip),
        ),
        _(
            "Lines above the dotted one mean that most steps were clipped, so that clipping sets the pace. A norm that falls "
            "towards zero early is a vanishing gradient; a largest norm that leaps far above the mean is an exploding one."
        ),
        plot,
    )


# Long-term dependency


def dependency_chart(results: Results, target: str) -> Figure:
    """The gradient of the last output with respect to every earlier input, for every model."""
    plot = charts.empty(_("steps before the prediction"), _("share of |d output / d input|"))
    banded = len(results.models) <= FEW
    for index, model in enumerate(results.models):
        gradients = results.explanation(model, target).gradients
        if not gradients:
            continue
        last = gradients[-1]
        name = _("{model} (memory {memory_length:.0f} steps)", model=model, memory_length=last.memory_length)
        color, total = charts.COLORS[index % len(charts.COLORS)], max(last.mean.sum(), 1e-300)
        mean, low, high = (values / total for values in (last.mean, last.low, last.high))
        if banded:
            charts.add_band(plot, name, charts.times(len(mean)), low, high, color)
        charts.add_line(plot, name, charts.times(len(mean)), mean, color=color)
    plot.update_yaxes(type="log", exponentformat="power", dtick=1)
    return Figure(
        f"dependency-{target}",
        _("Long-term dependency: how far back each network looks"),
        _(
            "Mean magnitude of the gradient of the last output with respect to every earlier input, each model's divided by "
            "its sum; {bands}in brackets the effective memory length: how many of the last steps hold 90 % of it.",
            bands=_("bands from the 10 % to the 90 % quantile of the test windows; ") if banded else "",
        ),
        _(
            "On this logarithmic scale a straight fall is exponential forgetting: the vanishing gradient (Bengio et al. "
            "1994). The slower the fall, the longer the memory. A long memory is not an advantage in itself: it must show in "
            "the table above."
        ),
        plot,
    )


def own_dependency(explanation: Explanation, target: str) -> list[Figure]:
    """The gradients of the outputs of one model with respect to every step."""
    if not explanation.gradients:
        return []
    plot = charts.empty(_("steps before the prediction"), _("|d output / d input|"))
    for index, gradient in enumerate(explanation.gradients):
        times = charts.times(len(gradient.mean))
        label = _(
            "{output} (memory {memory_length:.0f} steps)",
            output=shown(gradient.output),
            memory_length=gradient.memory_length,
        )
        color = charts.COLORS[index]
        charts.add_band(plot, label, times, gradient.low, gradient.high, color)
        charts.add_line(plot, label, times, gradient.mean, color=color)
    outputs = [shown(gradient.output) for gradient in explanation.gradients]
    plot.update_yaxes(type="log", exponentformat="power", dtick=1)
    return [
        Figure(
            f"own-dependency-{target}",
            _("Long-term dependency by gradients"),
            _(
                "Gradient magnitude of the {what} {outputs} with respect to every earlier input: mean over {windows} examples, "
                "band from the 10 % to the 90 % quantile.",
                what=_("outputs") if len(outputs) > 1 else _("output"),
                outputs=language.listed(*outputs),
                windows=explanation.windows,
            ),
            _(
                "The further left a line stays high, the longer ago is what the output depends on. A wide band: the network "
                "looks far back in some situations only, which is what gates are for."
            ),
            plot,
        )
    ]


# Importance


def importance(explanation: Explanation, features: list[str], target: str, output: str | None = None) -> list[Figure]:
    """What features and steps add to `output`; None: to what the tasks explain by the method that was used."""
    record = explanation.importance
    if record is None:
        return []
    if output is None:
        chosen = record.method == "integrated gradients"
        output = _("the log-probability of the likeliest output") if chosen else _("the mean output")
    by_feature = [_importance_by_feature(record, features, target, output)] if len(features) > 1 else []
    return [*by_feature, _importance_by_time(record, features, target, output)]


NAMES = {"permutation Shapley values": mark("Shapley value"), "integrated gradients": mark("contribution")}
SOURCES = {
    "permutation Shapley values": mark("Permutation Shapley values (Štrumbelj & Kononenko 2014; shap)"),
    "integrated gradients": mark("Integrated gradients (Sundararajan et al. 2017)"),
}


def _shows(record: ImportanceRecord, what: str, output: str) -> str:
    """What an importance chart shows, by the method that was used."""
    return _(
        "{source} of {windows} examples: what {what} adds to {output}, compared with {baseline}. They add up to within "
        "{additivity_error:.0e}.",
        source=shown(SOURCES[record.method]),
        windows=record.windows,
        what=what,
        output=output,
        baseline=shown(record.baseline),
        additivity_error=record.additivity_error,
    )


def _importance_by_feature(record: ImportanceRecord, features: list[str], target: str, output: str) -> Figure:
    shares = pd.Series(np.abs(record.values).sum(1).mean(0), features).sort_values()[-MOST_BARS:]
    shows = [_shows(record, _("each feature, summed over time,"), output)]
    if len(features) > MOST_BARS:
        shows.append(_("Drawn are the {most} of {all} that matter most.", most=MOST_BARS, all=len(features)))
    plot = charts.empty(_("mean |{name}|", name=shown(NAMES[record.method])), "", height=140 + 22 * len(shares))
    plot.add_bar(
        x=charts.plain(shares.to_numpy()),
        y=[shown(feature) for feature in shares.index],
        orientation="h",
        marker={"color": charts.COLORS[0]},
    )
    plot.update_layout(hovermode="closest")
    plot.update_yaxes(automargin=True)
    return Figure(
        f"importance-{target}",
        _("Which features matter"),
        " ".join(shows),
        _(
            "A feature near zero could be left out. Importance is the network's, not nature's: a useless feature that it has "
            "overfitted to also shows up here."
        ),
        plot,
    )


def _importance_by_time(record: ImportanceRecord, features: list[str], target: str, output: str) -> Figure:
    mean = np.abs(record.values).mean(0)
    times = charts.times(len(mean))
    plot = charts.empty(_("steps before the prediction"), _("mean |{name}|", name=shown(NAMES[record.method])))
    if len(features) == 1:
        charts.add_line(plot, shown(features[0]), times, mean[:, 0], color=charts.COLORS[0])
        shows = _shows(record, _("each {feature}", feature=shown(features[0])), output)
    else:
        for index, feature in enumerate(np.argsort(-mean.sum(0))[:5]):
            charts.add_line(plot, shown(features[feature]), times, mean[:, feature], color=charts.COLORS[index])
        charts.add_line(plot, _("all features"), times, mean.sum(1), color="#999999", dash="dot")
        shows = _("The same values by step, for the five most important features, and summed over all features.")
    return Figure(
        f"importance-time-{target}",
        _("What matters, and when") if len(features) == 1 else _("When they matter"),
        shows,
        _(
            "Compare with the gradients above: a gradient asks what a small change would do, a contribution what the input "
            "has done. Weight on the last steps alone means that a shorter window would serve as well."
        ),
        plot,
    )
