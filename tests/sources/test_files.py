import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.errors import InputError
from pipelines.sources import files, tables
from tests.sources.test_tables import write


def readable(folder: Path, count: int) -> list[Path]:
    return [write(folder, "date,value\n2020-01-01,1\n", f"{index}.csv") for index in range(count)]


def test_read_all_names_the_unreadable_file_that_it_skips(tmp_path: Path) -> None:
    bad = write(tmp_path, "", "bad.csv")
    readings = files.read_all([*readable(tmp_path, 30), bad], tables.read, max_unreadable=0.05)
    assert len(readings.values) == 30
    assert "bad.csv: is empty" in readings.unreadable[0]


def test_read_all_refuses_too_many_unreadable_files(tmp_path: Path) -> None:
    bad = write(tmp_path, "", "bad.csv")
    with pytest.raises(
        InputError,
        match=r"bad\.csv: is empty.*; 1 of 3 files cannot be read, at most 5% may be \(collect\.max_unreadable\)",
    ):
        files.read_all([*readable(tmp_path, 2), bad], tables.read, max_unreadable=0.05)


def test_read_all_of_a_single_file_gives_only_its_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"data\.csv: is empty; [^;]*$"):
        files.read_all([write(tmp_path, "")], tables.read, max_unreadable=0.05)


def test_input_files_ignores_dotfiles(tmp_path: Path) -> None:
    write(tmp_path, "", ".gitkeep")
    assert files.input_files(tmp_path) == []


def fifo(path: Path) -> None:
    os.mkfifo(path)


def unix_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path.name)


def link_to_folder(path: Path) -> None:
    (path.parent.parent / "elsewhere").mkdir()
    path.symlink_to("../elsewhere")


def broken_link(path: Path) -> None:
    path.symlink_to("nowhere.csv")


def named_in_latin(path: Path) -> None:
    Path(os.fsdecode(os.fsencode(path.with_suffix("")) + b"\xe9.csv")).touch()


def named_with_a_line_feed(path: Path) -> None:
    path.with_name("a\nb.csv").touch()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (fifo, r"a\.csv: is a named pipe, not a file; put a file there, or remove it"),
        (unix_socket, r"a\.csv: is a socket, not a file"),
        (link_to_folder, r"a\.csv: is a link to a folder, in which DVC sees no changes; put the folder itself there"),
        (broken_link, r"a\.csv: is a link to a file that does not exist"),
        (named_in_latin, r"a\\udce9\.csv': has a name with bytes that are not UTF-8"),
        (named_with_a_line_feed, r"a\\nb\.csv': has a name .* control characters; rename it"),
    ],
)
def test_input_files_refuses_what_is_no_file_and_what_has_no_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], None], message: str
) -> None:
    folder = tmp_path / "timeseries"
    folder.mkdir()
    monkeypatch.chdir(folder)
    write(folder, "date,value\n", "good.csv")
    make(folder / "a.csv")
    with pytest.raises(InputError, match=message):
        files.input_files(folder)
    assert Path("good.csv").exists()


def test_input_files_refuses_a_link_that_leads_nowhere_and_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    """Either would be taken for an empty folder, and the sample in its place."""
    (tmp_path / "music").symlink_to(tmp_path / "gone")
    with pytest.raises(InputError, match=r"music: is a link to a folder that does not exist; correct or remove it"):
        files.input_files(tmp_path / "music")
    (tmp_path / "finance").touch()
    with pytest.raises(InputError, match=r"finance: is a file, not a folder; put it into a folder of that name"):
        files.input_files(tmp_path / "finance")


def test_input_files_reads_a_folder_that_is_a_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    write(tmp_path / "elsewhere", "x", "a.csv")
    (tmp_path / "music").symlink_to(tmp_path / "elsewhere")
    assert files.input_files(tmp_path / "music") == [tmp_path / "music" / "a.csv"]


@pytest.mark.parametrize("name", [".prices.csv", ".hidden/a.csv"])
def test_input_files_refuses_to_pass_over_all_that_is_there(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    write(tmp_path, "", name)
    with pytest.raises(
        InputError, match=r"begins with a dot, .* is not read; rename it, or remove it to use the sample"
    ):
        files.input_files(tmp_path)
    visible = write(tmp_path, "", "a.csv")
    assert files.input_files(tmp_path) == [visible]


def test_input_files_of_an_empty_folder_or_of_none_are_none(tmp_path: Path) -> None:
    write(tmp_path, "", ".DS_Store")
    (tmp_path / "style").mkdir()
    assert files.input_files(tmp_path) == files.input_files(tmp_path / "nowhere") == []


def test_read_all_skips_a_file_that_cannot_be_opened_and_names_it(tmp_path: Path) -> None:
    gone = tmp_path / "gone.csv"
    readings = files.read_all([*readable(tmp_path, 30), gone], tables.read, max_unreadable=0.05)
    assert readings.unreadable == [f"{gone}: cannot be read (No such file or directory); correct or remove it"]


def test_read_all_does_not_blame_a_file_for_a_disk_that_is_full(tmp_path: Path) -> None:
    def full(path: Path) -> None:
        raise OSError(28, "No space left on device", "elsewhere")

    with pytest.raises(OSError, match="No space left"):
        files.read_all(readable(tmp_path, 2), full, max_unreadable=0.9)


@pytest.mark.parametrize("letter", ["n", "ü", "🐺"])
def test_output_name_fits_a_file_system_whatever_the_letters(tmp_path: Path, letter: str) -> None:
    names = [files.output_name(letter * 245 + end, "-12345678.mid") for end in ("", "a", "b")]
    for name in names:
        (tmp_path / f".{name}.partial").touch()
        assert name.endswith("-12345678.mid")
    assert len(set(names)) == 3


def test_output_name_keeps_a_usual_name() -> None:
    assert files.output_name("Ölçü 1", ".csv") == "Ölçü 1.csv"


def test_lines_end_at_line_feeds_and_carriage_returns_alone(tmp_path: Path) -> None:
    text = "\ufeffone\u0085still\x0cone\u2028yes\r\n\r\ntwo\rthree"
    found = list(files.lines(write(tmp_path, text), 100))
    assert found == ["one\u0085still\x0cone\u2028yes", "", "two", "three"]


def test_lines_of_the_greatest_length_are_read_and_no_longer_ones(tmp_path: Path) -> None:
    path = write(tmp_path, "12345\n12345\n123456\n")
    found = files.lines(path, 5)
    assert [next(found), next(found)] == ["12345"] * 2
    with pytest.raises(InputError, match=r"data\.csv, line 3: has more than 5 characters; shorten or remove it"):
        next(found)


def test_lines_name_the_one_that_is_not_utf8(tmp_path: Path) -> None:
    path = write(tmp_path, b"a\n" * 9_999 + b"gr\xfcn\n" + b"b\n" * 9_999)
    with pytest.raises(InputError, match=r"line 10000: is not UTF-8; save the file in that encoding"):
        list(files.lines(path, 100))
