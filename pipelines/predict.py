"""Predictions of trained networks: what `python -m pipelines predict TASK …` needs for every task."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from itertools import islice
from math import inf, isfinite
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from pipelines import artifacts, names, paths, progress
from pipelines.errors import InputError, MissingStageError, UsageError
from pipelines.printing import STEERING, harmless, quoted
from pipelines.sources import files

if TYPE_CHECKING:
    import keras

    from pipelines.contract import Meta
    from pipelines.params.blocks import Block

TaskMeta = TypeVar("TaskMeta", bound="Meta")
LITERAL = "\0"
"""Before a word that stood after `--`; no word of a command line can contain it."""
LONGEST = 10_000
"""Characters of a text that a network reads."""
MOST = 1_000_000
"""Characters of a batch, in which every text is as long as the longest."""


@dataclass(frozen=True)
class Prediction:
    """One prediction."""

    values: dict[str, Any]
    """As JSON."""
    text: str
    """The same, to be read."""


class TrainedNetworks:
    """The trained networks of a task: of the requested model, or else of the one with the lowest validation loss."""

    def __init__(self, task: str, params: "Block", model: str | None) -> None:
        self.task, self.params = task, params
        models = list(params.models)
        if model is not None and model not in models:
            raise UsageError(f"{self.task} has no model {model!r}; its models in params.yaml are {', '.join(models)}")
        self.models = [model] if model else models

    def meta(self, kind: type[TaskMeta]) -> TaskMeta:
        """`meta.json` of the data that the networks were trained on."""
        return artifacts.read(paths.prepared(self.task) / "meta.json", kind)

    @cached_property
    def records(self) -> dict[str, Any]:
        """`training.json` of every model that has been trained."""
        files = {model: paths.model(self.task, model) / "training.json" for model in self.models}
        records = {model: artifacts.read_json(file) for model, file in files.items() if file.exists()}
        if not records:
            raise MissingStageError(f"{self.task}: no model has been trained yet; run `dvc repro report@{self.task}`")
        return records

    def model(self, target: str) -> str:
        """The model with the lowest validation loss on `target`, mean over seeds; the test part is not used."""
        losses = {model: np.mean(self._losses(model, target)) for model in self.records}
        return min(losses, key=lambda model: losses[model])

    def _losses(self, model: str, target: str) -> list[float]:
        losses = self.records[model]["targets"][target]["best_valid_loss"]
        return [inf if loss is None else loss for loss in losses]  # none where training diverged at once

    def network(self, target: str) -> tuple["keras.Model", int]:
        """The model's network with the seed of the lowest validation loss, and that seed."""
        checkpoints = _checkpoints(self.task)
        model = self.model(target)
        seed = self.records[model]["seeds"][int(np.argmin(self._losses(model, target)))]
        folder = paths.model(self.task, model) / target
        network = checkpoints.load(folder)
        checkpoints.load_seed(network, folder, seed)
        return network, seed

    def outputs(self, target: str, inputs: dict[str, NDArray[Any]]) -> Iterator[NDArray[np.float32]]:
        """The outputs of the network of every seed for a batch of inputs."""
        checkpoints = _checkpoints(self.task)
        model = self.model(target)
        folder = paths.model(self.task, model) / target
        network = checkpoints.load(folder)
        for seed in self.records[model]["seeds"]:
            checkpoints.load_seed(network, folder, seed)
            yield network.predict_on_batch(inputs)


def read_lines(file: str | None, what: str) -> list[str]:
    """The lines of a text file (`-`: standard input) that are not blank; none if there is no file.

    Raise `InputError` for a file that cannot be read, is not UTF-8 or holds no `what`.
    """
    if file is None:
        return []
    source, name = (sys.stdin.fileno(), "-") if file == "-" else (Path(file), file)
    try:
        lines = [line for line in islice(files.lines(source, LONGEST, name), MOST + 1) if line.strip()]
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror}); name a text file with a {what} a line") from error
    if not lines:
        raise InputError(f"{file}: holds no {what}; write one a line")
    return lines


def output_file(name: str, *others: str) -> Path:
    """Where the file `name` is to be written, by `artifacts.replacing`; what a link leads to, if it is one. For use before computing.

    Raise `UsageError` if it is one of `others`, which are read or written too, under whatever name; `InputError` if no file can be there.
    """
    path = Path(os.path.realpath(name))
    if not path.parent.is_dir():
        raise InputError(f"{name}: there is no folder {path.parent}; make it, or name another file")
    if path.exists() and not path.is_file():
        raise InputError(f"{name}: is not a regular file; name another")
    for other in others:
        if os.path.realpath(other) == str(path) or (path.exists() and Path(other).exists() and path.samefile(other)):
            raise UsageError(f"{name}: is the same file as {other}, which it would overwrite; name another")
    return path


def check_texts(texts: Sequence[str], what: str) -> None:
    """Raise `InputError` for one that is not UTF-8 or too long, and for more than a network reads in one batch."""
    for text in texts:
        if not names.is_text(text):
            raise InputError(f"the {what} {quoted(text)} is not UTF-8; write it in that encoding")
        if len(text) > LONGEST:
            raise InputError(
                f"the {what} {quoted(text)} has {len(text):,} characters, and at most {LONGEST:,} are read; shorten it"
            )
    longest = max(map(len, texts), default=0)
    if len(texts) * longest > MOST:
        raise InputError(
            f"{len(texts):,} times {longest:,} characters, the length of the longest {what}, are more than the {MOST:,} that are read "
            "in one batch; give fewer at a time"
        )


def argument_type(annotation: Any) -> Callable[[str], Any]:
    """The `type` of a command-line argument: exit status 2 if the text is not what the pydantic `annotation` allows."""
    adapter = TypeAdapter(annotation)

    def read(text: str) -> Any:
        text = unmarked(text)
        try:
            return adapter.validate_python(text)
        except ValidationError as error:
            raise argparse.ArgumentTypeError(f"{text!r}: {error.errors()[0]['msg'].lower()}") from error

    return read


def _checkpoints(task: str) -> ModuleType:
    """Set TensorFlow up as for training; return the module that loads networks of `task`."""
    from pipelines.nn import hardware

    hardware.set_up()
    import_module(f"pipelines.tasks.{task}.train")  # registers the task's own layers
    from pipelines.nn import checkpoints

    return checkpoints


def note(text: str) -> None:
    """Say on standard error how something was read."""
    print(f"note: {harmless(text)}", file=sys.stderr)


def unmarked(text: str) -> str:
    """A word of the command line without the mark of those that stood after `--`."""
    return text.removeprefix(LITERAL)


def print_predictions(predictions: Iterable[Prediction], as_json: bool) -> None:
    """Print predictions as they come, or all together as one JSON list: in ASCII where the terminal has no more, null for a number that is
    not finite.
    """
    if not as_json:
        for index, prediction in enumerate(predictions):
            progress.show(f"\n{prediction.text}" if index else prediction.text)
        return
    values = [_finite(prediction.values) for prediction in predictions]
    unicode = (getattr(sys.stdout, "encoding", None) or "ascii").lower().startswith("utf")
    text = json.dumps(values, indent=1, ensure_ascii=not unicode, allow_nan=False)
    # The encoder leaves some control characters as they are; all that are left stand in strings.
    progress.show(STEERING.sub(lambda found: f"\\u{ord(found.group()):04x}", text))


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not isfinite(value) else value
