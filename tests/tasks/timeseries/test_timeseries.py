from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pipelines.params.timeseries import TimeseriesData

from pipelines import artifacts, params
from pipelines.contract import SPLITS
from pipelines.errors import InputError
from pipelines.tasks.timeseries import data, score, source
from tests.conftest import ROOT

DATA = TimeseriesData(
    lookback={"default": 6}, horizon=3, test_share=0.2, valid_share=0.2, max_gap=2, season={}, difference={"default": 1}
)  # fmt: skip


def raw(folder: Path, values: "pd.Series[float]", name: str = "s") -> Path:
    folder.mkdir(exist_ok=True)
    values.rename("value").rename_axis("date").to_csv(folder / f"{name}.csv")
    parts = {path.stem: {"origin": "test", "licence": "none", "unit": ""} for path in folder.glob("*.csv")}
    artifacts.write_json(folder / "source.json", {"parts": parts})
    return folder


def monthly(count: int = 120) -> "pd.Series[float]":
    time = np.arange(count)
    return pd.Series(
        100 + time + time**2 / 100 + 10 * np.sin(2 * np.pi * time / 12),
        pd.date_range("2000-01-01", periods=count, freq="MS"),
    )


def prepare(folder: Path, values: "pd.Series[float]", name: str = "out", **changes: Any) -> tuple[Path, dict[str, Any]]:
    destination = folder / name
    destination.mkdir()
    meta = data.prepare(raw(folder / f"raw-{name}", values), DATA.model_copy(update=changes), destination)
    artifacts.write_json(destination / "meta.json", meta)
    return destination, meta


def test_targets_of_one_split_never_reach_into_another(tmp_path: Path) -> None:
    prepared, meta = prepare(tmp_path, monthly())
    about = meta["targets"]["s"]
    table = pd.read_parquet(prepared / "s" / "table.parquet")
    for split in SPLITS:
        origins = np.load(prepared / "s" / f"{split}.npy")
        targets = np.unique(origins[:, None] + np.arange(1, about["horizon"] + 1))
        assert set(table["split"].iloc[targets]) == {split}


def test_the_future_does_not_change_what_the_network_learns_from(tmp_path: Path) -> None:
    changed = monthly()
    changed.iloc[80:] = changed.iloc[80:] * 3 + 7
    (before, meta), (after, changed_meta) = prepare(tmp_path, monthly(), "a"), prepare(tmp_path, changed, "b")
    assert meta["targets"]["s"]["scaler"] == changed_meta["targets"]["s"]["scaler"]
    train_before, train_after = (data.datasets(folder, "s")["train"] for folder in (before, after))
    assert len(train_before) == len(train_after) > 50
    indices = np.arange(len(train_before))
    for ours, theirs in zip(train_before.batch(indices), train_after.batch(indices), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    last_known = meta["targets"]["s"]["borders"]["valid"]
    assert last_known <= 80


@pytest.mark.parametrize("lag", [0, 1, 12])
def test_a_perfect_output_is_a_perfect_forecast_whatever_the_difference(tmp_path: Path, lag: int) -> None:
    prepared, meta = prepare(tmp_path, monthly(), difference={"s": lag, "default": 1})
    for split in SPLITS:
        windows = data.datasets(prepared, "s")[split]
        _, outputs = windows.batch(np.arange(len(windows)))
        scores = score.evaluate(prepared, meta, "s", split, [outputs], None)
        assert scores.metrics["mae"] < 1e-3
        assert scores.metrics["mase"] == pytest.approx(scores.losses.mean())


def test_missing_values_are_carried_forward_marked_and_not_scored(tmp_path: Path) -> None:
    values = monthly()
    values.iloc[[30, 31, 110]] = np.nan
    prepared, meta = prepare(tmp_path, values)
    table = pd.read_parquet(prepared / "s" / "table.parquet")
    assert table["filled"].iloc[[30, 31]].tolist() == [values.iloc[29]] * 2
    assert meta["targets"]["s"]["missing"] == 3
    assert "observed" in meta["targets"]["s"]["features"]
    naive = score.baselines(prepared, meta, "s", None)["naive"]
    assert np.isfinite(list(naive.metrics.values())).all()


def test_mase_of_seasonal_naive_on_its_own_training_part_is_one(tmp_path: Path, random: np.random.Generator) -> None:
    stationary = pd.Series(10 * np.sin(2 * np.pi * np.arange(120) / 12) + random.normal(0, 1, 120), monthly().index)
    prepared, meta = prepare(tmp_path, stationary)
    scores = score.baselines(prepared, meta, "s", None)
    assert scores["seasonal naive"].metrics["mase"] == pytest.approx(1, abs=0.25)
    assert scores["seasonal naive"].metrics["mase"] < scores["naive"].metrics["mase"]


def gap(values: "pd.Series[float]") -> "pd.Series[float]":
    values = values.copy()
    values.iloc[40:45] = np.nan
    return values


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (gap(monthly()), r"series 's'.*: 5 values in a row are missing up to 2003-09-01; at most 2 .*max_gap"),
        (monthly() * 0 + 5, r"series 's'.*: is constant over its training part"),
        (monthly(14), r"series 's'.*: 14 rows leave no window of 6 \+ 3 steps for"),
        (monthly(1), r"series 's'.*: has 1 values"),
        (monthly() * np.nan, r"series 's'.*: has 0 values"),
        (monthly().iloc[np.unique(np.arange(60) ** 2 % 119)], r"no even step"),
    ],
)
def test_a_series_of_no_use_is_named_with_the_reason(tmp_path: Path, values: "pd.Series[float]", message: str) -> None:
    with pytest.raises(InputError, match=message):
        prepare(tmp_path, values)


def test_dropped_files_become_series_named_after_column_or_file(tmp_path: Path) -> None:
    (tmp_path / "wide.csv").write_text("date,Sales North,y\n2020-01-01,1,2\n")
    (tmp_path / "visits.csv").write_text("date,value\n2020-01-01,1\n")
    files = sorted(tmp_path.glob("*.csv"))
    destination = tmp_path / "raw"
    destination.mkdir()
    collected = source.collect(params.load(ROOT / "params.yaml").timeseries.source, files, destination)
    assert sorted(collected["parts"]) == ["sales_north", "visits", "y"]
    assert not collected["sample"]
