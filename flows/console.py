"""The one log of a run: each line under the stage that says it; in a terminal, what is under way below."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

WIDTH = 28
"""Columns for a stage's name."""

screen = Console(highlight=False, markup=False, soft_wrap=True)  # what stages say may hold brackets
if not screen.is_terminal:
    screen.width = 200  # a log's lines and tables are not broken


def quiet_prefect() -> None:
    """Prefect's own lines go to its server alone: on the screen they would say everything a second time.

    Its warnings stay, but for those of the services that send logs and events on while the process ends.
    """
    logging.getLogger("prefect").setLevel(logging.WARNING)
    for service in ("EventsWorker", "APILogWorker"):
        logging.getLogger(service).setLevel(logging.ERROR)
    for name in ("prefect.flow_runs", "prefect.task_runs"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.INFO)
        logger.propagate = False


def say(who: str, line: str, style: str = "") -> None:
    """One line of `who`."""
    screen.print(
        Text.assemble((time.strftime("%H:%M:%S "), "dim"), (f"{who:<{WIDTH}}", "cyan"), ("│ ", "dim"), (line, style))
    )


class Board:
    """What is under way: a bar in a terminal, nothing elsewhere."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._bar = progress.add_task("", total=total)
        self._running: list[str] = []

    def started(self, stage: str) -> None:
        """Show `stage` as running."""
        self._running.append(stage)
        self._progress.update(self._bar, description=", ".join(self._running))

    def ended(self, stage: str) -> None:
        """Count `stage` as done."""
        if stage in self._running:
            self._running.remove(stage)
        self._progress.update(self._bar, advance=1, description=", ".join(self._running))


@contextmanager
def board(total: int) -> Iterator[Board]:
    """A board for `total` stages."""
    columns = (BarColumn(20), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as progress:
        yield Board(progress, total)
