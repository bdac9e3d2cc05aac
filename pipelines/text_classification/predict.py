"""`predict TASK TEXT…`: the class of each text, with the probability of every class."""

import argparse
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipelines import paths
from pipelines.errors import InputError, UsageError
from pipelines.predict import Prediction, check_texts, read_lines
from pipelines.printing import quoted, shortened
from pipelines.text_classification.params import TARGET

if TYPE_CHECKING:
    from pipelines.predict import TrainedNetworks

BATCH = 256
SHOWN = 3
"""Classes that are printed; JSON has all."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """The texts."""
    parser.add_argument("texts", nargs="*", metavar="TEXT", help='for example "a fine film"')
    parser.add_argument("--file", metavar="FILE", help="a text a line; - is standard input")


def predict(trained: "TrainedNetworks", options: argparse.Namespace) -> Iterator[Prediction]:
    """Every text with its class.

    Raise `InputError` for a file without texts or a text without words, `UsageError` if there is no text at all.
    """
    asked = [*options.texts, *read_lines(options.file, "text")]
    if not asked:
        raise UsageError("no text; give one as an argument, or several by --file FILE (- is standard input)")
    check_texts(asked, "text")
    from pipelines.text_classification.data import Meta, tokens

    label, prepared = trained.meta(Meta).label, paths.prepared(trained.task)
    tokens_of = [tokens(text, label.unit, label.language, prepared) for text in asked]
    for text, parts in zip(asked, tokens_of, strict=True):
        if not parts:
            raise InputError(f"{quoted(text)} holds no word; write a text")
    network, seed = trained.network(TARGET)
    model = trained.model(TARGET)
    from pipelines.nn.datasets import TOKENS, padded
    from pipelines.nn.heads import Classifier
    from pipelines.nn.vocabulary import UNKNOWN

    head = Classifier(len(label.classes))
    for start in range(0, len(asked), BATCH):
        read = [parts[: label.longest] for parts in tokens_of[start : start + BATCH]]
        encoded = [label.vocabulary.encode(parts) for parts in read]
        probabilities = head.decode(network.predict_on_batch({TOKENS: padded(encoded)}))
        for row, (text, parts) in enumerate(zip(asked[start:], read, strict=False)):
            token_ids = zip(parts, encoded[row], strict=True)
            unseen = list(dict.fromkeys(part for part, token_id in token_ids if token_id == UNKNOWN))
            if unseen:
                print(f"note: training has not seen {' '.join(map(repr, unseen))}; read as unknown", file=sys.stderr)
            if cut := len(tokens_of[start + row]) - len(parts):
                print(f"note: the last {cut:,} {label.unit} of {quoted(text)} are not read", file=sys.stderr)
            by_class = sorted(zip(label.classes, probabilities[row].tolist(), strict=True), key=lambda pair: -pair[1])
            likeliest = ", ".join(f"{name} {probability:.1%}" for name, probability in by_class[:SHOWN])
            yield Prediction(
                {
                    "text": text,
                    "class": by_class[0][0],
                    "probabilities": dict(by_class),
                    "model": model,
                    "trained_seed": seed,
                    "unseen": unseen,
                    "unread": cut,
                },
                f"{shortened(text)}\n{likeliest}" if len(asked) > 1 else likeliest,
            )
