"""The list of tasks. The command line, the stages, the tests and the reports all iterate it.

A task is a folder `pipelines/tasks/<name>/` with `source.py`, `data.py`, `model.py`, `score.py`, `figures.py` and `predict.py`, a
params block of the same name, and one entry here. Its modules are imported only when a stage asks for them.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import cast

from pipelines.contract import Data, Figures, Model, Predict, Score, Source
from pipelines.errors import UsageError


@dataclass(frozen=True)
class Task:
    """One problem: its name in paths and commands, its title and its question in reports."""

    name: str
    title: str
    question: str

    @property
    def source(self) -> Source:
        """`collect`."""
        return cast(Source, import_module(f"pipelines.tasks.{self.name}.source"))

    @property
    def data(self) -> Data:
        """`prepare`, `expectations`, `datasets`."""
        return cast(Data, import_module(f"pipelines.tasks.{self.name}.data"))

    @property
    def model(self) -> Model:
        """`build`, `outputs`, `readout`, `illustrate`."""
        return cast(Model, import_module(f"pipelines.tasks.{self.name}.model"))

    @property
    def score(self) -> Score:
        """`primary`, `evaluate`, `baselines`."""
        return cast(Score, import_module(f"pipelines.tasks.{self.name}.score"))

    @property
    def figures(self) -> Figures:
        """`draw`."""
        return cast(Figures, import_module(f"pipelines.tasks.{self.name}.figures"))

    @property
    def predict(self) -> Predict:
        """`arguments`, `answer`."""
        return cast(Predict, import_module(f"pipelines.tasks.{self.name}.predict"))


TASKS = (
    Task(
        "timeseries",
        "Time series",
        "Which cell forecasts a seasonal and a quasi-periodic series, and does it beat classical statistics?",
    ),
    Task(
        "finance",
        "Financial forecasting",
        "Can a recurrent network forecast index returns or volatility several days ahead?",
    ),
    Task(
        "language",
        "Language",
        "Which gates does a network need to write like the text it has read, and does it know more than an n-gram model?",
    ),
    Task(
        "music",
        "Music",
        "Which cell foresees the next notes of a chorale or a fiddle tune best, and can it write and rewrite pieces in either style?",
    ),
)


def find(name: str) -> Task:
    """Return the task called `name`; raise `UsageError` naming the tasks there are."""
    for task in TASKS:
        if task.name == name:
            return task
    raise UsageError(f"there is no task {name!r}; the tasks are {', '.join(task.name for task in TASKS)}")
