"""From MIDI files to piano rolls and tokens: split by piece, training pieces in several keys, the vocabulary that of training alone."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines import artifacts
from pipelines.contract import EXPLAINED, SPLITS, Meta, Suite
from pipelines.errors import InputError
from pipelines.nn.datasets import FAST, SLOW, STEADY, Rolls, Tokens
from pipelines.params.music import MusicData, MusicValidation
from pipelines.sources import events, files, measures, midi, rolls
from pipelines.sources.parallel import mapped

UNKNOWN = 0
"""A token that training has not seen; after it all others from the most frequent on, at last those that begin a piece of a style."""
STREAMS = 16
"""Streams in which the tokens of a split are read side by side when they are scored."""
OPENING = 12
"""Pieces whose melodies begin with the same so many steps are taken for versions of one, and belong to one split."""
FEWEST = 3
"""Pieces of a style without which there are no three parts."""
DOWN, UP = 5, 6
"""Keys by which a training piece may be moved: together with its own every key once."""
GROUPS = ["C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B", "style"]
"""What the numbers that a network sees of a frame are, each of them in `group_of`."""
AHEAD = ["voices", "melody", "melody to come", "keys above"]


# Prepare


@dataclass(frozen=True)
class Parsed:
    """A piece as the models see it."""

    row: dict[str, Any]
    """What the table of pieces says of it."""
    frames: rolls.Roll
    """At its style's own resolution."""
    fine: rolls.Roll
    """At the resolution that all styles share."""
    tokens: list[str]


def parse(data: MusicData, path: Path) -> Parsed:
    """Read one MIDI file of the raw data."""
    style = path.parent.name
    piece = midi.read(path)
    frames, _, _ = rolls.from_notes(piece.notes, data.resolution(style))
    fine, _, too_short = rolls.from_notes(piece.notes, data.steps)
    moves = measures.moves(piece.notes)
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
        "too_short": too_short,
        **piece.left_out,
        "density": (len(moves) + 1) / max(piece.quarters, 1e-9),
        "opening": str(moves[:OPENING]),
    }
    return Parsed(row, frames, fine, events.encode(piece, data.steps))


def prepare(raw: Path, data: MusicData, destination: Path) -> Meta:
    """Write the rolls and tokens of all pieces, and what of them each split reads, in which key.

    Pieces are parsed side by side and written one by one. Too few pieces of a style raise `InputError`.
    """
    table, tokens = [], []
    sizes = {"frames": 0, "fine": 0}
    with (destination / "frames.bin").open("wb") as coarse, (destination / "fine.bin").open("wb") as fine:
        files_of = {"frames": coarse, "fine": fine}
        for parsed in mapped(partial(parse, data), sorted((raw / midi.FOLDER).glob("*/*.mid")), "music: parsing"):
            for name, file in files_of.items():
                roll = getattr(parsed, name)
                roll.tofile(file)
                parsed.row[f"{name}_begin"] = sizes[name]
                sizes[name] += len(roll)
                parsed.row[f"{name}_end"] = sizes[name]
            table.append(parsed.row)
            tokens.append(parsed.tokens)
    pieces = _split(pd.DataFrame(table), data)
    styles = sorted(pieces["style"].unique())
    shifts = np.array([_shifts(row, data.keys) for _, row in pieces.iterrows()])
    pieces.drop(columns="opening").to_parquet(destination / "pieces.parquet", index=False)

    targets = {"frames": _rolls(pieces, shifts, styles, "frames", data, destination)}
    targets["events"] = _tokens(pieces, tokens, shifts, styles, data, destination)
    if len(styles) > 1:
        targets["transfer"] = _rolls(pieces, shifts, styles, "fine", data, destination)
    manners = {style: rolls.Manner.of(rolls_of(destination, "train", style)) for style in styles}
    return {
        "targets": targets,
        "styles": styles,
        "manners": {style: asdict(manner) for style, manner in manners.items()},
        "steps": data.steps,
        "resolutions": {style: data.resolution(style) for style in styles},
        "densities": _densities(pieces, styles),
        "splitting": "Whole pieces belong to one part, and so do pieces whose melodies begin alike, which are versions of one. Only "
        f"training pieces are moved to other keys (each is there in {data.keys}). The tokens' vocabulary is that of the training part "
        "alone; no training and no choice sees the test part.",
    }


def _split(pieces: pd.DataFrame, data: MusicData) -> pd.DataFrame:
    """Add each piece's `split`, style by style, in an order that only the names decide."""
    pieces["split"] = "train"
    for style, group in pieces.groupby("style"):
        versions = sorted(
            group.groupby("opening").groups.values(), key=lambda rows: files.place(pieces.loc[rows[0], "piece"])
        )
        if len(versions) < FEWEST:
            raise InputError(
                f"music: there are {len(versions)} different pieces of the style {style!r}, too few to keep whole pieces for "
                f"validation and test; put at least {FEWEST} into its folder of data/input/music, better dozens"
            )
        place = 0
        for split, share in (("test", data.test_share), ("valid", data.valid_share)):
            filled = 0
            while filled < max(1, share * len(group)) and place < len(versions) - 1 - (split == "test"):
                pieces.loc[versions[place], "split"] = split
                filled += len(versions[place])
                place += 1
    return pieces


def _shifts(row: pd.Series, count: int) -> NDArray[np.int64]:
    """By how many keys a piece is moved in each variant: first not at all, then by whatever its name decides."""
    low, high = max(-DOWN, midi.LOWEST - row["lowest"]), min(UP, midi.HIGHEST - row["highest"])
    others = np.array([shift for shift in range(low, high + 1) if shift])
    np.random.default_rng(int.from_bytes(files.place(row["piece"])[:8], "big")).shuffle(others)
    return np.resize(np.concatenate([[0], others]).astype(np.int64), count)


def _rolls(
    pieces: pd.DataFrame, shifts: NDArray[np.int64], styles: list[str], roll: str, data: MusicData, destination: Path
) -> dict[str, Any]:
    """Write which stretches of `roll` each split reads; return what the meta says of the target."""
    first, last = (pieces[f"{roll}_{side}"].to_numpy() for side in ("begin", "end"))
    lengths = last - first
    held_out = (pieces["split"] != "train").to_numpy()
    longest = int(min(data.longest, lengths[held_out].max()))
    explained = int(min(data.frames, lengths[(pieces["split"] == "test").to_numpy()].max()))
    number = [styles.index(style) for style in pieces["style"]]
    density, usual = pieces["density"], _densities(pieces, styles)
    splits = {}
    for split, window in {"train": data.frames, "valid": longest, "test": longest, EXPLAINED: explained}.items():
        chosen = np.flatnonzero(pieces["split"] == ("test" if split == EXPLAINED else split))
        if split == EXPLAINED:
            chosen = chosen[lengths[chosen] >= window]
        rows = []
        for variant in range(data.keys if split == "train" else 1):
            for piece in chosen:
                a, z, old = int(first[piece]), int(last[piece]), number[piece]
                new = (old + 1) % len(styles)
                begins = [a + (z - a - window) // 2] if split == EXPLAINED else _begins(a, z, window, split == "train")
                about = (
                    a,
                    z,
                    shifts[piece, variant],
                    STEADY,
                    old,
                    pace(density[piece], usual[styles[new]]),
                    new,
                    piece,
                )
                rows += [(begin, min(begin + window, z), *about) for begin in begins]
        columns = ("begin", "end", "first", "last", "shift", "pace", "style", "new_pace", "new_style", "piece")
        artifacts.write_arrays(destination / f"{roll}-{split}.npz", dict(zip(columns, np.array(rows).T, strict=True)))
        if split != EXPLAINED:
            frames = int(lengths[chosen].sum())
            note = f"{len(chosen)} pieces, {frames:,} frames" + (f", in {data.keys} keys" if split == "train" else "")
            splits[split] = {"windows": len(rows), "note": note, "frames": frames, "window": window}
    kinds = [(key + midi.LOWEST) % 12 for key in range(midi.KEYS)] + [12] * len(styles)
    if roll == "fine":
        kinds += [13] * rolls.VOICES + [14] * rolls.MELODY + [15] * (rolls.MELODY * data.ahead) + [16] * midi.KEYS
    return {
        "features": GROUPS + (AHEAD if roll == "fine" else []),
        "group_of": kinds,
        "outputs": ["the likeliest key"],
        "lookback": explained,
        "step": "frame",
        "ahead": data.ahead if roll == "fine" else None,
        "roll": roll,
        "rows": int(lengths.sum()),
        "variants": data.keys,
        "splits": splits,
    }


def _densities(pieces: pd.DataFrame, styles: list[str]) -> dict[str, float]:
    """Mean number of melody notes that begin in a quarter note, by style, over the training part."""
    training = pieces[pieces["split"] == "train"]
    return {style: float(training.loc[training["style"] == style, "density"].mean()) for style in styles}


def pace(density: float, wanted: float) -> int:
    """The pace that brings a melody of one density (notes a quarter) nearest to another one."""
    return min((STEADY, SLOW, FAST), key=lambda pace: abs(np.log(density * pace / (STEADY * wanted))))


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
    data: MusicData,
    destination: Path,
) -> dict[str, Any]:
    """Write each split's tokens as one row of numbers; return what the meta says of the target."""
    marks = [mark(style) for style in pieces["style"]]
    names = pieces["piece"].tolist()
    order = {split: np.flatnonzero(pieces["split"] == split) for split in SPLITS}

    def variants(split: str) -> Iterable[list[str]]:
        for variant in range(data.keys if split == "train" else 1):
            for piece in sorted(order[split], key=lambda piece: files.place(f"{variant} {names[piece]}")):
                shift = int(shifts[piece, variant])
                yield [marks[piece], *(events.transposed(token, shift) for token in tokens[piece])]

    counts: Counter[str] = Counter()
    for row in variants("train"):
        counts.update(row)
    seen = sorted(set(counts) - set(marks), key=lambda token: (-counts[token], token))
    vocabulary = ["Unknown", *seen, *map(mark, styles)]
    numbers = {token: number for number, token in enumerate(vocabulary)}
    kind = np.min_scalar_type(len(vocabulary) - 1)
    splits = {}
    for split in SPLITS:
        count, unknown = 0, 0
        with (destination / f"events-{split}.bin").open("wb") as file:
            for row in variants(split):
                found = np.array([numbers.get(token, UNKNOWN) for token in row], kind)
                found.tofile(file)
                count += len(found)
                unknown += int((found == UNKNOWN).sum())
        if count <= data.tokens:
            raise InputError(
                f"music: the {split} part has {count} tokens, too few for a window of {data.tokens}; add pieces to data/input/music, "
                "or lower music.data.tokens"
            )
        note = f"{len(order[split])} pieces, {count:,} tokens" + (f", in {data.keys} keys" if split == "train" else "")
        splits[split] = {"windows": (count - 1) // data.tokens, "note": note, "tokens": count, "unknown": unknown}
    return {
        "features": ["token"],
        "outputs": ["the likeliest next token"],
        "lookback": data.tokens,
        "step": "token",
        "rows": sum(part["tokens"] for part in splits.values()),
        "vocabulary": vocabulary,
        "tokens_per_quarter": _density(pieces, tokens),
        "kind": kind.name,
        "variants": data.keys,
        "splits": splits,
    }


def _density(pieces: pd.DataFrame, tokens: list[list[str]]) -> dict[str, float]:
    """Tokens a quarter note takes, by style."""
    sums = pieces.assign(tokens=[len(row) for row in tokens]).groupby("style")[["tokens", "quarters"]].sum()
    return {str(style): float(row["tokens"] / row["quarters"]) for style, row in sums.iterrows()}


# Datasets


def tokens_of(prepared: Path, meta: Meta, split: str) -> NDArray[Any]:
    """All tokens of a split, read from disk as they are asked for."""
    return np.memmap(prepared / f"events-{split}.bin", meta["targets"]["events"]["kind"], "r")


def roll_of(prepared: Path, name: str) -> rolls.Roll:
    """`frames` or `fine`: all pieces one after the other (frames, 88), read from disk as they are asked for."""
    return np.memmap(prepared / f"{name}.bin", np.uint8, "r").reshape(-1, midi.KEYS)


def mark(style: str) -> str:
    """The token with which a piece of `style` begins."""
    return f"Style_{style}"


def rolls_of(prepared: Path, split: str, style: str | None = None) -> Iterator[rolls.Roll]:
    """The pieces of a split, one after the other, as rolls of the resolution that all styles share."""
    pieces, roll = pd.read_parquet(prepared / "pieces.parquet"), roll_of(prepared, "fine")
    for _, row in pieces[(pieces["split"] == split) & (pieces["style"] == (style or pieces["style"]))].iterrows():
        yield np.asarray(roll[row["fine_begin"] : row["fine_end"]])


def notes_of(prepared: Path, meta: Meta, split: str, style: str) -> list[midi.Notes]:
    """The notes of all pieces of a style."""
    return [rolls.to_notes(roll, meta["steps"]) for roll in rolls_of(prepared, split, style)]


def piece_of(tokens: NDArray[Any], meta: Meta, tempo: float) -> midi.Piece:
    """The piece that a row of tokens means, at `tempo` quarter notes a minute; it ends where another one begins."""
    vocabulary = meta["targets"]["events"]["vocabulary"]
    marks = np.isin(tokens, [vocabulary.index(mark(style)) for style in meta["styles"]])
    ends = np.flatnonzero(marks[1:])
    row = tokens[: ends[0] + 1] if len(ends) else tokens
    return events.decode([vocabulary[token] for token in row], meta["steps"], tempo)


def openings(prepared: Path, meta: Meta, style: str, bars: int, count: int) -> list[NDArray[np.int32]]:
    """The tokens of the first `bars` of `count` test pieces of a style, its mark first."""
    vocabulary = meta["targets"]["events"]["vocabulary"]
    tokens = np.asarray(tokens_of(prepared, meta, "test"), np.int32)
    begins = np.flatnonzero(tokens == vocabulary.index(mark(style)))
    found = []
    for begin in begins[np.linspace(0, len(begins) - 1, min(count, len(begins))).astype(int)]:
        lines = np.flatnonzero(tokens[begin:] == vocabulary.index(events.BAR))
        found.append(tokens[begin : begin + (lines[bars] if len(lines) > bars else len(tokens))])
    return found


def manners(meta: Meta) -> tuple[rolls.Manner, ...]:
    """How pieces of each style are set."""
    return tuple(rolls.Manner(**meta["manners"][style]) for style in meta["styles"])


def datasets(prepared: Path, target: str) -> dict[str, Any]:
    """Windows of tokens; or stretches of rolls (window, features) whose targets are the keys of every frame (window, 88)."""
    meta = artifacts.read_json(prepared / "meta.json")
    about = meta["targets"][target]
    if target == "events":
        variants = {"train": about["variants"]}
        return {
            split: Tokens(tokens_of(prepared, meta, split), about["lookback"], variants.get(split, 1))
            for split in SPLITS
        }
    roll = roll_of(prepared, about["roll"])
    found = {}
    for split in (*SPLITS, EXPLAINED):
        table = artifacts.read_arrays(prepared / f"{about['roll']}-{split}.npz")
        window = about["splits"][split]["window"] if split != EXPLAINED else about["lookback"]
        variants_here = about["variants"] if split == "train" else 1
        found[split] = Rolls(roll, table, window, len(meta["styles"]), about["ahead"], variants_here, manners(meta))
    return found


# Validate


def expectations(prepared: Path, meta: Meta, validation: MusicValidation) -> list[Suite]:
    """Pieces with notes in the range of a piano, in one split each, and hardly a note that no roll shows."""
    import great_expectations.expectations as gxe

    pieces = pd.read_parquet(prepared / "pieces.parquet")
    lost = pieces.groupby("style")[["notes", "too_short", "out_of_range"]].sum()
    lost["left_out_share"] = (lost["too_short"] + lost["out_of_range"]) / (lost["notes"] + lost["out_of_range"])
    per_split = pieces.groupby(["style", "split"]).size().rename("pieces").reset_index()
    return [
        Suite(
            "pieces",
            pieces,
            [
                gxe.ExpectColumnValuesToBeInSet(column="split", value_set=list(SPLITS)),
                gxe.ExpectCompoundColumnsToBeUnique(column_list=["style", "piece"]),
                gxe.ExpectColumnValuesToBeBetween(column="notes", min_value=validation.min_notes),
                gxe.ExpectColumnValuesToBeBetween(column="lowest", min_value=midi.LOWEST),
                gxe.ExpectColumnValuesToBeBetween(column="highest", max_value=midi.HIGHEST),
                gxe.ExpectColumnValuesToBeBetween(column="voices", max_value=validation.max_voices),
                gxe.ExpectColumnValuesToBeBetween(column="tempo", min_value=0, strict_min=True),
            ],
        ),
        Suite(
            "styles",
            lost.reset_index(),
            [gxe.ExpectColumnValuesToBeBetween(column="left_out_share", max_value=validation.max_left_out_share)],
        ),
        Suite("splits", per_split, [gxe.ExpectTableRowCountToEqual(value=len(SPLITS) * len(meta["styles"]))]),
    ]
