"""The terminal output of a run: one log in which each line names its stage, and below it a progress bar."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from pipelines.printing import one_line

NAME_WIDTH = 28
"""Columns for the name of a stage."""

screen = Console(highlight=False, markup=False, soft_wrap=True)  # the output of a stage may contain brackets
if not screen.is_terminal:
    screen.width = 200  # do not wrap lines and tables in a log file


def quiet_prefect() -> None:
    """Send Prefect's own log lines to its server only: the terminal would show everything twice.

    Its warnings stay, except those of the services that send logs and events while the process ends.
    """
    logging.getLogger("prefect").setLevel(logging.WARNING)
    for service in ("EventsWorker", "APILogWorker"):
        logging.getLogger(service).setLevel(logging.ERROR)
    for name in ("prefect.flow_runs", "prefect.task_runs"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.INFO)
        logger.propagate = False


def say(source: str, line: str, style: str = "") -> None:
    """Print one line of `source`: a stage, a task or a part of the flow."""
    screen.print(
        Text.assemble(
            (time.strftime("%H:%M:%S "), "dim"),
            (f"{source:<{NAME_WIDTH}}", "cyan"),
            ("│ ", "dim"),
            (one_line(line), style),
        )
    )


class ProgressBar:
    """How many stages have ended and which are running; shown in a terminal only."""

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
def progress_bar(total: int) -> Iterator[ProgressBar]:
    """A progress bar for `total` stages."""
    columns = (BarColumn(20), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as progress:
        yield ProgressBar(progress, total)
