"""Networks for use without this project: as a Keras archive, and as a TensorFlow SavedModel from raw input to answer."""

import io
import json
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from pipelines import artifacts
from pipelines.nn import cells  # noqa: F401  # an exported network may contain any of the project's cells

Tensor = Any
SIGNATURE = "serving_default"
"""TensorFlow's name of the only signature."""
OUTPUTS = "outputs"
"""Name of what a network gives, where it is all that a function computes."""
EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The first date that a zip archive can have, in place of the present one."""


@dataclass(frozen=True)
class Input:
    """An input of a raw function."""

    shape: tuple[int | None, ...]
    """None where any size is allowed."""
    dtype: str
    meaning: str
    """In words, with its unit."""
    example: str
    """A Python expression that `tf.constant` takes, for the model card."""


@dataclass(frozen=True)
class RawFunction:
    """What a SavedModel computes: from raw input to answer, preprocessing included."""

    call: Callable[..., dict[str, Tensor]]
    """Traced once, with the inputs by name; it may call the network, in Keras's own loop."""
    inputs: Mapping[str, Input]
    outputs: Mapping[str, str]
    """Name -> meaning, in words."""
    parts: Sequence[Any] = ()
    """Lookup tables and further networks that `call` uses."""
    limits: Sequence[str] = ()
    """What it does differently from `gatehouse predict`, a sentence each."""
    files: Mapping[str, Path] = field(default_factory=dict)
    """Files that a user needs beside it, by name."""


def of_network(network: keras.Model, meanings: Mapping[str, str] | None = None, outputs: str = "") -> RawFunction:
    """The network without preprocessing: its own inputs by name -> `outputs`. Of both the meaning in words, for the model card."""
    inputs = {
        name: Input(
            tuple(tensor.shape),
            tensor.dtype,
            (meanings or {}).get(name, "as the task prepares it"),
            _zeros(tuple(tensor.shape), "0.0" if "float" in tensor.dtype else "0"),
        )
        for name, tensor in network.input.items()
    }
    return RawFunction(
        lambda **given: {OUTPUTS: network(given, training=False)},
        inputs,
        {OUTPUTS: outputs or "what the network gives"},
        limits=("Its inputs are those of the network: they have to be prepared as Gatehouse prepares them.",),
    )


def _zeros(shape: tuple[int | None, ...], zero: str) -> str:
    """A Python expression of zeros; a size that is not fixed is 1 for the batch, and 8 for others."""
    for axis in reversed(range(len(shape))):
        zero = f"[{zero}] * {shape[axis] or (8 if axis else 1)}"
    return zero


def save_function(raw: RawFunction, network: keras.Model, folder: Path) -> None:
    """Write `folder`, a SavedModel with the signature `serving_default`, which has neither Python code nor this project's classes."""
    module = tf.Module()
    module.weights = [weight.value for weight in network.weights]
    module.parts = list(raw.parts)
    # TensorFlow does not check the shapes of a signature, and a network reads a window of any length: so they are checked within.
    specs = {name: tf.TensorSpec([None] * len(given.shape), given.dtype, name) for name, given in raw.inputs.items()}

    def checked(**given: Tensor) -> dict[str, Tensor]:
        return raw.call(**{name: tf.ensure_shape(value, raw.inputs[name].shape) for name, value in given.items()})

    function = tf.function(checked, autograph=False).get_concrete_function(**specs)
    tf.saved_model.save(module, str(folder), {SIGNATURE: function})
    (folder / "fingerprint.pb").unlink()  # it has a random number, and nothing needs it
    (folder / "assets").rmdir()  # DVC does not restore empty folders


def save_archive(network: keras.Model, path: Path) -> None:
    """Write `path`, a `.keras` archive; the same network gives the same bytes, since it has no dates."""
    with artifacts.replacing(path) as partial:
        whole = partial.with_name(f"{partial.name}.keras")
        try:
            network.save(whole)
            partial.write_bytes(_reproducible(whole))
        finally:
            whole.unlink(missing_ok=True)


def _reproducible(archive: Path) -> bytes:
    """The archive without what differs from run to run: dates, and addresses in memory as names of objects."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(archive) as written, zipfile.ZipFile(buffer, "w") as reproducible:
        for name in sorted(written.namelist()):
            content = written.read(name)
            if name == "metadata.json":
                kept = {key: value for key, value in json.loads(content).items() if key != "date_saved"}
                content = json.dumps(kept).encode()
            elif name == "config.json":
                content = _numbered(content.decode()).encode()
            reproducible.writestr(zipfile.ZipInfo(name, EARLIEST), content)
    return buffer.getvalue()


def _numbered(config: str) -> str:
    """The addresses of shared objects replaced by numbers, in order."""
    pattern = re.compile(r'(?<="shared_object_id": )\d+')
    numbers = {address: str(number) for number, address in enumerate(dict.fromkeys(pattern.findall(config)))}
    return pattern.sub(lambda found: numbers[found.group()], config)


def needs_project(network: keras.Model) -> bool:
    """Whether Keras needs this project's classes to load the archive."""
    return '"registered_name": "gatehouse>' in network.to_json()
