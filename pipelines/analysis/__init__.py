"""The explanations, for any built network that holds a recurrent layer."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipelines.analysis.gates import Trace, TraceError, Traces, saturation, trace, trace_layer

__all__ = ["Trace", "TraceError", "Traces", "saturation", "trace", "trace_layer"]


def __getattr__(name: str) -> Any:
    """`gates`, imported on first use: it needs TensorFlow, which `statistics` does not."""
    if name in __all__:
        return getattr(
            import_module("pipelines.analysis.gates"), name
        )  # by name: no stage depends on it through this line
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
