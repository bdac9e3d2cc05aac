"""`predict numbers SOURCE…`: the target that the trained network generates for each source."""

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipelines.predict import Prediction
from pipelines.sequence_to_sequence import predict as pairs

if TYPE_CHECKING:
    from pipelines.predict import TrainedNetworks


def arguments(parser: argparse.ArgumentParser) -> None:
    """The sources, and how to search."""
    pairs.arguments(parser, "three hundred twelve")


def predict(trained: "TrainedNetworks", options: argparse.Namespace) -> Iterator[Prediction]:
    """Every source with its generated target; errors as in the shared room."""
    sources = pairs.sources(options)
    from pipelines.tasks.numbers.data import WORDS, Meta

    return pairs.predict(trained, sources, options.beam, Meta, lambda _: WORDS, "write a number in words")
