"""Notes from MIDI files: symusic's compared with pretty_midi's, and invalid files."""

import errno
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest

from pipelines.errors import InputError
from pipelines.tasks.music import midi


def file_of(path: Path, *tracks: list[tuple[int, mido.Message]], ticks: int = 480) -> Path:
    """A MIDI file of messages with absolute times."""
    written = mido.MidiFile(ticks_per_beat=ticks)
    for messages in tracks:
        track = mido.MidiTrack()
        now = 0
        for time, message in sorted(messages, key=lambda timed: (timed[0], timed[1].type != "note_off")):
            track.append(message.copy(time=time - now))
            now = time
        written.tracks.append(track)
    written.save(path)
    return path


def note(start: int, end: int, pitch: int, channel: int = 0) -> list[tuple[int, mido.Message]]:
    return [
        (start, mido.Message("note_on", note=pitch, velocity=64, channel=channel)),
        (end, mido.Message("note_off", note=pitch, channel=channel)),
    ]


def tempo(time: int, microseconds: int) -> tuple[int, mido.Message]:
    return time, mido.MetaMessage("set_tempo", tempo=microseconds)


def tuples(piece: midi.Piece) -> list[tuple[float, float, int]]:
    return [(round(float(a), 6), round(float(b), 6), int(key)) for a, b, key in piece.notes]


@pytest.mark.parametrize("overlapping", [False, True])
@pytest.mark.parametrize("seed", range(12))
def test_midi_read_gives_the_same_notes_as_read_slowly(tmp_path: Path, seed: int, overlapping: bool) -> None:
    chance = random.Random(seed)
    tracks = []
    for track in range(chance.randint(1, 3)):
        messages: list[tuple[int, mido.Message]] = []
        if track == 0:
            messages += [tempo(time, chance.choice([500000, 300000, 777777])) for time in (0, 100, 333)]
        taken: dict[tuple[int, int], int] = {}
        for _ in range(40):
            channel, pitch = (
                chance.choice([0, 1, 9]),
                chance.randint(58, 64) if overlapping else chance.randint(10, 118),
            )
            begin = chance.randint(0, 4000) if overlapping else taken.get((channel, pitch), 0) + chance.randint(0, 200)
            end = begin + chance.randint(1, 500)
            taken[channel, pitch] = end
            messages += note(begin, end, pitch, channel)
        tracks.append(messages)
    path = file_of(tmp_path / "a.mid", *tracks, ticks=chance.choice([96, 220, 480]))
    fast, slow = midi.read(path), midi.read_with_pretty_midi(path)
    assert tuples(fast) == tuples(slow)
    assert fast.left_out == slow.left_out
    np.testing.assert_allclose(fast.tempi, slow.tempi)
    assert len(fast.notes) > 10


def test_midi_read_gives_the_changes_of_tempo_and_time_signature(tmp_path: Path) -> None:
    changes: list[Any] = [tempo(0, 500000), tempo(480, 250000), (960, mido.MetaMessage("time_signature", numerator=3))]
    piece = midi.read(file_of(tmp_path / "a.mid", [*changes, *note(480, 960, 60), *note(960, 1920, 64)]))
    assert tuples(piece) == [(1.0, 2.0, 60), (2.0, 4.0, 64)]
    assert piece.tempi == ((0.0, 120.0), (1.0, 240.0))
    assert piece.signatures == ((2.0, 3, 4),)
    np.testing.assert_allclose(midi.seconds(piece, np.array([0.5, 1.0, 3.0])), [0.25, 0.5, 1.0])


@pytest.mark.parametrize("read", [midi.read, midi.read_with_pretty_midi])
@pytest.mark.parametrize("overlap", [0, 300])
def test_midi_read_takes_tempo_and_metre_from_any_track_whichever_parser_reads_the_notes(
    tmp_path: Path, read: Callable[[Path], midi.Piece], overlap: int
) -> None:
    notes = [*note(0, 480 + overlap, 60), *note(480, 960, 60)]
    changes: list[Any] = [tempo(0, 1_000_000), (0, mido.MetaMessage("time_signature", numerator=9, denominator=8))]
    piece = read(file_of(tmp_path / "a.mid", notes, changes))
    assert piece.tempi == ((0.0, 60.0),)
    assert piece.signatures == ((0.0, 9, 8),)


def test_midi_read_counts_the_notes_that_it_leaves_out(tmp_path: Path) -> None:
    path = file_of(
        tmp_path / "a.mid", [*note(0, 10, 35, channel=9), *note(0, 10, 12), *note(0, 10, 120), *note(0, 480, 60)]
    )
    piece = midi.read(path)
    assert tuples(piece) == [(0.0, 1.0, 60)]
    assert piece.left_out == {"drums": 1, "out_of_range": 2, "zero_length": 0}
    empty = file_of(tmp_path / "b.mid", [(0, note(0, 0, 60)[0][1])])
    with mido.MidiFile(empty) as written:
        written.tracks[0].insert(1, mido.Message("note_off", note=60, time=0))
        written.tracks[0] += [message.copy(time=0) for _, message in note(0, 0, 64)]
        written.save(empty)
    assert midi.read(empty).left_out["zero_length"] == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not a readable MIDI file"),
        (b"once upon a time there was a king", "is not a readable MIDI file"),
        (
            b"MThd\x00\x00\x00\x06\x00\x01\x00\x01\x01\xe0MTrk\x00\x00\x00\x40\x00\x90",
            "is not a readable MIDI file",
        ),
    ],
)
def test_midi_read_refuses_a_file_that_is_not_midi(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "broken.mid"
    path.write_bytes(content)
    for read in (midi.read, midi.read_with_pretty_midi):
        with pytest.raises(InputError, match=rf"broken\.mid: {message}.*export it again"):
            read(path)


def test_midi_read_refuses_a_tempo_of_zero(tmp_path: Path) -> None:
    path = file_of(tmp_path / "a.mid", [tempo(0, 0), *note(0, 10, 60)])
    for read in (midi.read, midi.read_with_pretty_midi):
        with pytest.raises(InputError, match=r"a\.mid: has a tempo of 0; give it another one"):
            read(path)


def test_midi_read_restores_a_written_piece(tmp_path: Path) -> None:
    notes = midi.as_notes(np.array([0.0, 1.5, 1.5]), np.array([1.5, 2.0, 3.0]), np.array([60, 64, 67]))
    piece = midi.Piece(notes, ((0.0, 90.0), (1.0, 120.0)), ((0.0, 3, 8),))
    midi.write(piece, tmp_path / "a.mid", program=19)
    again = midi.read(tmp_path / "a.mid")
    assert tuples(again) == tuples(piece)
    assert again.signatures == piece.signatures
    np.testing.assert_allclose(again.tempi, piece.tempi, rtol=1e-5)


def test_midi_render_gives_audible_sound_of_the_length_of_the_piece() -> None:
    notes = midi.as_notes(np.array([0.0, 1.0]), np.array([1.0, 2.0]), np.array([60, 64]))
    sound = midi.render(midi.Piece(notes, ((0.0, 120.0),)), program=0)
    assert len(sound) == pytest.approx((1.0 + midi.TAIL) * midi.RATE, rel=0.01)
    assert np.abs(sound).max() == pytest.approx(midi.PEAK, abs=1e-3)
    silent = midi.render(midi.Piece(notes[:1], ((0.0, 120.0),)), program=0)
    assert np.sqrt(np.mean(silent[: midi.RATE // 2] ** 2)) > 0.01
    assert np.sqrt(np.mean(sound[: midi.RATE] ** 2)) > 0.01


@pytest.mark.parametrize("kind", ["wav", "mp3"])
def test_midi_write_sound_keeps_rate_and_peak(tmp_path: Path, kind: str) -> None:
    import soundfile

    wave = np.sin(np.arange(midi.RATE) * 440 * 2 * np.pi / midi.RATE).astype(np.float32) * 0.5
    midi.write_sound(tmp_path / f"a.{kind}", wave)
    read, rate = soundfile.read(tmp_path / f"a.{kind}")
    assert rate == midi.RATE
    assert np.abs(read).max() == pytest.approx(0.5, abs=0.05)


def test_midi_write_on_a_full_disk_keeps_the_old_file(tmp_path: Path, full_disk: None) -> None:
    """symusic's own `dump_midi` cuts the file and says nothing."""
    starts = np.arange(2000.0)
    long = midi.Piece(midi.as_notes(starts, starts + 1, np.full(2000, 60)))
    for name in ("song.mid", "song.wav"):
        path = tmp_path / name
        path.write_bytes(b"old")
        with pytest.raises(OSError, match="song") as caught:
            midi.write(long, path) if path.suffix == ".mid" else midi.write_sound(path, np.zeros(5000, np.float32))
        assert caught.value.errno == errno.EFBIG
        assert path.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 2


OVERLAP = [*note(0, 480, 60), *note(240, 720, 60), *note(720, 960, 64)]


def test_midi_read_ignores_a_key_signature_that_does_not_exist(tmp_path: Path) -> None:
    path = file_of(tmp_path / "a.mid", [(0, mido.MetaMessage("key_signature", key="Cb")), *OVERLAP])
    plain = midi.read(path)
    path.write_bytes(path.read_bytes().replace(b"\xff\x59\x02\xf9", b"\xff\x59\x02\xf7"))  # seven flats, and nine
    assert tuples(midi.read(path)) == tuples(plain)
    assert len(plain.notes) == 3


@pytest.mark.parametrize(
    "tracks", [[note(0, 480, 60), note(480 * 500_000, 480 * 500_001, 60)], [OVERLAP, note(0, 480 * 120_000, 70)]]
)
def test_midi_read_refuses_a_pause_of_years(tmp_path: Path, tracks: list[list[tuple[int, mido.Message]]]) -> None:
    path = file_of(tmp_path / "a.mid", [tempo(0, 1), *tracks[0]], *tracks[1:])
    with pytest.raises(
        InputError, match=r"a\.mid: ends at quarter note [\d,]+, and at most 100,000 are read; look for a pause"
    ):
        midi.read(path)


def test_midi_read_refuses_a_file_that_is_too_large_without_reading_it(tmp_path: Path) -> None:
    path = tmp_path / "a.mid"
    with path.open("wb") as file:
        file.truncate(300_000_000)
    with pytest.raises(InputError, match=r"a\.mid: has 300 MB, and at most 4 are read"):
        midi.read(path)
