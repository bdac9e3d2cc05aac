"""`collect`: the sample, or what the user has put into `data/input/<task>`, as raw data with its provenance."""

from pipelines import artifacts, paths, progress
from pipelines.errors import InputError
from pipelines.params import Params
from pipelines.registry import Task
from pipelines.sources import files


def run(task: Task, params: Params) -> None:
    """Write `data/raw/<task>` with a `source.json`."""
    dropped = files.dropped_in(paths.input_folder(task.name))
    wanted = params.task(task.name).source
    for sample in [] if dropped else wanted.samples:
        if sample not in task.source.SAMPLES:
            raise InputError(
                f"{task.name}.source.samples: there is no sample {sample!r}; there are {', '.join(task.source.SAMPLES)}"
            )
    with artifacts.replacing_folder(paths.raw(task.name)) as folder:
        source = task.source.collect(wanted, dropped, folder)
        source["input"] = files.provenance(dropped)
        source["raw"] = [
            {**entry, "file": str(entry["file"]).removeprefix(f"{folder.as_posix()}/")}
            for entry in files.provenance([path for path in folder.rglob("*") if path.is_file()])
        ]
        artifacts.write_json(folder / "source.json", source)
    for sentence in source["unreadable"]:
        progress.say(f"skipped: {sentence}")
    what = "the sample" if source["sample"] else f"{len(dropped)} files of data/input/{task.name}"
    progress.say(f"{task.name}: collected {what}")
