"""From log-probabilities over time to text: prefix beam search with a model of words, and the alignment of a given text."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import log
from pathlib import Path

import numpy as np

from pipelines.baselines.ngrams import KneserNey
from pipelines.contract import Floats
from pipelines.tasks.speech.data import SpeechTarget, table_of
from pipelines.tasks.speech.params import Evaluate

LEAST = 1e-3
"""Symbols of a lower probability at a step are not tried there."""
NEVER = -1e30
BOUNDARY, UNKNOWN = 0, 1
"""Tokens of the language model: between two transcripts, and any word that training does not have."""
DISCOUNT = 0.75
SPACE = " "
UNKNOWN_WORD = "\0"
"""Stands for any word that training does not have."""


class WordModel:
    """An n-gram model of the words of the training transcripts (interpolated Kneser–Ney)."""

    def __init__(self, transcripts: Sequence[str], order: int) -> None:
        words = sorted({word for text in transcripts for word in text.split()})
        self.order = order
        self.ids = {word: index for index, word in enumerate(words, start=UNKNOWN + 1)}
        self.beginnings = {word[:length] for word in words for length in range(1, len(word) + 1)}
        tokens = [BOUNDARY]
        for text in transcripts:
            tokens += [*(self.ids[word] for word in text.split()), BOUNDARY]
        self.model = KneserNey(tokens, max(order, 2), DISCOUNT, UNKNOWN + 1 + len(words))
        self.log_probability = cache(self._log_probability)

    def _log_probability(self, word: str | None, before: tuple[str, ...]) -> float:
        """Of `word` after the words `before`, in nats; None is the end."""
        tokens = [BOUNDARY, *(self.ids.get(known, UNKNOWN) for known in before)][
            max(0, 1 + len(before) - self.order + 1) :
        ]
        token = BOUNDARY if word is None else self.ids.get(word, UNKNOWN)
        return log(max(self.model.model.unmasked_score(chr(token), tuple(map(chr, tokens))), 1e-12))


@dataclass
class Prefix:
    """A beginning of a text: its probability by paths that end in a blank and in its last symbol, and what the words add."""

    blank: float = NEVER
    symbol: float = NEVER
    words: float = 0.0

    @property
    def score(self) -> float:
        """What prefixes are ranked by."""
        return np.logaddexp(self.blank, self.symbol) + self.words


@dataclass(frozen=True)
class WordSearch:
    """Prefix beam search in which a model of words speaks at the end of each word (shallow fusion; Hannun et al. 2014, algorithm 1).

    A word that training does not have counts as unknown from the first character on that shows it, lest words be run together
    to be asked about only once.
    """

    alphabet: str
    model: WordModel
    beam: int
    weight: float
    bonus: float

    def __call__(self, log_probabilities: Floats) -> str:
        """The text of one utterance, from (steps, 1 + symbols) log-probabilities with the blank first."""
        beams = {"": Prefix(blank=0.0)}
        for step in log_probabilities:
            tried = [index for index in np.flatnonzero(step > log(LEAST)).tolist() if index]
            after: dict[str, Prefix] = {}
            for text, prefix in beams.items():
                total = float(np.logaddexp(prefix.blank, prefix.symbol))
                same = after.setdefault(text, Prefix(words=prefix.words))
                same.blank = float(np.logaddexp(same.blank, total + step[0]))
                if text:
                    last = self.alphabet.index(text[-1]) + 1
                    same.symbol = float(np.logaddexp(same.symbol, prefix.symbol + step[last]))
                for index in tried:
                    character = self.alphabet[index - 1]
                    longer = text + character
                    if longer not in after:
                        after[longer] = Prefix(words=prefix.words + self._added(text, character))
                    begin = prefix.blank if text and text[-1] == character else total
                    after[longer].symbol = float(np.logaddexp(after[longer].symbol, begin + step[index]))
            ranked = sorted(after.items(), key=lambda item: -item[1].score)
            beams = dict(ranked[: self.beam])
        best = max(beams.items(), key=lambda item: item[1].score + self._ended(item[0]))[0]
        return " ".join(best.split())

    def _added(self, text: str, character: str) -> float:
        """What the model of words says when `character` follows `text`: at the end of a word, or where a word can be none of training."""
        before, _, word = text.rpartition(SPACE)
        words = tuple(before.split())
        if character != SPACE:
            if word + character in self.model.beginnings or (word and word not in self.model.beginnings):
                return 0.0
            return self.weight * self.model.log_probability(UNKNOWN_WORD, words)
        if not word:
            return 0.0
        if word not in self.model.beginnings:
            return self.bonus
        return self.weight * self.model.log_probability(word, words) + self.bonus

    def _ended(self, text: str) -> float:
        return self._added(text, SPACE) + self.weight * self.model.log_probability(None, tuple(text.split()))


def word_search(prepared: Path, target: SpeechTarget, options: Evaluate) -> WordSearch | None:
    """The search with a model of the words of the training transcripts; None if the parameters want none."""
    if not options.ngram_order:
        return None
    words = WordModel(table_of(prepared, "train")["text"].tolist(), options.ngram_order)
    return WordSearch(target.alphabet, words, options.beam, options.ngram_weight, options.word_bonus)


def align(log_probabilities: Floats, label: Sequence[int]) -> list[tuple[int, int]]:
    """The first and last step of each symbol of `label` on its most likely path through (steps, 1 + symbols) log-probabilities (Viterbi).

    Raise `ValueError` if the label does not fit into the steps.
    """
    states = [0, *(symbol for one in label for symbol in (one, 0))]
    best = np.full(len(states), NEVER)
    best[:2] = log_probabilities[0, states[:2]]
    skips = np.array([index > 1 and state != 0 and state != states[index - 2] for index, state in enumerate(states)])
    origins = []
    for step in log_probabilities[1:]:
        moves = np.stack(
            [
                best,
                np.append(NEVER, best[:-1]),
                np.where(skips, np.append([NEVER, NEVER], best[:-2])[: len(best)], NEVER),
            ]
        )
        origin = moves.argmax(0)
        origins.append(origin)
        best = moves.max(0) + step[states]
    state = len(states) - 1 if len(states) == 1 or best[-1] >= best[-2] else len(states) - 2
    if best[state] <= NEVER / 2:
        raise ValueError(f"{len(label)} symbols do not fit into {len(log_probabilities)} steps")
    path = [state]
    for origin in reversed(origins):
        path.append(path[-1] - int(origin[path[-1]]))
    places = np.array(path[::-1])
    return [
        (int(found[0]), int(found[-1]))
        for index in range(len(label))
        if len(found := np.flatnonzero(places == 2 * index + 1))
    ]


def word_steps(text: str, spans: Sequence[tuple[int, int]]) -> list[tuple[str, int, int]]:
    """Each word of `text` with its first and last step, from the steps of all its characters."""
    words, place = [], 0
    for word in text.split():
        place = text.index(word, place)
        words.append((word, spans[place][0], spans[place + len(word) - 1][1]))
        place += len(word)
    return words
