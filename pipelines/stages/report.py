"""`report`: the task's page and a page per model, from what the earlier stages left."""

from pipelines import artifacts, paths, progress
from pipelines.params import Params
from pipelines.registry import Task
from pipelines.report import pages
from pipelines.report.figures import Figure
from pipelines.report.results import Results


def run(task: Task, params: Params) -> None:
    """Write `reports/<task>`."""
    results = Results(task.name, tuple(params.models(task.name)))
    block = params.task(task.name).model_dump()

    def own(model: str | None) -> dict[str, list[Figure]]:
        return {target: task.figures.draw(results, target, model) for target in results.targets}

    with artifacts.replacing_folder(paths.report(task.name)) as folder:
        pages.write_task(folder, results, task.title, task.question, own(None), block)
        for model in results.models:
            pages.write_model(folder, results, task.title, model, own(model), block)
    progress.say(f"{task.name}: {paths.report(task.name) / 'index.html'}")
