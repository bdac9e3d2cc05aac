import errno
from pathlib import Path

import keras
import numpy as np
import pytest

from pipelines.errors import DamagedError, MissingStageError
from pipelines.nn import checkpoints


def build() -> keras.Model:
    window = keras.Input((6, 1), name="window")
    hidden = keras.layers.Dropout(0.2)(keras.layers.GRU(4)(window))
    return keras.Model({"window": window}, keras.layers.Dense(1)(hidden))


def test_checkpoints_save_writes_the_same_bytes_every_time(tmp_path: Path) -> None:
    network = build()
    for folder in ("a", "b"):
        checkpoints.save(tmp_path / folder, network, [3], [network.get_weights()])
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_checkpoints_load_restores_the_outputs(tmp_path: Path, random: np.random.Generator) -> None:
    network = build()
    checkpoints.save(tmp_path / "a", network, [3], [network.get_weights()])
    loaded = checkpoints.load(tmp_path / "a")
    checkpoints.load_seed(loaded, tmp_path / "a", 3)
    window = random.normal(size=(5, 6, 1)).astype(np.float32)
    np.testing.assert_array_equal(
        loaded.predict_on_batch({"window": window}), network.predict_on_batch({"window": window})
    )


@pytest.mark.parametrize("name", ["architecture.json", "seed-3.npz"])
def test_checkpoints_load_of_a_damaged_file_names_it_and_the_remedy(tmp_path: Path, name: str) -> None:
    network = build()
    checkpoints.save(tmp_path, network, [3], [network.get_weights()])
    path = tmp_path / name
    content = path.read_bytes()
    # A zeroed part in the middle too: Keras's own HDF5 files would be loaded with zeros for weights.
    middle = len(content) // 2
    for damaged in (content[:middle], bytes(len(content)), b"", content[: middle - 60] + bytes(60) + content[middle:]):
        path.write_bytes(damaged)
        with pytest.raises(DamagedError, match=rf"{name} is damaged \(.*\): run `dvc repro`, which makes it again"):
            checkpoints.load_seed(checkpoints.load(tmp_path), tmp_path, 3)
    path.unlink()
    with pytest.raises(MissingStageError, match=rf"{name} is missing: run `dvc repro`"):
        checkpoints.load_seed(checkpoints.load(tmp_path), tmp_path, 3)


def test_checkpoints_load_refuses_weights_of_another_network(tmp_path: Path) -> None:
    network = build()
    checkpoints.save(tmp_path, network, [3], [network.get_weights()[:-1]])
    with pytest.raises(DamagedError, match=r"seed-3\.npz is damaged"):
        checkpoints.load_seed(checkpoints.load(tmp_path), tmp_path, 3)


def test_checkpoints_save_on_a_full_disk_names_the_file(
    tmp_path: Path, full_disk: None, random: np.random.Generator
) -> None:
    small = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    with pytest.raises(OSError, match=r"seed-3\.npz") as caught:
        checkpoints.save(tmp_path, small, [3], [[random.normal(size=2000).astype(np.float32)]])
    assert caught.value.errno == errno.EFBIG
