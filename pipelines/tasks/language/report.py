"""Figures of this task: what is generated and read, and the gate structures side by side."""

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from pipelines.report import figures as charts
from pipelines.report import texts
from pipelines.report.figures import Figure
from pipelines.report.language import _, fill, mark, percent, shown, steps
from pipelines.report.texts import format_number
from pipelines.results import Results
from pipelines.tasks.language.data import Meta, decode, units
from pipelines.tasks.language.records import Illustration
from pipelines.tasks.language.score import Reading
from pipelines.tasks.language.tracks import tracks

__all__ = ["QUESTION", "SEQUENCE", "TITLE", "figures", "tracks"]
TITLE = mark("Language")
SEQUENCE = mark("text")
QUESTION = mark(
    "Which gates does a network need to write like the text it has read, and does it know more than an n-gram model?"
)
MARGIN = 1.02
"""A model's `arrival` is when its validation loss is within 2 % of the best mean loss of the slowest learner."""


def figures(results: Results, target: str, model: str | None) -> list[Figure]:
    """What a model writes, reads and attends to; for the task, its gate structures side by side and where they err."""
    if model is None:
        return [*_structures(results, target), _by_context(results, target), _cold_start(results, target)]
    illustration = results.illustration(model, target, Illustration)
    if illustration is None:
        return []
    meta = results.meta_as(Meta)
    return [
        _generated(illustration, meta, target),
        _read(results, illustration, meta, target, model),
        _why(illustration, meta, target),
    ]


# The task: gate structures


def _structures(results: Results, target: str) -> list[Figure]:
    """Loss against size and time, how saturated the gates are, in one table and one picture."""
    rows = [_structure(results, target, model) for model in results.models]
    goal = max(row["best"] for row in rows) * MARGIN
    for row in rows:
        row["arrival"] = _arrival(row["curve"], goal)
    return [_table(results, rows, goal), _picture(results, rows, goal)]


def _structure(results: Results, target: str, model: str) -> dict[str, Any]:
    """Cost and result of a model: mean validation loss after every epoch, in nats, with the seconds it took."""
    history = results.history(model)
    by_epoch = history.groupby("epoch")[["valid_loss", "seconds"]].mean()
    gates = {
        name: {"closed": float(gate.closed.mean()), "open": float(gate.open.mean())}
        for layer in results.explanation(model, target).layers
        for name, gate in layer.gates.items()
        if gate.closed is not None and gate.open is not None
    }
    metrics = results.metrics(model)
    tokens = results.meta_as(Meta).text.splits["train"].tokens
    return {
        "model": model,
        "gates": gates,
        "bits": metrics["test"][target]["bits_per_character"],
        "parameters": metrics["cost"]["parameters"],
        "speed": tokens / metrics["cost"]["seconds_per_epoch"],
        "best": float(by_epoch["valid_loss"].min()),
        "curve": pd.DataFrame({"loss": by_epoch["valid_loss"], "seconds": by_epoch["seconds"].cumsum()}),
    }


def _arrival(curve: pd.DataFrame, goal: float) -> float | None:
    """Seconds until the loss is `goal`, interpolated between two epochs; None if it never is."""
    reached = np.flatnonzero(curve["loss"] <= goal)
    if not len(reached):
        return None
    first = int(reached[0])
    if first == 0:
        return float(curve["seconds"].iloc[0])
    (high, low), (early, late) = (curve[column].iloc[first - 1 : first + 1] for column in ("loss", "seconds"))
    return float(early + (late - early) * (high - goal) / (high - low))


def _table(results: Results, rows: list[dict[str, Any]], goal: float) -> Figure:
    unit = results.meta_as(Meta).text.unit
    cells = []
    for row in sorted(rows, key=lambda row: row["bits"]["mean"]):
        saturated = [shares["closed"] + shares["open"] for shares in row["gates"].values()]
        cells.append(
            [
                row["model"],
                ", ".join(_gate(name) for name in row["gates"]) or _("none"),
                format_number(row["bits"]["mean"]),
                format_number(row["parameters"]),
                format_number(round(row["speed"] / 100) * 100),
                "–" if row["arrival"] is None else fill("{seconds:.0f} s", seconds=row["arrival"]),
                percent(float(np.mean(saturated)), 0) if saturated else "–",
            ]
        )
    columns = [
        _("model"),
        _("gates"),
        _("bits per character"),
        _("parameters"),
        _("{unit} a second", unit=shown(unit)),
        _("to a loss of {goal:.3f}", goal=goal),
        _("saturated"),
    ]
    return Figure(
        "structures",
        _("Gate structures: what they reach, at what cost"),
        _(
            "Best first, by the test part. Speed is that of training, validation included. «To a loss of {goal:.3f}»: mean "
            "seconds of training until the validation loss (nats) is within {margin:.0f} % of what the slowest learner "
            "reaches at all. Saturated: share of steps at which a gate is below 0.1 or above 0.9, mean over gates and units.",
            goal=goal,
            margin=100 * (MARGIN - 1),
        ),
        _(
            "Compare rows with about as many parameters, or look at the picture below. A gate that can be left out at no "
            "cost in the third column was not needed on this text; the table of pairs below says which differences are "
            "significant."
        ),
        texts.table(columns, cells),
    )


def _gate(name: str) -> str:
    """A gate's name without the word gate: `forget`."""
    return shown(name.removesuffix(" gate"))


def _picture(results: Results, rows: list[dict[str, Any]], goal: float) -> Figure:
    from plotly.subplots import make_subplots

    titles = (_("loss against parameters"), _("loss against time"), _("saturated gates"))
    plot = make_subplots(rows=1, cols=3, subplot_titles=titles, horizontal_spacing=0.07)
    base = charts.empty("", "")
    plot.update_layout(
        template=base.layout.template, font=base.layout.font, height=420, hovermode="closest", barmode="stack",
        margin={"l": 56, "r": 16, "t": 40, "b": 110}, legend={"orientation": "h", "y": -0.22, "x": 0},
    )  # fmt: skip
    for index, row in enumerate(rows):
        color, name = charts.COLORS[index % len(charts.COLORS)], row["model"]
        symbol = "circle" if index < len(charts.COLORS) else "diamond"
        spread = None if row["bits"]["std"] is None else {"array": [row["bits"]["std"]], "thickness": 1}
        plot.add_scatter(
            x=[row["parameters"]], y=[row["bits"]["mean"]], error_y=spread, mode="markers", name=name, legendgroup=name,
            marker={"color": color, "size": 10, "symbol": symbol}, row=1, col=1,
        )  # fmt: skip
        plot.add_scatter(
            x=charts.plain(row["curve"]["seconds"]), y=charts.plain(row["curve"]["loss"]), mode="lines+markers", name=name,
            legendgroup=name, showlegend=False, line={"color": color, "width": 2}, marker={"size": 5, "symbol": symbol}, row=1, col=2,
        )  # fmt: skip
    gated = [row for row in rows if row["gates"]]
    for side, color in (("closed", charts.COLORS[3]), ("open", charts.COLORS[2])):
        plot.add_bar(
            x=[row["model"] for row in gated],
            y=[float(np.mean([shares[side] for shares in row["gates"].values()])) for row in gated],
            name=_("closed gates") if side == "closed" else _("open gates"), marker={"color": color}, row=1, col=3,
        )  # fmt: skip
    plot.update_xaxes(title=_("parameters"), row=1, col=1)
    plot.update_xaxes(title=_("seconds of training, one seed"), row=1, col=2)
    plot.update_yaxes(title=_("bits per character, test"), row=1, col=1)
    plot.update_yaxes(title=_("validation loss, nats"), row=1, col=2)
    plot.update_yaxes(tickformat=".0%", row=1, col=3)
    return Figure(
        "structures-picture",
        _("Gate structures in pictures"),
        _(
            "Left: bits per character of the test part against size, mean and standard deviation over seeds. Middle: mean "
            "validation loss after every epoch against the seconds that took. Right: share of steps at which a gate is "
            "closed (below 0.1) or open (above 0.9)."
        ),
        _(
            "Down and to the left is better on the left and in the middle. Bars near zero are gates that scale and never "
            "decide; long ones are gates that switch and let little gradient through where they do."
        ),
        plot,
    )


def _by_context(results: Results, target: str) -> Figure:
    """Bits inside and outside quotation marks and brackets."""
    records = {name: results.record(name, target, Reading) for name in results.models}
    records |= results.baseline_records(target, Reading)
    with_quotes = {name: record for name, record in records.items() if record.bits_inside is not None}
    plot = charts.empty("", _("bits a character"))
    for color, (part, name) in enumerate(
        (("bits_outside", _("outside")), ("bits_inside", _("within quotation marks and brackets")))
    ):
        plot.add_bar(
            x=[shown(name) for name in with_quotes],
            y=[getattr(record, part) for record in with_quotes.values()],
            name=name,
            marker={"color": charts.COLORS[color]},
        )
    plot.update_layout(hovermode="closest")
    share = next((percent(record.inside_share, 0) for record in with_quotes.values()), _("none"))
    return Figure(
        f"context-{target}",
        _("Where it errs: speech and narration"),
        _(
            "Mean bits of the characters within quotation marks and brackets ({share} of the test part, the closing mark "
            "included) and of all others; of the explained seed, and of the baselines.",
            share=share,
        ),
        _(
            "To know that a quotation is open, a network has to remember its beginning over many characters, which an n-gram "
            "model cannot (Karpathy et al. 2015 found units that do just this). Speech is also harder to predict than "
            "narration."
        ),
        plot,
    )


def _cold_start(results: Results, target: str) -> Figure:
    """Bits by position in a window that starts from zero states."""
    plot = charts.empty(
        _("{steps} read since the memory was empty", steps=steps(results.meta_as(Meta).text.step)), _("bits a token")
    )
    for index, model in enumerate(results.models):
        illustration = results.illustration(model, target, Illustration)
        if illustration is None:
            continue
        bits = illustration.cold
        edges = np.unique(np.geomspace(1, len(bits), 18).astype(int))
        centres = [(first + last) / 2 for first, last in pairwise(edges)]
        means = [bits[first - 1 : last - 1].mean() for first, last in pairwise(edges)]
        charts.add_line(plot, model, centres, means, color=charts.COLORS[index % len(charts.COLORS)])
    plot.update_xaxes(type="log")
    return Figure(
        f"cold-{target}",
        _("What memory is worth"),
        _("Mean bits by position, in test windows that start from zero states; positions in groups of growing width."),
        _(
            "Where a line stops falling, more context no longer helps this network: that is as far as its memory reaches. An "
            "n-gram model's line would be flat after as many characters as its order."
        ),
        plot,
    )


# A model


def _generated(illustration: Illustration, meta: Meta, target: str) -> Figure:
    """Samples at several temperatures."""
    named = {
        _("temperature {temperature}", temperature=temperature): decode(tokens, meta)
        for temperature, tokens in illustration.generated.items()
    }
    return Figure(
        f"written-{target}",
        _("What it writes"),
        _("The explained seed continues a prompt, one token after the other drawn from its predictions."),
        _(
            "A low temperature plays safe and soon repeats itself, a high one takes risks with spelling. Names, quotation "
            "marks that close again and the thread of a sentence show what the memory carries."
        ),
        texts.passages(named),
    )


def _read(results: Results, illustration: Illustration, meta: Meta, target: str, model: str) -> Figure:
    """A piece of the test part, coloured by any gate or memory of any unit."""
    tokens = units(illustration.read, meta)
    # The memory of the last layer first: it is what most people want to see.
    order = sorted(illustration.inside, key=lambda name: (not name.endswith("memory"), name))
    values = {name: illustration.inside[name].astype(np.float32) for name in order}
    layers = {
        texts.part_name(name): texts.Layer(rows, [str(row) for row in range(len(rows))])
        for name, rows in values.items()
    }
    memory = results.explanation(model, target).memory
    unit = int(memory.units[0]) if memory else 0
    return Figure(
        f"read-{target}",
        _("Reading along"),
        _(
            "The beginning of the test part. Each token has the colour of what the chosen unit has after reading it: a gate "
            "from 0 (white) to 1 (blue), a memory or candidate from −1 (red) over 0 to 1 (blue; larger values are cut off). "
            "First shown is the unit whose memory is most correlated with how sure the network is."
        ),
        _(
            "Look for units that change at spaces, at capital letters, at the beginning and end of speech. Most units do "
            "nothing that has a name: a network divides its work among many."
        ),
        texts.coloured({"read": (tokens, layers)}, _("unit"), unit),
    )


def _why(illustration: Illustration, meta: Meta, target: str) -> Figure:
    """The text before a prediction, coloured by the contribution of each token."""
    values, positions = illustration.contributions.values, illustration.contributions.places
    span = values.shape[1]
    names = units(illustration.read, meta)
    spread = np.zeros((len(positions), len(names)), np.float32)
    labels = []
    guesses = units(illustration.contributions.guesses, meta)
    for index, (position, guess) in enumerate(zip(positions.tolist(), guesses, strict=True)):
        spread[index, position - span : position] = values[index] / max(np.abs(values[index]).max(), 1e-9)
        labels.append(
            _(
                "after «{before}»: «{guess}»", before="".join(names[max(0, position - 12) : position]), guess=guess
            ).replace("\n", "↵")
        )
    return Figure(
        f"why-{target}",
        _("Why this one?"),
        _(
            "For a dozen positions of the same text: how much each of the {span} tokens before adds to the log-probability "
            "of the token that the network finds most likely (integrated gradients at the embedding), the largest scaled to "
            "1. Blue speaks for it, red against.",
            span=span,
        ),
        _(
            "Most of the colour is right before the position. Where some is further back (at the beginning of a word, at an "
            "opening quotation mark) the network uses its memory."
        ),
        texts.coloured({"read": (names, {_("contribution"): texts.Layer(spread, labels)})}, _("prediction")),
    )
