"""`predict language PROMPT…`: the trained network continues a text."""

import argparse
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, NonNegativeInt

from pipelines.errors import UsageError
from pipelines.params.blocks import Count
from pipelines.predict import Prediction, argument_type, check_texts, read_lines

if TYPE_CHECKING:
    from pipelines.predict import TrainedNetworks


def arguments(parser: argparse.ArgumentParser) -> None:
    """The prompts, and how to sample what follows."""
    count, natural = argument_type(Count), argument_type(NonNegativeInt)
    temperature = argument_type(Annotated[float, Field(ge=0, allow_inf_nan=False)])
    share = argument_type(Annotated[float, Field(gt=0, le=1)])
    parser.add_argument("prompts", nargs="*", metavar="PROMPT", help="the beginning of a text")
    parser.add_argument("--prompts", dest="file", metavar="FILE", help="a prompt a line; - is standard input")
    parser.add_argument("--length", type=count, default=300, help="characters (or words) to write; 300")
    parser.add_argument(
        "--temperature", type=temperature, default=0.7, help="0: always the most likely; 1: as learned; 0.7"
    )
    parser.add_argument("--top-k", type=natural, default=0, help="draw from the k most likely; 0: from all")
    parser.add_argument("--top-p", type=share, default=1.0, help="draw from the most likely that have this probability")
    parser.add_argument("--seed", type=natural, default=1, help="another seed writes another text; 1")


def predict(trained: "TrainedNetworks", options: argparse.Namespace) -> Iterator[Prediction]:
    """Every prompt with its continuation by the network, all prompts in one batch.

    Raise `InputError` for a file without prompts or not in UTF-8, `UsageError` if there is no prompt at all.
    """
    from pipelines.tasks.language.data import Meta, decode, encode

    prompts = [*options.prompts, *read_lines(options.file, "prompt")]
    if not prompts:
        raise UsageError("no prompt; give one as an argument, or several by --prompts FILE (- is standard input)")
    check_texts(prompts, "prompt")
    meta = trained.meta(Meta)
    encoded = [encode(prompt, meta) for prompt in prompts]
    network, trained_seed = trained.network("text")
    from pipelines.nn import generation

    written = generation.generate(
        network,
        [tokens for tokens, _ in encoded],
        options.length,
        options.temperature,
        options.top_k,
        options.top_p,
        options.seed,
    )
    model = trained.model("text")
    for prompt, (_, unseen), tokens in zip(prompts, encoded, written, strict=True):
        text = decode(tokens, meta)
        if unseen:
            print(f"note: training has not seen {' '.join(map(repr, unseen))}; read as unknown", file=sys.stderr)
        yield Prediction(
            {"prompt": prompt, "text": text, "model": model, "trained_seed": trained_seed, "unseen": unseen},
            prompt + text,
        )
