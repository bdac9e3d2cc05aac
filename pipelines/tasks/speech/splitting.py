"""Which utterance belongs to which part."""

from collections.abc import Iterable

import pandas as pd

from pipelines.errors import InputError
from pipelines.sources import files
from pipelines.tasks.speech.params import Prepare


def split_by_speaker(table: pd.DataFrame, params: Prepare) -> tuple[pd.Series, str]:
    """The part of each row of `table` (`text`, `speaker`, `split`, `origin`), and in words how they were found.

    A part that the data do not name is taken from training: whole speakers if there are enough of them, else utterances, in a
    pseudo-random order that only names decide. Raise `InputError` if a part would be empty.
    """
    parts = table["split"].where(table["split"] != "", "train")
    named = sorted(set(table["split"]) - {""})
    how = [f"The data name the part of their utterances ({', '.join(named)})."] if named else []
    for split, share, enough in (
        ("test", params.test_share, params.min_test_speakers),
        ("valid", params.valid_share, params.min_valid_speakers),
    ):
        if split in named:
            continue
        free = parts == "train"
        chosen, sentence = _held_out(table[free], split, share, enough, len(table))
        how.append(sentence)
        parts[chosen] = split
    for split in ("train", "valid", "test"):
        if not (parts == split).any():
            raise InputError(
                f"speech: its {len(table):,} utterances leave none for {split}; add recordings to data/input/speech, or change "
                "speech.prepare's shares"
            )
        shared = _speakers(table, parts, split) & _speakers(table, parts, "train") if split != "train" else set()
        if split in named and shared:
            how.append(
                f"{len(shared):,} speakers of {split} are in training too: its figures say nothing of unseen people."
            )
    return parts, " ".join(how)


def _speakers(table: pd.DataFrame, parts: pd.Series, split: str) -> set[str]:
    return set(table.loc[parts == split, "speaker"]) - {""}


def _held_out(table: pd.DataFrame, split: str, share: float, enough: int, whole: int) -> tuple[pd.Index, str]:
    speakers = table["speaker"].value_counts()
    what = {"test": "test", "valid": "validation"}[split]
    if (table["speaker"] != "").all() and len(speakers) >= enough and len(speakers) > 1:
        ordered = _ordered(speakers.index)
        held: list[str] = []
        count = 0
        while ordered and (not held or count + speakers[ordered[0]] / 2 <= share * whole):
            held.append(ordered.pop(0))
            count += int(speakers[held[-1]])
            if len(ordered) == 1:
                break
        return table.index[table["speaker"].isin(held)], (
            f"For {what} whole speakers are held out ({len(held)} of {len(speakers)}): no other part has a word of theirs."
        )
    order = table["origin"].map(files.order_key).sort_values().index
    chosen = order[: max(1, round(share * whole))] if len(order) > 1 else order[:0]
    unknown = (
        "whose speakers are not named" if (table["speaker"] == "").any() else "of the same speakers as in training"
    )
    return chosen, f"For {what} other utterances are held out, {unknown}: the figures say nothing of unseen people."


def _ordered(speakers: Iterable[str]) -> list[str]:
    return sorted(speakers, key=files.order_key)
