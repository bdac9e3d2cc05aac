"""Any damage to a stored file ends in the same values or in a sentence, never in wrong values where there are checksums."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines import artifacts
from pipelines.errors import DamagedError

VALUES = np.arange(60.0)
READERS: dict[str, Any] = {
    "x.json": artifacts.read_json,
    "x.npy": lambda path: np.array(artifacts.read_array(path)),
    "x.npz": lambda path: array_of(path),
    "x.parquet": artifacts.read_table,
    "record.npz": lambda path: artifacts.read_record(path, dict[str, Any])["values"],
}


def array_of(path: Path) -> Any:
    """As the weights of a seed are read: the damage may be in the table of contents."""
    stored = artifacts.read_arrays(path)
    with artifacts.reading(path):
        return stored["a/0"]


CHECKED = ("x.npz", "record.npz")


@st.composite
def damages(draw: st.DrawFn) -> list[tuple[str, float, bytes]]:
    """Cuts, changed bytes and inserted bytes, each at a place from 0 to 1 of the file."""
    kinds = st.sampled_from(["cut", "change", "insert"])
    one = st.tuples(kinds, st.floats(0, 1), st.binary(min_size=1, max_size=30) | st.builds(bytes, st.integers(1, 400)))
    return draw(st.lists(one, min_size=1, max_size=4))


def damaged(content: bytes, steps: list[tuple[str, float, bytes]]) -> bytes:
    for kind, place, new in steps:
        at = int(place * len(content))
        after = {"cut": b"", "change": content[at + len(new) :], "insert": content[at:]}[kind]
        content = content[:at] + (b"" if kind == "cut" else new) + after
    return content


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("originals")
    artifacts.write_json(folder / "x.json", {"name": "ü", "values": VALUES.tolist()})
    artifacts.write_array(folder / "x.npy", VALUES)
    artifacts.write_arrays(folder / "x.npz", {"a/0": VALUES}, compressed=False)
    artifacts.write_record(folder / "record.npz", {"values": VALUES, "name": "ü"})
    pd.DataFrame({"a": VALUES}).to_parquet(folder / "x.parquet")
    return folder


@pytest.mark.parametrize("name", READERS)
@given(steps=damages())
def test_reading_a_damaged_file_gives_a_sentence(
    originals: Path, name: str, steps: list[tuple[str, float, bytes]]
) -> None:
    path = originals / f"damaged-{name}"
    path.write_bytes(damaged((originals / name).read_bytes(), steps))
    with suppress(DamagedError):
        read = READERS[name](path)
        if name in CHECKED:
            np.testing.assert_array_equal(read, VALUES)
