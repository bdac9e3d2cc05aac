"""`predict numbers SOURCE…`: what the trained network writes for each source."""

import argparse
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from pipelines.errors import InputError, UsageError
from pipelines.predict import Answer, lines_of, typed

if TYPE_CHECKING:
    from pipelines.predict import Trained


def arguments(parser: argparse.ArgumentParser) -> None:
    """The sources, and how to search."""
    count = typed(Annotated[int, Field(gt=0, le=100)])
    parser.add_argument("sources", nargs="*", metavar="SOURCE", help='for example "three hundred twelve"')
    parser.add_argument("--file", metavar="FILE", help="a source a line; - is standard input")
    parser.add_argument("--beam", type=count, default=4, help="hypotheses that beam search keeps, 1: greedy; 4")


def answer(trained: "Trained", options: argparse.Namespace) -> Iterator[Answer]:
    """Every source with what is written for it.

    Raise `InputError` for a file without sources or a source without words, `UsageError` if there is no source at all.
    """
    sources = [*options.sources, *lines_of(options.file, "source")]
    if not sources:
        raise UsageError("no source; give one as an argument, or several by --file FILE (- is standard input)")
    from pipelines.tasks.numbers.data import Meta, tokens

    words = trained.meta(Meta).words
    parted = [tokens(source) for source in sources]
    for source, parts in zip(sources, parted, strict=True):
        if not parts:
            raise InputError(f"{source!r} holds no word; write a number in words")
    network, seed = trained.network("words")
    from pipelines.nn.datasets import padded
    from pipelines.nn.decoding import Writer
    from pipelines.nn.vocabulary import UNKNOWN

    encoded = [words.source_vocabulary.encode(parts) for parts in parted]
    written = Writer(network).write(padded(encoded), words.longest_target, options.beam)
    model = trained.model("words")
    for source, parts, numbers, found in zip(sources, parted, encoded, written, strict=True):
        unseen = [word for word, number in zip(parts, numbers, strict=True) if number == UNKNOWN]
        if unseen:
            print(f"note: training has not seen {' '.join(map(repr, unseen))}; read as unknown", file=sys.stderr)
        text = " ".join(words.target_vocabulary.decode(found.tokens))
        yield Answer(
            {
                "source": source,
                "written": text,
                "log_probability": found.log_probability,
                "model": model,
                "trained_seed": seed,
                "unseen": unseen,
            },
            text,
        )
