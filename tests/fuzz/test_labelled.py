"""Tables of labelled texts: fields, quotation marks and line ends as people write them, and as nobody does."""

from pathlib import Path

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from pipelines import params
from pipelines.contract import SPLITS
from pipelines.sources import labelled
from pipelines.tasks.topics import collect
from pipelines.tasks.topics.params import Params
from pipelines.text_classification import prepare
from pipelines.text_classification.data import datasets, table_of
from tests.conftest import ROOT
from tests.fuzz.bounds import success_or_sentence

BLOCK = params.block("topics", Params, ROOT / "params.yaml")
TEXTS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["", " ", "a b c", '"', '"a" b', "a,b", "a\tb", "a\nb", "İI ıi", "\x00", "\u202e", "x" * 5000, "one " * 10_000]),
)  # fmt: skip
LABELS = st.sampled_from(["a", "a", "a", "b", "b", "c", "", "日本", "\x07", "l" * 200])
PARTS = st.sampled_from(["train"] * 5 + ["test", "valid", "dev", "", "other"])
ROWS = st.lists(st.tuples(TEXTS, LABELS, PARTS), max_size=40)


def prepared(path: Path, folder: Path) -> None:
    """What `collect`, `prepare` and the networks do with a table."""
    for name in ("raw", "prepared"):
        (folder / name).mkdir(exist_ok=True)
    collect.collect(BLOCK.collect.model_copy(update={"max_unreadable": 0.9}), [path], folder / "raw")
    meta = prepare.prepare("topics", folder / "raw", BLOCK.prepare, folder / "prepared")
    table = table_of(folder / "prepared")
    for split, examples in datasets(folder / "prepared", meta, "label").items():
        assert len(examples) == (table["split"] == split).sum() > 0
        assert examples.lengths.min() > 0
        assert examples.labels.max() < len(meta.label.classes)
    assert set(table["split"]) == set(SPLITS)


def field(text: str, delimiter: str, careful: bool) -> str:
    return (
        f'"{text.replace(chr(34), chr(34) * 2)}"'
        if careful and any(c in text for c in (delimiter, '"', "\n"))
        else text
    )


@given(
    rows=ROWS,
    name=st.sampled_from(["x.csv", "x.tsv"]),
    with_split=st.booleans(),
    careful=st.sampled_from([True, True, False]),
    encoding=st.sampled_from(["utf-8"] * 5 + ["utf-8-sig", "latin-1", "utf-16"]),
)
def test_any_table_of_labelled_texts_is_prepared_or_refused_in_a_sentence(
    tmp_path: Path, rows: list[tuple[str, str, str]], name: str, with_split: bool, careful: bool, encoding: str
) -> None:
    delimiter = "," if name == "x.csv" else "\t"
    kept = 3 if with_split else 2
    lines = [("text", "label", "split"), *rows]
    content = "\n".join(delimiter.join(field(value, delimiter, careful) for value in row[:kept]) for row in lines)
    (tmp_path / name).write_bytes(content.encode(encoding, errors="replace"))
    success_or_sentence(lambda: prepared(tmp_path / name, tmp_path))


@given(content=st.binary(max_size=400))
def test_any_bytes_called_labelled_texts_are_read_or_refused(tmp_path: Path, content: bytes) -> None:
    for name in ("x.csv", "x.tsv", "x.parquet"):
        (tmp_path / name).write_bytes(content)
        success_or_sentence(lambda path=tmp_path / name: labelled.read(path, 0.5))  # type: ignore[misc]


VALUES = st.one_of(st.none(), st.integers(), st.floats(), st.booleans(), st.text(max_size=10), st.binary(max_size=5))


@given(texts=st.lists(st.text(max_size=10) | st.none(), min_size=1, max_size=20), label=VALUES)
def test_any_parquet_of_labelled_texts_is_read_or_refused(
    tmp_path: Path, texts: list[str | None], label: object
) -> None:
    table = pd.DataFrame({"text": texts, "label": [label] * len(texts)})
    table["text"] = [text.encode("utf-8", "replace").decode() if text else text for text in texts]
    try:
        table.to_parquet(tmp_path / "x.parquet")
    except (OverflowError, ValueError):  # a number or text that Parquet does not have
        return
    success_or_sentence(lambda: labelled.read(tmp_path / "x.parquet", 0.5))
