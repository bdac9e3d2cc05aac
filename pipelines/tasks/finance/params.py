"""The block `finance`."""

from datetime import date
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from pipelines.params.blocks import Block, Different, Evaluate, FaultError, Frozen, Model, NoBaselines, Train
from pipelines.params.tables import TableCollect

Target = Literal["returns", "volatility"]


def _text(day: Any) -> Any:
    return day.isoformat() if isinstance(day, date) else day  # YAML reads a date without quotes as one


def _day(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text} is no day of the calendar ({error})") from error
    return text


Day = Annotated[str, BeforeValidator(_text), Field(pattern=r"^\d{4}-\d\d-\d\d$"), AfterValidator(_day)]


class Prepare(Frozen):
    """Price windows over each symbol."""

    targets: Different[Target]
    lookback: int = Field(gt=1, le=10_000)
    horizon: int = Field(gt=0, le=1000)
    """Days ahead; also the embargo between two splits."""
    valid_start: Day
    test_start: Day
    stride: int = Field(gt=0, le=10_000)
    """Days between two training windows."""
    min_observed: float = Field(gt=0, le=1)
    """A feature observed on a smaller share of the training days is left out."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.valid_start >= self.test_start:
            raise FaultError(("valid_start",), "must lie before test_start")
        return self


class Validate(Frozen):
    """Limits of the suite."""

    max_abs_return: float = Field(gt=0)
    up_days: tuple[float, float]
    """Least and largest share of days that rise."""
    max_abs_scaled: float = Field(gt=0)


class FinanceTrain(Train):
    """How the networks are fitted."""

    loss: Literal["mse", "mae", "huber"]
    """Of returns; volatility is trained with QLIKE."""
    TARGETS = get_args(Target)

    @model_validator(mode="after")
    def _one_loss_of_volatility(self) -> Self:
        if "loss" in self.targets.get("volatility", {}):
            raise FaultError(("targets", "volatility", "loss"), "volatility is trained with QLIKE; leave it out")
        return self


class FinanceEvaluate(Evaluate):
    """The explanations' sizes and the backtest's cost."""

    cost_bps: float = Field(ge=0)
    """One-way cost of a trade in basis points of its value."""


class Params(Block):
    """The block `finance`."""

    collect: TableCollect
    prepare: Prepare
    validation: Validate = Field(alias="validate")
    baselines: NoBaselines
    models: dict[str, Model]
    train: FinanceTrain
    evaluate: FinanceEvaluate
