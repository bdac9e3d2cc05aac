import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipelines import artifacts, params
from pipelines.contract import SPLITS, BatchPrediction, Evaluation, Source
from pipelines.errors import InputError, UsageError
from pipelines.tasks.timeseries import baselines, collect, data, evaluate, predict, validate
from pipelines.tasks.timeseries import prepare as prepare_stage
from pipelines.tasks.timeseries.params import Params, Prepare
from pipelines.tasks.timeseries.score import score
from tests.conftest import ROOT

PARAMS = params.block("timeseries", Params, ROOT / "params.yaml")
PREPARE = Prepare(
    targets=None, covariates=(), known_ahead=(), lookback={"default": 6}, horizon=3, test_share=0.2, valid_share=0.2, max_gap=2,
    max_constant_share=0.98, season={}, transform={"default": "none"}, difference_lag={"default": 1},
)  # fmt: skip


def raw(folder: Path, values: "pd.Series[float]", name: str = "s") -> Path:
    folder.mkdir(exist_ok=True)
    values.rename("value").rename_axis("date").to_csv(folder / f"{name}.csv")
    parts = {path.stem: {"origin": "test", "licence": "none", "unit": ""} for path in folder.glob("*.csv")}
    artifacts.write_json(folder / "source.json", Source(sample=False, parts=parts))
    return folder


def monthly(count: int = 120) -> "pd.Series[float]":
    time = np.arange(count)
    return pd.Series(
        100 + time + time**2 / 100 + 10 * np.sin(2 * np.pi * time / 12),
        pd.date_range("2000-01-01", periods=count, freq="MS"),
    )


def prepare(folder: Path, values: "pd.Series[float]", name: str = "out", **changes: Any) -> tuple[Path, data.Meta]:
    """The prepared folder, and its meta as the later stages read it."""
    destination = folder / name
    destination.mkdir()
    raw_folder = raw(folder / f"raw-{name}", values)
    meta = prepare_stage.prepare(raw_folder, PREPARE.model_copy(update=changes), destination)
    artifacts.write_json(destination / "meta.json", meta)
    return destination, artifacts.read(destination / "meta.json", data.Meta)


def perfect(prepared: Path, meta: data.Meta, split: str) -> Evaluation:
    """The evaluation of a network whose outputs are the targets."""
    windows = data.datasets(prepared, meta, "s")[split]
    indices = np.arange(len(windows))
    prediction = BatchPrediction(indices, windows.batch(indices).targets["forecast"])
    return evaluate.evaluate(prepared, meta, "s", split, iter([prediction]), PARAMS)


def test_prepare_keeps_targets_inside_their_split(tmp_path: Path) -> None:
    prepared, meta = prepare(tmp_path, monthly())
    table = data.table_of(prepared, "s")
    for split in SPLITS:
        origins = np.load(prepared / "s" / f"{split}.npy")
        targets = np.unique(origins[:, None] + np.arange(1, meta.targets["s"].horizon + 1))
        assert set(table["split"].iloc[targets]) == {split}


def test_prepare_training_windows_do_not_depend_on_later_values(tmp_path: Path) -> None:
    changed = monthly()
    changed.iloc[80:] = changed.iloc[80:] * 3 + 7
    (before, meta), (after, changed_meta) = prepare(tmp_path, monthly(), "a"), prepare(tmp_path, changed, "b")
    assert meta.targets["s"].borders["valid"] <= 80
    assert meta.targets["s"].scaler == changed_meta.targets["s"].scaler
    ours, theirs = (data.datasets(folder, meta, "s")["train"] for folder in (before, after))
    assert len(ours) == len(theirs) > 50
    one, other = (windows.batch(np.arange(len(ours))) for windows in (ours, theirs))
    np.testing.assert_array_equal(one.inputs["window"], other.inputs["window"])
    np.testing.assert_array_equal(one.targets["forecast"], other.targets["forecast"])


@pytest.mark.parametrize("lag", [0, 1, 12])
def test_evaluate_scores_perfect_outputs_perfectly_with_any_difference(tmp_path: Path, lag: int) -> None:
    prepared, meta = prepare(tmp_path, monthly(), difference_lag={"s": lag, "default": 1})
    for split in SPLITS:
        scores = perfect(prepared, meta, split)
        assert scores.metrics["mae"] < 1e-3
        assert scores.metrics["mase"] == pytest.approx(scores.losses.mean())


@pytest.fixture
def gaps() -> "pd.Series[float]":
    """Two values of the training part and one of the test part are missing."""
    values = monthly()
    values.iloc[[30, 31, 110]] = np.nan
    return values


def test_prepare_carries_values_forward_over_gaps(tmp_path: Path, gaps: "pd.Series[float]") -> None:
    prepared, _ = prepare(tmp_path, gaps)
    table = data.table_of(prepared, "s")
    assert table["filled"].iloc[[30, 31]].tolist() == [gaps.iloc[29]] * 2


def test_prepare_marks_missing_values_in_a_feature(tmp_path: Path, gaps: "pd.Series[float]") -> None:
    _, meta = prepare(tmp_path, gaps)
    assert meta.targets["s"].missing == 3
    assert "observed" in meta.targets["s"].features


def test_score_ignores_missing_values(tmp_path: Path, gaps: "pd.Series[float]") -> None:
    prepared, meta = prepare(tmp_path, gaps)
    origins = np.load(prepared / "s" / "test.npy")
    forecasts = np.nan_to_num(gaps.to_numpy())[origins[:, None] + np.arange(1, 4)]
    scored = score(data.table_of(prepared, "s"), meta.targets["s"], origins, forecasts)
    assert scored.metrics == {"mae": 0, "rmse": 0, "smape": 0, "mase": 0}
    naive = baselines.baselines(prepared, meta, "s", PARAMS)["naive"]()
    assert np.isfinite(list(naive.metrics.values())).all()


def test_seasonal_naive_has_a_mase_close_to_one(tmp_path: Path, random: np.random.Generator) -> None:
    stationary = pd.Series(10 * np.sin(2 * np.pi * np.arange(120) / 12) + random.normal(0, 1, 120), monthly().index)
    prepared, meta = prepare(tmp_path, stationary)
    scores = baselines.baselines(prepared, meta, "s", PARAMS)
    assert scores["seasonal naive"]().metrics["mase"] == pytest.approx(1, abs=0.25)
    assert scores["seasonal naive"]().metrics["mase"] < scores["naive"]().metrics["mase"]


def gap(values: "pd.Series[float]") -> "pd.Series[float]":
    values = values.copy()
    values.iloc[11:31] = np.nan
    return values


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (gap(monthly(40)), r"series 's'.*: 20 values in a row are missing up to 2002-07-01; at most 2 .*max_gap"),
        (monthly() * 0 + 5, r"series 's'.*: is constant over its training part"),
        (
            monthly() * 0 + np.arange(120) % 12,
            r"series 's'.*: repeats itself exactly after 12 steps; there is nothing",
        ),
        (monthly(19), r"series 's'.*: its training part has 11 steps, no more than a season of 12; add rows"),
        (monthly(14), r"series 's'.*: 14 rows leave no window of 6 \+ 3 steps for"),
        (monthly(1), r"series 's'.*: has 1 values"),
        (monthly() * np.nan, r"series 's'.*: has 0 values"),
        (monthly().iloc[np.unique(np.arange(60) ** 2 % 119)], r"no even step"),
    ],
    ids=["gap", "constant", "periodic", "season", "short", "one value", "no value", "uneven"],
)
def test_prepare_refuses_an_unusable_series_with_the_reason(
    tmp_path: Path, values: "pd.Series[float]", message: str
) -> None:
    with pytest.raises(InputError, match=message):
        prepare(tmp_path, values)


def test_prepare_accepts_a_series_in_a_tiny_unit(tmp_path: Path) -> None:
    _, meta = prepare(tmp_path, monthly() * 1e-12)
    assert 0 < meta.targets["s"].scaler.std < 1e-10


def test_expectations_are_as_many_however_many_series(tmp_path: Path) -> None:
    prepared, meta = prepare(tmp_path, monthly())
    more = replace(meta, targets=dict.fromkeys(("s", "t", "u"), meta.targets["s"]))
    for name in ("t", "u"):
        shutil.copytree(prepared / "s", prepared / name)
    one, three = (validate.expectations(prepared, each, PARAMS.validation) for each in (meta, more))
    assert [len(suite.expectations) for suite in one] == [len(suite.expectations) for suite in three]
    assert [len(suite.table) for suite in three] == [3 * len(suite.table) for suite in one]


def test_collect_names_series_after_their_column_or_file(tmp_path: Path) -> None:
    (tmp_path / "wide.csv").write_text("date,Sales North,y\n2020-01-01,1,2\n")
    (tmp_path / "visits.csv").write_text("date,value\n2020-01-01,1\n")
    files = sorted(tmp_path.glob("*.csv"))
    destination = tmp_path / "raw"
    destination.mkdir()
    collected = collect.collect(PARAMS.collect, files, destination)
    assert sorted(collected.parts) == ["sales_north", "visits", "y"]
    assert sorted(path.stem for path in destination.iterdir()) == sorted(collected.parts)
    assert not collected.sample


def test_collect_numbers_series_whose_columns_become_the_same_word(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    path.write_text("date,a b,a_b,a-b\n2020-01-01,1,2,3\n")
    destination = tmp_path / "raw"
    destination.mkdir()
    collected = collect.collect(PARAMS.collect, [path], destination)
    assert {name: part["column"] for name, part in collected.parts.items()} == {
        "wide_a_b": "a b",
        "wide_a_b_2": "a_b",
        "wide_a_b_3": "a-b",
    }


def test_collect_cuts_the_name_of_a_long_column(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    path.write_text(f"date,{'x' * 190}\n2020-01-01,1\n")
    destination = tmp_path / "raw"
    destination.mkdir()
    (name,) = collect.collect(PARAMS.collect, [path], destination).parts
    assert (destination / f"{name}.csv").exists()


def test_collect_names_series_of_one_column_in_two_files_after_both(tmp_path: Path) -> None:
    for name in ("cars", "wine"):
        (tmp_path / f"{name}.csv").write_text("Month,Sales\n2020-01,1\n2020-02,3\n2020-03,2\n")
    destination = tmp_path / "raw"
    destination.mkdir()
    collected = collect.collect(PARAMS.collect, sorted(tmp_path.glob("*.csv")), destination)
    assert {name: (part["file"], part["column"]) for name, part in collected.parts.items()} == {
        "cars_sales": ("cars", "Sales"),
        "wine_sales": ("wine", "Sales"),
    }


def test_collect_tells_what_it_leaves_out(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("date,v,wind\n2020-01-01,1,NW\n2020-01-02,3,SE\n2020-01-03,2,cv\n")
    destination = tmp_path / "raw"
    destination.mkdir()
    collected = collect.collect(PARAMS.collect, [tmp_path / "a.csv"], destination)
    assert any("the column 'wind' has texts ('NW', …), and is left out" in note for note in collected.notes)


def series_of(targets: dict[str, tuple[str, str]]) -> Any:
    return {name: SimpleNamespace(file=file, column=column) for name, (file, column) in targets.items()}


@pytest.mark.parametrize(
    ("stem", "column", "name"),
    [
        ("cars", "Sales", "cars_sales"),
        ("wine", "Sales", "wine_sales"),
        ("later", "a b", "x_a_b"),
        ("later", "a-b", "x_a_b_2"),
        ("co2", "value", "co2"),
        ("later", "co2", "co2"),
        ("later", "温度", "温度"),
        ("beer", "Litres", None),
    ],
)
def test_predict_uses_the_network_of_the_column_and_of_its_file(stem: str, column: str, name: str | None) -> None:
    targets = series_of(
        {
            "cars_sales": ("cars", "Sales"),
            "wine_sales": ("wine", "Sales"),
            "x_a_b": ("x", "a b"),
            "x_a_b_2": ("x", "a-b"),
            "温度": ("y", "温度"),
            "co2": ("", ""),
        }
    )
    assert predict.series_of(stem, column, targets) == name


def test_predict_asks_which_of_several_files_a_column_continues() -> None:
    targets = series_of({"cars_sales": ("cars", "Sales"), "wine_sales": ("wine", "Sales")})
    with pytest.raises(
        UsageError, match="the column 'Sales' may continue the series cars_sales or wine_sales; name the"
    ):
        predict.series_of("beer", "Sales", targets)


def test_validate_looks_at_what_the_networks_read(tmp_path: Path) -> None:
    prepared, meta = prepare(tmp_path, monthly())
    targets = np.load(prepared / "s" / "targets.npy")
    targets[40] = np.nan
    np.save(prepared / "s" / "targets.npy", targets)
    suites = {suite.name: suite.table for suite in validate.expectations(prepared, meta, PARAMS.validation)}
    assert suites["windows"].set_index("split")["finite"].to_dict() == {"train": False, "valid": True, "test": True}
