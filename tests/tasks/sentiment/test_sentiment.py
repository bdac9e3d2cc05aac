"""How ratings become labels, and what is read of the sample's archive."""

import io
import tarfile
from pathlib import Path

import pandas as pd
import pytest

from pipelines import params
from pipelines.errors import InputError
from pipelines.sources import archives
from pipelines.tasks.sentiment import collect
from pipelines.tasks.sentiment.params import Params, SentimentCollect
from pipelines.text_classification.data import TABLE
from tests.conftest import ROOT

BLOCK = params.block("sentiment", Params, ROOT / "params.yaml").collect


def options(**changes: object) -> SentimentCollect:
    return SentimentCollect.model_validate({**BLOCK.model_dump(), **changes})


@pytest.mark.parametrize(
    ("rating", "changes", "label"),
    [
        (0.1, {}, "positive"),
        (-0.1, {}, "negative"),
        (0.0, {}, None),
        (-0.3, {"neutral_up_to": 0.3}, None),
        (0.31, {"neutral_up_to": 0.3}, "positive"),
        (-0.3, {"neutral_up_to": 0.3, "neutral": "own class"}, "neutral"),
    ],
)
def test_label_is_the_sign_of_the_rating(rating: float, changes: dict[str, object], label: str | None) -> None:
    assert collect.label_of(rating, options(**changes)) == label


def test_collect_says_how_many_ratings_are_no_sentiment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = b"1\t2.5\tfine\r\n2\t-1\tdull \xe2\x80\xa8 and long\r\n3\t0.0\tso so\r\n"
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        entry = tarfile.TarInfo(collect.RATINGS)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    monkeypatch.setattr(archives, "member", lambda *_, **__: packed.getvalue())
    source = collect.collect(BLOCK, [], tmp_path)
    assert "1 more, whose mean rating is zero, are left out" in source.parts["movies"]["origin"]
    table = pd.read_parquet(tmp_path / TABLE)
    assert table["text"].tolist() == ["fine", "dull \u2028 and long"]
    assert table["label"].tolist() == ["positive", "negative"]


def test_collect_joins_dropped_tables_and_names_what_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,label\n" + "\n".join(f"one {n},x" for n in range(30)) + "\n,x\n")
    (tmp_path / "b.tsv").write_text("label\ttext\ny\ttwo\n")
    source = collect.collect(BLOCK, [tmp_path / "a.csv", tmp_path / "b.tsv"], tmp_path)
    assert not source.sample
    assert list(source.parts) == ["a", "b"]
    assert source.unreadable == [f"{tmp_path / 'a.csv'}: 1 row without text or label (line 32)"]
    assert pd.read_parquet(tmp_path / TABLE)["label"].value_counts().to_dict() == {"x": 30, "y": 1}


def test_collect_refuses_tables_of_which_only_some_name_their_parts(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,label\none,x\n")
    (tmp_path / "b.csv").write_text("text,label,split\ntwo,y,train\n")
    with pytest.raises(InputError, match=r"a\.csv: has no column split, which .*b\.csv has"):
        collect.collect(BLOCK, [tmp_path / "a.csv", tmp_path / "b.csv"], tmp_path)
