"""`evaluate`: the one stage that sees the test split. Metrics of every seed, explanations of one."""

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from pipelines import artifacts, paths, progress
from pipelines.analysis import statistics
from pipelines.contract import Array

if TYPE_CHECKING:
    from pipelines.task import Evaluate, Task


def run(task: "Task", name: str, params: Any) -> None:
    """Write `artifacts/evaluations/<task>/<model>` and `metrics/<task>/<model>.json`.

    A seed whose training diverged is scored with the weights of its best epoch, and the metrics file names it.
    """
    from pipelines.nn import hardware

    hardware.set_up()
    from pipelines.analysis import explain
    from pipelines.nn import checkpoints, datasets, timing

    stage: Evaluate = task.stage("evaluate")
    prepared, trained_in = paths.prepared(task.name), paths.model(task.name, name)
    meta = artifacts.read(prepared / "meta.json", stage.Meta)
    trained = artifacts.read_json(trained_in / "training.json")
    seeds = trained["seeds"]
    values: dict[str, dict[str, dict[str, list[float]]]] = {"test": {}, "valid": {}}
    seconds: list[float] = []

    with artifacts.replacing_folder(paths.evaluation(task.name, name)) as folder:
        for target in meta.targets:
            progress.say(f"{task.name}/{name}/{target}: testing and explaining")
            head = stage.head(meta, target, params.train.of(target, params.models[name]))
            network = checkpoints.load(trained_in / target)
            examples = {
                split: datasets.for_network(part, network)
                for split, part in stage.datasets(prepared, meta, target).items()
            }
            chosen = _median_seed(seeds, trained["targets"][target]["best_valid_loss"])
            losses: dict[str, list[Array]] = {}
            clusters: dict[str, Array] = {}
            for seed in seeds:
                checkpoints.load_seed(network, trained_in / target, seed)
                for split in values:
                    predictions = stage.predictions(network, head, meta, target, examples[split], params)
                    scored = stage.evaluate(prepared, meta, target, split, predictions, params)
                    for metric, value in scored.metrics.items():
                        values[split].setdefault(target, {}).setdefault(metric, []).append(value)
                    if split == "test":
                        losses.setdefault("losses", []).append(scored.losses)
                        if scored.own_losses is not None:
                            losses.setdefault("own_losses", []).append(scored.own_losses)
                        clusters = {} if scored.clusters is None else {"clusters": scored.clusters}
                        if seed == chosen and scored.record is not None:
                            artifacts.write_record(folder / target / "record.npz", scored.record)
            artifacts.write_arrays(
                folder / target / "losses.npz",
                {**{name: np.stack(of_seeds) for name, of_seeds in losses.items()}, **clusters},
            )

            checkpoints.load_seed(network, trained_in / target, chosen)
            seconds.append(timing.seconds_an_item(network, examples["test"]))
            files = folder / target / paths.FILES
            files.mkdir(parents=True, exist_ok=True)
            found = explain.model(
                network,
                partial(stage.view, network, head, meta, target),
                partial(stage.illustrate, network, head, prepared, meta, target, params, files),
                examples,
                meta.targets[target],
                params.evaluate,
                chosen,
            )
            artifacts.write_record(folder / target / "explanation.npz", found.explanation)
            artifacts.write_record(folder / target / "microscope.npz", found.microscope)
            if found.illustration is not None:
                artifacts.write_record(folder / target / "illustration.npz", found.illustration)
            if not any(files.iterdir()):
                files.rmdir()  # DVC does not restore empty folders
            for part, reason in found.explanation.failures.items():
                progress.say(f"{task.name}/{name}/{target}: {part} cannot be shown: {reason}")
        cost = {
            **trained["cost"],
            "inference_ms": 1000 * float(np.mean(seconds)),
            "inference_batch": timing.ITEMS,
        }
        artifacts.write_json(
            folder / "evaluation.json",
            {"metrics": stage.METRICS, "seeds": seeds, "values": values, "cost": cost},
        )
        artifacts.write_json(
            paths.metrics(task.name, name),
            {
                **{split: statistics.summarised(values[split]) for split in values},
                "average": statistics.averaged(values["test"], stage.AVERAGED),
                "cost": cost,
                "seeds": len(seeds),
                **({"diverged": diverged} if (diverged := _diverged(trained)) else {}),
            },
        )


def _diverged(trained: Any) -> dict[str, list[int]]:
    """Target -> the seeds whose loss was no longer finite at the end of training, where there are such."""
    seeds = {
        target: [seed for seed, epoch in zip(trained["seeds"], entry["diverged"], strict=True) if epoch is not None]
        for target, entry in trained["targets"].items()
    }
    return {target: diverged for target, diverged in seeds.items() if diverged}


def _median_seed(seeds: list[int], valid_losses: list[float]) -> int:
    """The seed whose validation loss is the median: neither the luckiest nor the unluckiest is explained."""
    order = np.argsort(
        np.array(valid_losses, float), kind="stable"
    )  # no loss, where training diverged at once, is the worst
    return seeds[order[(len(seeds) - 1) // 2]]
