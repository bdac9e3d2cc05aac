"""Series and prices of any values that a table may hold: what is prepared from them is finite, or a sentence says why not."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from pipelines.contract import SPLITS
from pipelines.sources import numerals
from pipelines.tasks.finance import prices
from pipelines.tasks.timeseries import baselines, data
from tests.fuzz.bounds import success_or_sentence
from tests.tasks.finance.test_finance import market
from tests.tasks.finance.test_finance import prepare as prepare_prices
from tests.tasks.timeseries.test_timeseries import PARAMS
from tests.tasks.timeseries.test_timeseries import prepare as prepare_series

TIME = np.arange(80.0)
SHAPES = {
    "line": TIME,
    "steps": TIME // 10,
    "sine": np.sin(2 * np.pi * TIME / 12),
    "saw": TIME % 12,
    "noise": np.random.default_rng(7).normal(size=80),
    "ones": np.ones(80),
    "spike": (TIME == 40) * 1.0,
    "late": (TIME > 60) * 1.0,
    "exponential": 2.0**TIME,
}
SCALES = st.sampled_from([1.0, -1.0, 1e-300, 1e-12, 1e12, 1e29, 5e-324])
VALUES = st.floats(-numerals.GREATEST, numerals.GREATEST)


@st.composite
def values(draw: st.DrawFn) -> np.ndarray:
    shapes = draw(st.lists(st.sampled_from(sorted(SHAPES)), min_size=1, max_size=2))
    series = sum((SHAPES[shape] for shape in shapes), np.zeros(80)) * draw(SCALES) + draw(
        st.sampled_from([0, 1, 1e9, -1e20])
    )
    for place, value in draw(st.dictionaries(st.integers(0, 79), VALUES | st.just(np.nan), max_size=5)).items():
        series[place] = value
    return np.clip(series, -numerals.GREATEST, numerals.GREATEST)


def fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


@given(series=values(), freq=st.sampled_from(["MS", "D", "YS", "h", "s"]), lag=st.sampled_from([0, 1, 12]))
def test_any_series_is_prepared_in_finite_numbers_or_refused(
    tmp_path: Path, series: np.ndarray, freq: str, lag: int
) -> None:
    dates = pd.date_range("2001-01-01", periods=len(series), freq=freq)

    def prepared() -> None:
        folder, meta = prepare_series(
            fresh(tmp_path / "series"), pd.Series(series, dates), difference_lag={"default": lag}, season={"s": 12}
        )
        for split in SPLITS:
            windows = data.datasets(folder, meta, "s")[split]
            batch = windows.batch(np.arange(len(windows)))
            assert np.isfinite(batch.inputs["window"]).all()
            assert np.isfinite(batch.targets["forecast"]).all()
        methods = baselines.baselines(folder, meta, "s", PARAMS)
        for name in ("naive", "seasonal naive", "drift"):
            assert np.isfinite(list(methods[name]().metrics.values())).all()

    success_or_sentence(prepared)


PRICES = st.floats(prices.LEAST, numerals.GREATEST)


@given(
    spoilt=st.dictionaries(st.tuples(st.integers(0, 639), st.sampled_from(["open", "high", "low", "close", "volume"])), PRICES, max_size=8),
    still=st.sampled_from([0, 30, 300, 640]),
    scale=st.sampled_from([1.0, 1e-12, 1e25]),
)  # fmt: skip
def test_any_prices_are_prepared_in_finite_numbers_or_refused(
    tmp_path: Path, spoilt: dict[tuple[int, str], float], still: int, scale: float
) -> None:
    table = market(np.random.default_rng(7), 640) * scale
    table.iloc[:still] = table.iloc[0].to_numpy()
    for (row, column), value in spoilt.items():
        table.loc[table.index[row], column] = value

    def prepared() -> None:
        folder, meta = prepare_prices(fresh(tmp_path / "prices"), {"a": prices.check(table, "a.csv")})
        for target in meta.targets:
            assert np.isfinite(np.load(folder / target / "features.npy")).all()
            origins = np.concatenate([np.load(folder / target / f"{split}.npy") for split in SPLITS])
            assert np.isfinite(np.load(folder / target / "targets.npy")[origins]).all()

    success_or_sentence(prepared)
