"""MIDI files: whole ones of which a few bytes are changed, taken out or doubled."""

from pathlib import Path

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.tasks.music import midi
from pipelines.tasks.music import prepare as prepare_stage
from tests.fuzz.bounds import success_or_sentence
from tests.tasks.music.pieces import PREPARE
from tests.tasks.music.test_midi import file_of, note, tempo

LATE = 480 * 40_000
META = [
    mido.MetaMessage("key_signature", key="Cb"),
    mido.MetaMessage("time_signature", numerator=9, denominator=8),
    mido.MetaMessage("smpte_offset"),
    mido.MetaMessage("track_name", name="Flöte"),
    mido.MetaMessage("sequence_number", number=3),
    mido.MetaMessage("lyrics", text="la"),
]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of files of one and of two tracks, with overlapping notes and without, with most kinds of messages, with a long pause."""
    folder = tmp_path_factory.mktemp("midi")
    bars = [message for start in range(0, 4800, 240) for message in note(start, start + 240, 60 + start // 480)]
    overlapping = [*note(0, 480, 60), *note(240, 720, 60), *note(300, 500, 36, channel=9)]
    meta = [(0, message) for message in META]
    other = [
        (10, mido.Message("program_change", program=3)),
        (20, mido.Message("pitchwheel", pitch=99)),
        (30, mido.Message("sysex", data=(1, 2))),
    ]
    tracks = [
        [[tempo(0, 400_000), *bars]],
        [meta, overlapping + bars],
        [[*meta, *other, *overlapping, tempo(99, 1)]],
        [bars, note(LATE, LATE + 9, 70)],
    ]
    for number, (of_file, ticks) in enumerate(zip(tracks, (480, 96, 480, 480), strict=True)):
        file_of(folder / f"{number}.mid", *of_file, ticks=ticks)
    return folder


CHANGES = st.lists(
    st.tuples(st.sampled_from(["set", "cut", "double", "meta"]), st.floats(0, 1, exclude_max=True), st.integers(0, 255)),
    max_size=6,
)  # fmt: skip


def changed(content: bytes, changes: list[tuple[str, float, int]]) -> bytes:
    result = bytearray(content)
    for how, where, value in changes:
        place = int(where * len(result))
        if how == "set":
            result[place : place + 1] = bytes([value])
        elif how == "cut":
            del result[place : place + 1 + value % 8]
        elif how == "double":
            result[place:place] = result[place : place + 1 + value % 8]
        else:  # another meta message, or another content of one
            result[place : place + 5] = bytes([0, 0xFF, 0x51 + value % 9, 2, value])
    return bytes(result)


def parsed(path: Path) -> None:
    """What `collect` and `prepare` do with a piece."""
    piece = midi.read(path)
    if len(piece.notes) and piece.minutes <= 60:
        prepare_stage.parse(PREPARE, path)


@given(which=st.integers(0, 3), changes=CHANGES)
def test_any_midi_file_is_read_or_refused_in_a_sentence(
    tmp_path: Path, whole: Path, which: int, changes: list[tuple[str, float, int]]
) -> None:
    path = tmp_path / "a.mid"
    path.write_bytes(changed((whole / f"{which}.mid").read_bytes(), changes))
    success_or_sentence(lambda: parsed(path))


@given(content=st.binary(max_size=200))
def test_any_bytes_called_midi_are_refused_or_read(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.mid"
    for start in (b"", b"MThd\0\0\0\6\0\1\0\1\1\xe0MTrk\0\0\0\xff"):
        path.write_bytes(start + content)
        success_or_sentence(lambda: parsed(path))
