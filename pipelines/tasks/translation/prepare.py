"""From pairs to sub-words."""

import re
import unicodedata
from pathlib import Path

import pandas as pd

from pipelines import artifacts
from pipelines.sequence_to_sequence import prepare as pairs
from pipelines.sequence_to_sequence.data import PairTarget, Part, part, tokens_of
from pipelines.sources.pairs import raw_pairs
from pipelines.tasks.translation import placeholders, subwords
from pipelines.tasks.translation.capitals import lowered
from pipelines.tasks.translation.data import TARGET, Entry, MessageTarget, Meta
from pipelines.tasks.translation.params import Prepare

LIKELY = 0.02
"""The lowest probability in the lexicon."""
NOT_LETTERS = re.compile(r"[\W\d_]+")


def prepare(raw: Path, params: Prepare, destination: Path) -> Meta:
    """Write the table of pairs with their split, and the models of sub-words; too few pairs raise `InputError`."""
    table = pd.DataFrame(raw_pairs(raw), columns=["source", "target"])
    for side in subwords.SIDES:
        table[side] = [" ".join(unicodedata.normalize("NFC", text).split()) for text in table[side]]
    table = table[~table["source"].duplicated()]
    alike = [
        set(placeholders.of(source)) == set(placeholders.of(target))
        for source, target in zip(table["source"], table["target"], strict=True)
    ]
    unlike = len(table) - sum(alike)
    table = pairs.split(table[alike], key, lambda source: len(source.split()), params, "translation")
    destination.mkdir(exist_ok=True)
    training = table[table["split"] == "train"]
    orders = [placeholders.different(source) for source in training["source"]]
    languages = dict(zip(subwords.SIDES, params.languages, strict=True))
    artifacts.write_json(destination / subwords.LANGUAGES, languages)
    for side in subwords.SIDES:
        texts = (
            lowered(placeholders.slotted(text, order), languages[side])
            for text, order in zip(training[side], orders, strict=True)
        )
        subwords.fit(side, texts, params.subwords, destination)
    tokenizer = subwords.Subwords(destination)
    target = pairs.written(table, tokenizer, params, "sub-word", destination)
    lexicon = _lexicon(part(destination, "train"), tokenizer, target, params)
    return Meta(
        {TARGET: MessageTarget(**vars(target), lexicon=lexicon)},
        f"Every source belongs to one part, in an order that only the sources decide, and so do sources that differ in nothing but case, "
        f"placeholders, digits, punctuation or a plural's s. Sources of more than {params.longest} words are neither trained on nor "
        "validated with; they are a separate test part. Sub-words are those of the training part alone; no training and no choice sees the "
        f"test part. {unlike:,} pairs are left out: source and target have different placeholders.",
    )


def _lexicon(training: Part, tokenizer: subwords.Subwords, target: PairTarget, params: Prepare) -> list[Entry]:
    """The translations of each sub-word that are likely under IBM Model 1 (Brown et al. 1993; nltk's)."""
    from nltk.translate import AlignedSent, IBMModel1

    aligned = Part(training.sources[: params.aligned_pairs], training.targets[: params.aligned_pairs], 0)
    sentences = [AlignedSent(ours, theirs) for theirs, ours in zip(*tokens_of(aligned, tokenizer), strict=True)]
    model = IBMModel1(sentences, params.alignment_iterations)
    theirs, ours = target.source_vocabulary.ids, target.target_vocabulary.ids
    return sorted(
        Entry(theirs[source], ours[written], round(float(probability), 4))
        for written, row in model.translation_table.items()
        for source, probability in row.items()
        if probability >= LIKELY and source in theirs and written in ours
    )


def key(source: str) -> str:
    """What near-duplicates have in common."""
    words = NOT_LETTERS.sub(" ", placeholders.PLACEHOLDER.sub(" ", source).lower()).split()
    return " ".join(word.removesuffix("s") if len(word) > 3 else word for word in words)
