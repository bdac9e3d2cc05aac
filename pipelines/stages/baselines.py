"""`baselines`: methods without a recurrent network, on the same test items as the models."""

from pipelines import artifacts, paths, progress
from pipelines.params import Params
from pipelines.registry import Task


def run(task: Task, params: Params) -> None:
    """Write `artifacts/baselines/<task>`: `metrics.json`, and for each target the losses of all test items and the samples."""
    prepared = paths.prepared(task.name)
    meta = artifacts.read_json(prepared / "meta.json")
    metrics = {}
    with artifacts.replacing_folder(paths.baselines(task.name)) as folder:
        for target in meta["targets"]:
            progress.say(f"{task.name}/{target}: baselines")
            scored = task.score.baselines(prepared, meta, target, params.task(task.name))
            metrics[target] = {name: scores.metrics for name, scores in scored.items()}
            artifacts.write_arrays(folder / target / "losses.npz", {name: s.losses for name, s in scored.items()})
            samples = {f"{name}/{key}": array for name, s in scored.items() for key, array in s.samples.items()}
            artifacts.write_arrays(folder / target / "samples.npz", samples)
        artifacts.write_json(folder / "metrics.json", metrics)
