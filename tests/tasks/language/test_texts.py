from pathlib import Path

import pytest

from pipelines.errors import InputError
from pipelines.tasks.language import texts

SENTENCE = "Es war 🐺 einmal שלום عليكم …\n"


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 1 << 20])
def test_pieces_join_to_the_text_for_any_piece_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    monkeypatch.setattr(texts, "PIECE", piece)
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbf" + SENTENCE.replace("\n", "\r\n").encode() + b"\rlast\r")
    if piece > 2:  # the byte order mark has three bytes
        assert "".join(texts.pieces(path)) == SENTENCE + "\rlast\r"


def test_pieces_split_a_long_line(tmp_path: Path) -> None:
    path = tmp_path / "line.txt"
    path.write_text("once upon a time " * 600_000)  # 10 MB, not one line end
    sizes = [len(piece) for piece in texts.pieces(path)]
    assert sum(sizes) == path.stat().st_size
    assert max(sizes) <= texts.PIECE + 1


@pytest.mark.parametrize(
    ("content", "offset"),
    [
        (b"caf\xe9 au lait", 3),
        (b"abc" * 1000 + b"\xff", 3000),
        ("é".encode() * 700_000 + b"\xe9", 1_400_000),
        (
            b"a" * ((1 << 20) - 1) + b"\xc3(",
            (1 << 20) - 1,
        ),  # a character that begins in one piece and breaks in the next
        (b"abc\xe2\x82", 3),  # cut in the middle of a character
    ],
    ids=["early", "late", "in a later piece", "between two pieces", "at the end"],
)
def test_pieces_name_the_offset_of_bytes_that_are_not_utf8(tmp_path: Path, content: bytes, offset: int) -> None:
    path = tmp_path / "latin.txt"
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"latin\.txt, byte {offset}: is not UTF-8; save"):
        list(texts.pieces(path))


@pytest.mark.parametrize("cut", [1, 2, 5, 1000])
def test_words_join_to_the_text(cut: int) -> None:
    text = "“Come in,” said  the wolf;\n\tand שלום 🐺🐺 she did.\n"
    parts = [text[start : start + cut] for start in range(0, len(text), cut)]
    found = [word for words in texts.words(iter(parts)) for word in words]
    assert "".join(found) == text
    assert found == [word for words in texts.words(iter([text])) for word in words]
    assert {" said", " wolf", ";", "\n"} <= set(found)


def test_words_cut_one_without_end_instead_of_searching_it_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "LONGEST", 10)
    parts = ["ab cd", "ef" * 20, "gh" * 20, " ij"]
    found = [word for words in texts.words(iter(parts)) for word in words]
    assert "".join(found) == "".join(parts)
    assert found == ["ab", " cd" + "ef" * 20, "gh" * 20, " ij"]
