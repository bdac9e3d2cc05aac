"""A phrase table from alignments of words, and translation with it phrase by phrase."""

import re
from collections import Counter
from collections.abc import Sequence

from pipelines.sequence_to_sequence.baselines import Translator, Words

WORD = re.compile(r"⟨\d⟩|\w+(?:['’]\w+)*|[^\w\s]")


def words(text: str) -> Words:
    """The words, marks and slots of a text."""
    return WORD.findall(text)


def phrase_table(known: Sequence[Words], translations: Sequence[Words], iterations: int, longest: int) -> Translator:
    """The longest known phrases from left to right, each as it was translated most often; unknown words are copied.

    Words are aligned by IBM Model 1 in both directions (Brown et al. 1993), the alignments joined (grow-diag-final-and) and phrases of at
    most `longest` words taken that agree with them (Koehn et al. 2003; all by nltk).
    """
    from nltk.translate.gdfa import grow_diag_final_and
    from nltk.translate.phrase_based import phrase_extraction

    counts: dict[tuple[str, ...], Counter[str]] = {}
    forward, backward = _alignments(known, translations, iterations), _alignments(translations, known, iterations)
    for source, target, one, other in zip(known, translations, forward, backward, strict=True):
        there = " ".join(f"{ours}-{theirs}" for theirs, ours in sorted(one))
        back = " ".join(f"{ours}-{theirs}" for ours, theirs in sorted(other))
        joined = grow_diag_final_and(len(source), len(target), there, back)
        for *_, ours, theirs in phrase_extraction(" ".join(source), " ".join(target), joined, longest):
            counts.setdefault(tuple(ours.split()), Counter())[theirs] += 1
    best = {phrase: min(found, key=lambda text: (-found[text], text)).split() for phrase, found in counts.items()}

    def translate(sources: Sequence[Words]) -> list[Words]:
        return [_translated(source, best, longest) for source in sources]

    return translate


def _alignments(sources: Sequence[Words], targets: Sequence[Words], iterations: int) -> list[set[tuple[int, int]]]:
    """(index in the target, index in the source) of the aligned words of each pair."""
    from nltk.translate import AlignedSent, IBMModel1

    pairs = [AlignedSent(target, source) for source, target in zip(sources, targets, strict=True)]
    IBMModel1(pairs, iterations)
    return [{(one, other) for one, other in pair.alignment if other is not None} for pair in pairs]


def _translated(source: Words, best: dict[tuple[str, ...], Words], longest: int) -> Words:
    written: Words = []
    start = 0
    while start < len(source):
        size = next((size for size in range(longest, 0, -1) if tuple(source[start : start + size]) in best), 1)
        phrase = tuple(source[start : start + size])
        written += best.get(phrase, list(phrase))
        start += len(phrase)
    return written
