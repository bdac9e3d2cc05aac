"""Figures of this task: how early it is known what happens, clips that play, and those of every classifier."""

import numpy as np

from pipelines.classification import figures as classification
from pipelines.report import figures as charts
from pipelines.report import texts
from pipelines.report.figures import COLORS, Figure
from pipelines.report.language import _, mark
from pipelines.results import Results
from pipelines.tasks.video.data import Meta
from pipelines.tasks.video.players import Player, players
from pipelines.tasks.video.records import ClassifiedClips, Illustration, ShownClip
from pipelines.tasks.video.tracks import tracks

__all__ = ["QUESTION", "SEQUENCE", "TITLE", "figures", "tracks"]
TITLE = mark("What happens in a clip")
SEQUENCE = mark("video")
QUESTION = mark(
    "Where the order of the frames tells what happens, does a network that reads them in order know it, and how early?"
)


def figures(results: Results, target: str, model: str | None) -> list[Figure]:
    """Accuracy against the share of the clip for the task; clips, and the same by class, for a model."""
    if model is None:
        return [_early(results, target), *classification.of_task(results, target)]
    illustration = results.illustration(model, target, Illustration)
    played = [_clips(results, illustration, model, target)] if illustration else []
    return [*played, _early_by_class(results, target, model), *classification.of_model(results, target, model)]


def _early(results: Results, target: str) -> Figure:
    plot = charts.empty(_("share of the clip that has been seen"), _("accuracy"))
    for index, model in enumerate(results.models):
        accuracy = results.record(model, target, ClassifiedClips).early_accuracy
        shares = np.arange(1, len(accuracy) + 1) / len(accuracy)
        charts.add_line(plot, model, shares, accuracy, color=COLORS[index % len(COLORS)])
    plot.update_xaxes(range=[0, 1], tickformat=".0%")
    plot.update_yaxes(range=[0, 1.02], tickformat=".0%")
    return Figure(
        "early",
        _("How early is it known?"),
        _(
            "Share of the test clips whose likeliest class is right after so much of the clip (explained seed): the same "
            "networks, which were trained on whole clips, stopped before the end."
        ),
        "The first frame already tells where a digit starts, how large and how bright it is. The steep part is where a change becomes "
        "visible; what rises late needs most of the clip.",
        plot,
    )


def _early_by_class(results: Results, target: str, model: str) -> Figure:
    record = results.record(model, target, ClassifiedClips)
    shares = record.early_by_class
    plot = charts.empty(_("frame"), "", height=max(280, 110 + 24 * len(shares)))
    plot.add_heatmap(
        z=[charts.plain(row) for row in shares],
        x=list(range(1, shares.shape[1] + 1)),
        y=record.classes,
        colorscale="Blues",
        zmin=0,
        zmax=1,
        colorbar={"title": _("right"), "thickness": 14, "tickformat": ".0%"},
        hovertemplate=_("%{y}, after frame %{x}: %{z:.0%}<extra></extra>"),
    )
    plot.update_layout(hovermode="closest", margin={"l": 120, "r": 16, "t": 16, "b": 48})
    plot.update_yaxes(autorange="reversed", automargin=True)
    charts.integer_ticks(plot, shares.shape[1])
    return Figure(
        "early-by-class",
        _("What is known early, and what late?"),
        _("Share of each class's test clips that are right after each frame (explained seed)."),
        _(
            "A row that is dark from the first frame on is what the network says of such a beginning; where its opposite is "
            "pale, it has not told them apart. Both are dark once it has."
        ),
        plot,
    )


def _clips(results: Results, illustration: Illustration, model: str, target: str) -> Figure:
    classes = results.meta_as(Meta).label.classes
    folder = texts.files_folder(results.task, model, target)
    shown = [
        Player(
            _title(clip, classes),
            f"{folder}/{clip.file}",
            f"{folder}/{clip.strip}",
            classes,
            clip.probabilities,
            {_("gradient"): clip.gradients, **{texts.part_name(name): values for name, values in clip.inside.items()}},
        )
        for clip in illustration.clips
    ]
    return Figure(
        "clips",
        _("Watching along"),
        _(
            "Test clips of which the network is right, then the most confident mistakes, as the network sees them: small, "
            "stretched to a square, and here played at {seconds:g} frames a second. Above the frames the probability of the "
            "four likeliest classes after each; below, how strongly the final decision depends on each frame (gradient; the "
            "largest is 1), and the mean of each gate over its units, from 0 (white) to 1 (blue).",
            seconds=1 / illustration.clips[0].seconds,
        ),
        _(
            "Watch the probabilities while the clip plays: two opposite classes part when their difference becomes visible. "
            "Where the gradient is strong, the network would change its mind if that frame were another."
        ),
        players(shown),
    )


def _title(clip: ShownClip, classes: list[str]) -> str:
    predicted = classes[int(clip.probabilities[-1].argmax())]
    return (
        _("{label}, recognised", label=clip.label)
        if predicted == clip.label
        else _("{label}, taken for {predicted}", label=clip.label, predicted=predicted)
    )
