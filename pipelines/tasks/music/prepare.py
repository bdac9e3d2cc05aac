"""From MIDI files to piano rolls and tokens: split by piece, training pieces in several keys, the vocabulary that of training alone."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines import artifacts
from pipelines.contract import EXPLAINED, SPLITS
from pipelines.errors import InputError
from pipelines.nn.vocabulary import UNKNOWN, Vocabulary
from pipelines.sources import files
from pipelines.sources.parallel import parallel_map
from pipelines.tasks.music import events, measures, midi, rolls
from pipelines.tasks.music.data import (
    EVENTS,
    FRAMES,
    STEADY,
    TRANSFER,
    Meta,
    RollSplit,
    RollTarget,
    TokenSplit,
    TokenTarget,
    mark,
    pace,
    pieces_of,
)
from pipelines.tasks.music.params import Prepare

OPENING = 12
"""Pieces whose melodies share this many first intervals count as versions of one piece, and belong to one split."""
FEWEST = 3
"""Pieces of a style that three parts need at least."""
DOWN, UP = 5, 6
"""Semitones by which a training piece may be moved: with its own, every key once."""
GROUPS = ["C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B", "style"]
"""Names of the features of a frame, in the order of the indices in `groups`."""
AHEAD = ["voices", "melody", "melody to come", "keys above"]


@dataclass(frozen=True)
class Parsed:
    """A piece as the models see it."""

    row: dict[str, Any]
    """Its row of the table of pieces."""
    frames: rolls.Roll
    """At its style's own resolution."""
    fine: rolls.Roll
    """At the resolution that all styles share."""
    tokens: list[str]


def parse(params: Prepare, path: Path) -> Parsed:
    """Read one MIDI file of the raw data."""
    style = path.parent.name
    piece = midi.read(path)
    frames, _, _ = rolls.from_notes(piece.notes, params.resolution(style))
    fine, _, too_short = rolls.from_notes(piece.notes, params.steps)
    intervals = measures.intervals(piece.notes)
    row = {
        "style": style,
        "piece": path.stem,
        "notes": len(piece.notes),
        "quarters": piece.quarters,
        "voices": measures.polyphony(piece.notes),
        "lowest": int(piece.notes["pitch"].min()),
        "highest": int(piece.notes["pitch"].max()),
        "tempo": piece.tempi[0][1],
        "tempi": len(piece.tempi),
        "signatures": len(piece.signatures),
        "without_token": events.without_token(piece),
        "too_short": too_short,
        **piece.left_out,
        "density": (len(intervals) + 1) / max(piece.quarters, 1e-9),
        "opening": str(intervals[:OPENING]),
    }
    return Parsed(row, frames, fine, events.encode(piece, params.steps))


def prepare(raw: Path, params: Prepare, destination: Path) -> Meta:
    """Write the rolls and tokens of all pieces, and for each split the stretches that it reads and their keys.

    Pieces are parsed in parallel and written one by one. Too few pieces of a style raise `InputError`.
    """
    table, tokens = [], []
    sizes = {"frames": 0, "fine": 0}
    with (destination / "frames.bin").open("wb") as coarse, (destination / "fine.bin").open("wb") as fine:
        files_of = {"frames": coarse, "fine": fine}
        for parsed in parallel_map(
            partial(parse, params), sorted((raw / midi.FOLDER).glob("*/*.mid")), "music: parsing"
        ):
            for name, file in files_of.items():
                roll = getattr(parsed, name)
                file.write(roll.tobytes())
                parsed.row[f"{name}_begin"] = sizes[name]
                sizes[name] += len(roll)
                parsed.row[f"{name}_end"] = sizes[name]
            table.append(parsed.row)
            tokens.append(parsed.tokens)
    pieces = _split(pd.DataFrame(table), params)
    styles = sorted(pieces["style"].unique())
    shifts = np.array([_shifts(row, params.keys) for _, row in pieces.iterrows()])
    pieces.drop(columns=["opening", "without_token"]).to_parquet(destination / "pieces.parquet", index=False)

    targets: dict[str, RollTarget | TokenTarget] = {
        FRAMES: _rolls(pieces, shifts, styles, "frames", params, destination)
    }
    targets[EVENTS] = _tokens(pieces, tokens, shifts, styles, params, destination)
    if len(styles) > 1:
        targets[TRANSFER] = _rolls(pieces, shifts, styles, "fine", params, destination)
    return Meta(
        targets=targets,
        splitting="Whole pieces belong to one part, and so do pieces whose melodies begin alike, which are versions of one. Only training "
        f"pieces are moved to other keys (each to {params.keys}). The tokens' vocabulary is that of the training part alone; no "
        "training and no choice sees the test part.",
        styles=styles,
        voicings={style: rolls.Voicing.of(pieces_of(destination, "train", style)) for style in styles},
        steps=params.steps,
        resolutions={style: params.resolution(style) for style in styles},
        densities=_densities(pieces, styles),
    )


def _split(pieces: pd.DataFrame, params: Prepare) -> pd.DataFrame:
    """Add each piece's `split`, style by style, in an order that only the names decide."""
    pieces["split"] = "train"
    known: dict[str, str] = {}
    for style, group in pieces.groupby("style"):
        versions = sorted(
            group.groupby("opening").groups.items(),
            key=lambda version: files.order_key(pieces.loc[version[1][0], "piece"]),
        )
        if len(versions) < FEWEST:
            raise InputError(
                f"music: there are {len(versions)} different pieces of the style {style!r}, too few to keep whole pieces for "
                f"validation and test; put at least {FEWEST} into its folder of data/input/music, better dozens"
            )
        for opening, rows in versions:  # a piece of another style too: it stays in one split
            pieces.loc[rows, "split"] = known.get(str(opening), "train")
        free = [(opening, rows) for opening, rows in versions if opening not in known]
        taken = 0
        for split, share in (("test", params.test_share), ("valid", params.valid_share)):
            filled = int((pieces.loc[group.index, "split"] == split).sum())
            while filled < max(1, share * len(group)) and taken < len(free) - 1 - (split == "test"):
                pieces.loc[free[taken][1], "split"] = split
                filled += len(free[taken][1])
                taken += 1
        known |= {str(opening): str(pieces.loc[rows[0], "split"]) for opening, rows in versions}
        for split in SPLITS:
            if not (pieces.loc[group.index, "split"] == split).any():
                raise InputError(
                    f"music: no piece of the style {style!r} is left for {split}, for pieces that other styles have too stay in one part; "
                    "add pieces, or remove the copies"
                )
    return pieces


def _shifts(row: pd.Series, count: int) -> NDArray[np.int64]:
    """By how many keys a piece is moved in each variant: first by 0, then in an order that its name decides."""
    low, high = max(-DOWN, midi.LOWEST - row["lowest"]), min(UP, midi.HIGHEST - row["highest"])
    others = np.array([shift for shift in range(low, high + 1) if shift])
    np.random.default_rng(int.from_bytes(files.order_key(row["piece"])[:8], "big")).shuffle(others)
    return np.resize(np.concatenate([[0], others]).astype(np.int64), count)


def _rolls(
    pieces: pd.DataFrame, shifts: NDArray[np.int64], styles: list[str], roll: str, params: Prepare, destination: Path
) -> RollTarget:
    """Write which stretches of `roll` each split reads; return the target's metadata."""
    first, last = (pieces[f"{roll}_{side}"].to_numpy() for side in ("begin", "end"))
    lengths = last - first
    held_out = (pieces["split"] != "train").to_numpy()
    longest = int(min(params.longest, lengths[held_out].max()))
    explained = int(min(params.frames, lengths[(pieces["split"] == "test").to_numpy()].max()))
    style_indices = [styles.index(style) for style in pieces["style"]]
    density, usual = pieces["density"], _densities(pieces, styles)
    splits: dict[str, RollSplit] = {}
    for split, window in {"train": params.frames, "valid": longest, "test": longest, EXPLAINED: explained}.items():
        chosen = np.flatnonzero(pieces["split"] == ("test" if split == EXPLAINED else split))
        if split == EXPLAINED:
            chosen = chosen[lengths[chosen] >= window]
        rows = []
        for variant in range(params.keys if split == "train" else 1):
            for piece in chosen:
                a, z, old = int(first[piece]), int(last[piece]), style_indices[piece]
                new = (old + 1) % len(styles)
                begins = [a + (z - a - window) // 2] if split == EXPLAINED else _begins(a, z, window, split == "train")
                piece_columns = (
                    a,
                    z,
                    shifts[piece, variant],
                    STEADY,
                    old,
                    pace(density[piece], usual[styles[new]]),
                    new,
                    piece,
                )
                rows += [(begin, min(begin + window, z), *piece_columns) for begin in begins]
        columns = ("begin", "end", "first", "last", "shift", "pace", "style", "new_pace", "new_style", "piece")
        artifacts.write_arrays(destination / f"{roll}-{split}.npz", dict(zip(columns, np.array(rows).T, strict=True)))
        if split != EXPLAINED:
            frames = int(lengths[chosen].sum())
            note = f"{len(chosen)} pieces, {frames:,} frames" + (f", in {params.keys} keys" if split == "train" else "")
            splits[split] = RollSplit(len(rows), note, frames, window)
    groups = [(key + midi.LOWEST) % 12 for key in range(midi.KEYS)] + [12] * len(styles)
    if roll == "fine":
        groups += [13] * rolls.VOICES + [14] * rolls.MELODY + [15] * (rolls.MELODY * params.ahead) + [16] * midi.KEYS
    return RollTarget(
        features=GROUPS + (AHEAD if roll == "fine" else []),
        outputs=["the likeliest key"],
        lookback=explained,
        step="frame",
        rows=int(lengths.sum()),
        splits=splits,
        groups=groups,
        roll=roll,
        ahead=params.ahead if roll == "fine" else None,
        variants=params.keys,
    )


def _densities(pieces: pd.DataFrame, styles: list[str]) -> dict[str, float]:
    """Mean number of melody notes that begin in a quarter note, by style, over the training part."""
    training = pieces[pieces["split"] == "train"]
    return {style: float(training.loc[training["style"] == style, "density"].mean()) for style in styles}


def _begins(first: int, last: int, window: int, full: bool) -> list[int]:
    """Where a piece is cut into stretches; with `full` the last one begins earlier, so that it needs no padding."""
    begins = list(range(first, last, window))
    if full and last - first > window:
        begins[-1] = last - window
    return begins


def _tokens(
    pieces: pd.DataFrame,
    tokens: list[list[str]],
    shifts: NDArray[np.int64],
    styles: list[str],
    params: Prepare,
    destination: Path,
) -> TokenTarget:
    """Write each split's tokens as one sequence; return the target's metadata."""
    marks = [mark(style) for style in pieces["style"]]
    names = pieces["piece"].tolist()
    order = {split: np.flatnonzero(pieces["split"] == split) for split in SPLITS}

    def variants(split: str) -> Iterable[list[str]]:
        for variant in range(params.keys if split == "train" else 1):
            for piece in sorted(order[split], key=lambda piece: files.order_key(f"{variant} {names[piece]}")):
                shift = int(shifts[piece, variant])
                yield [marks[piece], *(events.transposed(token, shift) for token in tokens[piece])]

    seen = Vocabulary.fitted(token for _, *row in variants("train") for token in row)
    vocabulary = Vocabulary((*seen.words, *map(mark, styles)))
    kind = np.min_scalar_type(len(vocabulary) - 1)
    splits: dict[str, TokenSplit] = {}
    for split in SPLITS:
        count, unknown = 0, 0
        with (destination / f"events-{split}.bin").open("wb") as file:
            for row in variants(split):
                encoded = np.array(vocabulary.encode(row), kind)
                file.write(encoded.tobytes())
                count += len(encoded)
                unknown += int((encoded == UNKNOWN).sum())
        if count <= params.tokens:
            raise InputError(
                f"music: the {split} part has {count} tokens, too few for a window of {params.tokens}; add pieces to data/input/music, "
                "or lower music.prepare.tokens"
            )
        note = f"{len(order[split])} pieces, {count:,} tokens" + (
            f", in {params.keys} keys" if split == "train" else ""
        )
        splits[split] = TokenSplit((count - 1) // params.tokens, note, count, unknown)
    return TokenTarget(
        features=["token"],
        outputs=["the likeliest next token"],
        lookback=params.tokens,
        step="token",
        rows=sum(part.tokens for part in splits.values()),
        left_out=_metres(pieces),
        splits=splits,
        vocabulary=vocabulary,
        tokens_per_quarter=_density(pieces, tokens),
        kind=kind.name,
        variants=params.keys,
    )


def _metres(pieces: pd.DataFrame) -> dict[str, str]:
    """Each time signature that has no token -> in how many pieces, and in which."""
    found: dict[str, list[str]] = {}
    for name, metres in zip(pieces["piece"], pieces["without_token"], strict=True):
        for metre in metres:
            found.setdefault(metre, []).append(name)
    return {
        f"bars of {metre}": f"in {len(names)} piece{'s' * (len(names) > 1)}, such as {names[0]}, which have bars of 4/4 in their place"
        for metre, names in sorted(found.items())
    }


def _density(pieces: pd.DataFrame, tokens: list[list[str]]) -> dict[str, float]:
    """Tokens in a quarter note, by style."""
    sums = pieces.assign(tokens=[len(row) for row in tokens]).groupby("style")[["tokens", "quarters"]].sum()
    return {str(style): float(row["tokens"] / row["quarters"]) for style, row in sums.iterrows()}
