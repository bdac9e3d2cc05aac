"""The arguments of `inspect`, apart from what they start: the command line reads them without importing anything else."""

import argparse


def add(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `inspect`."""
    parser.add_argument(
        "model", metavar="MODEL.keras", help="a Keras model with recurrent layers, as model.save writes it"
    )
    parser.add_argument(
        "inputs", metavar="INPUTS", help="sequences for it: .npy, or .npz with an array for each of several inputs"
    )
    parser.add_argument(
        "--names", metavar="FILE", help="a line for each feature of a step, or for each id of a vocabulary"
    )
    parser.add_argument(
        "--code", metavar="FILE", help="a Python file with the model's own classes; IT IS RUN, so look at it first"
    )
    parser.add_argument("--language", metavar="CODE", default="en", help="of the page: en or tr; default: en")
    parser.add_argument("--out", metavar="FOLDER", help="where to write the page; default: MODEL-inspection")
