"""The block `timeseries`."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pipelines.params.blocks import Block, Collect, Evaluate, Frozen, Model, Share, Shares, Train


class Prepare(Shares):
    """Windows over each series."""

    lookback: dict[str, Annotated[int, Field(gt=1)]]
    """Steps the network sees, by series; `default` for every other."""
    horizon: int = Field(gt=0)
    max_gap: int = Field(ge=0)
    """Longest run of missing values that is carried forward; a longer one is an error."""
    season: dict[str, int]
    """Steps in a season, by series; any other series: from its frequency."""
    difference: dict[str, int]
    """Lag of the difference that the network sees, by series; `default` for every other.

    0: the values. 1: changes from step to step, and the forecast is the change from the last value. A season:
    changes over a season.
    """

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for series, lag in self.difference.items():
            if 1 < lag < self.horizon:
                raise ValueError(
                    f"difference.{series} is {lag}, less than the horizon of {self.horizon}: "
                    "the value it is added to would not be known yet"
                )
        for name in ("lookback", "difference"):
            if "default" not in getattr(self, name):
                raise ValueError(f"{name} must name a default, for series that it does not name")
        return self


class Validate(Frozen):
    """Limits of the suite."""

    max_missing_share: float = Share
    min_distinct_share: float = Share
    max_abs_scaled: float = Field(gt=0)


class Baselines(Frozen):
    """What the classical forecasts may choose from."""

    arima_orders: list[tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]]] = Field(min_length=1)
    """Orders (p, q) of autoregression and moving average."""


class ForecastTrain(Train):
    """How the networks are fitted."""

    loss: Literal["mse", "mae", "huber"]


class Params(Block):
    """The block `timeseries`."""

    collect: Collect
    prepare: Prepare
    validation: Validate = Field(alias="validate")
    baselines: Baselines
    models: dict[str, Model]
    train: ForecastTrain
    evaluate: Evaluate
