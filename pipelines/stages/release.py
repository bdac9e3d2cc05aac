"""`release`: every model for use elsewhere, as Keras archives and SavedModels from raw input to answer, with a model card."""

import shutil
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipelines import artifacts, card, paths, progress, releases
from pipelines.results import Results

if TYPE_CHECKING:
    from pipelines.task import Release, Task


def run(task: "Task", params: Any) -> None:
    """Write `artifacts/releases/<task>`: of each model and target the network of the seed with the lowest validation loss."""
    from pipelines.nn import hardware

    hardware.set_up()
    stage: Release = task.stage("release")
    meta = artifacts.read(paths.prepared(task.name) / "meta.json", stage.Meta)
    results = Results(task.name, tuple(params.models))
    with artifacts.replacing_folder(releases.folder(task.name)) as folder:
        for name in params.models:
            parts = {
                target: _export(stage, task.name, name, target, meta, params, folder / name) for target in meta.targets
            }
            with artifacts.replacing(folder / name / releases.CARD) as partial:
                text = card.written(
                    results, name, parts, stage.PIPELINE, stage.USE, stage.LIMITS, params.models[name].model_dump()
                )
                partial.write_text(text, encoding="utf-8")
    progress.say(f"{task.name}: {len(params.models)} models with their cards in {releases.folder(task.name)}")


def _export(stage: "Release", task: str, name: str, target: str, meta: Any, params: Any, folder: Path) -> card.Part:
    """Write a network and its function; return what the card says of them."""
    import keras

    from pipelines.nn import checkpoints, export

    trained_in = paths.model(task, name)
    trained = artifacts.read_json(trained_in / "training.json")
    losses = [
        inf if loss is None else loss for loss in trained["targets"][target]["best_valid_loss"]
    ]  # None: diverged at once
    seed = trained["seeds"][int(np.argmin(losses))]
    keras.utils.set_random_seed(
        seed
    )  # the states of dropout are drawn when the network is made, and are in the archive
    network = checkpoints.load(trained_in / target)
    checkpoints.load_seed(network, trained_in / target, seed)
    raw = stage.raw_function(network, meta, target, params, paths.prepared(task))
    export.save_archive(network, folder / releases.archive(target, seed))
    export.save_function(raw, network, folder / releases.SAVED_MODEL / target)
    for file, source in raw.files.items():
        shutil.copy(source, folder / file)
    return card.Part(
        seed,
        {
            given_name: card.Given(given.shape, given.dtype, given.meaning, given.example)
            for given_name, given in raw.inputs.items()
        },
        raw.outputs,
        raw.limits,
        tuple(raw.files),
        export.needs_project(network),
    )
