"""`collect`: the sample, or what the user has put into `data/input/<task>`, as raw data with its provenance."""

from typing import TYPE_CHECKING, Any

from pipelines import artifacts, names, paths, progress
from pipelines.contract import Source
from pipelines.errors import InputError
from pipelines.sources import files

if TYPE_CHECKING:
    from pipelines.task import Collect, Task


def run(task: "Task", params: Any) -> None:
    """Write `data/raw/<task>` with a `source.json`."""
    stage: Collect = task.stage("collect")
    dropped = files.input_files(paths.input_folder(task.name))
    for sample in [] if dropped else params.collect.samples:
        if sample not in stage.SAMPLES:
            raise InputError(
                f"{task.name}.collect.samples: there is no sample {sample!r}; there are {', '.join(stage.SAMPLES)}"
            )
    with artifacts.replacing_folder(paths.raw(task.name)) as folder:
        source: Source = stage.collect(params.collect, dropped, folder)
        for part in source.parts:
            if why := names.fault(part):
                raise InputError(
                    f"{paths.input_folder(task.name)}: a file or folder there gives a part of the data the name {part!r}: {why}; rename it"
                )
        raw = [
            {**entry, "file": str(entry["file"]).removeprefix(f"{folder.as_posix()}/")}
            for entry in files.provenance([path for path in folder.rglob("*") if path.is_file()])
        ]
        provenance = {"source": source, "input": files.provenance(dropped), "raw": raw}
        artifacts.write_json(folder / "source.json", source)
        artifacts.write_json(folder / "provenance.json", provenance)
    for sentence in source.unreadable:
        progress.say(f"left out: {sentence}")
    for sentence in source.notes:
        progress.say(f"note: {sentence}")
    what = "the sample" if source.sample else f"{len(dropped)} files of data/input/{task.name}"
    progress.say(f"{task.name}: collected {what}")
