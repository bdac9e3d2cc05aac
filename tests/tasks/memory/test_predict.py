"""`predict memory` draws an example that no training has seen, and prints the right answer beside the networks'."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines import artifacts, paths
from pipelines.contract import Array
from pipelines.errors import UsageError
from pipelines.tasks.memory import collect, prepare
from pipelines.tasks.memory.data import Meta
from pipelines.tasks.memory.params import MemoryCollect, Prepare
from pipelines.tasks.memory.predict import arguments, predict
from pipelines.tasks.memory.problems import ALPHABET, MEAN, PROBLEMS, STD

PREPARE = Prepare(
    targets=("adding_025", "copy_005", "digits"), seed=1, symbols=4, examples=20, epochs=2, valid_examples=10,
    test_examples=10, valid_share=0.15, test_share=0.25,
)  # fmt: skip


class Solver:
    """Stands for the trained networks of two seeds: they answer what is right."""

    task = "memory"

    def meta(self, kind: type[Meta]) -> Meta:
        return artifacts.read(paths.prepared("memory") / "meta.json", kind)

    def model(self, target: str) -> str:
        return "gru"

    def outputs(self, target: str, inputs: dict[str, Array]) -> Iterator[Array]:
        window = inputs["window"]
        if target == "adding_025":
            answer = ((window[..., 0] * STD + MEAN) * window[..., 1]).sum(1, keepdims=True)
            yield from (answer - 0.01, answer + 0.01)
        elif target == "copy_005":
            logits = np.zeros_like(window)
            logits[:, -4:] = 9 * window[:, :4]
            yield from (logits, logits)
        else:
            yield from (np.eye(10)[[3]] * 5, np.eye(10)[[3]] * 5)


@pytest.fixture
def answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    raw, folder = paths.raw("memory"), paths.prepared("memory")
    raw.mkdir(parents=True)
    folder.mkdir(parents=True)
    artifacts.write_json(raw / "source.json", collect.collect(MemoryCollect(samples=PROBLEMS), [], raw))
    artifacts.write_json(folder / "meta.json", prepare.prepare(raw, PREPARE, folder))

    def ask(*words: str) -> Any:
        parser = argparse.ArgumentParser()
        arguments(parser)
        return list(predict(Solver(), parser.parse_args(words)))  # type: ignore[arg-type]

    return ask


def test_predict_prints_the_answer_beside_the_right_one(answers: Any) -> None:
    (adding,) = answers("--target", "adding_025", "--seed", "5")
    assert adding.values["answer"] == pytest.approx(adding.values["right"], abs=1e-5)
    assert adding.values["right"] == pytest.approx(sum(adding.values["marked"]), abs=1e-5)
    assert adding.values["std"] == pytest.approx(0.01, rel=1e-3)
    assert f"right: {adding.values['right']:.4f}\ngru: " in adding.text
    (copied,) = answers("--target", "copy_005", "--seed", "5")
    assert copied.values["answer"] == copied.values["right"]
    assert set(copied.values["right"]) <= set(ALPHABET)
    assert len(copied.values["right"]) == 4


def test_predict_draws_from_the_seed(answers: Any) -> None:
    first, again, other = (answers("--target", "adding_025", "--seed", seed)[0] for seed in ("5", "5", "6"))
    assert first == again
    assert first.values["right"] != other.values["right"]


def test_predict_without_a_target_asks_for_every_one(answers: Any) -> None:
    assert [answer.values["target"] for answer in answers()] == sorted(PREPARE.targets)
    digit = answers("--target", "digits", "--seed", "1000000")[0]
    assert digit.values["answer"] == 3
    assert "of the test part" in digit.text


def test_predict_refuses_a_target_that_was_not_trained(answers: Any) -> None:
    with pytest.raises(UsageError, match="no target 'adding_600'; its targets are adding_025, copy_005, digits"):
        answers("--target", "adding_600")
