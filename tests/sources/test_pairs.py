from pathlib import Path

import polib
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


# What is left out, and counted


def test_pairs_read_leaves_out_faulty_lines_up_to_a_share(tmp_path: Path) -> None:
    good = "".join(f"{number}\tn{number}\n" for number in range(37))
    words = "word " * 5000
    path = file(tmp_path, f"no tab\n\tleft\nright\t\n{words}\tlong\n{good}no tab either\nsame\tsame\n")
    reading = pairs.read(path, max_unreadable=0.2)
    assert len(reading.pairs) == 37
    assert [sentence.removeprefix(f"{path}, ") for sentence in reading.sentences(path)] == [
        "line 1: has no tab between source and target; separate them by one (and 1 more)",
        "line 2: its source is empty; complete or remove the line",
        "line 3: its target is empty; complete or remove the line",
        "line 4: has more than 10,000 characters; shorten or remove it",
        "line 43: source and target are identical",
    ]
    with pytest.raises(InputError, match=r"line 1: has no tab .*; 5 of 43 lines cannot be used, at most 10% may be"):
        pairs.read(path, max_unreadable=0.1)


def test_pairs_read_counts_lines_after_one_that_is_too_long(tmp_path: Path) -> None:
    reading = pairs.read(file(tmp_path, "a" * 35_000 + "\tb\none\tbir\nno tab\n"), max_unreadable=0.9)
    assert reading.pairs == [("one", "bir")]
    assert list(reading.faults.values()) == [["line 1"], ["line 3"]]


def catalogue(path: Path) -> Path:
    entries = polib.POFile()
    entries.metadata = {"Content-Type": "text/plain; charset=utf-8"}
    entries.append(polib.POEntry(msgid="Save\n  all", msgstr="Tümünü\nkaydet"))
    entries.append(polib.POEntry(msgid="Open", msgstr="Aç", flags=["fuzzy"]))
    entries.append(polib.POEntry(msgid="Old", msgstr="Eski", obsolete=True))
    entries.append(polib.POEntry(msgid="Not yet", msgstr=""))
    entries.append(polib.POEntry(msgid="Mail", msgstr="Mail"))
    entries.append(
        polib.POEntry(msgid="%d page", msgid_plural="%d pages", msgstr_plural={0: "bir sayfa", 1: "%d sayfa"})
    )
    (entries.save if path.suffix == ".po" else entries.save_as_mofile)(str(path))
    return path


def test_pairs_read_takes_the_translated_entries_of_a_po_file(tmp_path: Path) -> None:
    reading = pairs.read(catalogue(tmp_path / "django.po"))
    assert reading.pairs == [("Save all", "Tümünü kaydet"), ("%d pages", "%d sayfa")]
    assert {reason.split()[0]: len(places) for reason, places in reading.unused.items()} == {
        "fuzzy": 1, "obsolete": 1, "not": 1, "source": 1, "the": 1,
    }  # fmt: skip


def test_pairs_read_takes_a_compiled_catalogue(tmp_path: Path) -> None:
    assert sorted(pairs.read(catalogue(tmp_path / "django.mo")).pairs) == [
        ("%d pages", "%d sayfa"), ("Save all", "Tümünü kaydet"),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["a.po", "a.mo"])
@pytest.mark.parametrize(
    "content", [b"\x00\x01", b"msgid", b"\xff\xfe", b"\xde\x12\x04\x95" + b"\xff" * 40, b"\xde\x12\x04\x95"]
)
def test_pairs_read_refuses_what_is_no_catalogue(tmp_path: Path, name: str, content: bytes) -> None:
    with pytest.raises(InputError, match=r"is not a readable catalogue of gettext .*; export it again|holds no pairs"):
        pairs.read(file(tmp_path, content, name))


def test_pairs_written_keep_the_most_frequent_target_and_say_so(tmp_path: Path) -> None:
    readings = {
        "a": pairs.Reading([("Change", "Düzenle"), ("Change", "Değiştir"), ("Go", "Git")]),
        "b": pairs.Reading([("Change", "Değiştir"), ("שלום", "merhaba"), ("Γ ray", "gama")]),
    }
    sentences, notes = pairs.written(readings, tmp_path)
    assert list(pairs.raw_pairs(tmp_path)) == [
        ["Change", "Değiştir"], ["Go", "Git"], ["שלום", "merhaba"], ["Γ ray", "gama"],
    ]  # fmt: skip
    assert sentences == [
        "1 pairs are there again; each is used once",
        "1 sources have several targets, of which the most frequent is used: 'Change' is 'Değiştir', not 'Düzenle'",
    ]
    assert [note.split(", such")[0] for note in notes] == [
        "pairs with letters of several scripts in one text, used as they are: 1", "pairs with right-to-left text, used as they are: 1",
    ]  # fmt: skip
