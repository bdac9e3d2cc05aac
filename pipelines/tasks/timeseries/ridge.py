"""Ridge regression on the windows that the networks get: what is linear in their inputs, covariates too, and needs no recurrence."""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from pipelines.contract import Floats, Indices
from pipelines.nn.datasets import FORECAST, WINDOW, Windows

MOST_NUMBERS = 20_000_000
"""Of a table of windows, 160 MB; more windows are thinned out evenly."""
BATCH = 4096


def ridge(windows: dict[str, Windows], penalties: Sequence[float]) -> Floats:
    """Outputs for the test windows, (windows, horizon) in scaled units.

    The penalty is that with the lowest absolute error on the validation part; the coefficients are then estimated on training and
    validation parts together, as those of the classical methods are.
    """
    from sklearn.linear_model import Ridge

    train, valid = (_table(windows[split]) for split in ("train", "valid"))

    def error(penalty: float) -> float:
        fitted = Ridge(penalty).fit(*train)
        return float(np.abs(fitted.predict(valid[0]).reshape(valid[1].shape) - valid[1]).mean())

    best = min(penalties, key=error)
    both = (np.concatenate(parts) for parts in zip(train, valid, strict=True))
    fitted = Ridge(best).fit(*both)
    test = windows["test"]
    batches = np.array_split(np.arange(len(test)), -(-len(test) // BATCH))
    outputs = [fitted.predict(_inputs(test, indices)).reshape(len(indices), -1) for indices in batches]
    return cast(Floats, np.concatenate(outputs))


def _inputs(windows: Windows, indices: Indices) -> Any:
    return windows.batch(indices).inputs[WINDOW].reshape(len(indices), -1).astype(np.float64)


def _table(windows: Windows) -> tuple[Any, Any]:
    """Inputs (windows, lookback · features) and targets (windows, horizon)."""
    most = max(1, MOST_NUMBERS // (windows.lookback * windows.features.shape[1]))
    indices = np.unique(np.linspace(0, len(windows) - 1, min(most, len(windows))).astype(np.int64))
    return _inputs(windows, indices), windows.batch(indices).targets[FORECAST].astype(np.float64)
