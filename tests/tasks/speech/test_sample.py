"""The synthesised sample: who says what, the same every time."""

from pathlib import Path

import soundfile

from pipelines.tasks.speech import synthesis
from pipelines.tasks.speech.params import Params
from pipelines.tasks.speech.sample import VARIANTS, plan


def test_plan_has_no_voice_in_two_parts(block: Params) -> None:
    voices: dict[str, set[str]] = {}
    for utterance in plan(block.collect):
        voices.setdefault(utterance.split, set()).add(utterance.voice.split("+")[1])
    assert voices == {split: set(variants) for split, variants in VARIANTS.items()}
    everyone = [variant for variants in VARIANTS.values() for variant in variants]
    assert len(everyone) == len(set(everyone))


def test_plan_follows_the_samples_that_are_wanted(block: Params) -> None:
    digits = plan(block.collect.model_copy(update={"samples": ("digits",)}))
    assert {word for utterance in digits for word in utterance.text.split()} == {
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
    }  # fmt: skip
    assert {len(utterance.text.split()) for utterance in digits} == set(range(1, 8))


def test_synthesis_writes_the_same_sound_every_time(tmp_path: Path, block: Params) -> None:
    utterances = plan(block.collect)[:: len(plan(block.collect)) // 8]
    sounds = []
    for take in range(2):
        files = [tmp_path / f"{take}" / f"{index}.wav" for index in range(len(utterances))]
        synthesis.write(utterances, files)
        sounds.append([file.read_bytes() for file in files])
    assert sounds[0] == sounds[1]
    assert all(0.1 < soundfile.info(file).duration < 10 for file in files)
