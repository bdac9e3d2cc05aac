"""Notes from MIDI files, in musical time; and MIDI files and sound from notes."""

import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines import artifacts
from pipelines.errors import InputError
from pipelines.sources import files

FOLDER = "midi"
"""Of the raw data; in it a folder for each style."""
LOWEST, HIGHEST = 21, 108
"""The keys of a piano, A0 to C8."""
KEYS = HIGHEST - LOWEST + 1
LARGEST = 4_000_000
"""Bytes of a file: some million notes."""
LONGEST = 100_000
"""Quarter notes of a piece, half a day of a march. A pause of years would be as many silent frames."""
RESOLUTION = 480
"""Ticks a quarter note has in the files that are written."""
VELOCITY = 84
RATE = 22050
"""Samples a second of rendered sound."""
PEAK = 0.89
"""Loudest sample of rendered sound: 1 dB below full scale."""
TAIL = 1.5
"""Seconds in which the last notes die away."""
NOTE = np.dtype([("start", np.float64), ("end", np.float64), ("pitch", np.int16)])
"""A note: begin and end in quarter notes from the beginning of the file, and the MIDI number of its key."""
Notes = NDArray[Any]


@dataclass(frozen=True)
class Piece:
    """The contents of a MIDI file. All times are in quarter notes, so that no change of tempo shifts anything."""

    notes: Notes
    """Records of `NOTE`, by start, then pitch; drums, keys that no piano has and notes without length are left out."""
    tempi: tuple[tuple[float, float], ...] = ((0.0, 120.0),)
    """(quarter, quarters a minute) of every change of tempo."""
    signatures: tuple[tuple[float, int, int], ...] = ()
    """(quarter, numerator, denominator) of every time signature."""
    left_out: dict[str, int] = field(default_factory=dict)
    """How many notes were left out, and why: `drums`, `out_of_range`, `zero_length`."""

    @property
    def quarters(self) -> float:
        """Length up to the end of the last note."""
        return float(self.notes["end"].max()) if len(self.notes) else 0.0

    @property
    def minutes(self) -> float:
        """Playing time."""
        return seconds(self, np.array([self.quarters]))[0] / 60


def read(path: Path) -> Piece:
    """The notes of a MIDI file: by symusic where it agrees with pretty_midi, else by pretty_midi.

    They differ where notes of one key overlap. symusic leaves out a note that never ends, which is an error of the file.

    Raise `InputError` for a file that is not MIDI, is damaged or too long, and for a tempo of 0.
    """
    score = _score(path)
    ticks = score.ticks_per_quarter
    tracks = [(track.is_drum, track.notes.numpy()) for track in score.tracks]
    if any(_ambiguous(notes) for _, notes in tracks):
        return read_with_pretty_midi(path)
    return _piece(
        path,
        [
            (is_drum, notes["pitch"], notes["time"] / ticks, (notes["time"] + notes["duration"]) / ticks)
            for is_drum, notes in tracks
        ],
        score,
    )


def _score(path: Path) -> Any:
    """symusic's score: whoever reads the notes, it reads the tempi and time signatures, which may be on any track."""
    import symusic

    files.check_size(path, LARGEST)
    try:
        score = symusic.Score(str(path))
    except (RuntimeError, ValueError) as error:
        raise InputError(f"{path}: is not a readable MIDI file ({_reason(error)}); export it again") from error
    if not score.ticks_per_quarter:
        raise InputError(f"{path}: gives a quarter note no length; export it again")
    quarters = score.end() / score.ticks_per_quarter
    if quarters > LONGEST:
        raise InputError(
            f"{path}: ends at quarter note {quarters:,.0f}, and at most {LONGEST:,} are read; look for a pause of hours, or cut it"
        )
    return score


def read_with_pretty_midi(path: Path) -> Piece:
    """The same, its notes by pretty_midi, the reference, which is about a hundred times slower."""
    import pretty_midi
    from mido.midifiles.meta import add_meta_spec

    score = _score(path)
    add_meta_spec(_key_signature())
    try:
        with warnings.catch_warnings():  # of tempi outside the first track, which it applies all the same
            warnings.simplefilter("ignore")
            midi = pretty_midi.PrettyMIDI(str(path))
        ticks = midi.resolution
    except ZeroDivisionError as error:
        raise InputError(f"{path}: has a tempo of 0; give it another one") from error
    except (OSError, EOFError, ValueError, IndexError, KeyError) as error:
        raise InputError(f"{path}: is not a readable MIDI file ({_reason(error)}); export it again") from error

    def quarters(moments: Sequence[float]) -> NDArray[np.float64]:
        return np.array([midi.time_to_tick(moment) for moment in moments], np.float64) / ticks

    tracks = [
        (
            instrument.is_drum,
            np.array([note.pitch for note in instrument.notes], np.int64),
            quarters([note.start for note in instrument.notes]),
            quarters([note.end for note in instrument.notes]),
        )
        for instrument in midi.instruments
    ]
    return _piece(path, tracks, score)


def _key_signature() -> Any:
    """mido's specification of a key signature, but for one that does not exist, such as nine flats: it says nothing of the notes."""
    from mido.midifiles.meta import KeySignatureError, MetaSpec_key_signature

    class KeySignature(MetaSpec_key_signature):
        type = "key_signature"

        def decode(self, message: Any, data: Any) -> None:
            try:
                super().decode(message, data)
            except KeySignatureError:
                (message.key,) = self.defaults

    return KeySignature


def _ambiguous(notes: dict[str, NDArray[Any]]) -> bool:
    """Whether notes of one key overlap, so that it is not clear which of them an end belongs to."""
    order = np.lexsort((notes["time"], notes["pitch"]))
    start, pitch = notes["time"][order], notes["pitch"][order]
    end = start + notes["duration"][order]
    overlap = (pitch[1:] == pitch[:-1]) & (start[1:] < end[:-1])
    return bool(overlap.any())


def _piece(
    path: Path,
    tracks: list[tuple[bool, NDArray[Any], NDArray[Any], NDArray[Any]]],
    score: Any,
) -> Piece:
    ticks = score.ticks_per_quarter
    tempi = [(tempo.time / ticks, 6e7 / tempo.mspq if tempo.mspq else 0.0) for tempo in score.tempos]
    signatures = [
        (signature.time / ticks, signature.numerator, signature.denominator) for signature in score.time_signatures
    ]
    if any(tempo <= 0 for _, tempo in tempi):
        raise InputError(f"{path}: has a tempo of 0; give it another one")
    left_out = {"drums": 0, "out_of_range": 0, "zero_length": 0}
    parts = []
    for is_drum, pitch, start, end in tracks:
        if is_drum:
            left_out["drums"] += len(pitch)
            continue
        out_of_range = (pitch < LOWEST) | (pitch > HIGHEST)
        empty = ~out_of_range & (end <= start)
        left_out["out_of_range"] += int(out_of_range.sum())
        left_out["zero_length"] += int(empty.sum())
        kept = ~out_of_range & ~empty
        parts.append(as_notes(start[kept], end[kept], pitch[kept]))
    notes = np.concatenate(parts) if parts else np.zeros(0, NOTE)
    return Piece(
        np.unique(notes),
        _changes({0.0: 120.0, **dict(tempi)}),
        tuple(sorted({signature[0]: signature for signature in signatures}.values())),
        left_out,
    )


def _changes(tempi: dict[float, float]) -> tuple[tuple[float, float], ...]:
    """The tempi that differ from the one before. A MIDI file without a tempo has 120."""
    kept: list[tuple[float, float]] = []
    for quarter, tempo in sorted(tempi.items()):
        if not kept or abs(tempo - kept[-1][1]) > 1e-9 * tempo:
            kept.append((quarter, tempo))
    return tuple(kept)


def as_notes(start: NDArray[Any], end: NDArray[Any], pitch: NDArray[Any]) -> Notes:
    """Records of `NOTE` in order."""
    notes = np.zeros(len(start), NOTE)
    notes["start"], notes["end"], notes["pitch"] = start, end, pitch
    return np.sort(notes, order=["start", "pitch", "end"])


def _reason(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


# Writing


def score_of(piece: Piece, program: int = 0) -> Any:
    """The piece as one track of a symusic score."""
    import symusic

    score = symusic.Score(RESOLUTION)
    for quarter, tempo in piece.tempi:
        score.tempos.append(symusic.Tempo(round(quarter * RESOLUTION), tempo))
    for quarter, numerator, denominator in piece.signatures:
        score.time_signatures.append(symusic.TimeSignature(round(quarter * RESOLUTION), numerator, denominator))
    starts = np.round(piece.notes["start"] * RESOLUTION).astype(np.int32)
    lengths = np.round(piece.notes["end"] * RESOLUTION).astype(np.int32) - starts
    track = symusic.Track(program=program)
    track.notes = symusic.Note.from_numpy(
        time=starts,
        duration=np.maximum(lengths, 1),
        pitch=piece.notes["pitch"].astype(np.int8),
        velocity=np.full(len(starts), VELOCITY, np.int8),
    )
    score.tracks.append(track)
    return score


def write(piece: Piece, path: Path, program: int = 0) -> None:
    """Write a MIDI file with one track, played by `program` (General MIDI, from 0)."""
    # Not by symusic's `dump_midi`, which does not notice a full disk.
    with artifacts.replacing(path) as partial:
        partial.write_bytes(score_of(piece, program).dumps_midi())


# Sound


def seconds(piece: Piece, quarters: NDArray[np.float64]) -> NDArray[np.float64]:
    """When each of `quarters` sounds."""
    changes, tempi = (np.array(column, np.float64) for column in zip(*piece.tempi, strict=True))
    begins = np.concatenate([[0.0], np.cumsum(np.diff(changes) * 60 / tempi[:-1])])
    which = np.searchsorted(changes, quarters, side="right") - 1
    return begins[which] + (quarters - changes[which]) * 60 / tempi[which]


def render(piece: Piece, program: int = 0) -> NDArray[np.float32]:
    """The piece as sound, mono, `RATE` samples a second, by the sound font that pretty_midi ships."""
    import pretty_midi
    import tinysoundfont

    synth = tinysoundfont.Synth(samplerate=RATE)
    font = synth.sfload(str(Path(pretty_midi.__file__).parent / "TimGM6mb.sf2"))
    synth.program_select(0, font, 0, program)
    events = [
        *zip(seconds(piece, piece.notes["start"]), [1] * len(piece.notes), piece.notes["pitch"], strict=True),
        *zip(seconds(piece, piece.notes["end"]), [0] * len(piece.notes), piece.notes["pitch"], strict=True),
    ]
    parts, now = [], 0
    for moment, begins, pitch in sorted(events):  # a key's end comes before its next beginning
        wait = round(float(moment) * RATE) - now
        if wait > 0:
            parts.append(np.frombuffer(synth.generate(wait), np.float32))
            now += wait
        if begins:
            synth.noteon(0, int(pitch), VELOCITY)
        else:
            synth.noteoff(0, int(pitch))
    parts.append(np.frombuffer(synth.generate(round(TAIL * RATE)), np.float32))
    mono = np.concatenate(parts).reshape(-1, 2).mean(1)
    return (mono * (PEAK / max(float(np.abs(mono).max()), 1e-9))).astype(np.float32)


def write_sound(path: Path, sound: NDArray[np.float32]) -> None:
    """Write `.wav`, `.ogg` or `.mp3`, as the name says."""
    import soundfile

    content = io.BytesIO()
    soundfile.write(content, sound, RATE, format=path.suffix.removeprefix("."))
    with artifacts.replacing(path) as partial:
        partial.write_bytes(content.getvalue())
