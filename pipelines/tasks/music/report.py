"""Figures of this task: gates and memory under a piano roll, generated pieces, and pieces in another style."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.report import figures as charts
from pipelines.report import sounds, texts
from pipelines.report.figures import Figure
from pipelines.report.language import _, fill, mark, percent, shown
from pipelines.report.sounds import Clip
from pipelines.report.texts import files_folder, format_number
from pipelines.results import Results
from pipelines.tasks.music.data import EVENTS, FRAMES, TRANSFER, Meta
from pipelines.tasks.music.measures import MEASURES
from pipelines.tasks.music.midi import KEYS, LOWEST
from pipelines.tasks.music.records import ClipRecord, Generated, Inside, Likeness, Measured, Stretch, Transferred
from pipelines.tasks.music.tracks import tracks

__all__ = ["QUESTION", "SEQUENCE", "TITLE", "figures", "tracks"]
TITLE = mark("Music")
SEQUENCE = mark("music")
QUESTION = mark(
    "Which cell predicts the next notes of a chorale or a fiddle tune best, and can it write and rewrite pieces in either style?"
)
PUBLISHED = {
    "JSB chorales": {"tanh": 9.10, "GRU": 8.54, "LSTM": 8.67},
    "Nottingham": {"tanh": 3.13, "GRU": 3.23, "LSTM": 3.20},
}
"""Test nats a frame of Chung et al. 2014, on other pieces and another split: for orientation, never for comparison."""
NAMES = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")


def figures(results: Results, target: str, model: str | None) -> list[Figure]:
    """Of a target, for the task or one model."""
    if model is None:
        return {FRAMES: _by_style, EVENTS: _against_corpus, TRANSFER: _distributions}[target](results)
    if target == FRAMES:
        illustration = results.illustration(model, target, Inside)
        return [_inside(stretch) for stretch in illustration.stretches] if illustration else []
    if target == EVENTS:
        generated = results.illustration(model, target, Generated)
        return [_generated(generated, results.task, model)] if generated else []
    transferred = results.illustration(model, target, Transferred)
    return [_before_and_after(transferred, results.task, model)] if transferred else []


# The task


def _by_style(results: Results) -> list[Figure]:
    meta = results.meta_as(Meta)
    styles = meta.styles
    rows = [
        [model, *(_mean(results.metrics(model)["test"][FRAMES][f"nll_per_frame_{style}"]) for style in styles)]
        for model in results.models
    ]
    rows += [
        [
            _("{name} (baseline)", name=shown(name)),
            *(format_number(values[f"nll_per_frame_{style}"]) for style in styles),
        ]
        for name, values in results.comparison["baselines"][FRAMES].items()
    ]
    resolutions = meta.resolutions
    published = "; ".join(
        f"{corpus}: {', '.join(fill('{cell} {nats:.2f}', cell=cell, nats=value) for cell, value in cells.items())}"
        for corpus, cells in PUBLISHED.items()
    )
    return [
        Figure(
            "by-style",
            _("Nats a frame, by style"),
            _(
                "Negative log-likelihood of which of 88 keys sound in the next frame, mean over the frames of the test pieces "
                "but their first, ± standard deviation over seeds. Frames in a quarter note: {frames}.",
                frames=", ".join(f"{style} {resolutions[style]}" for style in styles),
            ),
            _(
                "Compare within a column: finer frames repeat the one before more often and are easier to predict. For "
                "orientation, Chung et al. 2014 report, of other pieces at 1 and 2 frames a quarter note: {published}. Here, "
                "versions of one tune never belong to two parts, and one network learns all styles.",
                published=published,
            ),
            texts.table([_("model"), *styles], rows),
        )
    ]


def _mean(summary: dict[str, Any]) -> str:
    return format_number(summary["mean"]) + (
        f" ± {format_number(summary['std'], 2)}" if summary["std"] is not None else ""
    )


def _against_corpus(results: Results) -> list[Figure]:
    """Measures of generated and of real pieces, and whether the generated ones are copied."""
    by_model = {model: results.illustration(model, EVENTS, Generated) for model in results.models}
    columns = ["", *map(shown, MEASURES), _("longest run from training")]
    rows = []
    composed: set[str] = set()
    composed_pieces = _("test pieces")
    for model, generated in by_model.items():
        for measured in generated.measured if generated else []:
            if measured.temperature is not None:
                name = _(
                    "{style}: {model}, temperature {temperature:g}",
                    style=measured.style,
                    model=model,
                    temperature=measured.temperature,
                )
            elif measured.style not in composed:
                composed.add(measured.style)
                name = _("{style}: {pieces}", style=measured.style, pieces=composed_pieces)
            else:
                continue
            rows.append([name, *_measures(measured)])
    rows.sort(key=lambda row: (row[0].partition(":")[0], not row[0].endswith(composed_pieces)))
    return [
        Figure(
            "corpus",
            _("Generated pieces beside composed ones"),
            _(
                "Median, and in brackets the quartiles, over pieces of one seed. Pitch-class entropy in bits (3.58 for all "
                "twelve alike); share of the notes in the best-fitting major scale; notes at a time; share of bars that have "
                "come before; and the longest run of melody notes, in any key, that some training piece has too."
            ),
            _(
                "Good imitations have the numbers of the test pieces, not the highest ones. A run from training far longer than "
                "those of test pieces would mean copying: those share formulas with the training pieces too, without having been "
                "learned from."
            ),
            texts.table(columns, rows),
        )
    ]


def _measures(measured: Measured) -> list[str]:
    return [_quartiles(measured.measures[name], 2) for name in MEASURES] + [_quartiles(measured.runs, 0)]


def _quartiles(values: NDArray[Any], digits: int) -> str:
    values = values[np.isfinite(values)]
    if not len(values):
        return "–"
    low, middle, high = np.quantile(values, (0.25, 0.5, 0.75))
    number = f":.{digits}f"
    return fill(f"{{middle{number}}} ({{low{number}}}–{{high{number}}})", low=low, middle=middle, high=high)


def _distributions(results: Results) -> list[Figure]:
    """Whether the new style is recognised, and the old content kept."""
    methods = {model: results.record(model, TRANSFER, Likeness) for model in results.models}
    methods |= {
        _("{name} (baseline)", name=shown(name)): record
        for name, record in results.baseline_records(TRANSFER, Likeness).items()
    }
    styles = results.meta_as(Meta).styles
    names = [f"{style} → {styles[(style_index + 1) % len(styles)]}" for style_index, style in enumerate(styles)]
    rows = [
        [
            method,
            *(_share(record.recognised[record.old == style_index]) for style_index in range(len(styles))),
            _share(record.melody),
        ]
        for method, record in methods.items()
    ]
    accuracy = next(iter(methods.values())).accuracy
    plots = []
    for kind, what in (("chroma", _("pitch classes")), ("rhythm", _("rhythm"))):
        plot = charts.empty("", _("likeness"))
        for color, (key, name) in enumerate(
            ((kind, _("the original piece")), (f"{kind}_unrelated", _("another piece of its style")))
        ):
            plot.add_box(
                x=[method for method, record in methods.items() for _ in getattr(record, key)],
                y=charts.plain(np.concatenate([getattr(record, key) for record in methods.values()])),
                name=name, marker={"color": charts.COLORS[color], "size": 3},
            )  # fmt: skip
        plot.update_layout(boxmode="group", hovermode="closest")
        how = (
            _("Mean cosine between the pitch classes of every quarter note")
            if kind == "chroma"
            else _("Cosine between the frames in which anything is struck")
        )
        plots.append(
            Figure(
                f"likeness-{kind}",
                _("Is the content kept? The {what}", what=what),
                _(
                    "{how}, of each test piece after the transfer and the original piece (blue), or another test piece of that style "
                    "(orange); of the explained seed.",
                    how=how,
                ),
                _(
                    "Content is kept where blue lies well above orange, which is what chance and a common metre give. Fully alike "
                    "would be 1: the melody stays, and what goes with it changes."
                ),
                plot,
            )
        )
    return [
        Figure(
            "recognised",
            _("Is the new style recognised?"),
            _(
                "Share of the test pieces that, after the transfer, a style classifier takes for pieces of the new style, one "
                "that knows neither network nor transfer: logistic regression on voices, register, density and melodic steps, "
                "trained on the training pieces. Of the test pieces as they are it classifies {accuracy:.1%} correctly. Last "
                "column: a classifier of the melody alone, both directions.",
                accuracy=accuracy,
            ),
            _(
                "The first classifier is easily convinced: four voices are a chorale to it, one is a tune. The second asks for "
                "more, since the melody is what the transfer keeps: a high share there would mean that the melody has been bent "
                "to the new style."
            ),
            texts.table([_("method"), *names, _("by the melody alone")], rows),
        ),
        *plots,
    ]


def _share(values: NDArray[Any]) -> str:
    return percent(float(values.mean()), 0)


# A model


def _inside(stretch: Stretch) -> Figure:
    """Keys, memory, gates, gradient and importance of one stretch, over a common time."""
    from plotly.subplots import make_subplots

    style, keys, weights = stretch.style, stretch.keys, stretch.importance.astype(float)
    used = np.flatnonzero(keys.any(0) | (np.abs(weights).max(0) > 0.02 * np.abs(weights).max()))
    span = slice(max(int(used.min()) - 1, 0), min(int(used.max()) + 2, KEYS))
    names = [f"{NAMES[(key + LOWEST) % 12]}{(key + LOWEST) // 12 - 1}" for key in range(KEYS)][span]
    inside = {name: values.astype(float) for name, values in stretch.inside.items()}
    memory = inside.pop("memory")
    gates = {name: values for name, values in inside.items() if name != "candidate"}
    order = np.argsort(memory.mean(1))
    panels = [_("keys"), _("memory"), *map(shown, gates), _("gradient"), _("importance")]
    heights = [0.24, 0.18, *([0.14] * len(gates)), 0.1, 0.22]
    plot = make_subplots(
        rows=len(panels), cols=1, shared_xaxes=True, subplot_titles=panels, row_heights=heights, vertical_spacing=0.045
    )
    times = charts.times(len(keys))
    bar = {"showscale": False, "x": times}
    plot.add_heatmap(
        z=keys.T[span].astype(int).tolist(),
        y=names,
        colorscale=[[0, "#f5f7fa"], [1, charts.COLORS[0]]],
        row=1,
        col=1,
        **bar,
    )
    limit = float(np.abs(memory).max())
    plot.add_heatmap(z=_rounded(memory[order]), zmin=-limit, zmax=limit, colorscale="RdBu", row=2, col=1, **bar)
    for row, values in enumerate(gates.values(), start=3):
        plot.add_heatmap(z=_rounded(values[order]), zmin=0, zmax=1, colorscale="Viridis", row=row, col=1, **bar)
    row = 3 + len(gates)
    plot.add_scatter(
        x=times,
        y=charts.plain(stretch.gradient),
        mode="lines",
        line={"color": charts.COLORS[1]},
        showlegend=False,
        row=row,
        col=1,
    )
    largest = float(np.abs(weights).max()) or 1.0
    plot.add_heatmap(
        z=_rounded(weights.T[span] / largest), y=names, zmin=-1, zmax=1, colorscale="RdBu", row=row + 1, col=1, **bar
    )
    base = charts.empty("", "")
    height = 560 + 110 * len(gates)
    plot.update_layout(
        template=base.layout.template, font=base.layout.font, height=height, margin={"l": 64, "r": 16, "t": 40, "b": 48}
    )
    plot.update_yaxes(type="log", exponentformat="power", dtick=1, row=row, col=1)
    plot.update_xaxes(title=_("frames before the prediction"), row=row + 1, col=1)
    likeliest = stretch.likeliest
    name = f"{NAMES[(likeliest + LOWEST) % 12]}{(likeliest + LOWEST) // 12 - 1}"
    return Figure(
        f"inside-{style}",
        _("Inside, under the notes: {style}", style=style),
        _(
            "A stretch of a test piece. From above: the keys that sound; the memory of the last layer, units in the order of "
            "its mean, from red (negative) to blue{gates}; the gradient of the last frame's prediction with respect to each "
            "frame; and what every key in every frame adds to the log-probability of {name}, the most likely key of the last "
            "frame (integrated gradients against silence), blue for, red against.",
            gates=_("; its {gates}, yellow where open", gates=", ".join(map(shown, gates))) if gates else "",
            name=name,
        ),
        _(
            "Look for units that change where the harmony or the phrase does, and for gates that open there. Importance says "
            "which notes the prediction rests on: mostly the frame before, and the same key or chord further back where the "
            "network knows the metre."
        ),
        plot,
    )


def _rounded(values: NDArray[Any]) -> list[list[float]]:
    return np.round(values, 2).tolist()


def _generated(generated: Generated, task: str, model: str) -> Figure:
    return Figure(
        "written",
        _("What it generates"),
        _(
            "The explained seed generates one token after the other: bars, positions, keys, lengths. Grey: the bars of a "
            "test piece that were given. Sound: a free sound font."
        ),
        _(
            "Listen for a metre that holds, for phrases that come back, for voices that end together. A low temperature "
            "plays safe and repeats; a high one wanders. Whether it imitates or copies is in the table on the task's page."
        ),
        sounds.clips(_groups(generated.clips, task, model, EVENTS)),
    )


def _before_and_after(transferred: Transferred, task: str, model: str) -> Figure:
    return Figure(
        "before-and-after",
        _("Before and after"),
        _(
            "Test pieces as they are, and as the explained seed rewrites them: it sees the pitch classes and the rhythm of "
            "the melody, a few beats ahead, and writes the keys of every frame in the other style; where that has quicker or "
            "slower melodies by far, at double or half pace."
        ),
        _(
            "A tune becomes a chorale when a bass and inner voices join its melody; a chorale becomes a tune when one voice "
            "is left of it, in the register of a fiddle. The melody can be followed in both."
        ),
        sounds.clips(_groups(transferred.clips, task, model, TRANSFER)),
    )


def _groups(clips: list[ClipRecord], task: str, model: str, target: str) -> dict[str, list[Clip]]:
    """Clips by their heading."""
    folder = files_folder(task, model, target)
    groups: dict[str, list[Clip]] = {}
    for clip in clips:
        sound, score = (f"{folder}/{clip.file}.{kind}" for kind in ("mp3", "mid"))
        groups.setdefault(_heading(clip.group), []).append(
            Clip(_heading(clip.name), sound, score, clip.notes, clip.given)
        )
    return groups


def _heading(stored: str) -> str:
    """A heading that `evaluate` stored, such as `chorales, from nothing, temperature 0.9`, in the language of the page."""
    return ", ".join(map(shown, stored.split(", ")))
