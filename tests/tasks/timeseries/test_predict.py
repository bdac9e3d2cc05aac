"""Forecasts of a table with covariates, by a network of which only the inputs are looked at."""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from pipelines.errors import InputError, UsageError
from pipelines.predict import Prediction, TrainedNetworks
from pipelines.tasks.timeseries import data, predict
from tests.tasks.timeseries.test_covariates import prepare, weather
from tests.tasks.timeseries.test_timeseries import PARAMS, PREPARE


@dataclass
class Recorded:
    """Networks that answer zeros and keep what they are asked."""

    known: data.Meta
    windows: list[Any] = field(default_factory=list)
    params: Any = None

    def meta(self, kind: type[data.Meta]) -> data.Meta:
        return self.known

    def model(self, name: str) -> str:
        return "lstm"

    def outputs(self, name: str, inputs: dict[str, Any]) -> Iterator[Any]:
        self.windows.append(inputs["window"])
        yield np.zeros((1, 3), np.float32)


@pytest.fixture
def trained(tmp_path: Path) -> tuple[Path, Recorded]:
    """Networks of a series that see `x` up to the present and `holiday` in advance."""
    prepared, meta = prepare(tmp_path, weather(), known_ahead=("holiday",), transform={"default": "log"})
    return prepared, Recorded(meta, params=PARAMS.model_copy(update={"prepare": PREPARE}))


def predictions(table: pd.DataFrame, networks: Recorded, folder: Path) -> list[Prediction]:
    path = folder / "t.csv"
    table.rename_axis("date").to_csv(path)
    options = argparse.Namespace(file=path, series=None)
    return list(predict.predict(cast(TrainedNetworks, networks), options))


def known_until(row: int, last: int) -> pd.DataFrame:
    """The table up to `last`; what is not known in advance ends before `row`."""
    table = weather().iloc[row - 60 : last].copy()
    table.iloc[60:, :2] = np.nan
    return table


def test_predict_gives_the_network_the_prepared_window(trained: tuple[Path, Recorded], tmp_path: Path) -> None:
    prepared, networks = trained
    origin = int(np.load(prepared / "y/test.npy")[-1])
    (found,) = predictions(known_until(origin + 1, origin + 4), networks, tmp_path)
    features = np.load(prepared / "y/features.npy")[origin - 5 : origin + 1]
    np.testing.assert_allclose(networks.windows[0][0], features, rtol=1e-4, atol=1e-5)
    series = networks.known.targets["y"]
    expected = np.exp(series.target_scaler.mean)
    np.testing.assert_allclose([row["forecast"] for row in found.values["forecast"]], expected)


def test_predict_names_missing_covariates(trained: tuple[Path, Recorded], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"t\.csv: has no column holiday, x, which the network of y sees beside the"):
        predictions(weather()[["y"]], trained[1], tmp_path)


def test_predict_needs_what_is_known_in_advance(trained: tuple[Path, Recorded], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"column holiday: is known in advance, so it needs a value on each of the 3"):
        predictions(known_until(200, 202), trained[1], tmp_path)


def test_predict_refuses_a_gap_that_is_too_long(trained: tuple[Path, Recorded], tmp_path: Path) -> None:
    for column in ("y", "x"):
        table = known_until(200, 203)
        table.loc[table.index[55:58], column] = np.nan
        with pytest.raises(InputError, match=rf"column {column}: 3 of the last 6 values, .* are missing in a row"):
            predictions(table, trained[1], tmp_path)


def test_predict_refuses_columns_that_are_not_forecast(trained: tuple[Path, Recorded], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no network was trained on 'price' of a file 't'; say with --series which"):
        predictions(weather()[["x"]].rename(columns={"x": "price"}), trained[1], tmp_path)
    with pytest.raises(InputError, match=r"has only columns that are not forecast; add the column of one of y"):
        predictions(weather()[["x", "holiday"]], trained[1], tmp_path)
