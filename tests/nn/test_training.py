import errno
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from pipelines import artifacts
from pipelines.contract import Batch, Indices
from pipelines.errors import TrainingError
from pipelines.nn import compiled_loop, layers, loop_choice
from pipelines.nn.datasets import Tokens, Windows
from pipelines.nn.heads import NextToken, Regression
from pipelines.nn.training import Epoch, Fitting, _Recorder
from pipelines.params.blocks import RecurrentLayer, TokenModel, Train

TRAINING = Train(
    seeds=(1, 2), epochs=6, batch_size=8, learning_rate=0.02, clip_norm=1.0, patience=6, plateau_patience=2,
    schedule="plateau", mixed_precision=False, xla=False,
)  # fmt: skip


@pytest.fixture
def windows(tmp_path: Path, random: np.random.Generator) -> dict[str, Windows]:
    values = np.sin(np.arange(90) / 3).astype(np.float32) + random.normal(0, 0.1, 90).astype(np.float32)
    origins = {"train": np.arange(5, 50), "valid": np.arange(50, 70), "test": np.arange(70, 89)}
    Windows.save(tmp_path / "data", values[:, None], np.roll(values, -1)[:, None], origins)
    return Windows.open(tmp_path / "data", lookback=6)


def build() -> keras.Model:
    window = keras.Input((6, 1), name="window")
    hidden = keras.layers.Dropout(0.2)(keras.layers.GRU(4)(window))
    return keras.Model({"window": window}, keras.layers.Dense(1)(hidden))


def fitting(windows: dict[str, Windows], **changes: object) -> Fitting:
    options = TRAINING.model_copy(update=changes)
    return Fitting(build, Regression(1, "mse"), options, windows["train"], windows["valid"])


def without_time(history: list[Epoch]) -> list[tuple[float, ...]]:
    return [(row.epoch, row.loss, row.valid_loss, row.gradient_norm, row.learning_rate) for row in history]


class KilledError(Exception):
    pass


def test_fit_resumed_after_a_kill_ends_with_the_same_weights(windows: dict[str, Windows], tmp_path: Path) -> None:
    whole = fitting(windows).fit(1, tmp_path / "whole.npz", "whole")

    def kill(row: Epoch) -> None:
        if row.epoch == 2:
            raise KilledError

    with pytest.raises(KilledError):
        fitting(windows).fit(1, tmp_path / "killed.npz", "killed", kill)
    resumed = fitting(windows).fit(1, tmp_path / "killed.npz", "resumed")
    assert without_time(resumed.history) == without_time(whole.history)
    for ours, theirs in zip(resumed.weights, whole.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_fit_does_not_repeat_a_finished_seed(windows: dict[str, Windows], tmp_path: Path) -> None:
    first = fitting(windows).fit(1, tmp_path / "seed.npz", "first")
    again = fitting(windows).fit(1, tmp_path / "seed.npz", "again")
    assert again.history == first.history


def test_fit_of_a_seed_does_not_depend_on_earlier_fits(windows: dict[str, Windows], tmp_path: Path) -> None:
    shared = fitting(windows)
    shared.fit(1, tmp_path / "a.npz", "first seed")
    after = shared.fit(2, tmp_path / "b.npz", "second seed")
    alone = fitting(windows).fit(2, tmp_path / "c.npz", "second seed alone")
    assert without_time(after.history) == without_time(alone.history)


def test_fit_differs_between_seeds(windows: dict[str, Windows], tmp_path: Path) -> None:
    shared = fitting(windows)
    one, two = (shared.fit(seed, tmp_path / f"{seed}.npz", "seed") for seed in (1, 2))
    assert without_time(one.history) != without_time(two.history)


def test_fit_keeps_the_weights_of_the_best_epoch(windows: dict[str, Windows], tmp_path: Path) -> None:
    fitted = fitting(windows).fit(1, tmp_path / "seed.npz", "seed")
    network = build()
    network.set_weights(fitted.weights)
    batch = windows["valid"].batch(np.arange(len(windows["valid"])))
    error = float(np.mean((network.predict_on_batch(batch.inputs) - batch.targets["forecast"]) ** 2))
    assert error == pytest.approx(min(row.valid_loss for row in fitted.history), rel=1e-5)


def test_fit_lowers_the_learning_rate_then_stops_without_improvement(
    windows: dict[str, Windows], tmp_path: Path
) -> None:
    # With so high a rate the loss soon gets worse.
    stopped = fitting(windows, learning_rate=5.0, epochs=40, patience=3, plateau_patience=2)
    history = stopped.fit(1, tmp_path / "seed.npz", "seed").history
    best = min(range(len(history)), key=lambda epoch: history[epoch].valid_loss)
    assert len(history) == best + 1 + 3 < 40
    assert history[-1].learning_rate < history[0].learning_rate


def test_fit_with_a_nan_loss_names_model_seed_and_remedy(windows: dict[str, Windows], tmp_path: Path) -> None:
    broken = Windows(windows["train"].features * np.nan, windows["train"].targets, windows["train"].origins, 6)
    with pytest.raises(TrainingError, match=r"lstm/co2, seed 1: the loss is not finite in epoch 1; lower"):
        Fitting(build, Regression(1, "mse"), TRAINING, broken, windows["valid"]).fit(
            1, tmp_path / "s.npz", "lstm/co2, seed 1"
        )


def test_fit_stops_below_the_validation_loss_that_is_asked_for(windows: dict[str, Windows], tmp_path: Path) -> None:
    whole = fitting(windows, epochs=8).fit(1, tmp_path / "whole.npz", "whole").history
    limit = whole[3].valid_loss * 1.0001
    first = next(row.epoch for row in whole if row.valid_loss < limit)
    stopped = fitting(windows, epochs=8, stop_below=limit).fit(1, tmp_path / "stopped.npz", "stopped").history
    assert without_time(stopped) == without_time(whole[: first + 1])


def test_fit_without_clipping_takes_other_steps(windows: dict[str, Windows], tmp_path: Path) -> None:
    clipped = fitting(windows, epochs=2, clip_norm=0.01).fit(1, tmp_path / "a.npz", "clipped")
    free = fitting(windows, epochs=2, clip_norm=None).fit(1, tmp_path / "b.npz", "free")
    loose = fitting(windows, epochs=2, clip_norm=1e6).fit(1, tmp_path / "c.npz", "loose")
    assert clipped.history[1].loss != free.history[1].loss
    assert loose.history[1].loss == pytest.approx(free.history[1].loss, rel=1e-4)


def test_fit_records_the_largest_gradient_of_each_epoch_for_itself(windows: dict[str, Windows], tmp_path: Path) -> None:
    history = fitting(windows, epochs=4).fit(1, tmp_path / "seed.npz", "seed").history
    assert all(row.largest_gradient > row.gradient_norm > 0 for row in history)
    assert history[-1].largest_gradient < max(row.largest_gradient for row in history), "it begins anew in every epoch"


class Poisoned(Windows):
    """Training data of two variants, of which the second is not finite."""

    def __len__(self) -> int:
        return 2 * len(self.origins)

    def batch(self, indices: Indices) -> Batch:
        batch = super().batch(indices % len(self.origins))
        broken = batch.inputs["window"] * np.where(indices < len(self.origins), 1, np.nan)[:, None, None]
        return Batch({"window": broken.astype(np.float32)}, batch.targets)


def test_fit_that_may_diverge_keeps_the_best_finite_epoch(windows: dict[str, Windows], tmp_path: Path) -> None:
    train, options = windows["train"], TRAINING.model_copy(update={"may_diverge": True})
    poisoned = Poisoned(train.features, train.targets, train.origins, train.lookback, variants=2)
    shared = Fitting(build, Regression(1, "mse"), options, poisoned, windows["valid"])
    diverged = shared.fit(1, tmp_path / "seed.npz", "seed")
    assert diverged.diverged
    assert [np.isfinite(row.valid_loss) for row in diverged.history] == [True, False]
    assert diverged.best.epoch == 0
    alone = fitting(windows, epochs=1).fit(1, tmp_path / "alone.npz", "alone")
    assert not alone.diverged
    for ours, theirs in zip(diverged.weights, alone.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    again = shared.fit(1, tmp_path / "seed.npz", "again")
    np.testing.assert_equal(without_time(again.history), without_time(diverged.history), "it is not resumed")


def test_fit_that_diverges_at_once_keeps_the_untrained_weights(windows: dict[str, Windows], tmp_path: Path) -> None:
    broken = Windows(windows["train"].features * np.nan, windows["train"].targets, windows["train"].origins, 6)
    options = TRAINING.model_copy(update={"may_diverge": True})
    result = Fitting(build, Regression(1, "mse"), options, broken, windows["valid"]).fit(1, tmp_path / "s.npz", "s")
    assert result.diverged
    assert all(np.isfinite(weights).all() for weights in result.weights)


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda content: content[: len(content) // 2],
    "zeroed": lambda content: bytes(len(content)),
    "zeroed in part": lambda content: content[:-2000] + bytes(1000) + content[-1000:],
    "empty": lambda content: b"",
    "of another encoding": lambda content: content.decode("latin1").encode("utf-16"),
}


def test_fit_drops_an_unusable_checkpoint_and_starts_the_seed_again(
    windows: dict[str, Windows], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shared, checkpoint = fitting(windows, epochs=1), tmp_path / "seed-1.npz"
    whole = shared.fit(1, checkpoint, "whole")
    content, state = checkpoint.read_bytes(), artifacts.read_arrays(checkpoint)
    unusable = {name: damage(content) for name, damage in DAMAGE.items()}
    for name, other in {
        "weights/1": state["weights/1"][..., :1],
        "optimizer/2": state["optimizer/2"][..., :1],
        "history": np.array('[{"epoch": 0}]'),
    }.items():
        artifacts.write_arrays(checkpoint, {**state, name: other})
        unusable[f"another network's {name}"] = checkpoint.read_bytes()
    for name, damaged in unusable.items():
        checkpoint.write_bytes(damaged)
        capsys.readouterr()
        assert not _Recorder(shared, 1, checkpoint, "co2, seed 1", None).restore(), name
        said = f"co2, seed 1: its checkpoint {checkpoint} is damaged and dropped; the seed starts again\n"
        assert capsys.readouterr().out == said, name
        assert not checkpoint.exists(), name
    checkpoint.write_bytes(unusable["another network's optimizer/2"])  # found out when the weights are set already
    assert without_time(shared.fit(1, checkpoint, "again").history) == without_time(whole.history)


def test_a_checkpoint_on_a_full_disk_leaves_the_last_one(
    windows: dict[str, Windows], tmp_path: Path, full_disk: None
) -> None:
    checkpoint = tmp_path / "seed.npz"
    checkpoint.write_bytes(b"the last one")
    with pytest.raises(OSError, match="seed") as caught:
        _Recorder(fitting(windows), 1, checkpoint, "x", None)._save()
    assert caught.value.errno == errno.EFBIG
    assert checkpoint.read_bytes() == b"the last one"
    assert not list(tmp_path.glob(".*"))


# Carried states


def reader() -> keras.Model:
    options = TokenModel(embedding=3, recurrent=(RecurrentLayer(cell="gru", units=6),), dense=(), dropout=0.2)
    return layers.next_step_model(5, options, NextToken(5), name="reader")


def reading(carry: bool = True, **changes: object) -> Fitting:
    """A row in which only the token eleven steps back determines the next: further back than a window of four."""
    random = np.random.default_rng(3)
    row = random.integers(0, 5, 4 * 11 * 30)
    for index in range(11, len(row)):
        row[index] = row[index - 11]
    options = TRAINING.model_copy(update={"schedule": "cosine", **changes})
    return Fitting(reader, NextToken(5), options, Tokens(row[:1000], 4, carry), Tokens(row[1000:], 4))


def test_fit_with_carried_states_resumed_after_a_kill_ends_with_the_same_weights(tmp_path: Path) -> None:
    whole = reading().fit(1, tmp_path / "whole.npz", "whole")

    def kill(row: Epoch) -> None:
        if row.epoch == 2:
            raise KilledError

    with pytest.raises(KilledError):
        reading().fit(1, tmp_path / "killed.npz", "killed", kill)
    resumed = reading().fit(1, tmp_path / "killed.npz", "resumed")
    assert without_time(resumed.history) == without_time(whole.history)
    for ours, theirs in zip(resumed.weights, whole.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_trainer_carries_states_from_window_to_window(tmp_path: Path) -> None:
    fitting = reading()
    trainer, row = fitting.trainer, fitting.train
    fitting.fit(1, tmp_path / "s.npz", "s")
    trainer.reset_states(training=False)
    assert not any(state.numpy().any() for state in trainer.states[False])
    pieces = [trainer(inputs, training=False) for inputs, _ in fitting.valid]
    whole = np.concatenate([inputs["tokens"] for inputs, _ in fitting.valid], axis=1)
    np.testing.assert_allclose(np.concatenate(pieces, axis=1), fitting.network({"tokens": whole}), atol=1e-5)
    assert len(row) // 8 == fitting.steps


@pytest.mark.parametrize("carry", [True, False])
def test_fit_with_several_calls_per_epoch_resumes_after_a_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, carry: bool
) -> None:
    monkeypatch.setattr("pipelines.nn.training.LONGEST_CALL", 7)

    def kill(row: Epoch) -> None:
        if row.epoch == 1:
            raise KilledError

    fitting = reading(carry, epochs=3)
    assert fitting.trainer.steps_per_execution == 6
    assert fitting.steps == 30
    whole = fitting.fit(1, tmp_path / "whole.npz", "whole")
    with pytest.raises(KilledError):
        reading(carry, epochs=3).fit(1, tmp_path / "killed.npz", "killed", kill)
    resumed = reading(carry, epochs=3).fit(1, tmp_path / "killed.npz", "resumed")
    assert without_time(resumed.history) == without_time(whole.history)


def test_fit_follows_the_cosine_schedule(tmp_path: Path) -> None:
    rates = [row.learning_rate for row in reading(epochs=4).fit(1, tmp_path / "s.npz", "s").history]
    assert rates == pytest.approx([0.02, 0.02 * (2 + 2**0.5) / 4, 0.01, 0.02 * (2 - 2**0.5) / 4])


def test_fitting_batches_of_streams_read_one_variant_per_epoch() -> None:
    row = Tokens(np.arange(4 * 12 + 1), window=4, variants=3)
    fitting = Fitting(
        lambda: layers.next_step_model(
            50, TokenModel(embedding=2, recurrent=(RecurrentLayer(cell="gru", units=2),), dense=(), dropout=0), NextToken(50), name="n"
        ),
        NextToken(50),
        TRAINING.model_copy(update={"batch_size": 2}),
        row,
        Tokens(np.arange(9), 4),
    )  # fmt: skip
    assert fitting.steps == 2
    begun = [int(inputs["tokens"][0, 0]) // 4 for inputs, _ in islice(fitting._batches(1, 0), 8)]
    assert begun == [0, 1, 2, 3, 4, 5, 0, 1]
    later = [int(inputs["tokens"][0, 0]) // 4 for inputs, _ in islice(fitting._batches(1, 2), 4)]
    assert later == [4, 5, 0, 1]


def test_fitting_refuses_more_streams_than_windows(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"batch_size"):
        reading(batch_size=4000)


@pytest.mark.parametrize("carry", [True, False])
def test_fit_with_compiled_loops_matches_the_keras_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, carry: bool
) -> None:
    compiled = reading(carry, epochs=2).fit(1, tmp_path / "compiled.npz", "s")
    monkeypatch.setattr(loop_choice, "choose", lambda network: compiled_loop.Loop("TensorFlow", "a test"))
    kerass = reading(carry, epochs=2).fit(1, tmp_path / "kerass.npz", "s")
    assert [row.valid_loss for row in compiled.history] == pytest.approx(
        [row.valid_loss for row in kerass.history], rel=1e-4
    )
    for ours, theirs in zip(compiled.weights, kerass.weights, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-3)


@pytest.mark.parametrize("changes", [{"mixed_precision": True}, {"xla": True}, {"mixed_precision": True, "xla": True}])
@pytest.mark.parametrize("carry", [True, False])
def test_fit_learns_with_mixed_precision_and_xla(tmp_path: Path, carry: bool, changes: dict[str, bool]) -> None:
    keras.mixed_precision.set_global_policy("mixed_float16" if "mixed_precision" in changes else "float32")
    try:
        fitting = reading(carry, epochs=2, **changes)
        first, second = fitting.fit(1, tmp_path / "s.npz", "s").history
    finally:
        keras.mixed_precision.set_global_policy("float32")
    assert second.valid_loss < first.valid_loss
    if not tf.config.list_physical_devices("GPU"):
        assert fitting.trainer.jit_compile == changes.get("xla", False)
