"""The texts that a network is asked about: lines of a file, and words of the command line."""

from pathlib import Path

import pytest

from pipelines.errors import InputError
from pipelines.predict import check_texts, read_lines


def test_read_lines_takes_only_line_ends_for_ends_of_lines(tmp_path: Path) -> None:
    path = tmp_path / "prompts.txt"
    path.write_text("\ufeffline one\u0085still line one\n \nline two\r\n")
    assert read_lines(str(path), "prompt") == ["line one\u0085still line one", "line two"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"one\ngr\xfcn\n", r"a\.txt, line 2: is not UTF-8; save the file in that encoding"),
        (b"one\n" + b"x" * 10_000_000, r"a\.txt, line 2: has more than 10,000 characters; shorten or remove it"),
        (b"\n \n", r"a\.txt: holds no source; write one a line"),
    ],
)
def test_read_lines_names_the_line_that_cannot_be_read(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_lines(str(tmp_path / "a.txt"), "source")


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["one", "gr\udcfcn"], r"the prompt 'gr\\udcfcn' is not UTF-8"),
        (["9" * 20_000], r"the prompt '9+… has 20,000 characters, and at most 10,000 are read; shorten it"),
        (["a"] * 200 + ["b" * 9_999], r"201 times 9,999 characters, the length of the longest prompt, are more than the 1,000,000"),
    ],
)  # fmt: skip
def test_check_texts_refuses_what_a_network_cannot_read_at_once(texts: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        check_texts(texts, "prompt")
    assert len(str(caught.value)) < 250


def test_check_texts_accepts_long_and_many_texts() -> None:
    check_texts(["a" * 10_000], "prompt")
    check_texts(["three hundred twelve"] * 10_000, "source")
