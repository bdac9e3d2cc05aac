"""What the page says of a series that is too short for a network."""

from types import SimpleNamespace
from typing import cast

import pytest

from pipelines.results import Results
from pipelines.tasks.timeseries import report


def results(network: float) -> Results:
    baselines = {"sales": {"ARIMA": {"mase": 0.5}, "naive": {"mase": 1.0}}}
    metrics = {"test": {"sales": {"mase": {"mean": network}}}}
    found = SimpleNamespace(comparison={"baselines": baselines}, models=["gru"], metrics=lambda _model: metrics)
    return cast("Results", found)


@pytest.mark.parametrize(
    ("windows", "network", "too_few"), [(90, 0.61, True), (90, 0.59, False), (1000, 0.61, False), (999, 2.0, True)]
)
def test_page_says_too_few_where_a_baseline_is_clearly_better_on_a_short_series(
    windows: int, network: float, too_few: bool
) -> None:
    said = report._enough(results(network), "sales", windows)
    assert said == (
        f"{windows:,} windows are too little data for these networks: the best one has a MASE of {network:.3g}, ARIMA one of 0.5. "
        "Use ARIMA, or add rows."
        if too_few
        else ""
    )
