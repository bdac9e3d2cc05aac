"""Everything that is computed of a model and some sequences. A part that fails is left out, with the reason; the others are kept."""

from dataclasses import dataclass

import keras
import numpy as np

from pipelines.analysis import explain, gates
from pipelines.analysis.recording import recurrent
from pipelines.contract import Array, Explanation, Microscope, Target
from pipelines.errors import InputError
from pipelines.inspect import names as user_names
from pipelines.inspect import reading, view
from pipelines.inspect.inputs import Inputs, Named
from pipelines.nn.views import View
from pipelines.report.language import _, mark

EXAMPLES, EXPLAINED, UNITS = 4, 8, 6
"""Sequences that charts show one by one; sequences whose contributions are computed; units whose memory is drawn."""


@dataclass(frozen=True)
class Sizes:
    """The numbers that `explain.model` asks for."""

    gradient_windows: int
    traced_windows: int = EXAMPLES
    explained_windows: int = EXPLAINED
    correlated_units: int = UNITS
    microscope_sequences: int = EXAMPLES


@dataclass(frozen=True)
class Inspection:
    """What a page shows, and everything that a chart could be drawn of."""

    inputs: Inputs
    explanation: Explanation
    microscope: Microscope
    traces: list[gates.Trace]
    """Of all sequences that were read."""
    examples: Array
    """Indices of the sequences that charts show one by one, among those that were read."""
    entrance: reading.Entrance | None
    """The layer that gradients and contributions are about."""
    outputs: view.Outputs | None
    features: list[str]
    """What a step of its input has."""
    tokens: reading.Tokens | None
    vocabulary: list[str] | None
    """A name for each id."""
    valid: Array | None
    """(sequences, time) bool: which steps of it are no padding; None: all."""
    notes: list[str]

    @property
    def explained(self) -> Array:
        """Indices of the sequences whose contributions are computed, in the order of `explanation.importance`."""
        return np.unique(np.linspace(0, len(self.inputs) - 1, EXPLAINED).astype(int))


def inspected(
    network: Named, inputs: Inputs, output_names: list[str], file: str | None, names: list[str]
) -> Inspection:
    """Gates, memory, gradients and importance; `names` are the lines of `file`, if there is one.

    Raise `InputError` if the model cannot read the inputs, or if there are not as many names as features or ids.
    """
    try:
        entrance, tokens = reading.explore(network, inputs.arrays, inputs.rows)
    except InputError:
        raise
    except Exception as error:  # of the user's model
        raise InputError(f"the model {network.name} fails on these inputs ({explain.reason(error)})") from error
    vocabulary = user_names.of_ids(file, names, tokens.vocabulary) if file and tokens else None
    seen: tuple[View, view.Outputs, Array] | None = None
    failure = "no recurrent layer reads one sequence for each row of the inputs"
    if entrance:
        try:
            seen = view.of(network, entrance, inputs.arrays, output_names)
        except Exception as error:  # of the user's model; gates and memory can be shown without
            failure = explain.reason(error)
    features, notes = _features(inputs, None if seen is None else seen[2], tokens, file, names)

    def looked_at() -> View:
        if seen is None:
            raise gates.TraceError(failure)
        return seen[0]

    outputs = seen[1] if seen else None
    target = Target(
        features=features,
        outputs=outputs.names if outputs else [mark("the output")],
        lookback=seen[2].shape[1] if seen else 1,
        step="step",
        rows=len(inputs),
        splits={},
        groups=list(range(len(features))) if len(features) > 1 else [],
    )
    explained = explain.model(
        network, looked_at, lambda: None, {"test": inputs, "train": inputs}, target, Sizes(len(inputs)), seed=0
    )
    return Inspection(
        inputs,
        explained.explanation,
        explained.microscope,
        explained.traces,
        np.unique(np.linspace(0, len(inputs) - 1, EXAMPLES).astype(int)),
        entrance,
        outputs,
        features,
        tokens,
        vocabulary,
        seen[0].mask(inputs.arrays) if seen and seen[0].mask else None,
        notes,
    )


def units(network: keras.Layer) -> int:
    """Units of all recurrent layers together: numbers that their states have at a step."""
    return sum(sum(keras.tree.flatten(layer.cell.state_size)) for _, layer in recurrent(network, ""))


def _features(
    inputs: Inputs, sequence: Array | None, tokens: reading.Tokens | None, file: str | None, names: list[str]
) -> tuple[list[str], list[str]]:
    """What a step of the explained sequence has: features of an input, or one thing whose parts have no names."""
    if sequence is None:
        return [mark("step")], []
    whole = next((name for name, array in inputs.arrays.items() if _same(array, sequence)), None)
    if tokens and whole is None:
        return [mark("id")], []
    if whole is None:
        note = _(
            "The names in {file} are not used: the first recurrent layer does not read an input but what other layers make of it.",
            file=file,
        )
        return [mark("step")], [note] if file else []
    count = sequence.shape[2]
    if file:
        return user_names.of_features(file, names, count), []
    return [mark("feature {}").format(index) for index in range(1, count + 1)], []


def _same(array: Array, sequence: Array) -> bool:
    """Whether the sequence is an input as it is, to within the rounding of half precision."""
    if array.dtype.kind not in "fiub" or array.ndim < 3 or array.size != sequence.size:
        return False
    close = np.isclose(array.reshape(sequence.shape), sequence, rtol=1e-2, atol=1e-3 * np.abs(sequence).max())
    return bool((close | (sequence == 0).all(-1, keepdims=True)).all())  # `Masking` makes zeros of what it masks
