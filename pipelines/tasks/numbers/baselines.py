"""Non-neural baselines."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from pipelines.contract import Evaluation
from pipelines.sequence_to_sequence.baselines import Translator, nearest, word_for_word
from pipelines.sequence_to_sequence.data import part, tokens_of
from pipelines.tasks.numbers.data import WORDS, Meta
from pipelines.tasks.numbers.params import Params
from pipelines.tasks.numbers.score import score

__all__ = ["Meta", "baselines"]


def baselines(prepared: Path, meta: Meta, target: str, params: Params) -> dict[str, Callable[[], Evaluation]]:
    """Copy the source; the target of the nearest training source; each word by its most likely translation."""
    test = part(prepared, "test")
    sources, references = tokens_of(test, WORDS)
    known = tokens_of(part(prepared, "train"), WORDS)
    methods: dict[str, Callable[[], Translator]] = {
        "copy": lambda: list,
        "nearest neighbour": lambda: nearest(*known),
        "word for word": lambda: word_for_word(*known, params.baselines.alignment_iterations),
    }

    def scored(method: Callable[[], Translator]) -> Evaluation:
        return score(sources, method()(sources), references, test.longer)

    return {name: partial(scored, method) for name, method in methods.items()}
