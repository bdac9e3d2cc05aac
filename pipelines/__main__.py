"""The command line: `python -m pipelines STAGE TASK [MODEL]`, which DVC calls, and `python -m pipelines predict TASK …`."""

import argparse
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from pipelines.errors import UsageError, exit_status

if TYPE_CHECKING:
    from pipelines.params import Params
    from pipelines.registry import Task

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
PREDICT = "what a trained network says of data of yours"


def parser() -> argparse.ArgumentParser:
    """The command line's grammar; wrong usage ends with exit status 2."""
    top = argparse.ArgumentParser(
        prog="python -m pipelines",
        description="Run one stage of the graph (`dvc repro` runs all that are out of date, in order), or ask a trained network.",
    )
    top.add_argument("--verbose", action="store_true", help="show the traceback of an error")
    stages = top.add_subparsers(dest="stage", required=True, metavar="STAGE")
    for name, summary in STAGES.items():
        stage = stages.add_parser(name, help=summary, description=summary)
        if name != "site":
            stage.add_argument("task", metavar="TASK")
        if name in PER_MODEL:
            stage.add_argument("model", metavar="MODEL")
    predict = stages.add_parser("predict", help=PREDICT, description=PREDICT)
    predict.add_argument("task", metavar="TASK")
    predict.add_argument("rest", nargs=argparse.REMAINDER, metavar="…", help="see: predict TASK --help")
    return top


def predict_parser(task: "Task") -> argparse.ArgumentParser:
    """The grammar of `predict TASK`: every task has its own arguments."""
    parser = argparse.ArgumentParser(prog=f"python -m pipelines predict {task.name}", description=PREDICT)
    parser.add_argument("--model", help="of those in params.yaml; without it the one that was best in validation")
    parser.add_argument("--json", action="store_true", help="one JSON list, an object for each answer")
    task.predict.arguments(parser)
    return parser


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
    if arguments.stage == "predict":
        return _predict(registry.find(arguments.task), arguments.rest, loaded)
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


def _predict(task: "Task", rest: list[str], params: "Params") -> int:
    from pipelines import predict

    options = predict_parser(task).parse_intermixed_args(rest)
    trained = predict.Trained(task.name, params.models(task.name), options.model)
    predict.show(task.predict.answer(trained, options), options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
