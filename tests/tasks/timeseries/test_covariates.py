from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipelines import artifacts
from pipelines.contract import SPLITS, Source
from pipelines.errors import InputError, ParameterError
from pipelines.tasks.timeseries import baselines, data
from pipelines.tasks.timeseries import prepare as prepare_stage
from tests.tasks.timeseries.passengers import PASSENGERS
from tests.tasks.timeseries.test_timeseries import PARAMS, PREPARE

COUNT = 300


def weather(count: int = COUNT) -> pd.DataFrame:
    """`y` follows `x` of the step before, and `holiday` of the same step."""
    random = np.random.default_rng(7)
    x, holiday = random.normal(size=count), random.integers(0, 2, count).astype(float)
    y = 50 + 4 * np.roll(x, 1) + 8 * holiday + random.normal(0, 0.1, count)
    return pd.DataFrame({"y": y, "x": x, "holiday": holiday}, pd.date_range("2020-01-01", periods=count))


def prepare(folder: Path, table: pd.DataFrame, name: str = "out", **changes: Any) -> tuple[Path, data.Meta]:
    """The prepared folder of a table, and its meta as the later stages read it."""
    raw, destination = folder / f"raw-{name}", folder / name
    raw.mkdir()
    destination.mkdir()
    for column in table:
        table[column].rename("value").rename_axis("date").to_csv(raw / f"{column}.csv")
    parts = {
        str(column): {"origin": f"t.csv, column {column}", "licence": "", "unit": "", "table": "t.csv", "column": str(column)}
        for column in table
    }  # fmt: skip
    artifacts.write_json(raw / "source.json", Source(sample=False, parts=parts))
    options = {"targets": ("y",), "covariates": None, "difference_lag": {"default": 0}, **changes}
    meta = prepare_stage.prepare(raw, PREPARE.model_copy(update=options), destination)
    artifacts.write_json(destination / "meta.json", meta)
    return destination, artifacts.read(destination / "meta.json", data.Meta)


def windows(prepared: Path, meta: data.Meta, split: str) -> Any:
    found = data.datasets(prepared, meta, "y")[split]
    return found.batch(np.arange(len(found))).inputs["window"]


def test_covariates_are_inputs_at_their_own_step(tmp_path: Path) -> None:
    table = weather()
    prepared, meta = prepare(tmp_path, table)
    series = meta.targets["y"]
    assert series.features == ["value", "season sine", "season cosine", "holiday", "x"]
    training = table["x"].iloc[: series.borders["valid"]]
    expected = (table["x"] - training.mean()) / training.std(ddof=0)
    last = np.load(prepared / "y/test.npy")[-1]
    np.testing.assert_allclose(windows(prepared, meta, "test")[-1, :, 4], expected.iloc[last - 5 : last + 1], rtol=1e-5)


@pytest.mark.parametrize("known_ahead", [(), ("holiday",)])
def test_covariates_of_the_future_are_seen_only_if_known_ahead(tmp_path: Path, known_ahead: tuple[str, ...]) -> None:
    changed = weather()
    changed.iloc[250:, 1:] = changed.iloc[250:, 1:] * 3 + 7
    (one, meta), (other, _) = (
        prepare(tmp_path, table, name, known_ahead=known_ahead) for table, name in ((weather(), "a"), (changed, "b"))
    )
    origins = np.load(one / "y/test.npy")
    ours, theirs = windows(one, meta, "test"), windows(other, meta, "test")
    before = np.array_equal(ours[origins < 250 - 3], theirs[origins < 250 - 3])
    just_before = ours[origins == 249] == theirs[origins == 249]
    assert before
    features = meta.targets["y"].features
    assert [name for index, name in enumerate(features) if not just_before[..., index].all()] == [
        f"{name}, 3 ahead" for name in known_ahead
    ]


def test_whatever_is_fitted_sees_the_training_part_alone(tmp_path: Path) -> None:
    """Transformation, difference, lookback, scalers, choice of covariates."""
    passengers = pd.DataFrame({"y": PASSENGERS, "x": PASSENGERS.shift(1).bfill() ** 0.5, "same": 5.0})
    changed = passengers.copy()
    auto = {"transform": {"default": "auto"}, "difference_lag": {"default": None}, "lookback": {"default": None}}
    (_, meta) = prepare(tmp_path, passengers, "a", **auto)
    valid = meta.targets["y"].borders["valid"]
    changed.iloc[valid:] = 5000 - changed.iloc[valid:] ** 2 / 100 + np.arange(len(changed) - valid)[:, None]
    (_, changed_meta) = prepare(tmp_path, changed, "b", **auto)
    one, other = meta.targets["y"], changed_meta.targets["y"]
    assert one.transform.power == 0
    assert one.difference == 12
    assert one.lookback == 21
    for name in ("transform", "difference", "lookback", "scaler", "target_scaler", "covariates", "left_out"):
        assert getattr(one, name) == getattr(other, name)
    assert one.chosen == ["transformation", "difference", "lookback"]
    assert [covariate.name for covariate in one.covariates] == ["x"]


@pytest.mark.parametrize("power", ["none", "log", "boxcox"])
def test_forecasts_of_the_prepared_targets_are_the_values(tmp_path: Path, power: str) -> None:
    """At a level of 1e8 too."""
    table = pd.DataFrame({"y": PASSENGERS * 1e8})
    prepared, meta = prepare(tmp_path, table, transform={"default": power}, difference_lag={"default": 12})
    steps = data.table_of(prepared, "y")
    for split, of_split in data.datasets(prepared, meta, "y").items():
        origins = np.load(prepared / f"y/{split}.npy")
        outputs = of_split.batch(np.arange(len(of_split))).targets["forecast"]
        found = data.forecasts(steps, meta.targets["y"], origins, outputs)
        truth = steps["value"].to_numpy()[origins[:, None] + np.arange(1, 4)]
        np.testing.assert_allclose(found, truth, rtol=1e-6)


def test_a_high_level_with_small_changes_keeps_its_digits(tmp_path: Path) -> None:
    """The mean of 1e8 has more digits than `meta.json` keeps."""
    table = weather()[["y"]] + 123_456_789.0
    prepared, meta = prepare(tmp_path, table)
    of_split = data.datasets(prepared, meta, "y")["test"]
    batch = of_split.batch(np.arange(len(of_split)))
    assert np.abs(batch.inputs["window"][..., 0]).max() < 5
    steps, origins = data.table_of(prepared, "y"), np.load(prepared / "y/test.npy")
    found = data.forecasts(steps, meta.targets["y"], origins, batch.targets["forecast"])
    truth = steps["value"].to_numpy()[origins[:, None] + np.arange(1, 4)]
    np.testing.assert_allclose(found, truth, atol=1e-3)


def test_unusable_columns_are_left_out_and_named(tmp_path: Path) -> None:
    table = weather().assign(No=np.arange(COUNT), same=3.0, rare=(np.arange(COUNT) == 5) * 1.0, broken=np.nan)
    table["broken"] = table["x"].where(np.arange(COUNT) % 50 > 10)
    _, meta = prepare(tmp_path, table, targets=None, covariates=None)
    assert sorted(meta.targets) == ["broken", "x", "y"]
    assert meta.others == ["No", "holiday", "rare", "same"]
    for words in (
        "column No): changes by the same amount at every step",
        "column same): is constant over its training part",
        "column rare): has only 2 different values",
    ):
        assert words in meta.splitting
    left_out = meta.targets["y"].left_out
    assert sorted(left_out) == ["No", "broken", "rare", "same"]
    assert left_out["broken"].startswith("11 values in a row are missing up to 2020-")
    assert left_out["rare"].startswith("is 0 at 99.4% of the steps of its training part")


def test_table_without_a_usable_column_is_refused(tmp_path: Path) -> None:
    table = pd.DataFrame({"No": np.arange(COUNT)}, weather().index)
    with pytest.raises(InputError, match=r"series 'No' .*: changes by the same amount at every step"):
        prepare(tmp_path, table, targets=None)


def test_columns_that_no_table_has_are_refused(tmp_path: Path) -> None:
    for key in ("targets", "covariates", "known_ahead"):
        with pytest.raises(ParameterError, match=rf"prepare\.{key}: no table has a column 'holidy'; did you mean hol"):
            prepare(tmp_path, weather(), key, **{key: ("holidy",)})


def test_more_columns_than_are_used_by_themselves_have_to_be_named(tmp_path: Path) -> None:
    random = np.random.default_rng(7)
    many = pd.DataFrame({f"c{n}": random.normal(size=COUNT) for n in range(40)}, weather().index)
    table = pd.concat([weather(), many], axis=1)
    _, meta = prepare(tmp_path, table, "a", known_ahead=("holiday",))
    assert [covariate.name for covariate in meta.targets["y"].covariates] == ["holiday"]
    assert "more than 32" in meta.targets["y"].left_out["41 other columns"]
    _, meta = prepare(tmp_path, table, "b", covariates=("c7", "x"))
    assert [covariate.name for covariate in meta.targets["y"].covariates] == ["c7", "x"]


def test_lookback_has_to_reach_as_far_as_what_is_known_ahead(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a lookback of 2 steps is shorter than the horizon of 3"):
        prepare(tmp_path, weather(), known_ahead=("holiday",), lookback={"default": 2})


def test_windows_over_a_long_gap_are_left_out(tmp_path: Path) -> None:
    table = weather()
    table.iloc[100:110, 0] = np.nan
    prepared, meta = prepare(tmp_path, table)
    origins = np.concatenate([np.load(prepared / f"y/{split}.npy") for split in SPLITS])
    seen = origins[:, None] + np.arange(-5, 4)
    assert not np.isin(seen, np.arange(100, 110)).any()
    assert meta.targets["y"].over_gaps == 10 + 6 + 3 - 1
    assert {99 - 3, 109 + 6} <= set(origins.tolist())


def test_the_week_is_an_input_of_hours(tmp_path: Path) -> None:
    random = np.random.default_rng(7)
    hours = pd.DataFrame({"y": random.normal(size=24 * 40)}, pd.date_range("2020-01-06", periods=24 * 40, freq="h"))
    prepared, meta = prepare(tmp_path, hours)
    assert meta.targets["y"].season == 24
    assert meta.targets["y"].features == ["value", "season sine", "season cosine", "week sine", "week cosine"]
    features = np.load(prepared / "y/features.npy")
    thursday = np.flatnonzero(
        hours.index == pd.Timestamp("2020-01-09 12:00")
    )  # the middle of a week that begins on Monday
    np.testing.assert_allclose(features[thursday, 3:], [[0, -1]], atol=1e-6)


def test_ridge_regression_uses_covariates(tmp_path: Path) -> None:
    scores = {}
    variants: dict[str, dict[str, Any]] = {
        "none": {"covariates": ()},
        "past": {"covariates": ("x",)},
        "known": {"covariates": ("x",), "known_ahead": ("holiday",)},
    }
    for name, options in variants.items():
        prepared, meta = prepare(tmp_path, weather(), name, **options)
        scores[name] = baselines.baselines(prepared, meta, "y", PARAMS)["ridge regression"]().record.by_step["MAE"]
    assert scores["past"][0] < 0.95 * scores["none"][0]
    assert scores["known"][0] < 0.3
    assert scores["known"][2] < 0.8 * scores["past"][2]


def test_slow_baselines_see_the_last_values_alone(tmp_path: Path) -> None:
    changed = weather()
    changed.iloc[:40] = changed.iloc[:40] + 1
    few = PARAMS.model_copy(
        update={"baselines": PARAMS.baselines.model_copy(update={"most_values": 150, "arima_orders": [(1, 0)]})}
    )
    found = []
    for name, table in (("a", weather()), ("b", changed)):
        prepared, meta = prepare(tmp_path, table, name)
        methods = baselines.baselines(prepared, meta, "y", few)
        found.append({method: methods[method]().metrics["mae"] for method in ("ETS", "ARIMA", "drift")})
    assert found[0]["ETS"] == found[1]["ETS"]
    assert found[0]["ARIMA"] == found[1]["ARIMA"]
    assert found[0]["drift"] != found[1]["drift"]
