"""What decides: the error rate of words on unseen voices; utterances of one speaker depend on each other."""

from pipelines.contract import Primary
from pipelines.tasks.speech.data import Meta
from pipelines.tasks.speech.score import METRICS

__all__ = ["Meta", "primary"]


def primary(meta: Meta, target: str) -> Primary:
    """WER, against the nearest template."""
    return Primary(
        METRICS["wer"], "nearest template", dependence="utterances of one speaker, if there are five speakers or more"
    )
