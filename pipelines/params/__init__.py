"""`params.yaml`, typed: each task describes its own block, frozen and closed to keys that it does not know.

Values live in `params.yaml` alone, where DVC sees them change. The only defaults are Keras's own for options of a recurrent layer, so
that a block stays short.
"""

import difflib
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from pipelines import paths
from pipelines.errors import ParameterError
from pipelines.params.blocks import Block

TaskBlock = TypeVar("TaskBlock", bound=Block)


@cache
def values(path: Path = paths.PARAMS) -> dict[str, Any]:
    """All of `params.yaml` as plain values; raise `ParameterError` if it is missing or not YAML."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    if not path.exists():
        raise ParameterError(f"there is no {path} here: run the command in the repository's root")
    try:
        loaded = YAML(typ="safe").load(path)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise ParameterError(
            f"{path}{line}: not valid YAML ({getattr(error, 'problem', error)}); correct that line"
        ) from error
    if not isinstance(loaded, dict):
        raise ParameterError(f"{path}: holds no block; every task has one")
    return loaded


def block(task: str, kind: type[TaskBlock], path: Path = paths.PARAMS) -> TaskBlock:
    """The block of `task`; raise `ParameterError` with the full path of the first wrong key or value."""
    blocks = values(path)
    if task not in blocks:
        raise ParameterError(f"{path}: {task} is missing; add the block of the task")
    try:
        return kind.model_validate(blocks[task])
    except ValidationError as error:
        raise ParameterError(f"{path}: {_sentence(task, kind, error)}") from error


def _sentence(task: str, kind: type[BaseModel], error: ValidationError) -> str:
    """The first fault as one sentence: full path, what is wrong, what is allowed."""
    # An unknown key explains the missing one beside it, so it is reported first.
    first = min(error.errors(), key=lambda fault: fault["type"] != "extra_forbidden")
    where = ".".join([task, *map(str, first["loc"])])
    if first["type"] == "extra_forbidden":
        allowed = _keys_at(kind, first["loc"][:-1])
        close = difflib.get_close_matches(str(first["loc"][-1]), allowed, n=1)
        hint = f"did you mean {close[0]}? " if close else ""
        return f"{where} is not a parameter; {hint}allowed here: {', '.join(allowed)}"
    if first["type"] == "missing":
        return f"{where} is missing; add it"
    if first["type"] == "value_error":
        return f"{where}: {first['ctx']['error']}"
    message = first["msg"][0].lower() + first["msg"][1:]
    return f"{where} is {first['input']!r}; {message}"


def _keys_at(kind: Any, location: tuple[int | str, ...]) -> list[str]:
    """The keys allowed at `location`, found by walking the models' annotations."""
    node = kind
    for part in location:
        if isinstance(node, type) and issubclass(node, BaseModel):
            node = next(field.annotation for name, field in node.model_fields.items() if part in (name, field.alias))
        else:  # the element type of a dict or tuple
            node = next(
                (a for a in reversed(getattr(node, "__args__", ())) if a is not Ellipsis and a is not str),
                None,
            )
    fields = node.model_fields if isinstance(node, type) and issubclass(node, BaseModel) else {}
    return [field.alias or name for name, field in fields.items()]
