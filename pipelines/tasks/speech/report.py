"""Figures of this task: errors by condition, voice and speed, confusions, alignments, words as they are heard, and sounds."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from pipelines.report import figures as charts
from pipelines.report import texts
from pipelines.report.figures import Figure
from pipelines.report.language import _, fill, mark, shown
from pipelines.report.texts import files_folder, format_number
from pipelines.results import Results
from pipelines.tasks.speech.records import Alignment, Illustration, Interval, Stream, Transcribed
from pipelines.tasks.speech.tracks import tracks

if TYPE_CHECKING:
    import plotly.graph_objects as go

__all__ = ["QUESTION", "SEQUENCE", "TITLE", "figures", "tracks"]
TITLE = mark("Speech")
SEQUENCE = mark("sound")
QUESTION = mark(
    "Which recurrent network turns spoken words into text best without an alignment, and what is hearing the future worth?"
)
WAYS = {
    "wer": mark("words"),
    "wer_beam": mark("without a model of words"),
    "wer_greedy": mark("greedy"),
    "cer": mark("characters"),
}
SLOW_TO_FAST = (mark("slow"), mark("middle"), mark("fast"))
MOST_WORDS = 30
MOST_SPEAKERS = 40
NOTHING = "–"


def figures(results: Results, target: str, model: str | None) -> list[Figure]:
    """For the task or one model."""
    if model is None:
        return [
            _intervals(results, target),
            _by_condition(results, target),
            _by_speed(results, target),
            _by_speaker(results, target),
        ]
    illustration = results.illustration(model, target, Illustration)
    own = [_confusions(results.record(model, target, Transcribed))]
    if illustration is None:
        return own
    alignments = [_alignment(alignment, index) for index, alignment in enumerate(illustration.alignments)]
    streams = [_streams(illustration.streams)] if illustration.streams else []
    return [*_sounds(illustration, results.task, model, target), *alignments, *streams, *own]


# The task


def _records(results: Results, target: str) -> dict[str, Transcribed]:
    return {name: results.record(name, target, Transcribed) for name in results.models}


def _all_records(results: Results, target: str) -> dict[str, Transcribed]:
    return {**_records(results, target), **results.baseline_records(target, Transcribed)}


def _intervals(results: Results, target: str) -> Figure:
    records = _all_records(results, target)
    rows = [
        [
            shown(name),
            *(_interval(record.intervals.get(way)) for way in WAYS),
            fill("{right:.1%}", right=_right(record)),
        ]
        for name, record in records.items()
    ]
    return Figure(
        "error-rates",
        _("Error rates, and how sure they are"),
        _(
            "Words (or characters) replaced, left out and added, by those said, with the 95 % interval of a bootstrap over "
            "whole voices (explained seed of the models; baselines last), by way of decoding (the first counts); and the "
            "share of utterances without an error."
        ),
        _(
            "Where two intervals overlap widely, other voices could reverse the order. A model of words helps where words "
            "are spelled wrong, not where one word is taken for another."
        ),
        texts.table(["", *map(shown, WAYS.values()), _("utterances right")], rows),
    )


def _interval(found: Interval | None) -> str:
    return (
        NOTHING
        if found is None
        else _("{rate:.1%} ({low:.1%} to {high:.1%})", rate=found.rate, low=found.low, high=found.high)
    )


def _right(record: Transcribed) -> float:
    return float((record.edits == 0).mean())


def _by_condition(results: Results, target: str) -> Figure:
    records = _records(results, target)
    plot = charts.empty("", "WER", height=420)
    for index, (name, record) in enumerate(records.items()):
        plot.add_bar(
            name=name,
            x=[shown(condition) for condition in record.conditions],
            y=charts.plain(np.array(list(record.conditions.values()))),
            marker={"color": charts.COLORS[index % len(charts.COLORS)]},
            hovertemplate="%{x}: %{y:.1%}<extra>%{fullData.name}</extra>",
        )
    plot.update_layout(barmode="group", hovermode="closest")
    plot.update_yaxes(tickformat=".0%", rangemode="tozero")
    return Figure(
        "conditions",
        _("The same utterances, heard again"),
        _(
            "WER of the test utterances as they are, and of the same ones with pink noise at a signal-to-noise ratio, after "
            "a pause, quietly and by telephone (explained seed, beam search without a model of words)."
        ),
        _(
            "Scaling and trimming remove the volume and the pause before the network hears them. A person hardly notices the "
            "telephone; what a network loses there it has learned of the recordings, not of the words. At 0 dB noise is as "
            "loud as speech."
        ),
        plot,
    )


def _by_speed(results: Results, target: str) -> Figure:
    records = _all_records(results, target)
    speeds = next(iter(records.values())).speeds
    limits = np.quantile(speeds, (1 / 3, 2 / 3))
    group = np.searchsorted(limits, speeds)
    names = [
        _("{name} ({low:.0f} to {high:.0f})", name=shown(name), low=low, high=high)
        for name, low, high in zip(SLOW_TO_FAST, [speeds.min(), *limits], [*limits, speeds.max()], strict=True)
    ]
    rows = [
        [shown(name), *(fill("{rate:.1%}", rate=_rate(record, group == index)) for index in range(3))]
        for name, record in records.items()
    ]
    return Figure(
        "speed",
        _("By speed"),
        _(
            "WER of the slowest, the middle and the fastest third of the test utterances, by letters a second (explained "
            "seed)."
        ),
        _(
            "Fast speech leaves each character fewer steps, and utterances of a single word are slow here: pauses count as "
            "sound."
        ),
        texts.table(["", *names], rows),
    )


def _rate(record: Transcribed, chosen: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]") -> float:
    said = record.words[chosen].sum()
    return float(record.edits[chosen].sum() / said) if said else float("nan")


def _by_speaker(results: Results, target: str) -> Figure:
    records = _records(results, target)
    speakers = np.array(next(iter(records.values())).speakers, dtype=object)
    who = np.array([str(speaker) or _("not named") for speaker in speakers])
    names = sorted(set(who))
    rates = {name: [_rate(record, who == speaker) for speaker in names] for name, record in records.items()}
    order = np.argsort([np.mean([values[index] for values in rates.values()]) for index in range(len(names))])[::-1][
        :MOST_SPEAKERS
    ]
    plot = charts.empty("", "WER")
    for index, (name, values) in enumerate(rates.items()):
        plot.add_scatter(
            name=name,
            x=[names[place] for place in order],
            y=charts.plain(np.array(values)[order]),
            mode="markers",
            marker={"size": 10, "color": charts.COLORS[index % len(charts.COLORS)]},
        )
    plot.update_yaxes(tickformat=".0%", rangemode="tozero")
    plot.update_xaxes(type="category")
    return Figure(
        "speakers",
        _("By voice"),
        _(
            "WER of each voice of the test part, the hardest first (explained seed{hardest}). Whether voices of training are "
            "among them is said above, with the data.",
            hardest="" if len(names) <= MOST_SPEAKERS else _("; the hardest"),
        ),
        _("Where voices lie further apart than models, a mean over few of them says little of the next one."),
        plot,
    )


# One model


def _sounds(illustration: Illustration, task: str, model: str, target: str) -> list[Figure]:
    if not illustration.heard:
        return []
    player = Markup('<audio controls preload="none" src="{}"></audio>')
    rows = [
        [
            shown(heard.condition),
            player.format(f"{files_folder(task, model, target)}/{heard.file}"),
            heard.reference,
            heard.hypothesis or NOTHING,
        ]
        for heard in illustration.heard
    ]
    return [
        Figure(
            "listen",
            _("Listen, and compare"),
            _(
                "Test utterances as they are and in the worst noise, what is said, and what the network writes (explained seed, "
                "greedy)."
            ),
            _("Listen to the noisy version first, and write down what you hear: that is the fair comparison."),
            texts.table([_("heard"), _("sound"), _("said"), _("written")], rows, words=4),
        )
    ]


def _alignment(alignment: Alignment, index: int) -> Figure:
    from plotly.subplots import make_subplots

    base = charts.empty("", "")
    plot = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.5, 0.5], vertical_spacing=0.05)
    plot.update_layout(
        template=base.layout.template, font=base.layout.font, height=520, hovermode="closest",
        margin={"l": 64, "r": 16, "t": 34, "b": 48}, legend={"orientation": "v", "y": 0.46, "yanchor": "top"},
    )  # fmt: skip
    spectrogram = alignment.spectrogram.astype(np.float32)
    plot.add_heatmap(
        z=charts.plain(np.round(spectrogram.T, 1)),
        x=charts.plain(np.arange(len(spectrogram)) * alignment.frame_seconds),
        colorscale="Magma",
        colorbar={"title": "dB", "thickness": 12, "len": 0.45, "y": 1, "yanchor": "top"},
        hovertemplate=_("%{x:.2f} s, band %{y}: %{z} dB") + "<extra></extra>",
        row=1, col=1,
    )  # fmt: skip
    _add_probabilities(plot, alignment)
    for word, first, last in alignment.words:
        plot.add_annotation(x=(first + last) / 2, y=1.06, yref="paper", text=f"<b>{word}</b>", showarrow=False)
    plot.update_yaxes(title=_("mel band"), row=1, col=1)
    plot.update_yaxes(title=_("probability"), range=[0, 1.02], row=2, col=1)
    plot.update_xaxes(title=_("seconds"), row=2, col=1)
    return Figure(
        f"alignment-{index}",
        _("How “{reference}” is written", reference=alignment.reference),
        _(
            "Above the log-mel spectrogram of a test utterance, below the probability of the blank (grey) and of each "
            "character at every step; on top the words where they are written. Written: {hypothesis} (explained seed, "
            "greedy).",
            hypothesis=alignment.hypothesis or NOTHING,
        ),
        _(
            "The blank is likely nearly everywhere, and each character rises in a short peak: CTC is free to choose when it "
            "writes (Graves et al. 2006). A network of one direction writes a character after it has heard it; one of both "
            "may write it before."
        ),
        plot,
    )


def _add_probabilities(plot: "go.Figure", alignment: Alignment) -> None:
    times = charts.plain((np.arange(len(alignment.probabilities)) + 0.5) * alignment.step_seconds)
    probabilities = alignment.probabilities.astype(np.float32)
    for index, symbol in enumerate([_("blank"), *alignment.symbols]):
        color = "#aaaaaa" if index == 0 else charts.COLORS[(index - 1) % len(charts.COLORS)]
        plot.add_scatter(
            x=times,
            y=charts.plain(np.round(probabilities[:, index], 3)),
            name=_("space") if symbol == " " else symbol,
            mode="lines",
            line={"color": color, "width": 2, "dash": "solid" if index <= len(charts.COLORS) else "dot"},
            row=2, col=1,
        )  # fmt: skip


def _streams(streams: list[Stream]) -> Figure:
    rows = [
        [stream.reference if place == 0 else "", fill("{seconds:.2f}", seconds=seconds), text or NOTHING]
        for stream in streams
        for place, (seconds, text) in enumerate(_changes(stream))
    ]
    return Figure(
        "streaming",
        _("Words as the sound comes"),
        _(
            "What the network writes of the first seconds of an utterance alone, a row for each change (explained seed, "
            "greedy; level and trimming are those of the whole utterance)."
        ),
        _(
            "A network of one direction never takes back what it has written, and its words come out a moment after they are "
            "said. One of both directions rewrites: with less sound it hears another end."
        ),
        texts.table([_("said"), _("seconds heard"), _("written")], rows, words=3),
    )


def _changes(stream: Stream) -> list[tuple[float, str]]:
    """The times at which the text changes."""
    found: list[tuple[float, str]] = []
    for seconds, text in zip(stream.seconds.tolist(), stream.texts, strict=True):
        if not found or found[-1][1] != text:
            found.append((seconds, text))
    return found


def _confusions(record: Transcribed) -> Figure:
    counts: Mapping[tuple[str, str], int] = {(said, written): count for said, written, count in record.confusions}
    replaced = [(said, written, count) for (said, written), count in counts.items()]
    rows = [
        [said or NOTHING, written or NOTHING, format_number(count)] for said, written, count in replaced[:MOST_WORDS]
    ]
    total = int(record.edits.sum())
    return Figure(
        "confusions",
        _("What is taken for what"),
        _(
            "The {total:,} errors in the {words:,} words of the test part (explained seed, decoded by default): the words "
            "that are written in place of others most often; – is a word left out or added.",
            total=total,
            words=int(record.words.sum()),
        ),
        _("Words that sound alike are mistakes of hearing; strings that are no words at all are mistakes of spelling."),
        texts.table([_("said"), _("written"), _("times")], rows or [[_("none"), "", ""]], words=2),
    )
