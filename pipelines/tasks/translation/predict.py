"""`predict translation SOURCE…`: the translation that the trained network generates for each source."""

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipelines.predict import Prediction
from pipelines.sequence_to_sequence import predict as pairs

if TYPE_CHECKING:
    from pipelines.predict import TrainedNetworks


def arguments(parser: argparse.ArgumentParser) -> None:
    """The sources, and how to search."""
    pairs.arguments(parser, "Save changes")


def predict(trained: "TrainedNetworks", options: argparse.Namespace) -> Iterator[Prediction]:
    """Every source with its translation; errors as in the shared room."""
    sources = pairs.sources(options)
    from pipelines.tasks.translation.data import Meta
    from pipelines.tasks.translation.subwords import Subwords

    return pairs.predict(trained, sources, options.beam, Meta, Subwords, "write a message")
