"""What an encoder–decoder network puts out and writes."""

from dataclasses import dataclass

from pipelines.contract import Array, Prediction


@dataclass(frozen=True)
class Transcription(Prediction):
    """The logits under teacher forcing, and what the network writes by itself."""

    greedy: list[list[int]]
    written: list[list[int]]
    """By beam search."""
    nll: Array
    """Negative log-likelihood of each reference, in nats, (batch,)."""
    sizes: Array
    """Tokens of each reference, its end included."""
