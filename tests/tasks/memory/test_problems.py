"""The problems are the published ones, and every part of their data is drawn for itself."""

from pathlib import Path

import numpy as np
import pytest

from pipelines import artifacts
from pipelines.contract import SPLITS, Array
from pipelines.errors import InputError
from pipelines.tasks.memory import collect, prepare, problems
from pipelines.tasks.memory.baselines import baselines
from pipelines.tasks.memory.data import Meta, datasets, stored
from pipelines.tasks.memory.params import MemoryCollect, Prepare
from pipelines.tasks.memory.score import CONSTANT, FREQUENT, MEMORYLESS, score

TARGETS = ("adding_200", "copy_050", "digits")
PREPARE = Prepare(
    targets=TARGETS, seed=1, symbols=10, examples=500, epochs=3, valid_examples=100, test_examples=2000,
    valid_share=0.15, test_share=0.25,
)  # fmt: skip


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Meta]:
    folder = tmp_path_factory.mktemp("memory")
    source = collect.collect(MemoryCollect(samples=problems.PROBLEMS), [], folder)
    artifacts.write_json(folder / "source.json", source)
    return folder, prepare.prepare(folder, PREPARE, folder)


# Examples


def test_example_depends_on_its_arguments_alone() -> None:
    for target in ("adding_100", "copy_020"):
        window, asked = problems.example(target, 10, 1, 0, 7)
        again, asked_again = problems.example(target, 10, 1, 0, 7)
        np.testing.assert_array_equal(window, again)
        np.testing.assert_array_equal(asked, asked_again)
        for other in ((2, 0, 7), (1, 1, 7), (1, 0, 8)):
            assert not np.array_equal(window, problems.example(target, 10, *other)[0])


def test_adding_marks_one_number_of_each_half_and_asks_for_their_sum() -> None:
    windows, sums = problems.draw("adding_050", 0, 1, 0, np.arange(400))
    numbers, marks = windows[..., 0] * problems.STD + problems.MEAN, windows[..., 1]
    assert (marks[:, :25].sum(1) == 1).all()
    assert (marks[:, 25:].sum(1) == 1).all()
    assert marks.sum(0).all(), "every step is marked in some example"
    assert 0 <= numbers.min() < 0.001
    assert 0.999 < numbers.max() <= 1
    np.testing.assert_allclose((numbers * marks).sum(1), sums[:, 0], atol=1e-5)


def test_copy_asks_for_the_symbols_in_order_after_the_cue() -> None:
    windows, asked = problems.draw("copy_020", 10, 1, 0, np.arange(50))
    read = windows.argmax(-1)
    assert read.shape == asked.shape == (50, 40)
    np.testing.assert_array_equal(read[:, :10], asked[:, -10:])
    np.testing.assert_array_equal(np.unique(read[:, :10]), np.arange(8))
    assert (asked[:, :-10] == problems.BLANK).all()
    assert (read[:, 29] == problems.CUE).all()
    assert (np.delete(read[:, 10:], 19, axis=1) == problems.BLANK).all()


# Prepared data


def test_datasets_draw_other_examples_in_every_epoch_and_split(prepared: tuple[Path, Meta]) -> None:
    folder, meta = prepared
    for target in ("adding_200", "copy_050"):
        splits = datasets(folder, meta, target)
        assert splits["train"].variants == 3
        assert len(splits["train"]) == 3 * 500
        seen: list[Array] = [splits["train"].batch(np.arange(500)).inputs["window"]]
        seen.append(splits["train"].batch(np.arange(500, 1000)).inputs["window"])
        seen += [splits[split].batch(np.arange(100)).inputs["window"] for split in ("valid", "test")]
        every = np.concatenate(seen).reshape(sum(map(len, seen)), -1)
        assert len(np.unique(every, axis=0)) == len(every)


def test_prepare_keeps_every_image_of_a_digit_in_one_split(prepared: tuple[Path, Meta]) -> None:
    folder, meta = prepared
    problem = meta.targets["digits"]
    images = {split: np.asarray(stored(folder, "digits", problem, split).windows) for split in SPLITS}
    assert sum(map(len, images.values())) == 1797
    train = images["train"]
    assert abs(train.mean()) < 1e-5
    assert train.std() == pytest.approx(1, abs=1e-5)
    first = (images["test"][0, :, 0] * problem.std + problem.mean).round(4)
    assert set(first) <= set(range(17)), "the values are those of the pixels"


def test_prepare_refuses_a_target_whose_problem_was_not_collected(tmp_path: Path) -> None:
    source = collect.collect(MemoryCollect(samples=("adding", "copy")), [], tmp_path)
    artifacts.write_json(tmp_path / "source.json", source)
    with pytest.raises(InputError, match=r"memory\.prepare\.targets: digits needs the sample digits; add it to memory"):
        prepare.prepare(tmp_path, PREPARE, tmp_path)


def test_collect_refuses_files_of_the_user(tmp_path: Path) -> None:
    file = Path("data/input/memory/own.csv")
    with pytest.raises(
        InputError, match=r"own\.csv: the task memory draws its own problems and reads no files; remove it from data"
    ):
        collect.collect(MemoryCollect(samples=("adding",)), [file], tmp_path)
    assert not list(tmp_path.iterdir())


# Scores and baselines


def test_baselines_without_a_memory_have_the_known_errors(prepared: tuple[Path, Meta]) -> None:
    """A sixth for the adding problem; s ln 8 / (T + 2 s) for the copy problem; a tenth of the digits."""
    folder, meta = prepared

    def metrics(target: str, name: str) -> dict[str, float]:
        params: object = None
        return baselines(folder, meta, target, params)[name]().metrics  # type: ignore[arg-type]

    assert metrics("adding_200", CONSTANT)["mse"] == pytest.approx(1 / 6, rel=0.06)
    assert metrics("adding_200", "last ten steps")["mse"] == pytest.approx(1 / 6, rel=0.12)
    assert metrics("copy_050", MEMORYLESS)["nats_per_step"] == pytest.approx(10 * np.log(8) / 70, rel=1e-6)
    assert metrics("copy_050", MEMORYLESS)["recalled"] == pytest.approx(1 / 8, abs=0.01)
    assert metrics("copy_050", "last ten steps")["nats_per_step"] > 0.95 * 10 * np.log(8) / 70
    assert metrics("digits", FREQUENT)["accuracy"] == pytest.approx(0.1, abs=0.02)
    assert metrics("digits", "regression on all pixels")["accuracy"] > 0.93


def test_score_of_right_answers_is_perfect(prepared: tuple[Path, Meta]) -> None:
    folder, meta = prepared
    best = {"mse": 0, "within": 1, "nats_per_step": 0, "recalled": 1, "accuracy": 1, "log_loss": 0}
    for target, problem in meta.targets.items():
        answers = np.asarray(stored(folder, target, problem, "test").answers)
        given = answers if target == "adding_200" else np.eye(10)[answers]
        scored = score(problem, answers, given.astype(np.float64))
        assert scored.metrics == {name: pytest.approx(best[name], abs=1e-6) for name in scored.metrics}
        assert scored.losses.shape == (len(answers),)
