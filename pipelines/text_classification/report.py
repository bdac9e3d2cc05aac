"""Figures of texts: coloured by importance, attention, gates and memory; and those of every classifier."""

from collections.abc import Sequence

import numpy as np

from pipelines.classification import figures as classification
from pipelines.contract import Array, Indices
from pipelines.printing import shortened
from pipelines.report import texts
from pipelines.report.figures import Figure
from pipelines.report.language import _, fill
from pipelines.report.tracks import Track, of_words
from pipelines.results import Results
from pipelines.text_classification.data import Meta, shown, table_of
from pipelines.text_classification.records import Illustration, ReadText


def figures(results: Results, target: str, model: str | None) -> list[Figure]:
    """Calibration and F1 by class for the task; coloured texts, confusions, calibration and mistakes for a model."""
    if model is None:
        return classification.of_task(results, target)
    illustration = results.illustration(model, target, Illustration)
    coloured = [_why(results, illustration), _inside(results, illustration, model, target)] if illustration else []
    return [*classification.of_model(results, target, model), *coloured]


def _title(read: ReadText, classes: list[str]) -> str:
    """A text, its class and what the network takes it for."""
    predicted = classes[int(read.probabilities.argmax())]
    taken = (
        _("{label}, also read as {predicted}", label=read.label, predicted=predicted)
        if predicted == read.label
        else _("{label}, but read as {predicted}", label=read.label, predicted=predicted)
    )
    return f"{taken} ({fill('{p:.0%}', p=read.probabilities.max())}): {shortened(''.join(read.tokens).strip(), 60)}"


def _why(results: Results, illustration: Illustration) -> Figure:
    classes = results.meta_as(Meta).label.classes
    named = {}
    for read in illustration.read:
        predicted = classes[int(read.probabilities.argmax())]
        layers = {_("contribution"): texts.Layer(_scaled(read.contributions), [predicted])}
        if read.attention is not None:
            layers[_("weight of attention")] = texts.Layer(_scaled(read.attention), [_("all classes")])
        named[_title(read, classes)] = (read.tokens, layers)
    attended = any(read.attention is not None for read in illustration.read)
    also = _(
        " Weights of attention are shown beside: what the network looks at need not be what decides (Jain & Wallace "
        "2019)."
    )
    return Figure(
        "why",
        _("Which words decide?"),
        _(
            "Test texts of which the network is right, then the most confident mistakes: how much each word adds to the "
            "log-probability of the predicted class, compared with an unknown word (integrated gradients at the embedding), "
            "the largest scaled to 1. Blue speaks for the class, red against it.{more}",
            more=also if attended else "",
        ),
        _(
            "A network that has understood colours the words that a reader would underline. Where a negation or an irony "
            "turns the sense, see whether it colours only the words for themselves."
        ),
        texts.coloured(named, _("for")),
    )


def _scaled(values: Array) -> Array:
    """(1, tokens), the largest magnitude 1."""
    return values[None] / max(float(np.abs(values).max()), 1e-9)


def _inside(results: Results, illustration: Illustration, model: str, target: str) -> Figure:
    classes = results.meta_as(Meta).label.classes
    memory = results.explanation(model, target).memory
    first = f"{memory.layer}{', backward' if memory.direction == 'backward' else ''}: memory" if memory else ""
    named = {}
    for read in illustration.read:
        order = sorted(read.inside, key=lambda name: (name != first, not name.endswith("memory"), name))
        layers = {}
        for name in order:
            values = read.inside[name].astype(np.float32)
            layers[texts.part_name(name)] = texts.Layer(values, [str(unit) for unit in range(len(values))])
        named[_title(read, classes)] = (read.tokens, layers)
    return Figure(
        "reading-along",
        _("Reading along"),
        _(
            "The same texts. Each word has the colour of what the chosen unit has after reading it (a backward layer reads "
            "from the end): a gate from 0 (white) to 1 (blue), a memory or candidate from −1 (red) over 0 to 1 (blue; larger "
            "values are cut off). First shown is the unit whose memory is most correlated with how sure the network is."
        ),
        _(
            "Look for units that change at words with a meaning for the class and hold it to the end. Most units do nothing "
            "that has a name: a network divides its work among many."
        ),
        texts.coloured(named, _("unit"), int(memory.units[0]) if memory else 0),
    )


def tracks(results: Results, target: str, sequences: Sequence[Indices]) -> list[Track]:
    """The words of each text that are read."""
    label, table = results.meta_as(Meta).label, table_of(results.prepared)
    texts = table.loc[table["split"] == "test", "text"].tolist()
    words = [shown(texts[row], label.unit, label.language, results.prepared)[: label.longest] for (row,) in sequences]
    return [of_words(words, label.step)]
