"""Tables of transcripts, and LibriSpeech's lists."""

from pathlib import Path

import pytest

from pipelines.errors import InputError
from pipelines.sources import files
from pipelines.tasks.speech import transcripts


def read(folder: Path) -> list[transcripts.Entry]:
    return transcripts.read(files.input_files(folder), folder)


def table(folder: Path, content: str) -> Path:
    (folder / "transcripts.csv").write_text(content, encoding="utf-8")
    return folder


def test_table_names_file_text_speaker_and_split(tmp_path: Path) -> None:
    (entry,) = read(table(tmp_path, 'file,text,speaker,split\nsub/a.wav,"Well, don’t  STOP!",anna,dev\n'))
    assert (entry.file, entry.text, entry.speaker, entry.split) == (
        tmp_path / "sub/a.wav",
        "well don't stop",
        "anna",
        "valid",
    )


def test_librispeech_lists_name_speaker_and_part(tmp_path: Path) -> None:
    folder = tmp_path / "test-clean" / "84" / "121"
    folder.mkdir(parents=True)
    (folder / "84-121.trans.txt").write_text("84-121-0000 GO ON\n84-121-0001 STOP\n")
    (folder / "84-121-0000.flac").write_bytes(b"")
    first, second = read(tmp_path)
    assert (first.file.name, first.text, first.speaker, first.split) == ("84-121-0000.flac", "go on", "84", "test")
    assert second.text == "stop"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "is empty; give it a header line"),
        ("file;text\na.wav;one\n", "has no column file; it separates its columns by semicolons"),
        ("name,text\na.wav,one\n", "has no column file; it needs file and text"),
        ("file,text,text\na.wav,one,two\n", "has two columns called text"),
        ("file,text\na.wav,one,two\n", "line 2: has 3 fields and the header 2"),
        ("file,text\na.wav,\n", "line 2: has no text"),
        ("file,text\na.wav,...\n", "line 2: has no text"),
        ("file,text\na.wav,5 €\n", "line 2: the text '5 €' has the character '€'"),
        ("file,text\n../a.wav,one\n", "line 2: names the file '../a.wav'"),
        ("file,text\na.wav,one\na.wav,two\n", "line 3: a.wav has a transcript in .*line 2 already"),
        ("file,text,split\na.wav,one,later\n", "line 2: 'later' in the column split"),
        ('file,text\na.wav,"one\n', "close every quotation mark"),
    ],
)
def test_table_that_cannot_be_read_as_meant_is_refused(tmp_path: Path, content: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        read(table(tmp_path, content))


def test_recordings_without_any_transcripts_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"")
    with pytest.raises(InputError, match="has no transcripts: add transcripts"):
        read(tmp_path)
