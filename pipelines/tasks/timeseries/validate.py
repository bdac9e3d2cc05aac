"""Expectations of the prepared series: of all together, since an expectation takes some ten milliseconds however few the rows."""

from pathlib import Path

import numpy as np
import pandas as pd

from pipelines import artifacts
from pipelines.contract import SPLITS, Suite
from pipelines.tasks.timeseries.data import Meta, datasets, table_of
from pipelines.tasks.timeseries.outliers import outliers
from pipelines.tasks.timeseries.params import Validate

__all__ = ["Meta", "expectations"]


def expectations(prepared: Path, meta: Meta, params: Validate) -> list[Suite]:
    """Columns, order and uniqueness of time, completeness, scaling, and splits that do not overlap."""
    import great_expectations.expectations as gxe

    tables, counts = [], []
    for name, series in meta.targets.items():
        table = table_of(prepared, name)
        values = table["value"]
        counts.append({"series": name, "missing_share": values.isna().mean()})
        table["in_order"] = ~(table["date"].diff() <= pd.Timedelta(0))
        table["apart"] = outliers(values.to_numpy(float), params.outlier_distance)
        table["seen"] = np.arange(len(table)) >= series.difference
        table.insert(0, "series", name)
        tables.append(table)
    every = pd.concat(tables, ignore_index=True)
    every["series"] = every["series"].astype("category")
    return [
        Suite(
            "series",
            every.drop(columns=["seen", "apart"]),
            [
                gxe.ExpectTableColumnsToMatchOrderedList(
                    column_list=["series", "date", "value", "filled", "observed", "scaled", "split", "in_order"]
                ),
                gxe.ExpectColumnValuesToBeOfType(column="value", type_="float64"),
                gxe.ExpectColumnValuesToNotBeNull(column="date"),
                gxe.ExpectCompoundColumnsToBeUnique(column_list=["series", "date"]),
                gxe.ExpectColumnValuesToBeInSet(column="in_order", value_set=[True]),
                gxe.ExpectColumnValuesToNotBeNull(column="filled"),
                gxe.ExpectColumnValuesToBeInSet(column="split", value_set=list(SPLITS)),
            ],
        ),
        Suite(
            "series, as the network sees them",
            every.loc[every["seen"], ["series", "date", "value", "scaled", "split"]],
            [
                gxe.ExpectColumnValuesToNotBeNull(column="scaled"),
                gxe.ExpectColumnValuesToBeBetween(
                    column="scaled", min_value=-params.max_abs_scaled, max_value=params.max_abs_scaled
                ),
            ],
        ),
        Suite(
            "series, their values beside each other",
            every[["series", "date", "value", "apart"]],
            [
                gxe.ExpectColumnValuesToBeInSet(
                    column="apart",
                    value_set=[False],
                    description="no value lies apart from all others of its series, as a code for a missing value or a misplaced decimal "
                    f"point does (timeseries.validate.outlier_distance is {params.outlier_distance:g})",
                )
            ],
        ),
        Suite(
            "values of each series",
            pd.DataFrame(counts),
            [gxe.ExpectColumnValuesToBeBetween(column="missing_share", max_value=params.max_missing_share)],
        ),
        _borders(prepared, meta),
        _arrays(prepared, meta),
    ]


def _arrays(prepared: Path, meta: Meta) -> Suite:
    """What the networks read: expectations of a range pass a value that is missing, and a loss of it is not finite."""
    import great_expectations.expectations as gxe

    rows = []
    for name in meta.targets:
        for split, windows in datasets(prepared, meta, name).items():
            targets = np.isfinite(windows.targets[windows.origins]).all()
            rows.append(
                {"series": name, "split": split, "finite": bool(targets and np.isfinite(windows.features).all())}
            )
    says = "every input and target is a finite number"
    return Suite(
        "windows",
        pd.DataFrame(rows),
        [gxe.ExpectColumnValuesToBeInSet(column="finite", value_set=[True], description=says)],
    )


def _borders(prepared: Path, meta: Meta) -> Suite:
    """Each split's first target must come after the last target of the split before it."""
    import great_expectations.expectations as gxe

    pairs = []
    for name, series in meta.targets.items():
        origins = [artifacts.read_array(prepared / name / f"{split}.npy") for split in SPLITS]
        pairs += [
            {
                "series": name,
                "split": split,
                "first_target": int(rows[0]) + 1,
                "last_target_before": int(before[-1]) + series.horizon,
            }
            for split, before, rows in zip(SPLITS[1:], origins, origins[1:], strict=False)
        ]
    return Suite(
        "borders between splits",
        pd.DataFrame(pairs),
        [
            gxe.ExpectColumnPairValuesAToBeGreaterThanB(column_A="first_target", column_B="last_target_before"),
            gxe.ExpectTableRowCountToEqual(value=2 * len(meta.targets)),
        ],
    )
