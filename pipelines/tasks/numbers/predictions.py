"""Outputs and generated targets of an encoder–decoder network."""

from dataclasses import dataclass

from pipelines.contract import Array, BatchPrediction


@dataclass(frozen=True)
class Transcription(BatchPrediction):
    """The logits under teacher forcing, and the generated targets."""

    greedy: list[list[int]]
    written: list[list[int]]
    """By beam search."""
    nll: Array
    """Negative log-likelihood of each reference, in nats, (batch,)."""
    sizes: Array
    """Tokens of each reference, its end included."""
