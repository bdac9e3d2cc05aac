"""Tables of labelled texts: what is read as meant, and what is refused in one sentence."""

from pathlib import Path

import pandas as pd
import pytest

from pipelines.errors import InputError
from pipelines.sources import labelled


def written(folder: Path, content: str | bytes, name: str = "a.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_read_takes_quotes_and_line_breaks_inside_fields(tmp_path: Path) -> None:
    path = written(tmp_path, 'label,text\na,"one, ""two""\nthree"\nb,four\n')
    table = labelled.read(path, 0.0)
    assert table.texts == ['one, "two"\nthree', "four"]
    assert table.labels == ["a", "b"]
    assert table.splits == []


def test_read_takes_tabs_any_script_and_further_columns(tmp_path: Path) -> None:
    path = written(
        tmp_path, "\ufeffid\t Text \tLABEL\tsplit\n1\tإنه جيد\tخبر\ttrain\n2\t良い\tニュース\tdev\n", "a.tsv"
    )
    table = labelled.read(path, 0.0)
    assert table.labels == ["خبر", "ニュース"]
    assert table.splits == ["train", "valid"]


def test_read_leaves_out_and_names_rows_without_text_or_label(tmp_path: Path) -> None:
    path = written(tmp_path, 'text,label\n"a\nb",x\n ,x\nc,\nd,y\n')
    table = labelled.read(path, 0.5)
    assert table.texts == ["a\nb", "d"]
    assert table.left_out(path) == f"{path}: 2 rows without text or label (line 4, line 5)"
    with pytest.raises(InputError, match=r"a\.csv, line 4: has no text or no label, as 2 of 4 rows, and at most 5%"):
        labelled.read(path, 0.05)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"has no rows; give it a header line"),
        ("text,label\n", r"has no rows; give it a header line"),
        ("text,topic\na,b\n", r"has no column called label; it needs text and label, and may have split"),
        ("text,label,text\na,b,c\n", r"has two columns called text"),
        ("text;label\na;b\n", r"line 1: separates its columns by semicolons, not commas"),
        ("text,label\na,b\nc, d,e\n", r"line 3: has 3 fields and the header 2; put a text with commas"),
        ('text,label\na,b\n"c,d\ne,f\n', r"line 4: cannot be read \(unexpected end of data\); close every quotation mark"),
        ('text,label\n"a" b,c\n', r"line 2: cannot be read .*double those inside a quoted text"),
        ("text,label,split\na,b,train\nc,d,holdout\n", r"line 3: 'holdout' in the column split is none of train, valid and test"),
        (f"text,label\na,{'b' * 101}\n", r"line 2: the label 'b+… has control characters or more than 100"),
        ("text,label\na,b\x07\n", r"line 2: the label 'b\\x07' has control characters"),
        (b"text,label\na,gr\xfcn\n", r"line 2: is not UTF-8; save the file in that encoding"),
        (f"text,label\n{'x' * 1_000_001},a\n", r"line 2: has more than 1,000,000 characters"),
        ("text,label\n" + "".join(f"a,{number}\n" for number in range(1001)), r"line 1002: is beyond the 1,000 different labels"),
    ],
)  # fmt: skip
def test_read_names_what_it_refuses(tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        labelled.read(written(tmp_path, content), 0.05)
    assert "a.csv" in str(caught.value)
    assert len(str(caught.value)) < 400


def test_read_takes_parquet_with_labels_of_any_kind(tmp_path: Path) -> None:
    for labels in ([0, 1], [True, False], ["a", "b"]):
        pd.DataFrame({"other": [1, 2], "text": ["one", "two"], "label": labels}).to_parquet(tmp_path / "a.parquet")
        table = labelled.read(tmp_path / "a.parquet", 0.0)
        assert table.texts == ["one", "two"]
        assert table.labels == [str(label) for label in labels]


def test_read_refuses_parquet_that_is_damaged_or_has_no_texts(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a readable Parquet file"):
        labelled.read(written(tmp_path, b"PAR1 and more", "a.parquet"), 0.0)
    pd.DataFrame({"text": [1, 2], "label": ["a", "b"]}).to_parquet(tmp_path / "b.parquet")
    with pytest.raises(InputError, match=r"row 1: 1 in the column text is not a text"):
        labelled.read(tmp_path / "b.parquet", 0.0)


def test_read_refuses_files_of_other_kinds(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is not a \.csv, \.tsv or \.parquet file; convert or remove it"):
        labelled.read(written(tmp_path, "text,label\n", "a.xlsx"), 0.0)
