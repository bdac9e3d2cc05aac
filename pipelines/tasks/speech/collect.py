"""Where the utterances come from: eSpeak NG's voices, or the user's own recordings."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from pipelines import artifacts, paths
from pipelines.contract import Source
from pipelines.errors import InputError
from pipelines.sources import files
from pipelines.tasks.speech import recordings, transcripts
from pipelines.tasks.speech.data import SOUNDS, TRANSCRIPTS
from pipelines.tasks.speech.params import Collect
from pipelines.tasks.speech.sample import SAMPLES, Utterance, plan
from pipelines.tasks.speech.transcripts import Entry

__all__ = ["SAMPLES", "collect"]
ORIGIN = "synthesised by eSpeak NG 1.52 (package espeakng-loader 0.2.4), no human voice"
LICENCE = "eSpeak NG and its voices: GPL 3 or later"
SYNTHETIC = (
    "The sample is synthetic: every utterance is spoken by a program, in voices that differ less than people do and without a room or a "
    "microphone. Error rates on it say which network learns the task better, not how well it would understand people. "
    "Three voices that whisper or creak are in training alone: that they were far harder than others was seen in an earlier test, after "
    "which all other voices were drawn anew."
)


def collect(params: Collect, dropped: Sequence[Path], folder: Path) -> Source:
    """Write sound files and the table of their transcripts. Raise `InputError` if too many recordings are unreadable or lack a text."""
    (folder / SOUNDS).mkdir()
    return _collect_dropped(params, dropped, folder) if dropped else _collect_sample(params, folder)


def _collect_sample(params: Collect, folder: Path) -> Source:
    from pipelines.tasks.speech import synthesis

    utterances = plan(params)
    names = [f"{SOUNDS}/{index:06d}.wav" for index in range(len(utterances))]
    synthesis.write(utterances, [folder / name for name in names])
    # Who speaks is the variant: its accents are not independent of each other.
    rows = [
        (name, utterance.text, utterance.variant, utterance.split, name)
        for name, utterance in zip(names, utterances, strict=True)
    ]
    _save(rows, folder)
    facts = {"origin": ORIGIN, "licence": LICENCE}
    return Source(True, dict.fromkeys(params.samples, facts), notes=[SYNTHETIC, _same_texts(utterances)])


def _same_texts(utterances: Sequence[Utterance]) -> str:
    said = {utterance.text for utterance in utterances if utterance.split == "train"}
    tested = [utterance.text in said for utterance in utterances if utterance.split == "test"]
    return (
        f"{sum(tested):,} of the {len(tested):,} test utterances say what some utterance of training says, in another voice: a model of "
        "words knows them."
    )


def _collect_dropped(params: Collect, dropped: Sequence[Path], folder: Path) -> Source:
    top = paths.input_folder("speech")
    entries = {entry.file: entry for entry in transcripts.read(dropped, top)}
    sounds = [path for path in dropped if not transcripts.is_transcript(path)]
    missing = [path for path in entries if path not in set(sounds)]
    hashes: dict[str, Path] = {}
    repeated = []

    def copy(path: Path) -> tuple[Entry, str] | None:
        entry = entries.get(path)
        if path in missing:
            assert entry is not None
            raise InputError(f"{entry.place}: there is no file {path}; add it, or remove the line")
        if path.suffix.lower() not in recordings.KINDS:
            raise InputError(
                f"{path}: is neither a sound file ({', '.join(recordings.KINDS)}) nor {transcripts.TABLE}; remove it"
            )
        if entry is None:
            raise InputError(f"{path}: has no transcript; add a line to {transcripts.TABLE}, or remove it")
        recordings.check(path, params.longest)
        first = hashes.setdefault(files.sha256(path), path)
        if first != path:
            repeated.append(f"{path}: is the same recording as {first} and left out")
            return None
        name = f"{SOUNDS}/" + files.output_name(
            path.stem, f"-{files.order_key(path.as_posix()).hex()[:8]}{path.suffix.lower()}"
        )
        shutil.copyfile(path, folder / name)
        return entry, name

    readings = files.read_all([*sounds, *missing], copy, params.max_unreadable)
    kept = [reading for reading in readings.values.values() if reading]
    _save([(name, entry.text, entry.speaker, entry.split, entry.file.as_posix()) for entry, name in kept], folder)
    facts = {"origin": top.as_posix(), "licence": "the user's own"}
    return Source(False, {"recordings": facts}, readings.unreadable, repeated)


def _save(rows: Sequence[tuple[str, str, str, str, str]], folder: Path) -> None:
    table = pd.DataFrame(rows, columns=["file", "text", "speaker", "split", "origin"])
    with artifacts.replacing(folder / TRANSCRIPTS) as partial:
        table.to_parquet(partial, index=False)
