"""The command line: `python -m pipelines STAGE TASK [MODEL]`. DVC calls it; a person may too."""

import argparse
import os
import sys
from importlib import import_module

from pipelines.errors import UsageError, exit_status

STAGES = {
    "collect": "the sample, or what lies in data/input/TASK, into data/raw/TASK",
    "prepare": "raw data into arrays, splits and features",
    "validate": "hold the prepared data against the task's expectations",
    "baselines": "methods without a network, on the test items",
    "train": "fit every seed of MODEL",
    "evaluate": "test metrics and explanations of MODEL",
    "compare": "models and baselines side by side, statistics, verdict",
    "report": "the task's page and a page per model",
    "site": "the index of all reports",
}
PER_MODEL = ("train", "evaluate")


def parser() -> argparse.ArgumentParser:
    """The command line's grammar; wrong usage ends with exit status 2."""
    top = argparse.ArgumentParser(
        prog="python -m pipelines",
        description="Run one stage of the graph. `dvc repro` runs all that are out of date, in order.",
    )
    top.add_argument("--verbose", action="store_true", help="show the traceback of an error")
    stages = top.add_subparsers(dest="stage", required=True, metavar="STAGE")
    for name, summary in STAGES.items():
        stage = stages.add_parser(name, help=summary, description=summary)
        if name != "site":
            stage.add_argument("task", metavar="TASK")
        if name in PER_MODEL:
            stage.add_argument("model", metavar="MODEL")
    return top


def main(argv: list[str] | None = None) -> int:
    """Run one stage; return the exit status."""
    arguments = parser().parse_args(argv)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Linear algebra in one thread: a sum over several depends on their number in its last digits.
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return exit_status(lambda: _run(arguments), arguments.verbose)


def _run(arguments: argparse.Namespace) -> int:
    from pipelines import params, registry

    loaded = params.load()
    stage = import_module(f"pipelines.stages.{arguments.stage}")
    if arguments.stage == "site":
        stage.run(loaded)
        return 0
    task = registry.find(arguments.task)
    if arguments.stage not in PER_MODEL:
        stage.run(task, loaded)
        return 0
    models = loaded.task(task.name).models
    if arguments.model not in models:
        raise UsageError(
            f"{task.name} has no model {arguments.model!r}; its models in params.yaml are {', '.join(models)}"
        )
    stage.run(task, arguments.model, loaded)
    return 0


if __name__ == "__main__":
    sys.exit(main())
