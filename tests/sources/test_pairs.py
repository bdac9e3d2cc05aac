from pathlib import Path

import pytest

from pipelines.errors import InputError
from pipelines.sources import pairs


def file(folder: Path, content: bytes | str, name: str = "pairs.tsv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_pairs_read_takes_the_first_two_columns_of_every_line(tmp_path: Path) -> None:
    """As Tatoeba and Anki export them: with an attribution in a third column, a byte order mark and Windows' line ends."""
    path = file(tmp_path, "\ufeffGo.\tGit.\tCC-BY 2.0\r\n\r\n Hi! \tSelam! \r\nשלום\tmerhaba\n")
    assert pairs.read(path).pairs == [("Go.", "Git."), ("Hi!", "Selam!"), ("שלום", "merhaba")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("one\tbir\ntwo iki\n", r"pairs\.tsv, line 2: has no tab between source and target; separate them"),
        ("one\tbir\n\n\t iki\n", r"pairs\.tsv, line 3: its source is empty; complete or remove"),
        ("one\t\n", r"pairs\.tsv, line 1: its target is empty"),
        ("one\t \tthird\n", r"pairs\.tsv, line 1: its target is empty"),
        ("", r"pairs\.tsv: holds no pairs; write a source, a tab and a target"),
        ("\n \n", r"pairs\.tsv: holds no pairs"),
        (b"one\tbir\ntwo\t\xfc\xe7\n", r"pairs\.tsv, line 2: is not UTF-8; save the file in that encoding"),
        ("one\tbir\n" + "a" * 20_000 + "\tb\n", r"pairs\.tsv, line 2: has more than 10,000 characters"),
    ],
)
def test_pairs_read_names_a_line_that_is_not_a_pair(tmp_path: Path, content: bytes | str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        pairs.read(file(tmp_path, content))


def test_pairs_read_refuses_a_file_of_another_kind(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"pairs\.docx: is not a \.tsv, \.txt, \.po or \.mo file; convert or remove it"
    ):
        pairs.read(file(tmp_path, "a\tb", "pairs.docx"))
