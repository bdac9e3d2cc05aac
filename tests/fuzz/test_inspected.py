"""Whatever is given to `inspect` as a model or as arrays: what the file says of itself is read, or refused in one sentence."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pipelines.inspect import archive, files
from tests.fuzz.bounds import success_or_sentence

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(["Lambda", "__lambda__", "LSTM", "keras.layers"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["class_name", "config", "module", "registered_name", "function", "layers"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


def _zip(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in members.items():
            zipped.writestr(name, content)
    return file.getvalue()


def _npy(values: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, values, allow_pickle=True)
    return file.getvalue()


WHOLE = {
    "npy": _npy(np.zeros((3, 4, 2), np.float32)),
    "npz": _zip({"left.npy": _npy(np.zeros((3, 4))), "right.npy": _npy(np.zeros((3, 2)))}),
    "keras": _zip(
        {
            "config.json": b'{"class_name": "Sequential", "config": {}}',
            "metadata.json": b"{}",
            "model.weights.h5": bytes(64),
        }
    ),
}


def look(path: Path) -> None:
    """Everything that is read of a file before TensorFlow is imported."""
    described = success_or_sentence(lambda: archive.read(path))
    if described is not None:
        success_or_sentence(lambda: (described.custom, described.lambdas))
    for array in (success_or_sentence(lambda: files.stored(path)) or {}).values():
        success_or_sentence(lambda array=array: array.read(np.arange(min(2, array.shape[0])), None))  # type: ignore[misc]


@given(st.sampled_from(sorted(WHOLE)), st.data())
def test_a_damaged_file_is_read_or_refused(tmp_path: Path, kind: str, data: st.DataObject) -> None:
    content = bytearray(WHOLE[kind])
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "inspected"
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content)
    look(path)


@given(JSON, JSON)
def test_any_description_of_a_model_is_read_or_refused(tmp_path: Path, config: Any, metadata: Any) -> None:
    path = tmp_path / "inspected"
    members = {"config.json": config, "metadata.json": metadata}
    path.write_bytes(
        _zip({**{name: json.dumps(value).encode() for name, value in members.items()}, "model.weights.h5": b""})
    )
    look(path)


@given(arrays.arrays(arrays.scalar_dtypes(), arrays.array_shapes(min_dims=0, min_side=0, max_side=4)))
def test_any_array_is_read_or_refused(tmp_path: Path, values: np.ndarray) -> None:
    path = tmp_path / "inspected"
    path.write_bytes(_npy(values))
    look(path)
