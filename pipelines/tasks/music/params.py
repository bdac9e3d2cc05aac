"""The block `music`."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from pipelines.params.blocks import (
    Block,
    Collect,
    Evaluate,
    Frozen,
    NgramBaseline,
    Share,
    Shares,
    TokenModel,
    Train,
    by_name,
)


class MusicCollect(Collect):
    """Where music comes from."""

    pieces: int = Field(gt=2)
    """Most pieces of each style of the sample."""
    max_minutes: float = Field(gt=0)
    """A longer MIDI file is not read."""


class Prepare(Shares):
    """Pieces as piano rolls and as sequences of tokens."""

    frames_per_quarter: dict[str, Annotated[int, Field(gt=0)]]
    """Frames in a quarter note of the rolls whose likelihood is measured, by style; `default` for every other."""
    steps: int = Field(gt=0)
    """Positions in a quarter note of tokens, and of the rolls for style transfer."""
    frames: int = Field(gt=1)
    """Length of truncated back-propagation, in frames."""
    tokens: int = Field(gt=1)
    """The same, in tokens."""
    longest: int = Field(gt=1)
    """Validation and test pieces longer than so many frames are cut, and the state is reset in between."""
    ahead: int = Field(ge=0)
    """Frames of the melody that style transfer sees ahead."""
    keys: int = Field(gt=0)
    """Each training piece is transposed to this many keys, its own included; an epoch reads all pieces in one of them."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if "default" not in self.frames_per_quarter:
            raise ValueError("frames_per_quarter must name a default, for styles that it does not name")
        return self

    def resolution(self, style: str) -> int:
        """Frames in a quarter note of `style`."""
        return int(by_name(self.frames_per_quarter, style))


class Validate(Frozen):
    """Limits of the suite."""

    min_notes: int = Field(gt=0)
    """Of a piece."""
    max_left_out_share: float = Share
    """Share of a style's notes that are not in a roll: out of a piano's range, or too short."""
    max_voices: float = Field(gt=0)
    """Mean number of notes at a time in any piece."""


class MusicEvaluate(Evaluate):
    """The explanations' sizes, what is generated, and how."""

    pieces: int = Field(gt=0)
    """Pieces generated for each style and temperature, and measured."""
    length: int = Field(gt=0)
    """Tokens of each."""
    temperatures: tuple[Annotated[float, Field(gt=0)], ...] = Field(min_length=1)
    top_p: float = Field(gt=0, le=1)
    opening: int = Field(gt=0)
    """Bars of a test piece that are continued."""
    heard: int = Field(gt=0)
    """Pieces of each kind that can be listened to."""
    seconds: float = Field(gt=0)
    """Length of the sound of each."""
    tempo: float = Field(gt=0)
    """Quarter notes a minute of generated pieces."""
    programs: dict[str, Annotated[int, Field(ge=0, lt=128)]]
    """Instrument by style, in General MIDI counted from 0; `default` for every other."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if "default" not in self.programs:
            raise ValueError("programs must name a default, for styles that it does not name")
        return self

    def program(self, style: str) -> int:
        """The instrument of `style`."""
        return int(by_name(self.programs, style))


class Params(Block):
    """The block `music`."""

    collect: MusicCollect
    prepare: Prepare
    validation: Validate = Field(alias="validate")
    baselines: NgramBaseline
    models: dict[str, TokenModel]
    train: Train
    evaluate: MusicEvaluate
