"""Figures of this task: attention, matches by length, and mistakes."""

from collections.abc import Sequence

from pipelines.contract import Indices
from pipelines.report.figures import Figure
from pipelines.report.language import _, mark
from pipelines.report.tracks import Track
from pipelines.results import Results
from pipelines.sequence_to_sequence import report as pairs
from pipelines.sequence_to_sequence.records import Illustration
from pipelines.tasks.numbers.data import WORDS, Meta
from pipelines.tasks.numbers.records import Transcripts

TITLE = mark("Numbers in words")
SEQUENCE = mark("text")
QUESTION = mark(
    "What does attention buy when one sequence is turned into another, and does what is learned hold for longer ones?"
)


def figures(results: Results, target: str, model: str | None) -> list[Figure]:
    """Matches by length for the task; attention and mistakes for a model."""
    if model is None:
        return [_by_length(results, target)]
    attention = pairs.attention(results.illustration(model, target, Illustration), mark("word"))
    return [*attention, _mistakes(results.record(model, target, Transcripts))]


def _by_length(results: Results, target: str) -> Figure:
    longest = results.meta_as(Meta).targets[target].longest
    models = {name: results.record(name, target, Transcripts) for name in results.models}
    baselines = results.baseline_records(target, Transcripts)
    scores = {name: (record.lengths, record.exact) for name, record in {**models, **baselines}.items()}
    plot = pairs.by_length(scores, list(baselines), longest, _("words of the source"), _("exact matches"))
    plot.update_yaxes(tickformat=".0%")
    return Figure(
        f"length-{target}",
        _("Exact matches by length"),
        _(
            "Share of the test pairs of each length that are written without an error (explained seed; baselines dotted). "
            "Sources right of the dotted line have more than {longest} words: no training pair is as long.",
            longest=longest,
        ),
        _(
            "A method that has learned the rule holds its line to the right of the dotted one; one that has learned lengths "
            "falls. Without attention all of the source must fit into one state, and long sources suffer first."
        ),
        plot,
    )


def _mistakes(record: Transcripts) -> Figure:
    wrong = int((~record.exact).sum())
    return pairs.mistakes(
        record.mistakes,
        _(
            "{wrong:,} of {count:,} test pairs are not written exactly (explained seed, beam search); the first of them.",
            wrong=wrong,
            count=len(record.exact),
        ),
        _(
            "Look for what the mistakes have in common: a word left out or twice, an order, a word that training has seen in "
            "other places."
        ),
    )


def tracks(results: Results, target: str, sequences: Sequence[Indices]) -> list[Track]:
    """The source and the target."""
    return pairs.tracks(results, results.target_meta[target]["step"], WORDS, sequences)
