"""Names of files: any bytes that a file system takes."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines import registry
from pipelines.sources import files
from tests.fuzz.bounds import success_or_sentence
from tests.tasks.music.test_midi import file_of, note

CONTENTS = {
    "timeseries": (".csv", "date,value\n2020-01-01,1\n"),
    "finance": (".csv", "date,open,high,low,close\n2020-01-01,1,1,1,1\n"),
    "language": (".txt", "Once upon a time."),
    "numbers": (".tsv", "one\tbir\n"),
    "translation": (".tsv", "one\tbir\n"),
    "sentiment": (".csv", "text,label\nfine,1\ndull,0\n"),
    "topics": (".csv", "text,label\ncorn,grain\nships,trade\n"),
    "music": (".mid", ""),
    "speech": (".wav", ""),
    "video": (".mp4", ""),
    "memory": (".csv", ""),
}
LETTERS = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=250)
BYTES = st.binary(min_size=1, max_size=250).map(
    lambda name: os.fsdecode(name.translate(bytes.maketrans(b"/\0", b"--")))
)
ODD = st.sampled_from(
    [
        " ",
        ". ",
        "..x",
        "con",
        "a\nb",
        "é",
        "é",
        "İ" * 120,
        "🐺" * 60,
        "#?%",
        "-rf",
        "*",
        "~",
        '"',
        "\\",
        "%00",
        "a" * 250,
    ]
)
NAMES = LETTERS | BYTES | ODD


def create(path: Path, content: str) -> None:
    """A file of that name, if the file system takes it."""
    try:
        file_of(path, note(0, 480, 60)) if path.suffix == ".mid" else path.write_text(content)
    except OSError:
        return


@pytest.mark.parametrize("name", [task.name for task in registry.TASKS])
@given(folder=NAMES, file=NAMES)
def test_files_of_any_name_are_collected_or_refused_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, folder: str, file: str
) -> None:
    task = registry.find(name)
    suffix, content = CONTENTS[name]
    params: Any = task.params().collect
    monkeypatch.chdir(tmp_path)
    shutil.rmtree(b"data", ignore_errors=True)
    dropped = Path("data/input") / name
    dropped.mkdir(parents=True)
    try:
        (dropped / folder).mkdir(exist_ok=True)
    except OSError:
        folder = "."
    create(dropped / f"{file}{suffix}", content)
    create(dropped / folder / f"{file}x{suffix}", content)

    def collected() -> None:
        for path in files.input_files(dropped):
            shutil.rmtree("data/raw", ignore_errors=True)
            raw = Path("data/raw") / name
            raw.mkdir(parents=True)
            assert task.stage("collect").collect(params, [path], raw).parts

    success_or_sentence(collected)
