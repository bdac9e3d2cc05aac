"""Where the released models of a task are, and how their cards are read. Apart from `paths`, so that no training depends on it."""

import os
import shutil
from pathlib import Path

from pipelines import artifacts
from pipelines.errors import MissingStageError, OutputError

RELEASES = Path("artifacts/releases")
CARD = "README.md"
"""The model card, under the name by which hubs show it."""
SAVED_MODEL = "saved_model"
"""Folder of the SavedModels, one for each target."""
MARK = "---\n"
"""Before and after the fields at the beginning of a card."""


def folder(task: str) -> Path:
    """All released models of a task."""
    return RELEASES / task


def model(task: str, name: str) -> Path:
    """A released model: its card, its networks, its functions."""
    return folder(task) / name


def archive(target: str, seed: int) -> str:
    """The name of a network's Keras archive within a released model."""
    return f"{target}-{seed}.keras"


def card(task: str, name: str) -> str:
    """The text of a model card, without the fields at its beginning; raise `MissingStageError` or `DamagedError`."""
    path = model(task, name) / CARD
    with artifacts.reading(path):
        _, _, text = path.read_text(encoding="utf-8").split(MARK, 2)
        return text.lstrip()


def copy(task: str, name: str, destination: Path) -> None:
    """Copy a released model to `destination`, whole or not at all.

    Raise `MissingStageError` if it has not been released, `OutputError` for a destination that is a file, holds files, or is within the
    releases.
    """
    source, target = model(task, name), Path(os.path.realpath(destination))
    if not (source / CARD).is_file():
        raise MissingStageError(
            f"{source} is missing: run `dvc repro release@{task}`, which trains and releases the task's models"
        )
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        fault = "is a folder that is not empty" if target.is_dir() else "is a file"
        raise OutputError(f"{destination}: {fault}; name a folder that is new or empty")
    if target.is_relative_to(Path(os.path.realpath(RELEASES))):
        raise OutputError(f"{destination}: is within {RELEASES}, which DVC keeps; name a folder elsewhere")
    with artifacts.replacing_folder(target) as folder:
        for file in sorted(path for path in source.rglob("*") if path.is_file()):
            copied = folder / file.relative_to(source)
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copied)  # not by `copytree`, whose error does not tell a full disk
