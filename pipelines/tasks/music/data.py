"""The prepared pieces: their metadata, their stretches of roll and their tokens."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines import artifacts, contract
from pipelines.contract import EXPLAINED, SPLITS, Array, Batch, Indices
from pipelines.nn.datasets import WINDOW, Tokens
from pipelines.nn.vocabulary import Vocabulary
from pipelines.tasks.music import events, midi, rolls
from pipelines.tasks.music.midi import KEYS

SLOW, STEADY, FAST = 1, 2, 4
"""Half frames of a roll that pass in a frame: half, full and double speed."""
KEYS_TARGET = "keys"
"""Name of the target: which keys sound in every frame."""
FRAMES, EVENTS, TRANSFER = "frames", "events", "transfer"
"""The targets."""


# Meta


@dataclass(frozen=True)
class RollSplit(contract.Split):
    """Stretches of rolls."""

    frames: int
    window: int
    """Frames of a stretch."""


@dataclass(frozen=True)
class RollTarget(contract.Target):
    """The keys of every frame."""

    splits: dict[str, RollSplit]
    roll: str
    """`frames` or `fine`: the rolls that are read."""
    ahead: int | None
    """Frames of the melody that are seen ahead; None: no melody is seen."""
    variants: int
    """Keys to which each training piece is transposed."""


@dataclass(frozen=True)
class TokenSplit(contract.Split):
    """A sequence of tokens."""

    tokens: int
    unknown: int


@dataclass(frozen=True)
class TokenTarget(contract.Target):
    """The next token."""

    splits: dict[str, TokenSplit]
    vocabulary: Vocabulary
    """Of the tokens of training, and of the marks with which a piece of each style begins: no other special token occurs."""
    tokens_per_quarter: dict[str, float]
    """By style."""
    kind: str
    """NumPy's type of a token on disk."""
    variants: int


@dataclass(frozen=True)
class Meta(contract.Meta):
    """`meta.json`."""

    targets: dict[str, RollTarget | TokenTarget]
    styles: list[str]
    voicings: dict[str, rolls.Voicing]
    """By style."""
    steps: int
    """Positions in a quarter note of tokens and of the rolls that all styles share."""
    resolutions: dict[str, int]
    """Frames in a quarter note, by style."""
    densities: dict[str, float]
    """Melody notes that begin in a quarter note, by style, over the training part."""

    def rolls_of(self, target: str) -> RollTarget:
        """A target of rolls."""
        rolls_target = self.targets[target]
        assert isinstance(rolls_target, RollTarget)
        return rolls_target

    @property
    def tokens(self) -> TokenTarget:
        """The target of tokens."""
        token_target = self.targets[EVENTS]
        assert isinstance(token_target, TokenTarget)
        return token_target


# Datasets


@dataclass(frozen=True)
class Rolls:
    """Stretches of piano rolls in any key; the target of every frame is which keys sound in it.

    The inputs of a frame are the keys that sounded in the one before and the piece's style; with `ahead`, also how many keys sound in it,
    the melody in it and the `ahead` frames after it, and the frame itself, of which an output may only use the keys above its own.
    """

    roll: rolls.Roll
    """(frames, 88), all pieces one after the other, memory-mapped."""
    table: dict[str, Indices]
    """Of each example: its frames from `begin` to `end`, those of its piece from `first` to `last`, its `style`, the `shift` in keys,
    the `pace` at which it is read (`SLOW`, `STEADY` or `FAST`), and the `new_style` and `new_pace` into which it may be moved."""
    window: int
    styles: int
    ahead: int | None = None
    variants: int = 1
    voicings: tuple[rolls.Voicing, ...] = ()
    """Of every style, into which pieces may be moved."""
    streams: bool = False
    lengths: None = None

    def __len__(self) -> int:
        return len(self.table["begin"])

    def frames_of(self, indices: Indices) -> Indices:
        """Frames of each example that are not padding."""
        rows = {name: self.table[name][indices] for name in ("begin", "end", "pace")}
        return np.minimum(-((rows["begin"] - rows["end"]) * 2 // rows["pace"]), self.window)

    def moved(self) -> "Rolls":
        """The same examples, to be read in their new style and at its pace."""
        return replace(self, table={**self.table, "style": self.table["new_style"], "pace": self.table["new_pace"]})

    def cells(self, indices: Indices, ahead: int = 0) -> rolls.Roll:
        """One frame before each example, its `window`, and `ahead` frames after that: (batch, 1 + window + ahead, 88)."""
        rows = {name: column[indices, None] for name, column in self.table.items()}
        steps = rows["begin"] + np.arange(-1, self.window + ahead) * rows["pace"] // 2
        cells = self._at(steps, rows)
        fast, slow = rows["pace"] == FAST, (rows["pace"] == SLOW) & (np.arange(-1, self.window + ahead) % 2 == 1)
        if fast.any():  # a key struck in the skipped frame is struck in this one
            passed_over = fast[..., None] & (cells > 0) & (self._at(steps - 1, rows) == rolls.STRUCK)
            cells = np.where(passed_over, rolls.STRUCK, cells)
        if slow.any():  # the same frame repeated: nothing is struck again
            cells = np.where(slow[..., None], np.minimum(cells, rolls.SOUNDING), cells)
        keys = np.arange(KEYS) - rows["shift"]
        in_range = (keys >= 0) & (keys < KEYS)
        return np.take_along_axis(cells, np.clip(keys, 0, KEYS - 1)[:, None], 2) * in_range[:, None]

    def _at(self, steps: Indices, rows: dict[str, Indices]) -> rolls.Roll:
        """Frames of the roll, silent outside the piece."""
        inside = (steps >= rows["first"]) & (steps < rows["last"])
        return self.roll[np.clip(steps, 0, len(self.roll) - 1)] * inside[..., None]

    def batch(self, indices: Indices) -> Batch:
        """`window` (batch, window, features) and `keys` (batch, window, 88), float32; padding frames weigh 0."""
        cells = self.cells(indices, self.ahead or 0)
        weights = np.arange(self.window)[None] < self.frames_of(indices)[:, None]
        keys = (cells[:, 1 : self.window + 1] > 0) & weights[..., None]
        inputs = self.seen(cells, self.table["style"][indices])
        return Batch({WINDOW: inputs}, {KEYS_TARGET: keys.astype(np.float32)}, weights.astype(np.float32))

    def seen(self, cells: rolls.Roll, style: Indices, voices: Indices | None = None) -> NDArray[np.float32]:
        """The network's inputs for `cells` (batch, 1 + window + ahead, 88) in `style` (batch,).

        `voices` (batch, window): how many keys are to sound; None: as many as do in `cells`.
        """
        window = cells.shape[1] - 1 - (self.ahead or 0)
        chosen = (style[:, None] == np.arange(self.styles))[:, None].repeat(window, axis=1)
        parts: list[Array] = [cells[:, :window] > 0, chosen]
        if self.ahead is not None:
            now = cells[:, 1 : window + 1]
            count = rolls.voices(now) if voices is None else voices
            melody = rolls.melody_features(cells[:, 1:], self.ahead)
            parts += [count[..., None] == np.arange(rolls.VOICES), melody[:, :window], now > 0]
        return np.concatenate(parts, axis=-1, dtype=np.float32, casting="unsafe")


def datasets(prepared: Path, meta: Meta, target: str) -> dict[str, Any]:
    """Windows of tokens; or stretches of rolls (window, features) whose targets are the keys of every frame (window, 88)."""
    if target == EVENTS:
        variants = {"train": meta.tokens.variants}
        return {
            split: Tokens(tokens_of(prepared, meta, split), meta.tokens.lookback, True, variants.get(split, 1))
            for split in SPLITS
        }
    of_target = meta.rolls_of(target)
    roll = roll_of(prepared, of_target.roll)
    voicings = tuple(meta.voicings[style] for style in meta.styles)
    by_split = {}
    for split in (*SPLITS, EXPLAINED):
        table = artifacts.read_arrays(prepared / f"{of_target.roll}-{split}.npz")
        window = of_target.lookback if split == EXPLAINED else of_target.splits[split].window
        count = of_target.variants if split == "train" else 1
        by_split[split] = Rolls(roll, table, window, len(meta.styles), of_target.ahead, count, voicings)
    return by_split


def tokens_of(prepared: Path, meta: Meta, split: str) -> Array:
    """All tokens of a split, read from disk as they are asked for."""
    tokens = meta.tokens
    return artifacts.read_binary(prepared / f"events-{split}.bin", tokens.kind, (tokens.splits[split].tokens,))


def roll_of(prepared: Path, name: str) -> rolls.Roll:
    """`frames` or `fine`: all pieces one after the other (frames, 88), read from disk as they are asked for."""
    frames = int(_pieces(prepared)[f"{name}_end"].max())
    return artifacts.read_binary(prepared / f"{name}.bin", np.uint8, (frames, midi.KEYS))


# Pieces


def mark(style: str) -> str:
    """The token with which a piece of `style` begins."""
    return f"Style_{style}"


def pieces_of(prepared: Path, split: str, style: str | None = None) -> Iterator[rolls.Roll]:
    """The pieces of a split, one after the other, as rolls of the resolution that all styles share."""
    pieces, roll = _pieces(prepared), roll_of(prepared, "fine")
    for _, row in pieces[(pieces["split"] == split) & (pieces["style"] == (style or pieces["style"]))].iterrows():
        yield np.asarray(roll[row["fine_begin"] : row["fine_end"]])


def _pieces(prepared: Path) -> pd.DataFrame:
    return artifacts.read_table(prepared / "pieces.parquet")


def notes_of(prepared: Path, meta: Meta, split: str, style: str) -> list[midi.Notes]:
    """The notes of all pieces of a style."""
    return [rolls.to_notes(roll, meta.steps) for roll in pieces_of(prepared, split, style)]


def piece_of(tokens: NDArray[Any], meta: Meta, tempo: float) -> midi.Piece:
    """The piece that tokens encode, at `tempo` quarter notes a minute; it ends where another one begins."""
    vocabulary = meta.tokens.vocabulary
    marks = np.isin(tokens, vocabulary.encode(map(mark, meta.styles)))
    ends = np.flatnonzero(marks[1:])
    row = tokens[: ends[0] + 1] if len(ends) else tokens
    return events.decode([vocabulary.words[token] for token in row], meta.steps, tempo)


def openings(prepared: Path, meta: Meta, style: str, bars: int, count: int) -> list[NDArray[np.int32]]:
    """The tokens of the first `bars` of `count` test pieces of a style, its mark first."""
    ids = meta.tokens.vocabulary.ids
    tokens = np.asarray(tokens_of(prepared, meta, "test"), np.int32)
    begins = np.flatnonzero(tokens == ids[mark(style)])
    prompts = []
    for begin in begins[np.linspace(0, len(begins) - 1, min(count, len(begins))).astype(int)]:
        lines = np.flatnonzero(tokens[begin:] == ids[events.BAR])
        prompts.append(tokens[begin : begin + (lines[bars] if len(lines) > bars else len(tokens))])
    return prompts


def pace(density: float, wanted: float) -> int:
    """The pace at which a melody of density `density` (notes a quarter) comes nearest to the density `wanted`."""
    return min((STEADY, SLOW, FAST), key=lambda pace: abs(np.log(density * pace / (STEADY * wanted))))
