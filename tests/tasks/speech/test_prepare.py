"""From recordings to spectrograms: parts, scaling, what cannot be used."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from pipelines import artifacts
from pipelines.contract import EXPLAINED, Source
from pipelines.errors import InputError
from pipelines.tasks.speech import features, recordings
from pipelines.tasks.speech.collect import collect
from pipelines.tasks.speech.data import MASK, SOUND, Meta, datasets
from pipelines.tasks.speech.params import TARGET, Params, Prepare
from pipelines.tasks.speech.prepare import prepare
from pipelines.tasks.speech.splitting import split_by_speaker
from pipelines.tasks.speech.validate import expectations

RATE = 8000


def say(path: Path, seed: int, seconds: float = 0.4, rate: int = RATE) -> Path:
    """Noise that swells and falls: nothing that a person would understand."""
    time = np.linspace(0, 1, round(seconds * rate))
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, 0.2 * np.random.default_rng(seed).standard_normal(len(time)) * np.sin(np.pi * time), rate)
    return path


def drop(folder: Path, rows: list[tuple[str, str, str]]) -> list[Path]:
    """Recordings with `file`, `text` and `speaker` in the input folder, which becomes that of the current folder."""
    top = folder / "data" / "input" / "speech"
    for seed, (file, _, _) in enumerate(rows):
        say(top / file, seed)
    pd.DataFrame(rows, columns=["file", "text", "speaker"]).to_csv(top / "transcripts.csv", index=False)
    return inputs(folder)


def inputs(folder: Path) -> list[Path]:
    return sorted(path for path in Path("data/input/speech").rglob("*") if path.is_file())


PEOPLE = [(f"{person}-{take}.wav", "one" if take % 2 else "two", person) for person in "abcd" for take in range(4)]
Run = Callable[[], tuple[Source, Meta]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: Params) -> Run:
    """Collect and prepare what was dropped."""
    monkeypatch.chdir(tmp_path)

    def run() -> tuple[Source, Meta]:
        for name in ("raw", "prepared"):
            shutil.rmtree(name, ignore_errors=True)
            Path(name).mkdir()
        source = collect(block.collect, inputs(tmp_path), Path("raw"))
        meta = prepare(Path("raw"), block.prepare, Path("prepared"))
        artifacts.write_json(Path("prepared/meta.json"), meta)
        return source, artifacts.read(Path("prepared/meta.json"), Meta)

    return run


def test_prepare_holds_out_whole_speakers_for_the_test(tmp_path: Path, run: Run) -> None:
    drop(tmp_path, PEOPLE)
    _, meta = run()
    table = artifacts.read_table(Path("prepared/utterances.parquet"))
    speakers = table.groupby("split")["speaker"].agg(set)
    assert len(speakers["test"]) == 1
    assert not speakers["test"] & (speakers["train"] | speakers["valid"])
    assert speakers["valid"] <= speakers["train"]
    assert "whole speakers are held out (1 of 4)" in meta.splitting
    assert "of the same speakers as in training" in meta.splitting


def test_prepare_hears_the_test_part_in_every_condition(tmp_path: Path, run: Run, settings: Prepare) -> None:
    drop(tmp_path, PEOPLE)
    _, meta = run()
    info, examples = meta.transcript, datasets(Path("prepared"), meta, TARGET)
    count = info.splits["test"].utterances
    test = examples["test"]
    assert len(test) == count * (1 + len(info.conditions)) == info.splits["test"].windows
    assert len(examples[EXPLAINED]) == count
    table = artifacts.read_table(Path("prepared/utterances.parquet")).query("split == 'test'")
    first = features.spectrogram(recordings.read(Path("raw") / table["file"].iloc[0], RATE, 30), settings)
    np.testing.assert_allclose(test.spectrogram(0), info.scaled(first), atol=1e-5)
    names = [condition.name for condition in info.conditions]
    quiet = test.spectrogram(count * (1 + names.index("quiet")))
    np.testing.assert_allclose(quiet, test.spectrogram(0), atol=1e-2)
    assert not np.allclose(test.spectrogram(count * (1 + names.index("snr_0"))), quiet, atol=0.1)
    assert [test.symbols(count)] == [test.symbols(0)]


def test_prepare_scales_by_the_training_part_alone(tmp_path: Path, run: Run, settings: Prepare) -> None:
    drop(tmp_path, PEOPLE)
    _, meta = run()
    train = datasets(Path("prepared"), meta, TARGET)["train"]
    frames = np.concatenate([train.spectrogram(index) for index in range(len(train))])
    np.testing.assert_allclose(frames.mean(0), 0, atol=5e-3)
    np.testing.assert_allclose(frames.std(0), 1, atol=1e-3)
    assert len(train) == settings.epoch_size * train.variants


def test_batch_is_padded_on_the_right_with_its_mask(tmp_path: Path, run: Run) -> None:
    drop(tmp_path, [(file, text, who) for file, text, who in PEOPLE])
    say(tmp_path / "data/input/speech" / PEOPLE[0][0], 1, seconds=0.9)
    _, meta = run()
    train = datasets(Path("prepared"), meta, TARGET)["train"]
    batch = train.batch(np.arange(len(train)))
    np.testing.assert_array_equal(batch.inputs[MASK].sum(1), train.lengths)
    assert not batch.inputs[SOUND][~batch.inputs[MASK]].any()
    np.testing.assert_array_equal(batch.targets["frames"], -(-train.lengths // meta.transcript.prepare.stride))
    assert meta.transcript.decode(batch.targets["labels"][0][: batch.targets["symbols"][0]]) in ("one", "two")


def test_prepare_names_recordings_that_are_too_short_for_their_text(tmp_path: Path, run: Run) -> None:
    drop(tmp_path, PEOPLE)
    table = Path("data/input/speech/transcripts.csv")
    table.write_text(table.read_text() + "click.wav,one,a\nlong.wav," + "seven " * 40 + ",a\n")
    soundfile.write("data/input/speech/click.wav", np.array([0.1, 0.5, -0.5, 0.3, -0.1]), RATE)
    say(tmp_path / "data/input/speech/long.wav", 99)
    _, meta = run()
    notes = " ".join(split.note for split in meta.transcript.splits.values())
    assert "click.wav: 0.00 s of sound are too short for 'one'" in notes
    assert "long.wav: 0.40 s of sound are too short for 'seven seven" in notes


def test_collect_names_recordings_without_transcript_and_rows_without_recording(tmp_path: Path, run: Run) -> None:
    many = [(f"{index}.wav", "one", "a") for index in range(60)]
    drop(tmp_path, many)
    say(tmp_path / "data/input/speech/lost.wav", 70)
    table = Path("data/input/speech/transcripts.csv")
    table.write_text(table.read_text() + "gone.wav,one,a\n")
    source, _ = run()
    assert any("lost.wav: has no transcript" in sentence for sentence in source.unreadable)
    assert any("line 62: there is no file data/input/speech/gone.wav" in sentence for sentence in source.unreadable)


def test_collect_leaves_out_a_recording_that_is_there_twice(tmp_path: Path, run: Run) -> None:
    drop(tmp_path, PEOPLE)
    shutil.copy("data/input/speech/a-0.wav", "data/input/speech/b-0.wav")
    source, meta = run()
    assert source.notes == [
        "data/input/speech/b-0.wav: is the same recording as data/input/speech/a-0.wav and left out"
    ]
    assert sum(split.utterances for split in meta.transcript.splits.values()) == len(PEOPLE) - 1


def test_collect_stops_if_too_many_recordings_are_unreadable(tmp_path: Path, run: Run) -> None:
    drop(tmp_path, PEOPLE)
    soundfile.write("data/input/speech/a-0.wav", np.zeros(4000), RATE)
    with pytest.raises(InputError, match=r"a-0\.wav: is silent.* 1 of 16 files cannot be read"):
        run()


def test_expectations_of_prepared_recordings_are_those_of_the_parameters(
    tmp_path: Path, run: Run, block: Params
) -> None:
    drop(tmp_path, PEOPLE)
    _, meta = run()
    utterances, parts = expectations(Path("prepared"), meta, block.validation)
    assert utterances.table["letters_a_second"].max() < block.validation.max_letters_a_second
    assert parts.table["not_finite"].sum() == 0


def rows(speakers: list[str], splits: list[str] | None = None) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "speaker": speakers,
            "split": splits or [""] * len(speakers),
            "origin": [f"{index}.wav" for index in range(len(speakers))],
        }
    )


def test_split_keeps_the_parts_that_the_data_name(settings: Prepare) -> None:
    table = rows(["a"] * 20, ["test"] * 4 + [""] * 16)
    parts, how = split_by_speaker(table, settings)
    assert (parts[:4] == "test").all()
    assert (parts[4:] != "test").all()
    assert (parts == "valid").any()
    assert how.startswith("The data name the part")


def test_split_of_few_speakers_says_what_its_figures_are_worth(settings: Prepare) -> None:
    parts, how = split_by_speaker(rows(["a", "b"] * 20), settings)
    assert set(parts) == {"train", "valid", "test"}
    assert "say nothing of unseen people" in how


def test_split_that_leaves_a_part_empty_is_refused(settings: Prepare) -> None:
    with pytest.raises(InputError, match="leave none for"):
        split_by_speaker(rows(["a"]), settings)
