"""The block `timeseries`."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pipelines.params.blocks import (
    Block,
    ByName,
    ByNameOrDefault,
    Evaluate,
    FaultError,
    Frozen,
    Model,
    Share,
    Shares,
    Train,
)
from pipelines.params.tables import TableCollect

Lag = Annotated[int, Field(ge=0, le=10_000)]


class Prepare(Shares):
    """Windows over each series."""

    lookback: ByNameOrDefault[Annotated[int, Field(gt=1, le=10_000)]]
    """Steps the network sees, by series; `default` for every other."""
    horizon: int = Field(gt=0, le=1000)
    max_gap: Lag
    """Longest run of missing values that is carried forward; a longer one is an error."""
    season: ByName[Annotated[int, Field(gt=0, le=1_000_000)]]
    """Steps in a season, by series; any other series: from its frequency."""
    difference: ByNameOrDefault[Lag]
    """Lag of the difference that the network sees, by series; `default` for every other.

    0: the values. 1: changes from step to step, and the forecast is the change from the last value. A season:
    changes over a season.
    """

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for series, lag in self.difference.items():
            if 1 < lag < self.horizon:
                why = (
                    f"{lag} is less than the horizon of {self.horizon}: the value it is added to would not be known yet"
                )
                raise FaultError(("difference", series), why)
        return self


class Validate(Frozen):
    """Limits of the suite."""

    max_missing_share: float = Share
    min_distinct_share: float = Share
    max_abs_scaled: float = Field(gt=0)


class Baselines(Frozen):
    """What the classical forecasts may choose from."""

    arima_orders: list[tuple[Annotated[int, Field(ge=0, le=10)], Annotated[int, Field(ge=0, le=10)]]] = Field(
        min_length=1, max_length=100
    )
    """Orders (p, q) of autoregression and moving average."""


class ForecastTrain(Train):
    """How the networks are fitted."""

    loss: Literal["mse", "mae", "huber"]


class Params(Block):
    """The block `timeseries`."""

    collect: TableCollect
    prepare: Prepare
    validation: Validate = Field(alias="validate")
    baselines: Baselines
    models: dict[str, Model]
    train: ForecastTrain
    evaluate: Evaluate
