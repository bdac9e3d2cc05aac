"""Non-neural baselines."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from pipelines import artifacts
from pipelines.contract import Evaluation
from pipelines.sequence_to_sequence.baselines import nearest
from pipelines.sequence_to_sequence.data import part
from pipelines.tasks.translation import placeholders
from pipelines.tasks.translation.capitals import lowered, raised
from pipelines.tasks.translation.data import Meta
from pipelines.tasks.translation.params import Params
from pipelines.tasks.translation.phrases import phrase_table, words
from pipelines.tasks.translation.score import score
from pipelines.tasks.translation.subwords import LANGUAGES

__all__ = ["Meta", "baselines"]


def baselines(prepared: Path, meta: Meta, target: str, params: Params) -> dict[str, Callable[[], Evaluation]]:
    """Copy the source; the translation of the nearest training source; a table of phrases. All use slots for placeholders."""
    train, test = part(prepared, "train"), part(prepared, "test")
    language = artifacts.read_json(prepared / LANGUAGES)["target"]
    known = [_words(source) for source in train.sources]
    slotted = [
        lowered(placeholders.slotted(text, placeholders.different(source)), language)
        for source, text in zip(train.sources, train.targets, strict=True)
    ]

    def memory(sources: Sequence[str]) -> list[str]:
        found = nearest(known, [[text] for text in slotted])([_words(source) for source in sources])
        return [text for (text,) in found]

    def phrases(sources: Sequence[str]) -> list[str]:
        from nltk.tokenize.treebank import TreebankWordDetokenizer

        options = params.baselines
        translations = [words(text) for text in slotted[: options.aligned_pairs]]
        translate = phrase_table(
            known[: options.aligned_pairs], translations, options.alignment_iterations, options.longest_phrase
        )
        join = TreebankWordDetokenizer().detokenize
        found = translate([_words(source) for source in sources])
        return [join(written) for written in found]

    def scored(method: Callable[[Sequence[str]], list[str]]) -> Evaluation:
        return score(
            test, [written(text, source) for text, source in zip(method(test.sources), test.sources, strict=True)]
        )

    def written(text: str, source: str) -> str:
        return placeholders.restored(raised(text, source, language), placeholders.different(source))

    methods: dict[str, Callable[[Sequence[str]], list[str]]] = {
        "copy": list,
        "translation memory": memory,
        "phrase table": phrases,
    }
    return {name: partial(scored, method) for name, method in methods.items()}


def _words(source: str) -> list[str]:
    return words(placeholders.slotted(source, placeholders.different(source)).lower())
