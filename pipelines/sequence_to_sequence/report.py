"""Figures: attention, a score by length, and mistakes; and what encoder and decoder read."""

from collections.abc import Mapping, Sequence

import numpy as np

from pipelines.contract import Array, Indices
from pipelines.nn.vocabulary import BEGIN, SPECIAL
from pipelines.printing import shortened
from pipelines.report import figures as charts
from pipelines.report import language, texts
from pipelines.report.figures import Figure
from pipelines.report.language import _, mark, shown
from pipelines.report.tracks import Track, of_words
from pipelines.results import Results
from pipelines.sequence_to_sequence.data import Part, Tokenizer, part, tokens_of
from pipelines.sequence_to_sequence.records import AttentionMap, Illustration

LONGEST_LABEL = 90
"""Characters of a pair in the menu."""


def attention(illustration: Illustration | None, step: str) -> list[Figure]:
    """The weights over each illustrated pair, of which the reader chooses one; `step` is what one of its steps is called."""
    if illustration is None:
        return []
    attended = illustration.attended
    first = attended[0]
    token, tokens = shown(step), language.steps(step)
    plot = charts.empty("", "", height=_height(first))
    plot.add_heatmap(
        z=_rounded(first), x=_labels(first.source), y=_labels(first.written), zmin=0, zmax=1, colorscale="Blues",
        colorbar={"title": _("weight"), "thickness": 14}, hovertemplate=_("%{y} looks at %{x}: %{z}<extra></extra>"),
    )  # fmt: skip
    buttons = [
        {
            "label": shortened(" ".join(pair.source), LONGEST_LABEL),
            "method": "update",
            "args": [
                {"z": [_rounded(pair)], "x": [_labels(pair.source)], "y": [_labels(pair.written)]},
                {"height": _height(pair)},
            ],
        }
        for pair in attended
    ]
    plot.update_layout(
        hovermode="closest",
        margin={"l": 90, "r": 16, "t": 90, "b": 110},
        updatemenus=[{"buttons": buttons, "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"}],
    )
    spaces = {"tickfont": {"size": 13}, "type": "category"}
    plot.update_xaxes(**spaces)
    plot.update_yaxes(autorange="reversed", automargin=True, **spaces)
    return [
        Figure(
            "attention",
            _("What the decoder looks at"),
            _(
                "For each written {token} (rows, from above) the weights of attention over the {tokens} of the source. The "
                "menu offers usual test pairs, from long to short, then longer ones than any in training.",
                token=token,
                tokens=tokens,
            ),
            _(
                "A dark cell says which {token} of the source a written {token} comes from. A diagonal is a translation "
                "{token} for {token}; a row of two {tokens} joins them; a step to the side is a change of order.",
                token=token,
                tokens=tokens,
            ),
            plot,
        )
    ]


def _height(pair: AttentionMap) -> int:
    """In pixels: rows that can be read, and room for the menu and the source below."""
    return 200 + 24 * len(pair.written)


def _labels(words: list[str]) -> list[str]:
    """Words made unique by invisible characters, since an axis shows each category once."""
    return [word + "\u200b" * words[:index].count(word) for index, word in enumerate(words)]


def _rounded(pair: AttentionMap) -> list[list[float]]:
    return np.round(pair.weights.astype(float), 3).tolist()


def by_length(
    scores: Mapping[str, tuple[Array, Array]], baselines: Sequence[str], longest: int, x: str, y: str
) -> "charts.go.Figure":  # type: ignore[name-defined]
    """The mean score of the pairs of each length: name -> (lengths, scores); `baselines` are dotted, and so is the longest of training."""
    plot = charts.empty(x, y)
    for index, (name, (lengths, values)) in enumerate(scores.items()):
        sizes = np.unique(lengths)
        means = [float(values[lengths == size].mean()) for size in sizes]
        charts.add_line(
            plot,
            shown(name),
            sizes,
            np.array(means),
            color=charts.COLORS[index % len(charts.COLORS)],
            dash="dot" if name in baselines else "solid",
        )
    plot.add_vline(x=longest + 0.5, line={"color": "#999999", "dash": "dot"})
    plot.update_yaxes(rangemode="tozero")
    return plot


def mistakes(rows: Sequence[tuple[str, str, str]], shows: str, reading: str) -> Figure:
    """Source, written target and reference of some pairs."""
    return Figure(
        "mistakes",
        _("Where it errs"),
        shows,
        reading,
        texts.table(
            [_("source"), _("written"), _("reference")], [list(row) for row in rows] or [[_("none"), "", ""]], words=3
        ),
    )


def tracks(results: Results, step: str, tokenizer: Tokenizer, sequences: Sequence[Indices]) -> list[Track]:
    """The source, which the encoder reads, and the target, which the decoder reads one token late."""
    texts = part(results.prepared, "test")
    rows = [int(row) for (row,) in sequences]
    chosen = Part([texts.sources[row] for row in rows], [texts.targets[row] for row in rows], longer=0)
    sources, targets = tokens_of(chosen, tokenizer)
    begun = [[SPECIAL[BEGIN], *target] for target in targets]
    return [
        of_words(sources, step, name=mark("source"), layers="encoder"),
        of_words(begun, step, name=mark("target so far"), layers="decoder"),
    ]
