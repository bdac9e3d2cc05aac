"""The block `timeseries`."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from pipelines.params.blocks import (
    Block,
    ByName,
    ByNameOrDefault,
    Different,
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
AUTO = BeforeValidator(lambda value: None if value == "auto" else value)
"""`auto` is None: the value is chosen from the training part."""
ALL = BeforeValidator(lambda value: None if value == "all" else value)
"""`all` is None."""
NONE_OR_ALL = BeforeValidator(
    lambda value: {"none": (), "all": None}.get(value, value) if isinstance(value, str) else value
)
Names = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(max_length=1000)]
"""Of columns, as the task calls their series."""


class Prepare(Shares):
    """Windows over each series."""

    targets: Annotated[Different[str] | None, ALL]
    """Columns that are forecast, by the names of their series: `all`, or some."""
    covariates: Annotated[Names | None, NONE_OR_ALL]
    """Other columns of a series' table that its networks see up to the present: `all` that can be used, `none`, or some."""
    known_ahead: Names
    """Columns that are known in advance, such as holidays or planned prices: networks see them up to the end of the horizon."""
    lookback: ByNameOrDefault[Annotated[int | None, Field(gt=1, le=10_000), AUTO]]
    """Steps the network sees, by series; `default` for every other. `auto`: two seasons, between 12 and 168 steps."""
    horizon: int = Field(gt=0, le=1000)
    max_gap: Lag
    """Longest run of missing values that is carried forward; windows over a longer one are left out."""
    max_constant_share: float = Field(gt=0, lt=1)
    """A column of which one value takes a larger share of the training part is left out."""
    season: ByName[Annotated[int, Field(gt=0, le=1_000_000)]]
    """Steps in a season, by series; any other series: from its frequency."""
    transform: ByNameOrDefault[Literal["auto", "none", "log", "boxcox"]]
    """Before the difference, by series. `auto`: Box & Cox's with Guerrero's power where values are positive and the amplitude grows with
    the level; all is estimated on the training part."""
    difference_lag: ByNameOrDefault[Annotated[int | None, Field(ge=0, le=10_000), AUTO]]
    """Lag of the difference that the network sees, by series; `default` for every other.

    0: the values. 1: changes from step to step, and the forecast is the change from the last value. A season:
    changes over a season. `auto`: after which what is left to forecast in the training part varies least. Covariates: their
    values, or their changes where a KPSS test rejects a constant level.
    """

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for series, lag in self.difference_lag.items():
            if lag is not None and 1 < lag < self.horizon:
                why = (
                    f"{lag} is less than the horizon of {self.horizon}: the value it is added to would not be known yet"
                )
                raise FaultError(("difference_lag", series), why)
        return self


class Validate(Frozen):
    """Limits of the suite."""

    max_missing_share: float = Share
    max_abs_scaled: float = Field(gt=0)
    outlier_distance: float = Field(gt=0)
    """How much wider than the spread of the other values the gap before an outlier is (`outliers.py`)."""


class Baselines(Frozen):
    """What the classical forecasts may choose from."""

    arima_orders: list[tuple[Annotated[int, Field(ge=0, le=10)], Annotated[int, Field(ge=0, le=10)]]] = Field(
        min_length=1, max_length=100
    )
    """Orders (p, q) of autoregression and moving average."""
    most_values: int = Field(ge=100, le=100_000)
    """ETS and ARIMA are estimated on so many values before the test part at most: their time grows with them."""
    ridge_penalties: tuple[Annotated[float, Field(gt=0)], ...] = Field(min_length=1, max_length=100)
    """Penalties of the ridge regression, among which the validation part decides."""


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
