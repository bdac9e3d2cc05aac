"""The block `speech`."""

from math import prod
from typing import Annotated, Self

from pydantic import Field, model_validator

from pipelines.params import blocks
from pipelines.params.blocks import Block, Count, Different, FaultError, Frozen, Limit, Model, Shares, Train, Units

TARGET = "transcript"
"""The only target."""
Decibels = Annotated[float, Field(ge=-40, le=120)]
Speed = Annotated[float, Field(ge=0.5, le=2)]


class Collect(blocks.Collect):
    """The synthesised sample, or the user's recordings."""

    utterances: int = Field(gt=9, le=100_000)
    """Of the training part of the sample."""
    held_out: int = Field(gt=1, le=100_000)
    """Of its test part; its validation part has half as many."""
    words_a_minute: tuple[Annotated[int, Field(ge=80, le=400)], Annotated[int, Field(ge=80, le=400)]]
    """Between which the synthesised voices speak."""
    longest: float = Field(gt=0, le=600)
    """Seconds of a recording; longer ones are refused: cut them into utterances."""


class Augmentation(Frozen):
    """How the training part, and only that, is varied. Each utterance is there in so many `variants`."""

    variants: int = Field(gt=0, le=100)
    speeds: tuple[Speed, Speed]
    """Between which it is played slower or faster, pitch included (Ko et al. 2015)."""
    noise_db: tuple[Decibels, Decibels]
    """Between which its signal-to-noise ratio is drawn; the noise is between white and brown."""
    reverberation: float = Field(ge=0, le=2)
    """Longest time in seconds in which the sound of its room falls by 60 dB."""
    filter_db: float = Field(ge=0, le=40)
    """Greatest tilt of its spectrum, up or down, between the lowest and the highest frequency."""
    silence: float = Field(ge=0, le=5)
    """Longest pause in seconds before and after it."""


class Prepare(Shares):
    """Utterances as log-mel spectrograms. Shares hold where the data do not say themselves which utterance belongs to which part."""

    rate: int = Field(ge=4000, le=48_000)
    """Samples a second, to which all sound is resampled."""
    n_fft: int = Field(ge=16, le=16_384)
    hop_length: int = Field(ge=8, le=16_384)
    n_mels: int = Field(ge=4, le=256)
    fmin: float = Field(ge=0)
    fmax: float = Field(gt=0)
    """As librosa's: the window and its step in samples, the bands and their lowest and highest frequency in Hz."""
    top_db: float = Field(gt=0, le=200)
    """Decibels below the loudest band of an utterance to which everything quieter is raised."""
    trim_db: float | None = Field(gt=0, le=200)
    """Silence this far below the loudest moment is cut off at both ends; null: nothing is."""
    pad: float = Field(ge=0, le=5)
    """Seconds of silence at both ends, so that the network may decide a little later."""
    strides: Annotated[tuple[Annotated[int, Field(gt=0, le=8)], ...], Field(min_length=1, max_length=4)]
    """Of the convolutions before the recurrent layers."""
    lengths: int = Field(gt=0, le=64)
    """Different lengths to which batches are padded: fewer pad more, but each costs seconds of compiling."""
    min_test_speakers: Limit
    min_valid_speakers: Limit
    """With so many speakers, whole ones are held out for that part; with fewer, it has other utterances of the same ones."""
    augment: Augmentation
    epoch_size: Count
    """Training utterances of an epoch: of more it reads a part, of fewer each several times, so that few recordings are learned as well."""
    noise_db: Different[Decibels]
    """Signal-to-noise ratios at which the test part is tried again."""
    silence: float = Field(gt=0, le=10)
    volume: float = Field(gt=0, lt=1)
    """It is also tried after so many seconds of silence, and at this volume."""
    heard: int = Field(ge=0, le=20)
    """Test utterances to listen to."""

    @property
    def stride(self) -> int:
        """Spectrogram frames of one step of the recurrent layers."""
        return prod(self.strides)

    @model_validator(mode="after")
    def _in_band(self) -> Self:
        if not self.fmin < self.fmax <= self.rate / 2:
            raise FaultError(("fmax",), f"has to be above fmin and at most {self.rate / 2:g} Hz, half of rate")
        if self.hop_length > self.n_fft:
            raise FaultError(("hop_length",), "is more than n_fft: sound between two windows would be lost; lower it")
        return self


class Validate(Frozen):
    """Limits of the suites."""

    min_utterances: Limit
    """Of each part."""
    max_seconds: float = Field(gt=0)
    max_abs_scaled: float = Field(gt=0)
    """A scaled value further out is a fault, not sound."""
    max_letters_a_second: float = Field(gt=0)


class Baselines(Frozen):
    """Template matching."""

    templates: int = Field(gt=0, le=100)
    """Of each text, at most."""


class SpeechModel(Model):
    """Convolutions with batch normalisation, recurrent layers, the head."""

    filters: Annotated[tuple[Units, ...], Field(min_length=1, max_length=4)]
    """Of the convolutions, one for each of `prepare.strides`."""
    kernel: int = Field(gt=0, le=31)
    """Steps that a filter sees, none of them in the future."""
    time_masks: int = Field(ge=0, le=10)
    time_width: int = Field(ge=0, le=1000)
    """SpecAugment: stretches of time that training hides, and their greatest width in frames."""
    mel_masks: int = Field(ge=0, le=10)
    mel_width: int = Field(ge=0, le=256)
    """The same of neighbouring bands."""


class SpeechTrain(Train):
    """How the networks are fitted."""

    TARGETS = (TARGET,)


class Evaluate(blocks.Evaluate):
    """Decoding, and the explanations' sizes."""

    beam: int = Field(gt=0, le=512)
    """Width of the beam search."""
    ngram_order: int = Field(ge=0, le=5)
    """Of words, of the training transcripts, for the search that also asks a language model; 0: none."""
    ngram_weight: float = Field(ge=0, le=10)
    word_bonus: float = Field(ge=-10, le=10)
    """What its log-probability counts beside the network's, and what each word adds."""
    bootstrap: int = Field(gt=9, le=10_000)
    """Resamplings of the test utterances for the intervals of error rates."""
    shown: int = Field(gt=0, le=20)
    """Test utterances with their alignment, and how they are written as they are heard."""


class Params(Block):
    """The block `speech`."""

    collect: Collect
    prepare: Prepare
    validation: Validate = Field(alias="validate")
    baselines: Baselines
    models: dict[str, SpeechModel]
    train: SpeechTrain
    evaluate: Evaluate

    @model_validator(mode="after")
    def _as_many_filters(self) -> Self:
        for name, model in self.models.items():
            if len(model.filters) != len(self.prepare.strides):
                why = f"has {len(model.filters)} convolutions and prepare.strides {len(self.prepare.strides)}; give both as many"
                raise FaultError(("models", name, "filters"), why)
        return self
