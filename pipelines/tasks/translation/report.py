"""Figures of this task: chrF by length, attention, and mistakes."""

from pipelines.report.figures import Figure
from pipelines.results import Results
from pipelines.sequence_to_sequence import report as pairs
from pipelines.sequence_to_sequence.records import Illustration
from pipelines.tasks.translation.data import Meta
from pipelines.tasks.translation.records import Translations

TITLE = "Translation"
QUESTION = "Can a recurrent network that learns from a few thousand messages translate new ones better than a translation memory?"


def figures(results: Results, target: str, model: str | None) -> list[Figure]:
    """chrF by length for the task; attention and mistakes for a model."""
    if model is None:
        return [_by_length(results, target)]
    attention = pairs.attention(results.illustration(model, target, Illustration), "sub-word")
    return [*attention, _mistakes(results.record(model, target, Translations))]


def _by_length(results: Results, target: str) -> Figure:
    usual = results.meta_as(Meta).targets[target].splits["test"].windows - results.meta_as(Meta).targets[target].longer
    models = {name: results.record(name, target, Translations) for name in results.models}
    baselines = results.baseline_records(target, Translations)
    scores = {name: (record.lengths, record.chrf) for name, record in {**models, **baselines}.items()}
    first = next(iter(models.values()))
    longest = int(first.lengths[:usual].max())
    plot = pairs.by_length(scores, list(baselines), longest, "words of the source", "chrF of a pair")
    signatures = "; ".join(f"{name} {signature}" for name, signature in first.signatures.items())
    return Figure(
        f"length-{target}",
        "chrF by length",
        f"Mean chrF of the test pairs of each length (explained seed; baselines dotted). Sources right of the dotted line have more than "
        f"{longest} words: no training pair is as long. Signatures of sacrebleu: {signatures}.",
        "Short messages are often names that a table of phrases knows as well; what a network adds is seen where words change their order "
        "and endings. Without attention all of the source must fit into one state, and long sources suffer first.",
        plot,
    )


def _mistakes(record: Translations) -> Figure:
    wrong = int((~record.exact).sum())
    return pairs.mistakes(
        record.mistakes,
        f"{wrong:,} of {len(record.exact):,} test pairs are not translated exactly as the reference (explained seed, beam search); "
        "the first of them.",
        "Many differ from the reference and are no mistake: another word, another order, another form of address. Look for what is wrong "
        "in itself: a word left out or twice, a sense that another message has.",
    )
