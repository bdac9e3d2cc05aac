"""Expectations of the prepared prices."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines import artifacts
from pipelines.contract import SPLITS, Suite
from pipelines.tasks.finance.data import Meta, datasets
from pipelines.tasks.finance.params import Validate

__all__ = ["Meta", "expectations"]
PRICES = ("open", "high", "low", "close")


def expectations(prepared: Path, meta: Meta, params: Validate) -> list[Suite]:
    """Possible prices, plausible returns, ordered days, scaled features, and an embargo between splits."""
    import great_expectations.expectations as gxe

    horizon = next(iter(meta.targets.values())).horizon
    table = artifacts.read_table(prepared / "table.parquet")
    scaled = artifacts.read_table(prepared / "scaled.parquet")
    positive = [gxe.ExpectColumnValuesToBeBetween(column=name, min_value=0, strict_min=True) for name in PRICES]
    limit = params.max_abs_return
    fewest, most = params.up_days
    table["rises"] = (table["return"] > 0).astype(float)
    suites = [
        Suite(
            str(symbol),
            days,
            [
                *positive,
                *(gxe.ExpectColumnValuesToNotBeNull(column=name) for name in (*PRICES, "return")),
                gxe.ExpectColumnValuesToBeOfType(column="close", type_="float64"),
                gxe.ExpectColumnValuesToBeIncreasing(column="date", strictly=True),
                gxe.ExpectColumnValuesToBeUnique(column="date"),
                gxe.ExpectColumnPairValuesAToBeGreaterThanB(column_A="high", column_B="low", or_equal=True),
                gxe.ExpectColumnValuesToBeBetween(column="return", min_value=-limit, max_value=limit),
                gxe.ExpectColumnMeanToBeBetween(column="rises", min_value=fewest, max_value=most),
                gxe.ExpectColumnValuesToBeInSet(column="split", value_set=list(SPLITS)),
            ],
        )
        for symbol, days in table.groupby("symbol", sort=True)
    ]
    bound = params.max_abs_scaled
    complete = [gxe.ExpectColumnValuesToNotBeNull(column=name) for name in scaled.columns]
    bounded = [
        gxe.ExpectColumnValuesToBeBetween(column=name, min_value=-bound, max_value=bound) for name in scaled.columns
    ]
    suites.append(Suite("features, as the network sees them", scaled, [*complete, *bounded]))
    suites.append(_targets(prepared, meta))
    suites.append(_borders(prepared, meta, table, horizon))
    return suites


def _targets(prepared: Path, meta: Meta) -> Suite:
    """What the networks learn: expectations of a range pass a value that is missing, and a loss of it is not finite."""
    import great_expectations.expectations as gxe

    rows = [
        {"target": target, "split": split, "finite": bool(np.isfinite(windows.targets[windows.origins]).all())}
        for target in meta.targets
        for split, windows in datasets(prepared, meta, target).items()
    ]
    says = "every target is a finite number"
    return Suite(
        "targets",
        pd.DataFrame(rows),
        [gxe.ExpectColumnValuesToBeInSet(column="finite", value_set=[True], description=says)],
    )


def _borders(prepared: Path, meta: Meta, table: pd.DataFrame, horizon: int) -> Suite:
    """At least `horizon` days lie between the last target of one split and the first of the next, for every symbol."""
    import great_expectations.expectations as gxe

    folder = prepared / next(iter(meta.targets))
    origins = {
        split: artifacts.read_array(folder / f"{split}.npy") for split in SPLITS
    }  # ascending, one symbol after the other
    pairs = []
    for symbol, days in table.groupby("symbol", sort=True):
        own = [days["row"].iloc[0], days["row"].iloc[-1] + 1]
        rows = {split: every[slice(*np.searchsorted(every, own))] for split, every in origins.items()}
        pairs += [
            {
                "symbol": symbol,
                "split": after,
                "first_target": rows[after][0] + 1,
                "end_of_embargo": rows[before][-1] + 2 * horizon,
            }
            for before, after in pairwise(SPLITS)
        ]
    return Suite(
        "embargo between splits",
        pd.DataFrame(pairs),
        [gxe.ExpectColumnPairValuesAToBeGreaterThanB(column_A="first_target", column_B="end_of_embargo")],
    )
