"""From sound files to log-mel spectrograms on disk: split by speaker where it can be, scaled by the training part alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines import artifacts
from pipelines.contract import SPLITS, Array
from pipelines.errors import InputError
from pipelines.nn.datasets import even_sizes
from pipelines.printing import shortened
from pipelines.sources.parallel import parallel_map
from pipelines.tasks.speech import features, recordings, variation
from pipelines.tasks.speech.data import (
    CLEAN,
    HEARD,
    TRANSCRIPTS,
    UTTERANCES,
    Condition,
    Meta,
    SpeechSplit,
    SpeechTarget,
)
from pipelines.tasks.speech.fitting import misfit
from pipelines.tasks.speech.params import TARGET, Prepare
from pipelines.tasks.speech.splitting import split_by_speaker

JOINED = ("file", "text", "origin")
FLATTEST = 1.0
"""Decibels. A band that varies less, as one above the recordings' highest frequency does, is not blown up to more."""
SHOWN = 5
"""Utterances that are named one by one when they are left out."""
LONGEST = 3600.0
"""Seconds; `collect` has refused what is too long."""


@dataclass(frozen=True)
class Job:
    """An utterance to be prepared."""

    path: Path
    text: str
    origin: str
    split: str
    seed: int
    params: Prepare


@dataclass(frozen=True)
class Prepared:
    """Its spectrograms: one, or the variants of training; of the test part as it is, then in each condition. None: it cannot be used."""

    spectrograms: list[features.Spectrogram]
    seconds: float
    misfit: str | None


def prepare(raw: Path, params: Prepare, destination: Path) -> Meta:
    """Write spectrograms, labels and tables; data that leave nothing to learn or to test raise `InputError`."""
    table = artifacts.read_table(raw / TRANSCRIPTS)
    table["split"], how = split_by_speaker(table, params)
    alphabet = "".join(sorted(set("".join(table.loc[table["split"] == "train", "text"])) | {" "}))
    known = table["text"].map(lambda text: set(text) <= set(alphabet))
    notes = {split: _unknown(table[(table["split"] == split) & ~known], alphabet) for split in SPLITS}
    table = table[known]
    # The order of the files in a part is arbitrary; that of their names would put the same words side by side.
    parts = {split: table[table["split"] == split].reset_index(drop=True) for split in SPLITS}
    jobs = [
        Job(raw / file, text, origin, split, index, params)
        for split, part in parts.items()
        for index, (file, text, origin) in enumerate(zip(*(part[name].tolist() for name in JOINED), strict=True))
    ]
    results = zip(jobs, parallel_map(prepared, jobs, "speech: spectrograms"), strict=True)
    written = {
        split: _write(split, part, islice(results, len(part)), alphabet, params, notes[split], destination)
        for split, part in parts.items()
    }
    training = written["train"]
    _write_heard(written["test"].table, raw, params, destination / HEARD)
    pd.concat([part.table for part in written.values()]).to_parquet(destination / UTTERANCES, index=False)
    splits = {split: part.split(params, notes[split]) for split, part in written.items()}
    target = SpeechTarget(
        features=[f"{hertz:,.0f} Hz" for hertz in _centres(params)],
        outputs=["the likeliest character where the last one is written"],
        lookback=int(max(part.lengths.max() for part in written.values())),
        step="frame",
        rows=int(sum(part.lengths.sum() for part in written.values())),
        splits=splits,
        alphabet=alphabet,
        mean=training.mean.tolist(),
        deviation=np.maximum(training.deviation, FLATTEST).tolist(),
        sizes=even_sizes(training.lengths, params.lengths),
        settings=params.model_dump(),
        conditions=[Condition(*pair) for pair in variation.conditions(params).items()],
        epochs=training.epochs,
        groups=list(range(params.n_mels)),
    )
    return Meta(
        {TARGET: target},
        f"{how} Scaling and alphabet are those of the training part alone; no training sees the test part.",
    )


def _centres(params: Prepare) -> Array:
    """Of the bands, in Hz."""
    import librosa

    return librosa.mel_frequencies(params.n_mels + 2, fmin=params.fmin, fmax=params.fmax)[1:-1]


def _unknown(table: pd.DataFrame, alphabet: str) -> list[str]:
    if table.empty:
        return []
    strange = sorted({character for text in table["text"] for character in text} - set(alphabet))
    return [
        f"{len(table):,} with characters that training does not have ({shortened(' '.join(strange))}) left out: no method could know them"
    ]


# One utterance


def prepared(job: Job) -> Prepared:
    """Read, vary and transform an utterance, in a process of its own."""
    params = job.params
    sound = recordings.read(job.path, params.rate, LONGEST)
    kept, _ = features.trimmed(sound, params)
    sounds = [sound]
    if job.split == "train":
        random = np.random.default_rng([job.seed, 0])
        sounds = [variation.augmented(kept, params, random) for _ in range(params.augment.variants)]
    elif job.split == "test":
        sounds += [variation.heard(sound, name, params, job.seed) for name in variation.conditions(params)]
    spectrograms = [features.spectrogram(other, params) for other in sounds]
    shortest = min(map(len, spectrograms))
    return Prepared(spectrograms, len(kept) / params.rate, misfit(job.text, len(kept), shortest, params))


# One part


@dataclass(frozen=True)
class Written:
    """What was written of a part."""

    table: pd.DataFrame
    lengths: Array
    mean: Array
    deviation: Array
    examples: int
    epochs: int

    def split(self, params: Prepare, notes: Sequence[str]) -> SpeechSplit:
        """For `meta.json`."""
        count, seconds = len(self.table), float(self.table["seconds"].sum())
        what = f"{count:,} utterances, {seconds / 60:,.1f} minutes"
        if self.table["speaker"].ne("").all():
            what += f", {self.table['speaker'].nunique():,} speakers"
        if self.examples > count:
            train = self.table["split"].iloc[0] == "train"
            times = params.augment.variants if train else self.examples // count
            what += f", each {'in' if train else 'heard in'} {times:,} {'variants' if train else 'ways'}"
        return SpeechSplit(self.examples, "; ".join([what, *notes]), utterances=count, seconds=seconds)


def _write(
    split: str,
    table: pd.DataFrame,
    results: Iterator[tuple[Job, Prepared]],
    alphabet: str,
    params: Prepare,
    notes: list[str],
    destination: Path,
) -> Written:
    """Write the spectrograms of a part as they come, one after the other into one file: memory holds only a few of them."""
    versions = (
        params.augment.variants if split == "train" else 1 + len(variation.conditions(params)) if split == "test" else 1
    )
    lengths: list[list[int]] = []
    seconds, kept, refused = [], [], []
    total, squares, frames = np.zeros(params.n_mels), np.zeros(params.n_mels), 0
    with (destination / f"{split}.f32").open("wb") as file:
        for index, (job, done) in enumerate(results):
            if done.misfit:
                refused.append(f"{job.origin}: {done.misfit}")
                continue
            kept.append(index)
            seconds.append(done.seconds)
            lengths.append([len(spectrogram) for spectrogram in done.spectrograms])
            for spectrogram in done.spectrograms:
                file.write(np.ascontiguousarray(spectrogram).data)
                total += spectrogram.sum(0, dtype=np.float64)
                squares += np.square(spectrogram, dtype=np.float64).sum(0)
                frames += len(spectrogram)
    if not kept:
        raise InputError(
            f"speech: {refused[0] if refused else 'no utterance is left'}; nothing is left for {split}: add recordings to "
            "data/input/speech, or change speech.prepare's shares"
        )
    if refused:
        more = f" and {len(refused) - SHOWN:,} more" if len(refused) > SHOWN else ""
        notes.append(f"{len(refused):,} left out ({'; '.join(refused[:SHOWN])}{more})")
    table = table.iloc[kept].assign(seconds=seconds)
    sizes = np.array(lengths)
    order = _order(split, len(table), versions)
    labels = [[alphabet.index(character) + 1 for character in text] for text in table["text"] for _ in range(versions)]
    arrays = {
        "ends": sizes.ravel().cumsum(),
        "labels": np.array([symbol for label in labels for symbol in label], np.int32),
        "label_ends": np.cumsum([len(label) for label in labels]),
        "order": order,
    }
    epochs = 1
    if split == "train":
        epochs = -(-len(order) // params.epoch_size)
        size = max(params.epoch_size, len(order)) if epochs == 1 else -(-len(order) // epochs)
        arrays["order"] = np.resize(order, epochs * size)
    for name, array in arrays.items():
        artifacts.write_array(destination / f"{split}-{name}.npy", array)
    mean = total / frames
    deviation = np.sqrt(np.maximum(squares / frames - np.square(mean), 0))
    return Written(table, sizes.ravel(), mean, deviation, len(arrays["order"]), epochs)


def _write_heard(table: pd.DataFrame, raw: Path, params: Prepare, folder: Path) -> None:
    """Some test utterances as sound, as they are and in the worst noise, by their row in the part."""
    worst = f"snr_{min(params.noise_db):g}"
    for row in np.unique(np.linspace(0, len(table) - 1, params.heard).astype(int)).tolist() if params.heard else []:
        sound = recordings.read(raw / table["file"].iloc[row], params.rate, LONGEST)
        for name, heard in ((CLEAN, sound), (worst, variation.heard(sound, worst, params, int(table.index[row])))):
            recordings.write(folder / f"{row}-{name}.wav", heard / max(1.0, float(np.abs(heard).max())), params.rate)


def _order(split: str, count: int, versions: int) -> Array:
    """The examples as rows of the file, in which the versions of an utterance follow each other.

    Of training shuffled, so that each stretch of it has all kinds; of the test part all utterances as they are, then all of each condition.
    """
    rows = np.arange(count * versions).reshape(count, versions)
    return np.random.default_rng(0).permutation(rows.ravel()) if split == "train" else rows.T.ravel()
