"""Sweeps: the validation loss of one model over its cell, units and learning rate. `sweeps/<task>.json` keeps the results, in Git.

The test split stays untouched: whoever chooses by it, measures the choice and not the network.
"""

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipelines import artifacts, paths
from pipelines.errors import DamagedError
from pipelines.params.blocks import Count, Seed, Units

LearningRate = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Record(BaseModel):
    """Immutable, and closed to keys that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Point(Record):
    """One point of the grid."""

    cell: str
    units: Units
    """Of the first recurrent layer; the others keep their proportion to it."""
    learning_rate: LearningRate

    @property
    def name(self) -> str:
        """`gru-64-0.003`."""
        return f"{self.cell}-{self.units}-{self.learning_rate!r}"


class Fitted(Record):
    """What the training of one target came to, a value for each seed."""

    valid_loss: tuple[Annotated[float, Field(allow_inf_nan=False)], ...]
    """The lowest, in the unit of the target's loss."""
    best_epoch: tuple[Count, ...]
    """In which that was, from 1."""


class Result(Record):
    """What was measured at a point."""

    point: Point
    overrides: dict[str, Any]
    """Path below the task's block in `params.yaml` -> value: what makes this point of the base model."""
    parameters: int
    seconds: float
    """In which all seeds and targets were fitted."""
    targets: dict[str, Fitted]
    """Empty where a training failed."""
    failed: str = ""
    """Why, in a sentence: a learning rate can be too high."""


class Sweep(Record):
    """A grid, and the results there are of it."""

    task: Annotated[str, Field(pattern=r"^[a-z_]+$")]
    model: str
    """The base model: a point replaces its cells, units and learning rate."""
    seeds: tuple[Seed, ...]
    cells: tuple[str, ...]
    units: tuple[Units, ...]
    learning_rates: tuple[LearningRate, ...]
    fingerprint: str
    """Of everything else that decides the results: code, prepared data, the other parameters, seeds."""
    results: tuple[Result, ...] = ()

    @property
    def command(self) -> str:
        """The command that fits this grid."""
        return " ".join(["gatehouse sweep", self.task, *self.options])

    @property
    def options(self) -> list[str]:
        """Its options, all of them."""
        return [
            *("--model", self.model, "--cells", ",".join(self.cells), "--units", ",".join(map(str, self.units))),
            *("--learning-rate", ",".join(map(repr, self.learning_rates))),
            *("--seeds", ",".join(map(str, self.seeds))),
        ]

    @property
    def missing(self) -> list[Point]:
        """The points without a result, those with the most units first: they take longest."""
        done = {result.point for result in self.results}
        grid = product(self.cells, sorted(self.units, reverse=True), self.learning_rates)
        points = [Point(cell=cell, units=units, learning_rate=rate) for cell, units, rate in grid]
        return sorted((point for point in points if point not in done), key=lambda point: -point.units)

    def with_results(self, results: Sequence[Result]) -> "Sweep":
        """The same, with these results too, in the order of the grid; a later result of a point replaces an earlier one."""
        known = {result.point: result for result in (*self.results, *results)}
        in_order = sorted(known, key=lambda point: (point.cell, point.units, point.learning_rate))
        return self.model_copy(update={"results": tuple(known[point] for point in in_order)})


def path(task: str) -> Path:
    """Where the results of a task are kept."""
    return paths.SWEEPS / f"{task}.json"


def result_path(sweep: Sweep, point: Point) -> Path:
    """Where a training leaves the result of a point, until a sweep collects it."""
    return paths.WORK / "sweeps" / sweep.task / sweep.fingerprint / f"{point.name}.json"


def read(task: str) -> Sweep | None:
    """The results of a task; None if there are none; raise `DamagedError` for a file that no sweep has written."""
    return _read(path(task), Sweep) if path(task).exists() else None


def read_result(sweep: Sweep, point: Point) -> Result | None:
    """The result that a training has left, if it has."""
    file = result_path(sweep, point)
    return _read(file, Result) if file.exists() else None


def _read(file: Path, kind: type[Any]) -> Any:
    try:
        return kind.model_validate(artifacts.read_json(file))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise DamagedError(f"{file}: is not what a sweep writes ({where}: {first['msg']}); remove it") from error


def write(sweep: Sweep) -> None:
    """Replace the results of a task."""
    artifacts.write_json(path(sweep.task), sweep.model_dump())


def write_result(sweep: Sweep, result: Result) -> None:
    """Leave the result of a point for the sweep."""
    artifacts.write_json(result_path(sweep, result.point), result.model_dump())
