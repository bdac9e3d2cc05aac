"""What a `.keras` file says of itself, read without running anything of it: its layers, and what would have to be run to load it."""

import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from pipelines.errors import InputError
from pipelines.printing import quoted, shortened

CONFIG, METADATA = "config.json", "metadata.json"
WEIGHTS = "model.weights"
MOST_CONFIG = 64 << 20
"""Bytes of the description of a model."""
FORMAT = "save the model with model.save('model.keras') where it was made"


@dataclass(frozen=True)
class Archive:
    """A `.keras` file that is whole and holds a model."""

    config: Any
    keras: str
    """The version of Keras that wrote it."""

    @property
    def custom(self) -> dict[str, str]:
        """Registered name -> class, of everything that is not Keras's own."""
        return {
            str(part.get("registered_name") or part["class_name"]): str(part["class_name"])
            for part in _objects(self.config)
            if "module" in part
            and part["class_name"] != "function"
            and not str(part["module"] or "").startswith(("keras", "builtins"))
        }

    @property
    def lambdas(self) -> list[str]:
        """Names of the layers that hold a Python function as bytes."""
        return [
            str(part["config"].get("name", "lambda"))
            for part in _objects(self.config)
            if isinstance(part.get("config"), dict)
            and any(
                isinstance(value, dict) and value.get("class_name") == "__lambda__" for value in part["config"].values()
            )
        ]


def read(path: Path) -> Archive:
    """The description of the model in `path`; raise `InputError` for what is no whole `.keras` file."""
    _check_file(path)
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = {member.filename: member.file_size for member in archive.infolist()}
            if CONFIG not in sizes or not any(name.startswith(WEIGHTS) for name in sizes):
                missing = "the description of a model" if CONFIG not in sizes else "weights"
                raise InputError(f"{path}: is a zip file without {missing}; {FORMAT}")
            if sizes[CONFIG] > MOST_CONFIG or sum(sizes.values()) > psutil.virtual_memory().available:
                raise InputError(
                    f"{path}: would take {sum(sizes.values()):,} bytes of memory, which this machine has not"
                )
            config = json.loads(archive.read(CONFIG))
            metadata = json.loads(archive.read(METADATA)) if METADATA in sizes else {}
    except (OSError, ValueError, RecursionError, NotImplementedError, RuntimeError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{path}: is damaged ({shortened(' '.join(str(error).split()))}); copy or save it again"
        ) from error
    if not isinstance(config, dict) or "class_name" not in config or not isinstance(metadata, dict):
        raise InputError(f"{path}: its {CONFIG} does not describe a Keras model; {FORMAT}")
    return Archive(config, str(metadata.get("keras_version", "unknown")))


def _check_file(path: Path) -> None:
    if not path.exists():
        raise InputError(f"{path}: there is no such file")
    if path.is_dir():
        saved = " with a SavedModel" if (path / "saved_model.pb").exists() else ""
        raise InputError(f"{path}: is a folder{saved}, not a .keras file; {FORMAT}")
    if not path.is_file():
        raise InputError(f"{path}: is not a regular file; name a .keras file")
    with path.open("rb") as file:
        start = file.read(8)
    if not start:
        raise InputError(f"{path}: is empty; {FORMAT}")
    if start.startswith(b"\x89HDF"):
        raise InputError(
            f"{path}: is in the older HDF5 format, which cannot be loaded safely; load it where it was made, and {FORMAT}"
        )
    if not zipfile.is_zipfile(path):
        cut = start.startswith(b"PK")
        raise InputError(
            f"{path}: is the beginning of a .keras file, cut off after {path.stat().st_size:,} bytes; copy it again"
            if cut
            else f"{path}: is not a .keras file (it begins with {quoted(start)}); {FORMAT}"
        )


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every part of a description that Keras would make an object from."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if isinstance(part.get("class_name"), str):
                yield part
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
