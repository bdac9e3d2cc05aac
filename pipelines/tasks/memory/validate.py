"""Expectations of the stored examples: that each problem is the one that was published."""

from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.contract import Array, Suite
from pipelines.tasks.memory.data import Meta, stored
from pipelines.tasks.memory.params import Validate
from pipelines.tasks.memory.problems import ADDING, ADDING_VARIANCE, BLANK, COPY, CUE, MEAN, STD

__all__ = ["Meta", "expectations"]


def expectations(prepared: Path, meta: Meta, params: Validate) -> list[Suite]:
    """One table for each problem that there is; an expectation of it for each of its rules."""
    tables: dict[str, list[pd.DataFrame]] = {}
    for target, problem in meta.targets.items():
        table = {ADDING: _adding, COPY: _copy}.get(problem.problem, _digits)
        for split in ("valid", "test"):
            examples = stored(prepared, target, problem, split)
            rows = table(np.asarray(examples.windows), np.asarray(examples.answers))
            tables.setdefault(problem.problem, []).append(rows.assign(target=target, split=split))
    every = {problem: pd.concat(parts, ignore_index=True) for problem, parts in tables.items()}
    return [_suite(problem, table, params) for problem, table in every.items()]


def _adding(windows: Array, answers: Array) -> pd.DataFrame:
    numbers, marks = windows[..., 0] * STD + MEAN, windows[..., 1]
    return pd.DataFrame(
        {
            "lowest": numbers.min(1).astype(float),
            "highest": numbers.max(1).astype(float),
            "marks_in_first_half": marks[:, : marks.shape[1] // 2].sum(1).astype(int),
            "marks": marks.sum(1).astype(int),
            "error": np.abs((numbers * marks).sum(1) - answers[:, 0]).astype(float),
            "variance": np.full(len(answers), answers.var() / ADDING_VARIANCE - 1),
        }
    )


def _copy(windows: Array, answers: Array) -> pd.DataFrame:
    read = windows.argmax(-1)
    symbols = int((answers[0] != BLANK).sum())
    return pd.DataFrame(
        {
            "cues": (read == CUE).sum(1),
            "first_read_is_written_last": (read[:, :symbols] == answers[:, -symbols:]).all(1),
            "blank_until_the_cue": (answers[:, :-symbols] == BLANK).all(1),
        }
    )


def _digits(windows: Array, answers: Array) -> pd.DataFrame:
    counts = np.bincount(answers, minlength=10)
    return pd.DataFrame({"missing": np.isnan(windows).any((1, 2)), "label": answers, "images": counts[answers]})


def _suite(problem: str, table: pd.DataFrame, params: Validate) -> Suite:
    import great_expectations.expectations as gxe

    if problem == ADDING:
        return Suite(
            "examples of the adding problem",
            table,
            [
                gxe.ExpectColumnValuesToBeBetween(column="lowest", min_value=-1e-5, max_value=1),
                gxe.ExpectColumnValuesToBeBetween(column="highest", min_value=0, max_value=1 + 1e-5),
                gxe.ExpectColumnValuesToBeInSet(column="marks", value_set=[2]),
                gxe.ExpectColumnValuesToBeInSet(column="marks_in_first_half", value_set=[1]),
                gxe.ExpectColumnValuesToBeBetween(column="error", max_value=1e-4),
                gxe.ExpectColumnValuesToBeBetween(
                    column="variance", min_value=-params.max_deviation, max_value=params.max_deviation
                ),
            ],
        )
    if problem == COPY:
        return Suite(
            "examples of the copy problem",
            table,
            [
                gxe.ExpectColumnValuesToBeInSet(column="cues", value_set=[1]),
                gxe.ExpectColumnValuesToBeInSet(column="first_read_is_written_last", value_set=[True]),
                gxe.ExpectColumnValuesToBeInSet(column="blank_until_the_cue", value_set=[True]),
            ],
        )
    return Suite(
        "images of digits",
        table,
        [
            gxe.ExpectColumnValuesToBeInSet(column="missing", value_set=[False]),
            gxe.ExpectColumnValuesToBeInSet(column="label", value_set=list(range(10))),
            gxe.ExpectColumnValuesToBeBetween(column="images", min_value=params.min_class),
        ],
    )
