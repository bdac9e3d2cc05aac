"""Where the released models of a task are, and how their cards are read. Apart from `paths`, so that no training depends on it."""

from pathlib import Path

from pipelines import artifacts

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
