"""A model as the explanations see it: from the input of its first recurrent layer to the few numbers that are explained."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from pipelines.contract import Array
from pipelines.inspect.inputs import Named
from pipelines.inspect.reading import Entrance
from pipelines.nn.views import SEQUENCE, Inputs, View
from pipelines.report.language import _, mark

LAST = "last"
"""Name of the input that holds the step whose outputs are explained, (batch, 1)."""
POINTS = (32, 96)
"""Of integrated gradients: fewer than for the tasks, since nobody knows how large a model is."""
LEAST = 1e-30
"""A probability below counts as this one; its logarithm would not be finite."""


@dataclass(frozen=True)
class Outputs:
    """Which of a model's outputs are explained."""

    head: str
    """Name of the output, where there are several."""
    others: list[str]
    """Outputs that are not explained."""
    count: int
    """Numbers, or classes."""
    classes: bool
    """Whether they are the probabilities of classes, of which the likeliest is explained."""
    steps: int | None
    """Steps of the output, of which the last is explained; None for one output for the whole sequence."""

    @property
    def names(self) -> list[str]:
        """Of each number, as a caption goes on after "the output"; translated where it is shown."""
        if self.classes:
            return [mark("of the likeliest class")]
        if self.count == 1:
            return [mark("of the model")]
        return [mark("no. {}").format(index) for index in range(1, self.count + 1)]

    @property
    def short(self) -> str:
        """What contributions add up to."""
        if self.classes:
            return _("the log-probability of the likeliest class")
        return _("the mean of the outputs") if self.count > 1 else _("the output")

    @property
    def sentence(self) -> str:
        """What is explained, in sentences."""
        if self.classes:
            what = _(
                "What is explained is the log-probability of the likeliest of {count:,} classes.", count=self.count
            )
        elif self.count > 1:
            what = _(
                "What is explained are {count:,} outputs (gradients: of the first and the last; contributions: to their mean).",
                count=self.count,
            )
        else:
            what = _("What is explained is the output.")
        parts = [what]
        if self.steps is not None:
            parts.append(_("Of the {steps:,} steps of the output, the last is explained.", steps=self.steps))
        if self.others:
            others = ", ".join(self.others)
            parts.append(
                _(
                    "The output is {head}; the others are not explained: {others}.",
                    head=self.head,
                    others=others,
                )
            )
        return " ".join(parts)


class Explained(keras.layers.Layer):
    """From the sequence of the first recurrent layer, and all inputs of the model, to the explained numbers (batch, numbers)."""

    def __init__(
        self, network: Named, entrance: Entrance, inputs: dict[str, str], outputs: Outputs, shape: tuple[int, ...]
    ) -> None:
        super().__init__(dtype="float32", autocast=False)
        self.network, self.entrance, self.names, self.outputs, self.step_shape = (
            network,
            entrance,
            inputs,
            outputs,
            shape,
        )
        self.built = True

    def call(self, inputs: dict[str, Any]) -> Any:
        """The network run with another sequence in the place of its own."""

        def change(own: Any, mask: Any) -> Any:
            sequence = ops.reshape(inputs[SEQUENCE], (-1, inputs[SEQUENCE].shape[1], *self.step_shape))
            return ops.cast(sequence, own.dtype)

        with self.entrance.intercepted(change):
            outputs = self.network({name: inputs[key] for key, name in self.names.items()}, training=False)
        values = numbers(outputs, None if self.outputs.steps is None else inputs[LAST])
        return ops.log(ops.maximum(values, LEAST)) if self.outputs.classes else values

    def compute_output_spec(self, inputs: dict[str, Any]) -> keras.KerasTensor:
        """Known without running the network."""
        return keras.KerasTensor((None, self.outputs.count), "float32")


def numbers(outputs: Any, last: Any | None) -> Any:
    """The first of a model's outputs as (batch, numbers), float32; of one with steps, the step `last` (batch, 1)."""
    first = ops.cast(keras.tree.flatten(outputs)[0], "float32")
    if last is not None:
        shape = (-1, first.shape[1], int(np.prod(first.shape[2:])))
        first = ops.take_along_axis(ops.reshape(first, shape), ops.cast(last, "int32")[..., None], axis=1)[:, 0]
    return ops.reshape(first, (-1, int(np.prod(first.shape[1:]))))


def of(
    network: Named, entrance: Entrance, arrays: dict[str, Array], output_names: list[str]
) -> tuple[View, Outputs, Array]:
    """The view, what it explains, and the sequence that the first recurrent layer reads of `arrays`: (batch, time, dimensions)."""
    read = entrance.read(network, arrays)
    sequence, mask, given = read.sequence, read.mask, read.outputs
    shapes = [tuple(part.shape) for part in keras.tree.flatten(given)]
    steps = shapes[0][1] if len(shapes[0]) > 2 else None
    last = _last(mask, sequence.shape[1], len(sequence), steps)
    values = np.asarray(numbers(given, None if steps is None else last))
    names = (
        output_names if len(output_names) == len(shapes) else [f"output {index}" for index in range(1, len(shapes) + 1)]
    )
    outputs = Outputs(names[0], names[1:], values.shape[1], _are_probabilities(values), steps)

    keys = {f"input_{index}": name for index, name in enumerate(arrays)}
    symbols = {
        key: keras.Input(arrays[name].shape[1:], dtype=_kind(arrays[name]), name=key) for key, name in keys.items()
    }
    symbols |= {
        SEQUENCE: keras.Input(sequence.shape[1:], name=SEQUENCE),
        LAST: keras.Input((1,), dtype="int32", name=LAST),
    }

    def embed(inputs: Inputs) -> Inputs:
        found = entrance.read(network, inputs)
        others = {key: inputs[name] for key, name in keys.items()}
        return {
            SEQUENCE: found.sequence,
            LAST: _last(found.mask, sequence.shape[1], len(found.sequence), steps),
            **others,
        }

    def valid(inputs: Inputs) -> Array:
        found = entrance.read(network, inputs)
        return np.ones(found.sequence.shape[:2], bool) if found.mask is None else found.mask

    rows = sequence.reshape(-1, sequence.shape[-1]) if mask is None else sequence[mask]
    view = View(
        keras.Model(symbols, Explained(network, entrance, keys, outputs, read.step)(symbols)),
        embed,
        "integrated gradients",
        rows.mean(0) if len(rows) else np.zeros(sequence.shape[-1], np.float32),
        mark("the mean of all steps of these sequences"),
        None if mask is None else valid,
        categorical=outputs.classes,
        points=POINTS,
    )
    return view, outputs, sequence


def _last(mask: Array | None, time: int, count: int, steps: int | None) -> Array:
    """The last step of the output that is not padding, (count, 1); its steps are those of the sequence only if there are as many."""
    if mask is None or steps != time:
        return np.full((count, 1), (steps or 1) - 1, np.int32)
    return np.where(mask, np.arange(time), 0).max(1, keepdims=True).astype(np.int32)


def _are_probabilities(values: Array) -> bool:
    """Whether each row could be the output of a softmax."""
    return bool(values.shape[1] > 1 and (values >= 0).all() and np.allclose(values.sum(1), 1, atol=1e-2))


def _kind(array: Array) -> str:
    return "string" if array.dtype.kind in "US" else str(array.dtype)
