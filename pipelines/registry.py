"""The list of tasks. The command line, the tests, the stages `code` and `site` iterate it."""

from pipelines.errors import UsageError
from pipelines.task import Task

TASKS = tuple(
    map(
        Task,
        (
            "timeseries",
            "finance",
            "language",
            "music",
            "numbers",
            "sentiment",
            "topics",
            "translation",
            "speech",
            "video",
            "memory",
        ),
    )
)


def find(name: str) -> Task:
    """Return the task called `name`; raise `UsageError` naming the tasks there are."""
    for task in TASKS:
        if task.name == name:
            return task
    raise UsageError(f"there is no task {name!r}; the tasks are {', '.join(task.name for task in TASKS)}")
