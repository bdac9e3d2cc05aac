"""The options that say which points a sweep has, for `gatehouse sweep` and `trials` alike. Imports nothing that takes time."""

import argparse
import math
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value", int, float, str)


def add(parser: argparse.ArgumentParser) -> None:
    """Add the task and the options to a parser."""
    parser.add_argument("task", metavar="TASK")
    parser.add_argument(
        "--model", metavar="NAME", help="base model (default: the first that begins with one of the cells)"
    )
    parser.add_argument("--cells", type=_list_of(_name), metavar="A,B", help="default: lstm,gru")
    parser.add_argument(
        "--units", type=_list_of(_count), metavar="A,B",
        help="of the first recurrent layer, the others in proportion (default: half, once and twice those of the base model)",
    )  # fmt: skip
    parser.add_argument(
        "--learning-rate", type=_list_of(_rate), metavar="A,B",
        help="default: a third of that in params.yaml, that, and three times that",
    )  # fmt: skip
    parser.add_argument("--seeds", type=_list_of(_seed), metavar="A,B", help="default: those in params.yaml")


def given(options: argparse.Namespace) -> list[str]:
    """The task and the options as they were given, as words of a command line."""
    words = [options.task]
    for name in ("model", "cells", "units", "learning_rate", "seeds"):
        value = getattr(options, name)
        if value is not None:
            text = value if isinstance(value, str) else ",".join(map(str, value))
            words.append(f"--{name.replace('_', '-')}={text}")
    return words


def _list_of(kind: Callable[[str], Value]) -> Callable[[str], tuple[Value, ...]]:
    def parse(text: str) -> tuple[Value, ...]:
        return tuple(dict.fromkeys(kind(part.strip()) for part in text.split(",")))

    return parse


def _name(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("a name is missing; write names with a comma between them")
    return text


def _count(text: str) -> int:
    return _integer(text, 1, 8192)


def _seed(text: str) -> int:
    return _integer(text, 0, 2**32 - 1)


def _integer(text: str, lowest: int, highest: int) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 12 and lowest <= int(text) <= highest):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {lowest} to {highest}")
    return int(text)


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = math.nan
    if not 0 < rate < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above zero, such as 0.003 or 3e-3")
    return rate
