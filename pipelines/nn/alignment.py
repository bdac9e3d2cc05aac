"""Alignments of labels with frames, as connectionist temporal classification sums over them. Imports NumPy only."""

from pipelines.contract import Array


def fits(labels: Array, frames: int) -> bool:
    """Whether `labels` (length,) can be aligned with so many frames: repeated symbols need a blank between them."""
    return len(labels) + int((labels[1:] == labels[:-1]).sum()) <= frames
