"""`predict numbers SOURCE…`: the target that the trained network generates for each source."""

import argparse
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from pipelines.errors import InputError, UsageError
from pipelines.predict import Prediction, argument_type, check_texts, read_lines

if TYPE_CHECKING:
    from pipelines.predict import TrainedNetworks


def arguments(parser: argparse.ArgumentParser) -> None:
    """The sources, and how to search."""
    count = argument_type(Annotated[int, Field(gt=0, le=100)])
    parser.add_argument("sources", nargs="*", metavar="SOURCE", help='for example "three hundred twelve"')
    parser.add_argument("--file", metavar="FILE", help="a source a line; - is standard input")
    parser.add_argument("--beam", type=count, default=4, help="hypotheses that beam search keeps, 1: greedy; 4")


def predict(trained: "TrainedNetworks", options: argparse.Namespace) -> Iterator[Prediction]:
    """Every source with its generated target.

    Raise `InputError` for a file without sources or a source without words, `UsageError` if there is no source at all.
    """
    sources = [*options.sources, *read_lines(options.file, "source")]
    if not sources:
        raise UsageError("no source; give one as an argument, or several by --file FILE (- is standard input)")
    check_texts(sources, "source")
    from pipelines.tasks.numbers.data import Meta, tokens

    words = trained.meta(Meta).words
    words_of = [tokens(source) for source in sources]
    for source, parts in zip(sources, words_of, strict=True):
        if not parts:
            raise InputError(f"{source!r} holds no word; write a number in words")
    network, seed = trained.network("words")
    from pipelines.nn.datasets import padded
    from pipelines.nn.decoding import BeamSearch
    from pipelines.nn.vocabulary import UNKNOWN

    encoded = [words.source_vocabulary.encode(parts) for parts in words_of]
    hypotheses = BeamSearch(network).search(padded(encoded), words.longest_target, options.beam)
    model = trained.model("words")
    for source, parts, token_ids, hypothesis in zip(sources, words_of, encoded, hypotheses, strict=True):
        unseen = [word for word, token_id in zip(parts, token_ids, strict=True) if token_id == UNKNOWN]
        if unseen:
            print(f"note: training has not seen {' '.join(map(repr, unseen))}; read as unknown", file=sys.stderr)
        text = " ".join(words.target_vocabulary.decode(hypothesis.tokens))
        yield Prediction(
            {
                "source": source,
                "written": text,
                "log_probability": hypothesis.log_probability,
                "model": model,
                "trained_seed": seed,
                "unseen": unseen,
            },
            text,
        )
