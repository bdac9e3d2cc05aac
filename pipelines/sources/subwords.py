"""Sub-words: a unigram language model of the texts of training (Kudo 2018; SentencePiece, Kudo & Richardson 2018)."""

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pipelines import artifacts

SPACE = "▁"
"""What SentencePiece writes for a space."""
LONGEST_BYTES = 10_000_000
"""Of a text that is fitted on: SentencePiece would pass over longer ones."""


def fit(texts: Iterable[str], size: int, path: Path, whole: Sequence[str] = (), coverage: float = 1.0) -> None:
    """Write a model of `size` sub-words of `texts`, or of as many as there are characters; it keeps those that cut one of them.

    Each of `whole` is one sub-word wherever it stands; `coverage` is the share of all characters that are known. One thread: more would
    make the model differ from run to run.
    """
    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2

    rows = list(texts)
    needed = len(set("".join(rows))) + len(whole) + len((SPACE, "unknown"))
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(rows),
        model_writer=model,
        vocab_size=max(size, needed),
        hard_vocab_limit=False,  # few texts have fewer
        character_coverage=coverage,
        user_defined_symbols=list(whole),
        normalization_rule_name="identity",
        max_sentence_length=LONGEST_BYTES,
        num_threads=1,
        bos_id=-1,
        eos_id=-1,
        minloglevel=2,
    )
    fitted = sentencepiece_model_pb2.ModelProto.FromString(model.getvalue())
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    used = {token_id for token_ids in processor.encode(rows) for token_id in token_ids}
    normal = sentencepiece_model_pb2.ModelProto.SentencePiece.NORMAL
    kept = [piece for index, piece in enumerate(fitted.pieces) if index in used or piece.type != normal]
    del fitted.pieces[:]
    fitted.pieces.extend(kept)
    with artifacts.replacing(path) as partial:
        partial.write_bytes(fitted.SerializeToString(deterministic=True))


def processor(path: Path) -> Any:
    """The SentencePiece processor of a model that `fit` wrote; a damaged or missing one raises as `artifacts.reading` does."""
    from sentencepiece import SentencePieceProcessor

    with artifacts.reading(path):
        return SentencePieceProcessor(model_proto=path.read_bytes())
