"""Charts of classifiers: which classes are taken for which, whether probabilities mean what they say, and the worst mistakes."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from pipelines.classification.records import Classified
from pipelines.contract import Floats
from pipelines.report import figures as charts
from pipelines.report import texts
from pipelines.report.figures import Figure
from pipelines.report.language import _, fill, shown
from pipelines.report.texts import format_number
from pipelines.results import Results

if TYPE_CHECKING:
    import plotly.graph_objects as go

MOST_CLASSES = 40
"""With more the confusion matrix shows those that are confused most."""


def of_task(results: Results, target: str) -> list[Figure]:
    """All models and baselines in one picture of calibration, and F1 by class."""
    models = {name: results.record(name, target, Classified) for name in results.models}
    baselines = results.baseline_records(target, Classified)
    return [_by_class(models, baselines), _calibration_compared(models, baselines)]


def of_model(results: Results, target: str, model: str) -> list[Figure]:
    """Confusions, calibration and mistakes of one model."""
    record = results.record(model, target, Classified)
    return [_confusion(record), _calibration(record), _mistakes(record)]


# Classes


def f1_by_class(record: Classified) -> tuple[Floats, Floats, Floats]:
    """Precision, recall and F1 of every class; 0 where there is nothing to divide by."""
    hits = np.diag(record.confusion).astype(float)
    predicted, actual = record.confusion.sum(0), record.confusion.sum(1)
    precision, recall, f1 = (
        np.divide(above, below, out=np.zeros(len(hits)), where=below > 0)
        for above, below in ((hits, predicted), (hits, actual), (2 * hits, predicted + actual))
    )
    return precision, recall, f1


def _by_class(models: Mapping[str, Classified], baselines: Mapping[str, Classified]) -> Figure:
    everything = {**models, **baselines}
    first = next(iter(everything.values()))
    scores = {name: f1_by_class(record)[2] for name, record in everything.items()}
    counts = first.confusion.sum(1)
    rows = [
        [
            label,
            format_number(int(counts[index])),
            *(fill("{f1:.1f}", f1=100 * values[index]) for values in scores.values()),
        ]
        for index, label in enumerate(first.classes)
    ]
    return Figure(
        "f1-by-class",
        _("F1 by class"),
        _(
            "F1 in per cent of every class of the test part (explained seed of the models; baselines last), with the number "
            "of its items; the classes that training has most of come first."
        ),
        _(
            "Accuracy is the work of the large classes. A model that has learned more than these keeps up in the last rows, "
            "which macro F1 counts as much as the first."
        ),
        texts.table([_("class"), _("items"), *map(shown, scores)], rows),
    )


def _confusion(record: Classified) -> Figure:
    confused = record.confusion - np.diag(np.diag(record.confusion))
    chosen = np.sort(np.argsort(-(confused.sum(0) + confused.sum(1)), kind="stable")[:MOST_CLASSES])
    counts = record.confusion[np.ix_(chosen, chosen)]
    shares = counts / np.maximum(record.confusion[chosen].sum(1, keepdims=True), 1)
    names = [record.classes[index] for index in chosen]
    plot = charts.empty(_("predicted"), _("actual"), height=max(260, 150 + 34 * len(names)))
    plot.add_heatmap(
        z=[charts.plain(row) for row in shares],
        x=names,
        y=names,
        text=[[format_number(count) if count else "" for count in row] for row in counts.tolist()],
        texttemplate="%{text}",
        colorscale="Blues",
        zmin=0,
        zmax=1,
        colorbar={"title": _("share of<br>the row"), "thickness": 14, "tickformat": ".0%"},
        hovertemplate=_("%{y} taken for %{x}: %{text} (%{z:.1%})<extra></extra>"),
    )
    plot.update_layout(hovermode="closest", margin={"l": 90, "r": 16, "t": 16, "b": 70})
    plot.update_xaxes(type="category", automargin=True)
    plot.update_yaxes(type="category", autorange="reversed", automargin=True)
    which = (
        "" if len(names) == len(record.classes) else _("; the {count} classes that are confused most", count=len(names))
    )
    return Figure(
        "confusion",
        _("What is taken for what"),
        _(
            "Test items by their class (rows) and the predicted one (columns): the number, coloured by its share of the "
            "row{which} (explained seed).",
            which=which,
        ),
        _(
            "Off the diagonal are the mistakes. Two classes that are confused both ways lie close together; one whose row "
            "spills into a single column is swallowed by a larger class."
        ),
        plot,
    )


# Calibration


def _calibration_compared(models: Mapping[str, Classified], baselines: Mapping[str, Classified]) -> Figure:
    plot = charts.empty(_("mean probability of the likeliest class"), _("share that is right"))
    _add_diagonal(plot)
    for index, (name, record) in enumerate({**models, **baselines}.items()):
        filled = record.calibration.counts > 0
        charts.add_line(
            plot,
            shown(name),
            record.calibration.confidence[filled],
            record.calibration.accuracy[filled],
            color=charts.COLORS[index % len(charts.COLORS)],
            dash="dot" if name in baselines else "solid",
        )
    plot.update_traces(mode="lines+markers", selector={"showlegend": True})
    plot.update_layout(hovermode="closest")
    return Figure(
        "calibration-compared",
        _("Do probabilities mean what they say?"),
        _(
            "Share of test items whose likeliest class is right, by its probability in ten bins (explained seed; baselines "
            "dotted; thin the diagonal of perfect calibration). A model's page shows how many items each bin has."
        ),
        _(
            "Below the diagonal a method is more sure than it should be, above it less. The calibration error in the table "
            "is the mean distance from the diagonal, weighted by items (Guo et al. 2017)."
        ),
        plot,
    )


def _calibration(record: Classified) -> Figure:
    from plotly.subplots import make_subplots

    curve = record.calibration
    filled = curve.counts > 0
    middles = (np.arange(len(curve.counts)) + 0.5) / len(curve.counts)
    base = charts.empty("", "")
    plot = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.72, 0.28], vertical_spacing=0.06)
    plot.update_layout(
        template=base.layout.template, font=base.layout.font, height=460, hovermode="closest", showlegend=False,
        margin={"l": 64, "r": 16, "t": 16, "b": 48}, bargap=0.05,
    )  # fmt: skip
    _add_diagonal(plot)
    plot.add_scatter(
        x=charts.plain(curve.confidence[filled]), y=charts.plain(curve.accuracy[filled]), mode="lines+markers",
        line={"color": charts.COLORS[0]}, marker={"size": 7}, row=1, col=1,
        hovertemplate=_("probability %{x:.1%}, right %{y:.1%}") + "<extra></extra>",
    )  # fmt: skip
    plot.add_bar(
        x=charts.plain(middles), y=charts.plain(curve.counts), marker={"color": charts.COLORS[4]}, row=2, col=1,
        hovertemplate=_("%{y:,} items") + "<extra></extra>",
    )  # fmt: skip
    plot.update_xaxes(range=[0, 1], tickformat=".0%")
    plot.update_xaxes(title=_("probability of the likeliest class"), row=2, col=1)
    plot.update_yaxes(title=_("share that is right"), range=[0, 1.02], tickformat=".0%", row=1, col=1)
    plot.update_yaxes(title=_("items"), row=2, col=1)
    return Figure(
        "calibration",
        _("Calibration"),
        _(
            "Above: share of test items whose likeliest class is right, by its probability in ten bins; dotted the diagonal "
            "of perfect calibration. Below: how many items each bin has (explained seed)."
        ),
        _(
            "Below the diagonal the network is more sure than it should be. Read only bins with many items: a point of five "
            "items may lie anywhere."
        ),
        plot,
    )


def _add_diagonal(plot: "go.Figure") -> None:
    plot.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"color": "#999999", "dash": "dot", "width": 1}, showlegend=False, hoverinfo="skip"
    )  # fmt: skip


# Mistakes


def _mistakes(record: Classified) -> Figure:
    count = int(record.confusion.sum())
    wrong = count - int(np.trace(record.confusion))
    rows = [
        [
            mistake.item,
            mistake.label,
            mistake.predicted,
            fill("{p:.1%}", p=mistake.confidence),
            fill("{p:.1%}", p=mistake.probability),
        ]
        for mistake in record.mistakes
    ]
    return Figure(
        "mistakes",
        _("The most confident mistakes"),
        _(
            "{wrong:,} of {count:,} test items are taken for another class (explained seed); those of which the network is "
            "most sure, with the probability of the predicted class and of their own.",
            wrong=wrong,
            count=count,
        ),
        _(
            "Three kinds are worth telling apart: a label that is wrong or arguable, an item that only knowledge of the "
            "world could place (irony, names), and a regularity that the network should have learned."
        ),
        texts.table(
            [_("item"), _("class"), _("predicted"), _("probability"), _("of its class")],
            rows or [[_("none"), "", "", "", ""]],
            words=3,
        ),
    )
