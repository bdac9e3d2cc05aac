"""What `predict` says of texts, with a network that has learned nothing."""

import argparse
from pathlib import Path
from typing import Any

import keras
import pytest

from pipelines.errors import InputError, UsageError
from pipelines.predict import Prediction
from pipelines.text_classification import predict
from pipelines.text_classification.data import Meta
from tests.text_classification.conftest import network


class Trained:
    """Stands for `TrainedNetworks`."""

    task = "topics"

    def __init__(self, meta: Meta) -> None:
        self._meta = meta

    def meta(self, kind: Any) -> Meta:
        return self._meta

    def model(self, target: str) -> str:
        return "bilstm"

    def network(self, target: str) -> tuple[keras.Model, int]:
        return network(self._meta, "max"), 7


def asked(meta: Meta, *texts: str, file: str | None = None) -> list[Prediction]:
    options = argparse.Namespace(texts=list(texts), file=file)
    return list(predict.predict(Trained(meta), options))  # type: ignore[arg-type]


def test_predict_gives_every_class_a_probability_and_names_unseen_words(
    meta: Meta, capsys: pytest.CaptureFixture[str]
) -> None:
    (prediction,) = asked(meta, "A dull word1, Übel")
    values = prediction.values
    assert set(values["probabilities"]) == set(meta.label.classes)
    assert sum(values["probabilities"].values()) == pytest.approx(1)
    assert values["class"] == max(values["probabilities"], key=values["probabilities"].get)
    assert values["unseen"] == ["a", ",", "übel"]
    assert (values["model"], values["trained_seed"], values["unread"]) == ("bilstm", 7, 0)
    assert prediction.text.startswith(values["class"])
    assert "training has not seen 'a' ',' 'übel'; read as unknown" in capsys.readouterr().err


def test_predict_does_not_depend_on_other_texts(meta: Meta, tmp_path: Path) -> None:
    (tmp_path / "texts.txt").write_text("great word2\n\n" + "dull " * 40 + "\n")
    alone, *_ = asked(meta, "great word2")
    together = asked(meta, "fine", file=str(tmp_path / "texts.txt"))
    assert [prediction.values["text"].split()[0] for prediction in together] == ["fine", "great", "dull"]
    assert together[1].values["probabilities"] == pytest.approx(alone.values["probabilities"], abs=1e-5)
    assert together[1].text.startswith("great word2\n")


def test_predict_says_what_it_does_not_read(meta: Meta, capsys: pytest.CaptureFixture[str]) -> None:
    (prediction,) = asked(meta, "dull " * (meta.label.longest + 3))
    assert prediction.values["unread"] == 3
    assert "the last 3 words of 'dull" in capsys.readouterr().err


def test_predict_refuses_no_text_and_texts_without_words(meta: Meta) -> None:
    with pytest.raises(UsageError, match="no text; give one as an argument"):
        asked(meta)
    with pytest.raises(InputError, match=r"' \\x07' holds no word; write a text"):
        asked(meta, " \x07")
