"""The block `finance`."""

from typing import Literal, Self

from pydantic import Field, model_validator

from pipelines.params.blocks import Block, Collect, Evaluate, Frozen, Model, NoBaselines, Train


class Prepare(Frozen):
    """Price windows over each symbol."""

    targets: tuple[Literal["returns", "volatility"], ...] = Field(min_length=1)
    lookback: int = Field(gt=1)
    horizon: int = Field(gt=0)
    """Days ahead; also the embargo between two splits."""
    valid_start: str = Field(pattern=r"^\d{4}-\d\d-\d\d$")
    test_start: str = Field(pattern=r"^\d{4}-\d\d-\d\d$")
    stride: int = Field(gt=0)
    """Days between two training windows."""
    min_observed: float = Field(gt=0, le=1)
    """A feature observed on a smaller share of the training days is left out."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.valid_start >= self.test_start:
            raise ValueError("valid_start must lie before test_start")
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


class FinanceEvaluate(Evaluate):
    """The explanations' sizes and the backtest's cost."""

    cost_bps: float = Field(ge=0)
    """One-way cost of a trade in basis points of its value."""


class Params(Block):
    """The block `finance`."""

    collect: Collect
    prepare: Prepare
    validation: Validate = Field(alias="validate")
    baselines: NoBaselines
    models: dict[str, Model]
    train: FinanceTrain
    evaluate: FinanceEvaluate
