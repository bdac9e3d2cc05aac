"""Sub-words of each language, with slots for placeholders."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from pipelines import artifacts
from pipelines.sources import subwords
from pipelines.tasks.translation import placeholders
from pipelines.tasks.translation.capitals import lowered, raised

SIDES = ("source", "target")
LANGUAGES = "languages.json"
COVERAGE = 0.9998
"""Share of the characters of training that are known; the others are rare symbols, which are copied."""


class Subwords:
    """Texts as sub-words, with slots for placeholders."""

    copied: Sequence[str] = placeholders.SLOTS

    def __init__(self, folder: Path) -> None:
        self.models = {side: subwords.processor(_model(folder, side)) for side in SIDES}
        self.languages: dict[str, str] = artifacts.read_json(folder / LANGUAGES)
        slots = [self.models["source"].piece_to_id(slot) for slot in placeholders.SLOTS]
        self.slots = sum(token_id != self.models["source"].unk_id() for token_id in slots)
        """How many different placeholders of a text training has seen."""

    def source(self, text: str) -> list[str]:
        """The sub-words of a source."""
        return self._pieces("source", text, text)

    def target(self, text: str, source: str) -> list[str]:
        """The sub-words of a target, with the slots of the source."""
        return self._pieces("target", text, source)

    def text(self, tokens: Sequence[str], source: str) -> str:
        """The sub-words joined, with a capital if the source has one, and the placeholders of the source in place of their slots."""
        joined = "".join(tokens).replace(subwords.SPACE, " ").strip()
        return placeholders.restored(raised(joined, source, self.languages["target"]), self.order(source))

    def order(self, source: str) -> list[str]:
        """The placeholders of a source that have slots."""
        return placeholders.different(source)[: self.slots]

    def _pieces(self, side: str, text: str, source: str) -> list[str]:
        return self.models[side].encode_as_pieces(
            lowered(placeholders.slotted(text, self.order(source)), self.languages[side])
        )


def fit(side: str, texts: Iterable[str], size: int, folder: Path) -> None:
    """Write the model of a side, fitted on texts with slots."""
    rows = list(texts)
    slots = [slot for slot in placeholders.SLOTS if any(slot in row for row in rows)]
    subwords.fit(rows, size, _model(folder, side), whole=slots, coverage=COVERAGE)


def _model(folder: Path, side: str) -> Path:
    return folder / f"{side}.model"
