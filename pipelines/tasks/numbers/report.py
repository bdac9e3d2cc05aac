"""Figures of this task: attention, matches by length, and mistakes."""

from collections.abc import Sequence

from pipelines.contract import Indices
from pipelines.report.figures import Figure
from pipelines.report.tracks import Track
from pipelines.results import Results
from pipelines.sequence_to_sequence import report as pairs
from pipelines.sequence_to_sequence.records import Illustration
from pipelines.tasks.numbers.data import WORDS, Meta
from pipelines.tasks.numbers.records import Transcripts

TITLE = "Numbers in words"
SEQUENCE = "text"
QUESTION = (
    "What does attention buy when one sequence is turned into another, and does what is learned hold for longer ones?"
)


def figures(results: Results, target: str, model: str | None) -> list[Figure]:
    """Matches by length for the task; attention and mistakes for a model."""
    if model is None:
        return [_by_length(results, target)]
    attention = pairs.attention(results.illustration(model, target, Illustration), "word")
    return [*attention, _mistakes(results.record(model, target, Transcripts))]


def _by_length(results: Results, target: str) -> Figure:
    longest = results.meta_as(Meta).targets[target].longest
    models = {name: results.record(name, target, Transcripts) for name in results.models}
    baselines = results.baseline_records(target, Transcripts)
    scores = {name: (record.lengths, record.exact) for name, record in {**models, **baselines}.items()}
    plot = pairs.by_length(scores, list(baselines), longest, "words of the source", "exact matches")
    plot.update_yaxes(tickformat=".0%")
    return Figure(
        f"length-{target}",
        "Exact matches by length",
        f"Share of the test pairs of each length that are written without an error (explained seed; baselines dotted). Sources right of "
        f"the dotted line have more than {longest} words: no training pair is as long.",
        "A method that has learned the rule holds its line to the right of the dotted one; one that has learned lengths falls. Without "
        "attention all of the source must fit into one state, and long sources suffer first.",
        plot,
    )


def _mistakes(record: Transcripts) -> Figure:
    wrong = int((~record.exact).sum())
    return pairs.mistakes(
        record.mistakes,
        f"{wrong:,} of {len(record.exact):,} test pairs are not written exactly (explained seed, beam search); the first of them.",
        "Look for what the mistakes have in common: a word left out or twice, an order, a word that training has seen in other places.",
    )


def tracks(results: Results, target: str, sequences: Sequence[Indices]) -> list[Track]:
    """The source and the target."""
    return pairs.tracks(results, results.target_meta[target]["step"], WORDS, sequences)
