"""Sub-words: a unigram language model for each language (Kudo 2018; sentencepiece's), fitted on the training part."""

import io
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from pipelines import artifacts
from pipelines.tasks.translation import placeholders
from pipelines.tasks.translation.capitals import lowered, raised

SIDES = ("source", "target")
LANGUAGES = "languages.json"
SPACE = "▁"
"""What sentencepiece writes for a space."""


class Subwords:
    """Texts as sub-words, with slots for placeholders."""

    copied: Sequence[str] = placeholders.SLOTS

    def __init__(self, folder: Path) -> None:
        from sentencepiece import SentencePieceProcessor

        self.models = {
            side: SentencePieceProcessor(model_proto=(folder / f"{side}.model").read_bytes()) for side in SIDES
        }
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
        joined = "".join(tokens).replace(SPACE, " ").strip()
        return placeholders.restored(raised(joined, source, self.languages["target"]), self.order(source))

    def order(self, source: str) -> list[str]:
        """The placeholders of a source that have slots."""
        return placeholders.different(source)[: self.slots]

    def _pieces(self, side: str, text: str, source: str) -> list[str]:
        return self.models[side].encode_as_pieces(
            lowered(placeholders.slotted(text, self.order(source)), self.languages[side])
        )


def fit(side: str, texts: Iterable[str], size: int, folder: Path) -> None:
    """Write a model of `size` sub-words of texts with slots, or of as many as there are characters; it keeps those that cut one of them."""
    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2

    rows = list(texts)
    slots = [slot for slot in placeholders.SLOTS if any(slot in row for row in rows)]
    needed = len(set("".join(rows))) + len(slots) + len((SPACE, "unknown"))
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(rows),
        model_writer=model,
        model_type="unigram",
        vocab_size=max(size, needed),
        hard_vocab_limit=False,
        character_coverage=COVERAGE,
        user_defined_symbols=slots,
        normalization_rule_name="identity",
        max_sentence_length=1_000_000,
        num_threads=1,
        bos_id=-1,
        eos_id=-1,
        minloglevel=2,
    )
    fitted = sentencepiece_model_pb2.ModelProto.FromString(model.getvalue())
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    used = set(np.concatenate([np.array(ids, int) for ids in processor.encode(rows)]).tolist())
    normal = sentencepiece_model_pb2.ModelProto.SentencePiece.NORMAL
    kept = [piece for index, piece in enumerate(fitted.pieces) if index in used or piece.type != normal]
    del fitted.pieces[:]
    fitted.pieces.extend(kept)
    (folder / f"{side}.model").write_bytes(fitted.SerializeToString(deterministic=True))


COVERAGE = 0.9998
"""Share of the characters of training that are known; the others are rare symbols, which are copied."""
