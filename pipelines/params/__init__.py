"""Frozen, typed mirror of `params.yaml`.

Values live in `params.yaml` alone, where DVC sees them change. The only defaults here are Keras's own for options of
a recurrent layer, so that a params block stays short.
"""

import difflib
from functools import cache
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ValidationError, model_validator

from pipelines import paths
from pipelines.errors import ParameterError
from pipelines.params.blocks import Frozen, Run
from pipelines.params.finance import Finance
from pipelines.params.language import Language
from pipelines.params.music import Music
from pipelines.params.timeseries import Timeseries


class Params(Frozen):
    """All of `params.yaml`."""

    tasks: tuple[str, ...]
    runs: dict[str, Run]
    timeseries: Timeseries
    finance: Finance
    language: Language
    music: Music

    def task(self, name: str) -> Any:
        """The block of the task `name`."""
        return getattr(self, name)

    def models(self, task: str) -> list[str]:
        """The models of `task` that the graph trains, in the order of `runs`."""
        return [run.model for run in self.runs.values() if run.task == task]

    @model_validator(mode="after")
    def _runs_exist(self) -> Self:
        for key, run in self.runs.items():
            if key != f"{run.task}-{run.model}":
                raise ValueError(f"runs.{key} must be called {run.task}-{run.model}")
            if run.task not in self.tasks:
                raise ValueError(f"runs.{key} names the task {run.task!r}, which is not in tasks")
            if run.model not in self.task(run.task).models:
                raise ValueError(f"runs.{key} names a model that {run.task}.models does not describe")
        return self


@cache
def load(path: Path = paths.PARAMS) -> Params:
    """Read `params.yaml`; raise `ParameterError` with the full path of the first wrong key or value."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    if not path.exists():
        raise ParameterError(f"there is no {path} here: run the command in the repository's root")
    try:
        values = YAML(typ="safe").load(path)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise ParameterError(
            f"{path}{line}: not valid YAML ({getattr(error, 'problem', error)}); correct that line"
        ) from error
    try:
        return Params.model_validate(values)
    except ValidationError as error:
        raise ParameterError(f"{path}: {_sentence(error)}") from error


def _sentence(error: ValidationError) -> str:
    """The first fault as one sentence: full path, what is wrong, what is allowed."""
    # An unknown key explains the missing one beside it, so it is told first.
    first = min(error.errors(), key=lambda fault: fault["type"] != "extra_forbidden")
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        allowed = _keys_at(first["loc"][:-1])
        close = difflib.get_close_matches(str(first["loc"][-1]), allowed, n=1)
        hint = f"did you mean {close[0]}? " if close else ""
        return f"{where} is not a parameter; {hint}allowed here: {', '.join(allowed)}"
    if first["type"] == "missing":
        return f"{where} is missing; add it"
    if first["type"] == "value_error":
        return f"{where + ': ' if where else ''}{first['ctx']['error']}"
    message = first["msg"][0].lower() + first["msg"][1:]
    return f"{where} is {first['input']!r}; {message}"


def _keys_at(location: tuple[int | str, ...]) -> list[str]:
    """The keys allowed at `location`, found by walking the models' annotations."""
    node: Any = Params
    for part in location:
        if isinstance(node, type) and issubclass(node, BaseModel):
            node = node.model_fields[str(part)].annotation
        else:  # the element type of a dict or tuple
            node = next(
                (a for a in reversed(getattr(node, "__args__", ())) if a is not Ellipsis and a is not str),
                None,
            )
    return list(node.model_fields) if isinstance(node, type) and issubclass(node, BaseModel) else []
