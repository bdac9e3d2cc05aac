"""What is read of the sample's tables."""

from pathlib import Path

import pandas as pd
import pytest

from pipelines import params
from pipelines.sources import archives
from pipelines.tasks.topics import collect
from pipelines.tasks.topics.params import Params
from pipelines.text_classification.data import TABLE
from tests.conftest import ROOT


def test_collect_keeps_the_published_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def member(package: str, version: str, path: str, sha256: str) -> bytes:
        split = path.removesuffix(".tab").rpartition("-")[2]
        return f"Category\tText\nd\tstring\nclass\t\n\nearn\tof {split}\n".encode()

    monkeypatch.setattr(archives, "member", member)
    block = params.block("topics", Params, ROOT / "params.yaml")
    assert collect.collect(block.collect, [], tmp_path).sample
    table = pd.read_parquet(tmp_path / TABLE)
    assert table.to_dict("list") == {
        "text": ["of train", "of test"], "label": ["earn", "earn"], "split": ["train", "test"]
    }  # fmt: skip
