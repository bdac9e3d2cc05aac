"""What is stored for the charts of gradients and gates."""

from dataclasses import dataclass

from pipelines.contract import Array


@dataclass(frozen=True)
class BeforeAfter:
    """The same numbers of the network before and after training."""

    before: Array
    after: Array


@dataclass(frozen=True)
class Illustration:
    """How errors flow back through a network, and how open the gate is that keeps its memory."""

    gradient: BeforeAfter
    """Mean over test examples of the norm of d loss / d state, (time,) each."""
    kept: BeforeAfter | None
    """Mean of the gate that keeps the memory over test examples and units, (time,) each; None for cells without one."""
    kept_by_unit: BeforeAfter | None
    """Its mean over test examples and steps, (units,) each, sorted."""
