"""`baselines`: methods without a recurrent network, on the same test items as the models."""

from typing import TYPE_CHECKING, Any

from pipelines import artifacts, paths, progress

if TYPE_CHECKING:
    from pipelines.task import Baselines, Task


def run(task: "Task", params: Any) -> None:
    """Write `artifacts/baselines/<task>`: `metrics.json`, and for each target the losses of all test items and the records."""
    stage: Baselines = task.stage("baselines")
    prepared = paths.prepared(task.name)
    meta = artifacts.read(prepared / "meta.json", stage.Meta)
    metrics = {}
    with artifacts.replacing_folder(paths.baselines(task.name)) as folder:
        for target in meta.targets:
            progress.say(f"{task.name}/{target}: baselines")
            scored = stage.baselines(prepared, meta, target, params)
            metrics[target] = {name: evaluation.metrics for name, evaluation in scored.items()}
            losses = {name: evaluation.losses for name, evaluation in scored.items()}
            artifacts.write_arrays(folder / target / "losses.npz", losses)
            artifacts.write_record(
                folder / target / "records.npz", {name: part.record for name, part in scored.items()}
            )
        artifacts.write_json(folder / "metrics.json", metrics)
