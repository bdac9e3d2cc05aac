"""`predict TASK SOURCE…`: the target that the trained network generates for each source."""

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from pipelines import paths
from pipelines.errors import InputError, UsageError
from pipelines.predict import Prediction, argument_type, check_texts, read_lines

if TYPE_CHECKING:
    from pipelines.predict import TrainedNetworks
    from pipelines.sequence_to_sequence.data import Tokenizer

BATCH = 256


def arguments(parser: argparse.ArgumentParser, example: str) -> None:
    """The sources, and how to search."""
    count = argument_type(Annotated[int, Field(gt=0, le=100)])
    parser.add_argument("sources", nargs="*", metavar="SOURCE", help=f'for example "{example}"')
    parser.add_argument("--file", metavar="FILE", help="a source a line; - is standard input")
    parser.add_argument("--beam", type=count, default=4, help="hypotheses that beam search keeps, 1: greedy; 4")


def sources(options: argparse.Namespace) -> list[str]:
    """All sources that are given.

    Raise `InputError` for a file without sources, `UsageError` if there is no source at all.
    """
    given = [*options.sources, *read_lines(options.file, "source")]
    if not given:
        raise UsageError("no source; give one as an argument, or several by --file FILE (- is standard input)")
    check_texts(given, "source")
    return given


def predict(
    trained: "TrainedNetworks",
    given: list[str],
    beam: int,
    kind: type[Any],
    tokenizer_of: "Callable[[Path], Tokenizer]",
    remedy: str,
) -> Iterator[Prediction]:
    """Every source with its generated target; `kind` is the task's meta.

    Raise `InputError` for a source without tokens; `remedy` says what to do about it.
    """
    ((target, meta),) = trained.meta(kind).targets.items()
    tokenizer = tokenizer_of(paths.prepared(trained.task))
    tokens_of = [tokenizer.source(source) for source in given]
    for source, tokens in zip(given, tokens_of, strict=True):
        if not tokens:
            raise InputError(f"{source!r} holds no word; {remedy}")
    network, seed = trained.network(target)
    from pipelines.nn.datasets import padded
    from pipelines.nn.decoding import BeamSearch
    from pipelines.nn.vocabulary import UNKNOWN
    from pipelines.sequence_to_sequence import generate

    evaluate = trained.params.evaluate
    beam_search, model = BeamSearch(network), trained.model(target)
    for start in range(0, len(given), BATCH):
        encoded = [meta.source_vocabulary.encode(tokens) for tokens in tokens_of[start : start + BATCH]]
        batch = padded(encoded)
        required = generate.required(batch, meta, tokenizer.copied)
        hypotheses = beam_search.search(batch, meta.longest_target, beam, evaluate.length_penalty, required)
        for source, tokens, token_ids, hypothesis in zip(
            given[start:], tokens_of[start:], encoded, hypotheses, strict=False
        ):
            unseen = [token for token, token_id in zip(tokens, token_ids, strict=True) if token_id == UNKNOWN]
            if unseen:
                print(f"note: training has not seen {' '.join(map(repr, unseen))}; read as unknown", file=sys.stderr)
            copied = tokens if evaluate.copy_unknown else []
            text = tokenizer.text(generate.tokens(hypothesis, meta.target_vocabulary, copied), source)
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
