"""`baselines`: methods without a recurrent network, on the same test items as the models."""

from typing import TYPE_CHECKING, Any

import numpy as np

from pipelines import artifacts, paths, progress
from pipelines.errors import InputError

if TYPE_CHECKING:
    from pipelines.contract import Evaluation
    from pipelines.task import Baselines, Task


def run(task: "Task", params: Any) -> None:
    """Write `artifacts/baselines/<task>`: `metrics.json`, and for each target the losses of all test items and the records.

    A baseline that cannot be estimated on the data, or has no finite score, is left out; `failures.json` says why. Raise
    `InputError` if none is left: without one no model can be judged.
    """
    stage: Baselines = task.stage("baselines")
    prepared = paths.prepared(task.name)
    meta = artifacts.read(prepared / "meta.json", stage.Meta)
    metrics = {}
    failures: dict[str, dict[str, str]] = {}
    with artifacts.replacing_folder(paths.baselines(task.name)) as folder:
        for target in meta.targets:
            progress.say(f"{task.name}/{target}: baselines")
            scored: dict[str, Evaluation] = {}
            failed = failures[target] = {}
            for name, method in stage.baselines(prepared, meta, target, params).items():
                try:
                    scored[name] = method()
                except np.linalg.LinAlgError as error:
                    failed[name] = f"could not be estimated ({error})"
                else:
                    if not np.isfinite(list(scored[name].metrics.values())).all():
                        failed[name] = "has no finite score"
                        del scored[name]
            for name, why in failed.items():
                progress.say(f"{task.name}/{target}: the baseline {name} {why} and is left out")
            if not scored:
                raise InputError(
                    f"{task.name}/{target}: no baseline could be estimated, so there is nothing to compare models with; use more or "
                    "other data"
                )
            metrics[target] = {name: evaluation.metrics for name, evaluation in scored.items()}
            losses = {name: evaluation.losses for name, evaluation in scored.items()}
            artifacts.write_arrays(folder / target / "losses.npz", losses)
            artifacts.write_record(
                folder / target / "records.npz", {name: part.record for name, part in scored.items()}
            )
        artifacts.write_json(folder / "metrics.json", metrics)
        artifacts.write_json(folder / "failures.json", failures)
