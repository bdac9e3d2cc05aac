"""Every path of the project, once. All are relative to the repository root, where every command runs."""

from pathlib import Path

PARAMS = Path("params.yaml")
INPUT = Path("data/input")
RAW = Path("data/raw")
PREPARED = Path("data/prepared")
VALIDATED = Path("data/validated")
CODE = Path("artifacts/code")
"""Hashes of each stage's code."""
MODELS = Path("artifacts/models")
EVALUATIONS = Path("artifacts/evaluations")
BASELINES = Path("artifacts/baselines")
HISTORIES = Path("artifacts/histories")
METRICS = Path("metrics")
SWEEPS = Path("sweeps")
"""Results of sweeps, one file a task, kept in Git."""
REPORTS = Path("reports")
TASK_REPORTS = Path("reports/tasks")
SWEEP_REPORTS = Path("reports/sweeps")
LAST_RUN = REPORTS / "last_run.js"
"""What the flows did last, for the page of the pipeline; no output of any stage."""
FILES = "files"
"""Folder of an evaluation whose files a page offers as they are."""
WORK = Path(".work")
"""Checkpoints of running trainings and locks: not an output of any stage, so DVC keeps them between two runs."""


def input_folder(task: str) -> Path:
    """Where the user drops files that replace the task's sample."""
    return INPUT / task


def raw(task: str) -> Path:
    """Collected, never edited."""
    return RAW / task


def prepared(task: str) -> Path:
    """The arrays and tables that models read, with a `meta.json`."""
    return PREPARED / task


def validated(task: str) -> Path:
    """The result of the task's expectations."""
    return VALIDATED / f"{task}.json"


def model(task: str, name: str) -> Path:
    """Weights of every seed, the training history, hardware and timings."""
    return MODELS / task / name


def history(task: str, name: str) -> Path:
    """Loss by epoch of every seed and target of a model, for `dvc plots`."""
    return HISTORIES / task / f"{name}.csv"


def evaluation(task: str, name: str) -> Path:
    """Everything measured on a trained model."""
    return EVALUATIONS / task / name


def metrics(task: str, name: str) -> Path:
    """The small numbers of a model, kept in Git."""
    return METRICS / task / f"{name}.json"


def baselines(task: str) -> Path:
    """Scores and forecasts of the non-neural baselines."""
    return BASELINES / task


def comparison(task: str) -> Path:
    """The decisions, the tests behind them and the cost, kept in Git."""
    return METRICS / task / "comparison.json"


def report(task: str) -> Path:
    """The task's page and a page per model."""
    return TASK_REPORTS / task


def checkpoint(task: str, name: str) -> Path:
    """Checkpoints of a running training, kept until its stage has finished."""
    return WORK / "train" / task / name


def lock(stage: str) -> Path:
    """The file that the process of a stage (`train@finance-lstm`) locks."""
    return WORK / "locks" / stage
