"""What is stored of the test clips, for their charts."""

from dataclasses import dataclass

from pipelines.classification.records import Classified
from pipelines.contract import Array, Floats


@dataclass(frozen=True)
class ClassifiedClips(Classified):
    """The test predictions of one seed, and those of the same network before it has seen the whole clip."""

    early_accuracy: Floats
    """(frames,): after the first frame, the second, …"""
    early_log_loss: Floats
    """(frames,)."""
    early_by_class: Floats
    """(classes, frames): share of the class's clips that are right."""


@dataclass(frozen=True)
class ShownClip:
    """A test clip as the network sees it."""

    file: str
    """Of the clip, in the folder of files: made of the frames that the network reads."""
    strip: str
    """Of its frames side by side, a picture."""
    name: str
    """Of the collected clip."""
    label: str
    seconds: float
    """A frame is shown for."""
    probabilities: Floats
    """(frames, classes): after each frame."""
    gradients: Array
    """Magnitude of the gradient of the likeliest class's log-probability with respect to each frame, the largest 1: (frames,) float32."""
    inside: dict[str, Array]
    """`layer: gate` -> mean over the units after each frame, (frames,) float32."""


@dataclass(frozen=True)
class Illustration:
    """Some test clips: right ones, then the most confident mistakes."""

    clips: list[ShownClip]
