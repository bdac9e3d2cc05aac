"""The block `music`."""

from typing import Annotated

from pydantic import Field

from pipelines.params.blocks import (
    Block,
    ByNameOrDefault,
    Collect,
    Count,
    Different,
    Evaluate,
    Frozen,
    Limit,
    NgramBaseline,
    Share,
    Shares,
    TokenModel,
    Train,
    by_name,
)

Resolution = Annotated[int, Field(gt=0, le=48)]
"""Of a quarter note: 48 hold every triplet and every 64th."""
Seconds = Annotated[float, Field(gt=0, le=600)]
Tempo = Annotated[float, Field(ge=4, le=1000)]
"""Quarter notes a minute, as MIDI can hold them."""


class MusicCollect(Collect):
    """Where music comes from."""

    pieces: int = Field(gt=2, le=100_000)
    """Most pieces of each style of the sample."""
    max_minutes: float = Field(gt=0, le=1440)
    """A longer MIDI file is not read."""


class Prepare(Shares):
    """Pieces as piano rolls and as sequences of tokens."""

    frames_per_quarter: ByNameOrDefault[Resolution]
    """Frames in a quarter note of the rolls whose likelihood is measured, by style; `default` for every other."""
    steps: Resolution
    """Positions in a quarter note of tokens, and of the rolls for style transfer."""
    frames: int = Field(gt=1, le=10_000)
    """Length of truncated back-propagation, in frames."""
    tokens: int = Field(gt=1, le=10_000)
    """The same, in tokens."""
    longest: int = Field(gt=1, le=10_000)
    """Validation and test pieces longer than so many frames are cut, and the state is reset in between."""
    ahead: int = Field(ge=0, le=256)
    """Frames of the melody that style transfer sees ahead."""
    keys: int = Field(gt=0, le=12)
    """Each training piece is transposed to this many keys, its own included; an epoch reads all pieces in one of them."""

    def resolution(self, style: str) -> int:
        """Frames in a quarter note of `style`."""
        return by_name(self.frames_per_quarter, style)


class Validate(Frozen):
    """Limits of the suite."""

    min_notes: Limit
    """Of a piece."""
    max_left_out_share: float = Share
    """Share of a style's notes that are not in a roll: out of a piano's range, or too short."""
    max_voices: float = Field(gt=0)
    """Mean number of notes at a time in any piece."""


class MusicTrain(Train):
    """How the networks are fitted."""

    TARGETS = ("frames", "events", "transfer")


class MusicEvaluate(Evaluate):
    """The explanations' sizes, what is generated, and how."""

    pieces: int = Field(gt=0, le=1000)
    """Pieces generated for each style and temperature, and measured."""
    length: Count
    """Tokens of each."""
    temperatures: Different[Annotated[float, Field(gt=0)]]
    top_p: float = Field(gt=0, le=1)
    opening: int = Field(gt=0, le=1000)
    """Bars of a test piece that are continued."""
    heard: int = Field(gt=0, le=100)
    """Pieces of each kind that can be listened to."""
    seconds: Seconds
    """Length of the sound of each."""
    tempo: Tempo
    """Quarter notes a minute of generated pieces."""
    programs: ByNameOrDefault[Annotated[int, Field(ge=0, lt=128)]]
    """Instrument by style, in General MIDI counted from 0; `default` for every other."""

    def program(self, style: str) -> int:
        """The instrument of `style`."""
        return by_name(self.programs, style)


class Params(Block):
    """The block `music`."""

    collect: MusicCollect
    prepare: Prepare
    validation: Validate = Field(alias="validate")
    baselines: NgramBaseline
    models: dict[str, TokenModel]
    train: MusicTrain
    evaluate: MusicEvaluate
