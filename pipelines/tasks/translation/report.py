"""Figures of this task: chrF by length, attention, and mistakes."""

from collections.abc import Sequence

from pipelines.contract import Indices
from pipelines.report import figures as charts
from pipelines.report.figures import Figure
from pipelines.report.language import _, mark, shown
from pipelines.report.tracks import Track
from pipelines.results import Results
from pipelines.sequence_to_sequence import report as pairs
from pipelines.sequence_to_sequence.records import Illustration
from pipelines.tasks.translation.data import Meta
from pipelines.tasks.translation.records import Translations
from pipelines.tasks.translation.subwords import Subwords

TITLE = mark("Translation")
SEQUENCE = mark("text")
QUESTION = mark(
    "Can a recurrent network that learns from a few thousand messages translate new ones better than a translation memory?"
)


def figures(results: Results, target: str, model: str | None) -> list[Figure]:
    """chrF by length for the task; attention and mistakes for a model."""
    if model is None:
        models = {name: results.record(name, target, Translations) for name in results.models}
        baselines = results.baseline_records(target, Translations)
        return [_intervals({**baselines, **models}), _by_length(results, target, models, baselines)]
    attention = pairs.attention(results.illustration(model, target, Illustration), mark("sub-word"))
    return [*attention, _mistakes(results.record(model, target, Translations))]


def _intervals(records: dict[str, Translations]) -> Figure:
    ranked = sorted(records.items(), key=lambda named: named[1].corpus_chrf)
    plot = charts.empty("chrF", "", height=120 + 36 * len(ranked))
    plot.add_scatter(
        x=charts.plain([record.corpus_chrf for _name, record in ranked]),
        y=[shown(name) for name, _record in ranked],
        error_x={"type": "data", "array": charts.plain([record.margin for _name, record in ranked])},
        mode="markers",
        marker={"size": 9, "color": charts.COLORS[0]},
        showlegend=False,
    )
    plot.update_layout(hovermode="closest")
    plot.update_yaxes(automargin=True)
    signatures = "; ".join(f"{name} {signature}" for name, signature in ranked[0][1].signatures.items())
    return Figure(
        "chrf-intervals",
        _("chrF of every method"),
        _(
            "chrF of all test pairs together, but for the longer ones (explained seed), with the 95 % interval under "
            "resampling of the pairs. Signatures of sacrebleu: {signatures}.",
            signatures=signatures,
        ),
        _(
            "Methods whose intervals are apart differ by more than the choice of the test pairs explains. Of those that "
            "overlap the paired tests above say more, for they compare pair by pair."
        ),
        plot,
    )


def _by_length(
    results: Results, target: str, models: dict[str, Translations], baselines: dict[str, Translations]
) -> Figure:
    meta = results.meta_as(Meta).targets[target]
    usual = meta.splits["test"].windows - meta.longer
    scores = {name: (record.lengths, record.chrf) for name, record in {**models, **baselines}.items()}
    first = next(iter(models.values()))
    longest = int(first.lengths[:usual].max())
    plot = pairs.by_length(scores, list(baselines), longest, _("words of the source"), _("chrF of a pair"))
    return Figure(
        f"length-{target}",
        _("chrF by length"),
        _(
            "Mean chrF of the test pairs of each length (explained seed; baselines dotted). Sources right of the dotted line "
            "have more than {longest} words: no training pair is as long.",
            longest=longest,
        ),
        _(
            "Short messages are often names that a table of phrases knows as well; what a network adds is seen where words "
            "change their order and endings. Without attention all of the source must fit into one state, and long sources "
            "suffer first."
        ),
        plot,
    )


def _mistakes(record: Translations) -> Figure:
    wrong = int((~record.exact).sum())
    return pairs.mistakes(
        record.mistakes,
        _(
            "{wrong:,} of {count:,} test pairs are not translated exactly as the reference (explained seed, beam search); "
            "the first of them.",
            wrong=wrong,
            count=len(record.exact),
        ),
        _(
            "Many differ from the reference and are no mistake: another word, another order, another form of address. Look "
            "for what is wrong in itself: a word left out or twice, a sense that another message has."
        ),
    )


def tracks(results: Results, target: str, sequences: Sequence[Indices]) -> list[Track]:
    """The source and the target."""
    return pairs.tracks(results, results.target_meta[target]["step"], Subwords(results.prepared), sequences)
