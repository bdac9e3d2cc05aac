"""Figures of this task: attention, matches by length, and mistakes."""

import numpy as np

from pipelines.report import figures as charts
from pipelines.report import texts
from pipelines.report.figures import Figure
from pipelines.results import Results
from pipelines.tasks.numbers.data import Meta
from pipelines.tasks.numbers.records import AttentionMap, Illustration, Transcripts

TITLE = "Numbers in words"
QUESTION = (
    "What does attention buy when one sequence is turned into another, and does what is learned hold for longer ones?"
)


def figures(results: Results, target: str, model: str | None) -> list[Figure]:
    """Matches by length for the task; attention and mistakes for a model."""
    if model is None:
        return [_by_length(results, target)]
    illustration = results.illustration(model, target, Illustration)
    attended = _attention(illustration.attended) if illustration else []
    return [*attended, _mistakes(results.record(model, target, Transcripts))]


def _by_length(results: Results, target: str) -> Figure:
    longest = results.meta_as(Meta).words.longest
    plot = charts.empty("words of the source", "exact matches")
    models = {name: results.record(name, target, Transcripts) for name in results.models}
    baselines = results.baseline_records(target, Transcripts)
    for index, (name, record) in enumerate({**models, **baselines}.items()):
        lengths = np.unique(record.lengths)
        shares = [float(record.exact[record.lengths == length].mean()) for length in lengths]
        charts.add_line(
            plot,
            name,
            lengths,
            np.array(shares),
            color=charts.COLORS[index % len(charts.COLORS)],
            dash="dot" if name in baselines else "solid",
        )
    plot.add_vline(x=longest + 0.5, line={"color": "#999999", "dash": "dot"})
    plot.update_yaxes(tickformat=".0%", rangemode="tozero")
    return Figure(
        f"length-{target}",
        "Exact matches by length",
        f"Share of the test pairs of each length that are written without an error (explained seed; baselines dotted). Sources right of "
        f"the dotted line have more than {longest} words: no training pair is as long.",
        "A method that has learned the rule holds its line to the right of the dotted one; one that has learned lengths falls. Without "
        "attention all of the source must fit into one state, and long sources suffer first.",
        plot,
    )


def _attention(attended: list[AttentionMap]) -> list[Figure]:
    first = attended[0]
    plot = charts.empty("", "", height=180 + 26 * max(len(pair.written) for pair in attended))
    plot.add_heatmap(
        z=_rounded(first), x=_labels(first.source), y=_labels(first.written), zmin=0, zmax=1, colorscale="Blues",
        colorbar={"title": "weight", "thickness": 14}, hovertemplate="%{y} looks at %{x}: %{z}<extra></extra>",
    )  # fmt: skip
    buttons = [
        {
            "label": " ".join(pair.source),
            "method": "restyle",
            "args": [{"z": [_rounded(pair)], "x": [_labels(pair.source)], "y": [_labels(pair.written)]}],
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
            "What the decoder looks at",
            "For each written word (rows, from above) the weights of attention over the words of the source. The menu "
            "offers the longest usual test pairs, then longer ones than any in training.",
            "A dark cell says which word of the source a written word comes from. A diagonal is a translation word for word; a row of "
            "two words joins them; a step to the side is a change of order.",
            plot,
        )
    ]


def _labels(words: list[str]) -> list[str]:
    """Words made unique by invisible characters, since an axis shows each category once."""
    return [word + "\u200b" * words[:index].count(word) for index, word in enumerate(words)]


def _rounded(pair: AttentionMap) -> list[list[float]]:
    return np.round(pair.weights.astype(float), 3).tolist()


def _mistakes(record: Transcripts) -> Figure:
    rows = [list(mistake) for mistake in record.mistakes]
    wrong = int((~record.exact).sum())
    return Figure(
        "mistakes",
        "Where it errs",
        f"{wrong:,} of {len(record.exact):,} test pairs are not written exactly (explained seed, beam search); the first of them.",
        "Look for what the mistakes have in common: a word left out or twice, an order, a word that training has seen in other places.",
        texts.table(["source", "written", "reference"], rows or [["none", "", ""]], words=3),
    )
