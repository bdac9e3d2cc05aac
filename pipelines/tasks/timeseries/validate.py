"""Expectations of the prepared series."""

from pathlib import Path

import pandas as pd

from pipelines import artifacts
from pipelines.contract import SPLITS, Suite
from pipelines.tasks.timeseries.data import Meta, Series, table_of
from pipelines.tasks.timeseries.params import Validate

__all__ = ["Meta", "expectations"]


def expectations(prepared: Path, meta: Meta, params: Validate) -> list[Suite]:
    """Columns, order and uniqueness of time, completeness, scaling, and splits that do not overlap."""
    import great_expectations.expectations as gxe

    suites = []
    for name, series in meta.targets.items():
        table = table_of(prepared, name)
        model_rows = table.iloc[series.difference :]
        suites.append(
            Suite(
                name,
                table,
                [
                    gxe.ExpectTableColumnsToMatchOrderedList(
                        column_list=["date", "value", "filled", "observed", "scaled", "split"]
                    ),
                    gxe.ExpectColumnValuesToBeOfType(column="value", type_="float64"),
                    gxe.ExpectColumnValuesToNotBeNull(column="date"),
                    gxe.ExpectColumnValuesToBeUnique(column="date"),
                    gxe.ExpectColumnValuesToBeIncreasing(column="date", strictly=True),
                    gxe.ExpectColumnValuesToNotBeNull(column="value", mostly=1 - params.max_missing_share),
                    gxe.ExpectColumnValuesToNotBeNull(column="filled"),
                    gxe.ExpectColumnProportionOfUniqueValuesToBeBetween(
                        column="value", min_value=params.min_distinct_share
                    ),
                    gxe.ExpectColumnValuesToBeInSet(column="split", value_set=list(SPLITS)),
                ],
            )
        )
        suites.append(
            Suite(
                f"{name}, as the network sees it",
                model_rows,
                [
                    gxe.ExpectColumnValuesToNotBeNull(column="scaled"),
                    gxe.ExpectColumnValuesToBeBetween(
                        column="scaled",
                        min_value=-params.max_abs_scaled,
                        max_value=params.max_abs_scaled,
                    ),
                ],
            )
        )
        suites.append(_borders(name, prepared, series))
    return suites


def _borders(name: str, prepared: Path, series: Series) -> Suite:
    """Each split's first target must come after the last target of the split before it."""
    import great_expectations.expectations as gxe

    origins = [artifacts.read_array(prepared / name / f"{split}.npy") for split in SPLITS]
    pairs = pd.DataFrame(
        {
            "split": SPLITS[1:],
            "first_target": [int(rows[0]) + 1 for rows in origins[1:]],
            "last_target_before": [int(rows[-1]) + series.horizon for rows in origins[:-1]],
        }
    )
    return Suite(
        f"{name}, borders between splits",
        pairs,
        [
            gxe.ExpectColumnPairValuesAToBeGreaterThanB(column_A="first_target", column_B="last_target_before"),
            gxe.ExpectTableRowCountToEqual(value=2),
        ],
    )
