"""A small set of prepared texts, whose class is decided by a single word, and a network for them."""

from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest

from pipelines import artifacts, params
from pipelines.tasks.topics.params import Params
from pipelines.text_classification import prepare
from pipelines.text_classification.data import TABLE, Meta
from pipelines.text_classification.params import Prepare, TextClassifier
from pipelines.text_classification.train import build, head
from tests.conftest import ROOT

BLOCK = params.block("topics", Params, ROOT / "params.yaml")
CLASSES = {"good": ("fine", "great"), "bad": ("dull", "poor"), "so so": ("plain", "usual")}


def texts() -> list[tuple[str, str, str]]:
    """150 texts of 3 to 12 words."""
    random = np.random.default_rng(1)
    rows = []
    for number in range(150):
        label = list(CLASSES)[number % 3]
        filler = [f"word{index}" for index in random.integers(0, 40, random.integers(2, 12))]
        filler.insert(int(random.integers(0, len(filler))), str(random.choice(CLASSES[label])))
        rows.append((" ".join(filler), label, ""))
    return rows


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("texts")
    for name in ("raw", "prepared"):
        (folder / name).mkdir()
    pd.DataFrame(texts(), columns=["text", "label", "split"]).to_parquet(folder / "raw" / TABLE)
    options = Prepare.model_validate({**BLOCK.prepare.model_dump(), "min_count": 1, "lengths": 2})
    meta = prepare.prepare("topics", folder / "raw", options, folder / "prepared")
    artifacts.write_json(folder / "prepared" / "meta.json", meta)
    return folder / "prepared"


@pytest.fixture(scope="session")
def meta(folder: Path) -> Meta:
    return artifacts.read(folder / "meta.json", Meta)


def network(meta: Meta, pooling: str, cell: str = "lstm", bidirectional: bool = True, layers: int = 1) -> keras.Model:
    """A network with random weights."""
    keras.utils.set_random_seed(1)
    stack = [{"cell": cell, "units": 5, "bidirectional": bidirectional}] * layers
    model = TextClassifier.model_validate(
        {
            "embedding": 6, "recurrent": stack, "pooling": pooling, "dense": [4],
            "dropout": 0.2, "embedding_dropout": 0.2, "word_dropout": 0.1,
        }
    )  # fmt: skip
    return build(model, meta, "label", head(meta, "label", BLOCK.train))
