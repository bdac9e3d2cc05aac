"""What the blocks of several tasks are made of. What only one task needs is in that task's `params.py`."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from pipelines.params.cells import CELLS, KERAS


def _known(name: str) -> str:
    if name not in CELLS:
        raise ValueError(f"there is no cell {name!r}; there are {', '.join(CELLS)}")
    return name


Cell = Annotated[str, AfterValidator(_known)]
Activation = Literal["tanh", "sigmoid", "hard_sigmoid", "relu", "linear"]
Share = Field(ge=0, lt=1)


class Frozen(BaseModel):
    """Immutable, and closed to keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


# Models


class RecurrentLayer(Frozen):
    """One recurrent layer; every option but the forget bias means what it means in Keras."""

    cell: Cell
    units: int = Field(gt=0)
    bidirectional: bool = False
    activation: Activation = "tanh"
    recurrent_activation: Activation = "sigmoid"
    dropout: float = Field(default=0.0, ge=0, lt=1)
    recurrent_dropout: float = Field(default=0.0, ge=0, lt=1)
    forget_bias: float = 1.0
    """Initial bias of the gate that keeps the memory."""

    @model_validator(mode="after")
    def _offered(self) -> Self:
        if self.cell in ("simple_rnn", "gru") and self.forget_bias != 1:
            raise ValueError(f"a {self.cell} has no forget gate; leave forget_bias out")
        if self.cell not in KERAS and (self.dropout or self.recurrent_dropout):
            raise ValueError(
                f"{self.cell} has no dropout of its own; use the model's dropout, which acts between the layers"
            )
        return self


class Model(Frozen):
    """An architecture: recurrent layers, then dense layers, then the task's own output layer."""

    recurrent: tuple[RecurrentLayer, ...] = Field(min_length=1)
    dense: tuple[int, ...]
    """Units of the dense layers between the last recurrent layer and the output."""
    dropout: float = Share
    """Dropped after every recurrent and dense layer."""
    parameters: int | None = Field(default=None, gt=0)
    """A budget: units of all recurrent layers are scaled together until the model has this many parameters (±2 %)."""


class TokenModel(Model):
    """An architecture that begins with an embedding."""

    embedding: int = Field(gt=0)
    """Size of a token's embedding vector."""


class EncoderDecoder(Frozen):
    """An encoder that reads the source, and a decoder that writes the target (Sutskever et al. 2014)."""

    embedding: int = Field(gt=0)
    """Size of a token's embedding vector, on both sides."""
    encoder: tuple[RecurrentLayer, ...] = Field(min_length=1)
    decoder: tuple[RecurrentLayer, ...] = Field(min_length=1)
    attention: Literal["dot", "general", "additive"] | None
    """The score of attention (Luong et al. 2015, Bahdanau et al. 2015), or none."""
    dropout: float = Share
    """Dropped after embeddings and recurrent layers."""

    @property
    def recurrent(self) -> tuple[RecurrentLayer, ...]:
        """All recurrent layers."""
        return (*self.encoder, *self.decoder)

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if any(options.bidirectional for options in self.decoder):
            raise ValueError("a bidirectional decoder would see what it is to write; set bidirectional to false")
        return self


# Stages


class Collect(Frozen):
    """Where a task's data come from when `data/input/<task>` is empty."""

    samples: tuple[str, ...] = Field(min_length=1)
    max_unreadable: float = Share
    """Share of the user's files that may be unreadable before the stage stops."""


class Shares(Frozen):
    """Shares of the data for validation and test."""

    valid_share: float = Field(gt=0, lt=1)
    test_share: float = Field(gt=0, lt=1)

    @model_validator(mode="after")
    def _leave_some(self) -> Self:
        if self.test_share + self.valid_share >= 1:
            raise ValueError("test_share and valid_share leave nothing to train on")
        return self


class NgramBaseline(Frozen):
    """The n-gram model that a language model is compared with."""

    ngram_order: int = Field(gt=1)
    ngram_discount: float = Field(gt=0, lt=1)
    ngram_tokens: int = Field(gt=0)
    """The n-gram model learns from so many tokens of the training part: its tables have to fit in memory."""


class NoBaselines(Frozen):
    """Baselines without a parameter."""


class Train(Frozen):
    """How every model of a task is fitted."""

    seeds: tuple[int, ...] = Field(min_length=1)
    """One repetition each; reported numbers are means over them."""
    epochs: int = Field(gt=0)
    batch_size: int = Field(gt=0)
    learning_rate: float = Field(gt=0)
    """Of Adam."""
    clip_norm: float = Field(gt=0)
    """Global norm to which a step's gradient is clipped (Pascanu et al. 2013)."""
    patience: int = Field(gt=0)
    """Epochs without a better validation loss before training stops."""
    plateau_patience: int = Field(gt=0)
    """Epochs without a better validation loss before the learning rate is halved."""
    schedule: Literal["plateau", "cosine"]
    """The learning rate: halved on a plateau, or along half a cosine to zero over `epochs` (Loshchilov & Hutter 2017)."""
    mixed_precision: bool
    xla: bool
    """Whole training steps are compiled. Off a GPU, the loop over the steps always is (`pipelines.nn.compiled_loop`)."""
    targets: dict[str, dict[str, Any]] = {}
    """Per-target overrides: target -> parameter of this block -> value. All but `seeds`."""

    def of(self, target: str) -> Self:
        """The block for `target`, with its overrides."""
        return self.model_validate({**self.model_dump(exclude={"targets"}), **self.targets.get(target, {})})

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError("seeds must all differ, or the spread over seeds means nothing")
        for target, values in self.targets.items():
            if strange := sorted(set(values) & {"seeds", "targets"}):
                raise ValueError(f"targets.{target} names {strange[0]}, which is the same for all targets")
            self.of(target)
        return self


class Evaluate(Frozen):
    """How much of each explanation is computed."""

    traced_windows: int = Field(gt=0)
    """Test windows whose gates are drawn step by step."""
    gradient_windows: int = Field(gt=1)
    """Test windows over which gate statistics and gradient magnitudes are averaged."""
    explained_windows: int = Field(gt=0)
    """Test windows whose feature importance is computed."""
    correlated_units: int = Field(gt=0)
    """Units whose memory is drawn: those most correlated with the output."""


class Block(Frozen):
    """The block of a task: a part for each stage that has parameters, and the models. Each task defines the types of its parts."""

    collect: Any
    prepare: Any
    validation: Any = Field(alias="validate")
    """The block `validate`; pydantic has a method of that name."""
    baselines: Any
    models: Any
    train: Any
    evaluate: Any

    @model_validator(mode="after")
    def _some_model(self) -> Self:
        if not self.models:
            raise ValueError("models is empty; describe at least one")
        return self


def by_name(values: Mapping[str, Any], name: str) -> Any:
    """The value for `name`, or the one for `default`."""
    return values.get(name, values["default"])
