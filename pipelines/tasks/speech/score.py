"""Error rates of words and characters, with intervals and what is confused with what."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from pipelines.contract import Array, Evaluation, Metric
from pipelines.tasks.speech.records import Interval, Transcribed

METRICS = {
    metric.name: metric
    for metric in (
        Metric("wer", "WER"),
        Metric("cer", "CER"),
        Metric("wer_greedy", "WER, greedy"),
        Metric("wer_beam", "WER, without a model of words"),
        Metric("wer_silence", "WER after silence"),
        Metric("wer_quiet", "WER, quiet"),
        Metric("wer_telephone", "WER by telephone"),
        Metric("nll_per_character", "nats per character"),
    )
}
"""Those at signal-to-noise ratios are named by them, such as `wer_snr_10`."""
LEVEL = 0.95
FEWEST_CLUSTERS = 5
"""With fewer speakers there is no telling how much they differ: utterances count as independent."""
SHOWN = 60
"""Confusions that are kept."""


def score(
    references: Sequence[str],
    hypotheses: Sequence[str],
    speakers: Sequence[str],
    seconds: Array,
    resamplings: int,
    other_ways: Mapping[str, Sequence[str]] | None = None,
) -> Evaluation:
    """Score transcripts; `other_ways` are those of the same utterances by other ways of decoding, by the name of their metric.

    WER is the number of words replaced, left out and added, by the number of words said; CER the same of characters. The losses
    are the edits of each utterance, scaled so that their mean is the WER. Intervals are from the bootstrap over speakers, if there
    are at least five, else over utterances.
    """
    import jiwer

    words = np.array([len(text.split()) for text in references])
    edits, confusions = word_edits(references, hypotheses)
    clusters = _clusters(speakers)
    enough = len(np.unique(clusters)) >= FEWEST_CLUSTERS
    groups = clusters if enough else np.arange(len(words))
    characters = np.array([len(text) for text in references])
    character_edits = np.array(
        [_edits(jiwer.process_characters(ours, theirs)) for ours, theirs in zip(references, hypotheses, strict=True)]
    )
    intervals = {
        "wer": interval(edits, words, groups, resamplings),
        "cer": interval(character_edits, characters, groups, resamplings),
    }
    for name, texts in (other_ways or {}).items():
        intervals[name] = interval(word_edits(references, texts)[0], words, groups, resamplings)
    record = Transcribed(
        list(references),
        list(hypotheses),
        edits,
        words,
        list(speakers),
        characters / np.maximum(seconds, 1e-3),
        intervals,
        [(said, written, count) for (said, written), count in confusions.most_common(SHOWN)],
    )
    metrics = {name: found.rate for name, found in intervals.items()}
    return Evaluation(metrics, edits * len(edits) / words.sum(), record, clusters=clusters if enough else None)


def word_error_rate(references: Sequence[str], hypotheses: Sequence[str]) -> float:
    """WER of all utterances together."""
    import jiwer

    return float(jiwer.wer(list(references), list(hypotheses)))


def word_edits(references: Sequence[str], hypotheses: Sequence[str]) -> tuple[Array, Counter[tuple[str, str]]]:
    """Edits of each utterance (Levenshtein 1966), and how often each word was written as another, left out or added."""
    import jiwer

    confusions: Counter[tuple[str, str]] = Counter()
    edits = []
    for reference, hypothesis in zip(references, hypotheses, strict=True):
        found = jiwer.process_words(reference, hypothesis)
        edits.append(_edits(found))
        said, written = found.references[0], found.hypotheses[0]
        for chunk in found.alignments[0]:
            theirs = said[chunk.ref_start_idx : chunk.ref_end_idx]
            ours = written[chunk.hyp_start_idx : chunk.hyp_end_idx]
            if chunk.type == "substitute":
                confusions.update(zip(theirs, ours, strict=True))
            elif chunk.type != "equal":
                confusions.update([(word, "") for word in theirs] + [("", word) for word in ours])
    return np.array(edits), confusions


def _edits(found: object) -> int:
    return int(found.substitutions + found.deletions + found.insertions)  # type: ignore[attr-defined]


def _clusters(speakers: Sequence[str]) -> Array:
    """An index for each speaker; where they are not named, for each utterance."""
    if not all(speakers):
        return np.arange(len(speakers))
    return np.unique(np.array(speakers, dtype=object).astype(str), return_inverse=True)[1].astype(np.int64)


def interval(edits: Array, sizes: Array, groups: Array, resamplings: int) -> Interval:
    """The rate of `edits` by `sizes` with its 95 % percentile interval; whole groups are drawn (Efron 1979; Bisani & Ney 2004)."""
    _, index = np.unique(groups, return_inverse=True)
    above, below = (np.bincount(index, weights=values) for values in (edits, sizes))
    drawn = np.random.default_rng(0).integers(len(above), size=(resamplings, len(above)))
    rates = above[drawn].sum(1) / np.maximum(below[drawn].sum(1), 1)
    low, high = np.quantile(rates, ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return Interval(float(above.sum() / below.sum()), float(low), float(high))
