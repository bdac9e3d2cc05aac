"""A short seasonal series, from its values to the errors of a tiny network."""

from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.contract import BatchPrediction
from pipelines.nn.training import Fitting
from pipelines.params.blocks import Model
from pipelines.tasks.timeseries import baselines, data, evaluate, train
from tests.tasks.timeseries.passengers import PASSENGERS
from tests.tasks.timeseries.test_covariates import prepare
from tests.tasks.timeseries.test_timeseries import PARAMS

GRU = Model.model_validate({"recurrent": [{"cell": "gru", "units": 4}], "dense": [], "dropout": 0.0})


def test_a_tiny_network_comes_close_to_classical_methods_on_a_short_seasonal_series(tmp_path: Path) -> None:
    """Within a fifth of seasonal naive with drift, where it had nearly three times its error without transformation and season."""
    prepared, meta = prepare(
        tmp_path, pd.DataFrame({"y": PASSENGERS}), horizon=12, valid_share=0.15, test_share=0.15,
        transform={"default": "auto"}, difference_lag={"default": None}, lookback={"default": None},
    )  # fmt: skip
    examples = data.datasets(prepared, meta, "y")
    head = train.head(meta, "y", PARAMS.train)
    options = PARAMS.train.model_copy(update={"epochs": 4})
    fitting = Fitting(lambda: train.build(GRU, meta, "y", head), head, options, examples["train"], examples["valid"])
    network = train.build(GRU, meta, "y", head)
    network.set_weights(fitting.fit(1, tmp_path / "seed.npz", "a tiny network").weights)
    indices = np.arange(len(examples["test"]))
    outputs = network.predict_on_batch(examples["test"].batch(indices).inputs)
    prediction = iter([BatchPrediction(indices, outputs)])
    mase = evaluate.evaluate(prepared, meta, "y", "test", prediction, PARAMS).metrics["mase"]
    classical = baselines.baselines(prepared, meta, "y", PARAMS)["seasonal naive + drift"]().metrics["mase"]
    assert mase < 1.2 * classical
