"""`params.yaml`, typed: each task describes its own block, frozen and closed to keys that it does not know.

Values live in `params.yaml` alone, where DVC sees them change. The only defaults are Keras's own for options of a recurrent layer, so
that a block stays short.
"""

import difflib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from pipelines import paths
from pipelines.errors import ParameterError
from pipelines.params.blocks import SAME_FOR_ALL, Block, FaultError, OverrideError
from pipelines.printing import one_line, quoted, shortened

TaskBlock = TypeVar("TaskBlock", bound=Block)
MOST_VALUES = 100_000
"""Of a file of parameters, each alias counted as all that it stands for: a few lines of aliases can stand for any number."""
DEEPEST = 50


@cache
def values(path: Path = paths.PARAMS) -> dict[str, Any]:
    """All of `params.yaml` as plain values; raise `ParameterError` if it is missing, unreadable or not YAML."""
    if not path.exists():
        raise ParameterError(f"there is no {path} here: run the command in the repository's root")
    loaded = load_yaml(path)
    if not isinstance(loaded, dict):
        raise ParameterError(f"{path}: holds no block; every task has one")
    return loaded


def load_yaml(path: Path) -> Any:
    """The plain values in a YAML file; raise `ParameterError` if it cannot be read, is not YAML or is too large."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ParameterError(f"{path}: cannot be read ({error.strerror}); it has to be a file") from error
    except UnicodeDecodeError as error:
        raise ParameterError(f"{path}, byte {error.start}: is not UTF-8; save the file in that encoding") from error
    try:
        _check_size(text, path)
        return YAML(typ="safe").load(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        problem = shortened(str(getattr(error, "problem", error)))
        raise ParameterError(f"{path}{line}: not valid YAML ({problem}); correct that line") from error
    except ValueError as error:  # a number or a date that Python does not have
        raise ParameterError(f"{path}{_line_of_wrong_value(text)} ({shortened(str(error))}); correct it") from error


def _check_size(text: str, path: Path) -> None:
    """Raise `ParameterError` for more or deeper nested values than anybody writes, before they are made."""
    from ruamel.yaml import YAML, events

    sizes: dict[str, int] = {}
    open_parts: list[tuple[str | None, int]] = []
    size = 0
    for event in YAML(typ="safe").parse(text):
        if isinstance(event, events.CollectionStartEvent):
            open_parts.append((event.anchor, size))
        elif isinstance(event, events.CollectionEndEvent):
            anchor, before = open_parts.pop()
            if anchor:
                sizes[anchor] = size - before
        elif isinstance(event, events.AliasEvent):
            size += sizes.get(event.anchor, 0)
        size += 1
        if size > MOST_VALUES or len(open_parts) > DEEPEST:
            raise ParameterError(
                f"{path}, line {event.start_mark.line + 1}: more than {MOST_VALUES:,} values, or one in more than {DEEPEST} others; "
                "leave some out (an alias counts as what it stands for)"
            )


def _line_of_wrong_value(text: str) -> str:
    """Where the first value is that cannot be made, and which it is."""
    from ruamel.yaml import YAML, events

    for event in YAML(typ="safe").parse(text):
        if isinstance(event, events.ScalarEvent) and event.implicit[0]:
            try:
                YAML(typ="safe").load(event.value)
            except ValueError:
                return f", line {event.start_mark.line + 1}: {shortened(event.value)} cannot be read"
    return ": a value cannot be read"


def block(task: str, kind: type[TaskBlock], path: Path = paths.PARAMS) -> TaskBlock:
    """The block of `task`; raise `ParameterError` with the full path of the first wrong key or value."""
    return checked(task, kind, values(path), path)


def checked(task: str, kind: type[TaskBlock], blocks: dict[str, Any], path: Path = paths.PARAMS) -> TaskBlock:
    """The same, of `blocks` as in the file."""
    if task not in blocks:
        raise ParameterError(f"{path}: {task} is missing; add the block of the task")
    try:
        return kind.model_validate(blocks[task])
    except ValidationError as error:
        # An unknown key explains the missing one beside it, so it is reported first.
        faults = _faults(error, kind, ())
        where, fault, allowed = min(faults, key=lambda found: found[1]["type"] != "extra_forbidden")
        parameter = one_line(".".join([task, *(shortened(str(part)) for part in where)]))
        raise ParameterError(f"{path}: {parameter}{_what(fault, allowed)}") from error


def _faults(
    error: ValidationError, kind: type[BaseModel], prefix: tuple[int | str, ...]
) -> Iterator[tuple[tuple[int | str, ...], Any, list[str]]]:
    """Path of each fault, pydantic's description, and the keys that are allowed there."""
    for fault in error.errors(include_url=False):
        cause = fault.get("ctx", {}).get("error")
        where = (*prefix, *fault["loc"], *(cause.where if isinstance(cause, FaultError) else ()))
        if isinstance(cause, OverrideError):
            for path, override_fault, allowed in _faults(cause.error, cause.kind, where):
                yield path, override_fault, [key for key in allowed if key not in SAME_FOR_ALL]
        else:
            yield where, fault, _keys_at(kind, fault["loc"][:-1]) if fault["type"] == "extra_forbidden" else []


def _what(fault: Any, allowed: list[str]) -> str:
    """What is wrong and what is allowed, to follow the path."""
    if fault["type"] == "extra_forbidden":
        close = difflib.get_close_matches(str(fault["loc"][-1]), allowed, n=1)
        hint = f"did you mean {close[0]}? " if close else ""
        return f" is not a parameter; {hint}allowed here: {', '.join(allowed)}"
    if fault["type"] == "missing":
        return " is missing; add it"
    if fault["type"] == "value_error":
        return f": {fault['ctx']['error']}"
    if fault["loc"][-1:] == ("[key]",):
        return ": a key has to be a text; write it in quotes"
    message = fault["msg"][0].lower() + fault["msg"][1:]
    return f" is {quoted(fault['input'])}; {message}"


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
