"""The command line: `python -m pipelines STAGE TASK [MODEL]`, which DVC calls, and `python -m pipelines predict TASK …`."""

import argparse
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pipelines import sweep_options
from pipelines.errors import UsageError, exit_status
from pipelines.inspect import options as inspect_options

if TYPE_CHECKING:
    from pipelines.task import Task

STAGES = {
    "code": "hash the code of every stage; the other stages depend on the hashes",
    "collect": "copy the sample, or the files of data/input/TASK, to data/raw/TASK",
    "prepare": "turn raw data into arrays, splits and features",
    "validate": "check the prepared data against the task's expectations",
    "baselines": "score non-neural baselines on the test items",
    "train": "fit every seed of MODEL",
    "evaluate": "compute test metrics and explanations of MODEL",
    "compare": "compare models and baselines: statistics, decision, cost",
    "release": "write every model's card, Keras archive and SavedModel",
    "report": "write the task's page and a page per model",
    "site": "write the index of all reports",
}
OF_ALL_TASKS = ("code", "site")
PER_MODEL = ("train", "evaluate")
RUNS = "derive runs.yaml, which dvc.yaml iterates over, from the tasks and models of params.yaml"
PROFILE = "apply profiles/NAME.yaml to params.yaml"
TRIALS = "fit the points of a sweep in this process, one after the other; `gatehouse sweep` does it side by side"
PREDICT = "predict with a trained network on your own data"
SERVE = "show the reports in a browser, from this machine alone"
INSPECT = "look inside any Keras model with recurrent layers, trained anywhere: gates, memory, gradients, importance, as a page"
EXPORT = "copy a model with its card to a folder, for use without this project"


def parser(prog: str = "python -m pipelines") -> argparse.ArgumentParser:
    """The parser of the command line; wrong usage ends with exit status 2."""
    top = argparse.ArgumentParser(
        prog=prog,
        description="Run one stage of the graph (`dvc repro` runs all that are out of date, in order), or predict with a trained network.",
    )
    top.add_argument("--verbose", action="store_true", help="show the traceback of an error")
    commands = top.add_subparsers(dest="command", required=True, metavar="STAGE")
    for name, summary in STAGES.items():
        stage = commands.add_parser(name, help=summary, description=summary)
        if name not in OF_ALL_TASKS:
            stage.add_argument("task", metavar="TASK")
        if name in PER_MODEL:
            stage.add_argument("model", metavar="MODEL")
    commands.add_parser("runs", help=RUNS, description=RUNS)
    profile = commands.add_parser("profile", help=PROFILE, description=PROFILE)
    profile.add_argument("name", metavar="NAME")
    trials = commands.add_parser("trials", help=TRIALS, description=TRIALS)
    sweep_options.add(trials)
    trials.add_argument("--list", action="store_true", help="only print the points and the results there are, as JSON")
    predict = commands.add_parser("predict", help=PREDICT, description=PREDICT)
    predict.add_argument("task", metavar="TASK")
    predict.add_argument("rest", nargs=argparse.REMAINDER, metavar="...", help="see: predict TASK --help")
    inspect_options.add(commands.add_parser("inspect", help=INSPECT, description=INSPECT))
    export = commands.add_parser("export", help=EXPORT, description=EXPORT)
    export.add_argument("task", metavar="TASK")
    export.add_argument("model", metavar="MODEL")
    export.add_argument("--to", required=True, metavar="FOLDER", help="a folder that is new or empty")
    serve = commands.add_parser("serve", help=SERVE, description=SERVE)
    serve.add_argument(
        "--port", type=int, default=8000, metavar="N", help="0 takes any that is free (default: %(default)s)"
    )
    return top


def predict_parser(task: "Task", prog: str) -> argparse.ArgumentParser:
    """The parser of `predict TASK`: every task has its own arguments. Words after `--` are no options, whatever they begin with."""
    from pipelines.predict import unmarked

    parser = argparse.ArgumentParser(prog=f"{prog} predict {task.name}", description=PREDICT)
    parser.register("type", None, unmarked)
    parser.add_argument("--model", help="one of those in params.yaml; default: the one with the lowest validation loss")
    parser.add_argument("--json", action="store_true", help="one JSON list, an object for each prediction")
    task.stage("predict").arguments(parser)
    return parser


def _marked(argv: list[str]) -> list[str]:
    """The words of a command line, those after `--` marked: `argparse` forgets which they were before the task's own parser sees them."""
    if "--" not in argv or "predict" not in argv[:2]:
        return argv
    from pipelines.predict import LITERAL

    end = argv.index("--")
    return argv[:end] + [LITERAL + word for word in argv[end + 1 :]]


def main(argv: list[str] | None = None, prog: str = "python -m pipelines") -> int:
    """Run one command; return the exit status."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Linear algebra in one thread: a sum over several depends on their number in its last digits.
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    arguments = parser(prog).parse_args(_marked(sys.argv[1:] if argv is None else argv))
    return exit_status(lambda: _run(arguments, prog), arguments.verbose)


def _run(arguments: argparse.Namespace, prog: str) -> int:
    from pipelines import registry

    if arguments.command == "runs":
        from pipelines import runs

        runs.write()
        return 0
    if arguments.command == "inspect":
        from pipelines.inspect import command

        command.run(arguments)
        return 0
    if arguments.command == "profile":
        from pipelines import profiles

        profiles.apply(arguments.name)
        return 0
    if arguments.command == "serve":
        from pipelines import serve

        serve.run(arguments.port)
        return 0
    if arguments.command in OF_ALL_TASKS:
        from pipelines import params as parameters

        parameters.values()  # raises an error outside the repository's root
        return _stage(arguments.command, arguments.command)
    task = registry.find(arguments.task)
    if arguments.command == "predict":
        return _predict(task, arguments.rest, prog)
    params = task.params()
    if arguments.command == "export":
        return _export(task, arguments.model, arguments.to, params)
    if arguments.command != "collect":
        task.check_names(params)
    if arguments.command == "trials":
        from pipelines import trials

        trials.run(task, arguments)
        return 0
    if arguments.command not in PER_MODEL:
        return _stage(f"{arguments.command}@{task.name}", arguments.command, task, params)
    _check_model(task, arguments.model, params)
    name = f"{arguments.command}@{task.name}-{arguments.model}"
    return _stage(name, arguments.command, task, arguments.model, params)


def _stage(name: str, kind: str, *values: Any) -> int:
    """Run the stage that DVC calls `name`, in the only process that does."""
    from pipelines import experiments, process

    process.end_with_dvc()
    with process.alone(name):
        experiments.link_input()
        import_module(f"pipelines.stages.{kind}").run(*values)
    return 0


def _check_model(task: "Task", model: str, params: Any) -> None:
    if model not in params.models:
        raise UsageError(
            f"{task.name} has no model {model!r}; its models in params.yaml are {', '.join(params.models)}"
        )


def _export(task: "Task", model: str, folder: str, params: Any) -> int:
    from pathlib import Path

    from pipelines import progress, releases

    _check_model(task, model, params)
    releases.copy(task.name, model, Path(folder))
    progress.say(f"{task.name}/{model}: copied to {folder}; its {releases.CARD} says how to load it")
    return 0


def _predict(task: "Task", rest: list[str], prog: str) -> int:
    from pipelines import predict

    options = predict_parser(task, prog).parse_intermixed_args(rest)
    trained = predict.TrainedNetworks(task.name, task.params(), options.model)
    predict.print_predictions(task.stage("predict").predict(trained, options), options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
