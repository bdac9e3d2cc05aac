"""What the blocks of several tasks are made of. What only one task needs is in that task's `params.py`.

Every whole number has a highest value: one that nobody means is refused before memory or time is taken.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipelines import names
from pipelines.params.cells import CELLS, KERAS, MOST_UNITS
from pipelines.printing import quoted

Value = TypeVar("Value")
DEFAULT = "default"
"""The key whose value is that of every name without its own."""


class FaultError(ValueError):
    """What is wrong with a parameter below the block that a validator checks; `where` is its path from there."""

    def __init__(self, where: tuple[str, ...], why: str) -> None:
        super().__init__(why)
        self.where = where


class OverrideError(FaultError):
    """Overrides of the block `kind` that it does not allow."""

    def __init__(self, where: tuple[str, ...], kind: type[BaseModel], error: ValidationError) -> None:
        super().__init__(where, "not allowed")
        self.kind, self.error = kind, error


def _known(name: str) -> str:
    if name not in CELLS:
        raise ValueError(f"there is no cell {quoted(name)}; there are {', '.join(CELLS)}")
    return name


def _different(values: tuple[Value, ...]) -> tuple[Value, ...]:
    repeated = next((value for index, value in enumerate(values) if value in values[:index]), None)
    if repeated is not None:
        raise ValueError(f"{quoted(repeated)} is there twice; leave one out")
    return values


def _has_default(values: dict[str, Value]) -> dict[str, Value]:
    if DEFAULT not in values:
        raise ValueError(f"has no {DEFAULT}, which is for names that have no value of their own; add it")
    return values


# Types

Cell = Annotated[str, AfterValidator(_known)]
Activation = Literal["tanh", "sigmoid", "hard_sigmoid", "relu", "linear"]
Share = Field(ge=0, lt=1)
EmbeddingStd: Any = Field(default=0.5, gt=0, le=1)
"""Standard deviation of the vectors that training begins with. Rare words need a lower one than characters: theirs hardly change."""
Units = Annotated[int, Field(gt=0, le=MOST_UNITS)]
"""Of a layer."""
Count = Annotated[int, Field(gt=0, le=100_000)]
"""Epochs, batches, steps, tokens, examples: so many take minutes to days."""
Limit = Annotated[int, Field(gt=0, le=1_000_000_000)]
"""A number that only something else is compared with."""
Seed = Annotated[int, Field(ge=0, lt=2**32)]
"""As NumPy, Keras and TensorFlow take it."""
Different = Annotated[tuple[Value, ...], Field(min_length=1, max_length=100), AfterValidator(_different)]
"""At least one value, none of them twice."""

OF_DATA = "of data"
ByName = dict[Annotated[str, OF_DATA], Value]
"""By name of a target or another part of the data, such as a style. `data_names` finds the names, so that misspelt ones are refused."""
ByNameOrDefault = Annotated[ByName[Value], AfterValidator(_has_default)]
"""The same, with a value for every other name: `by_name` looks one up."""


def by_name(values: Mapping[str, Value], name: str) -> Value:
    """The value for `name`, or the one for `default`."""
    return values.get(name, values[DEFAULT])


def data_names(block: BaseModel) -> Iterator[tuple[str, str]]:
    """Each name of a part of the data that is a key in `block`, with the path of the parameter from there."""
    for field, description in type(block).model_fields.items():
        key, value = description.alias or field, getattr(block, field)
        if isinstance(value, BaseModel):
            yield from ((f"{key}.{where}", name) for where, name in data_names(value))
        elif OF_DATA in getattr(next(iter(get_args(description.annotation)), None), "__metadata__", ()):
            yield from ((key, name) for name in value if name != DEFAULT)


class Frozen(BaseModel):
    """Immutable, and closed to keys it does not know; all its numbers are finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


# Models


class RecurrentLayer(Frozen):
    """One recurrent layer; every option but the forget bias means what it means in Keras."""

    cell: Cell
    units: Units
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
            raise FaultError(("forget_bias",), f"a {self.cell} has no forget gate; leave it out")
        for option in ("dropout", "recurrent_dropout"):
            if self.cell not in KERAS and getattr(self, option):
                why = f"{self.cell} has no dropout of its own; use the model's dropout, which acts between the layers"
                raise FaultError((option,), why)
        return self


MOST_PARAMETERS = 100_000_000
"""Of a model. Training holds them four times in memory, with their gradients and Adam's two moments."""
GATES = {"simple_rnn": 1, "gru": 3, "lstm": 4}
"""Matrices of a cell; every other has two at least."""


def _recurrent_fit(layers: tuple[RecurrentLayer, ...]) -> tuple[RecurrentLayer, ...]:
    parameters, features = 0, 0
    for options in layers:
        directions = 2 if options.bidirectional else 1
        parameters += directions * GATES.get(options.cell, 2) * options.units * (features + options.units)
        features = directions * options.units
    _fit(parameters)
    return layers


def _dense_fit(units: tuple[int, ...]) -> tuple[int, ...]:
    _fit(sum(one * other for one, other in pairwise(units)))
    return units


def _fit(parameters: int) -> None:
    if parameters > MOST_PARAMETERS:
        raise ValueError(f"has at least {parameters:,} parameters, more than {MOST_PARAMETERS:,}; take fewer units")


RecurrentLayers = Annotated[
    tuple[RecurrentLayer, ...], Field(min_length=1, max_length=16), AfterValidator(_recurrent_fit)
]
DenseLayers = Annotated[tuple[Units, ...], Field(max_length=16), AfterValidator(_dense_fit)]


TrainOverrides = dict[str, Any]
"""Parameters of the block `train` that this model has its own values of, such as `clip_norm`; all but `seeds` and `targets`."""


class Model(Frozen):
    """An architecture: recurrent layers, then dense layers, then the task's own output layer."""

    recurrent: RecurrentLayers
    dense: DenseLayers
    """Units of the dense layers between the last recurrent layer and the output."""
    dropout: float = Share
    """Dropped after every recurrent and dense layer."""
    parameters: int | None = Field(default=None, gt=0, le=MOST_PARAMETERS)
    """A budget: units of all recurrent layers are scaled together until the model has this many parameters (±2 %)."""
    match: str | None = None
    """The same, as many parameters as the model of this name has."""
    train: TrainOverrides = {}


class TokenModel(Model):
    """An architecture that begins with an embedding."""

    embedding: Units
    """Size of a token's embedding vector."""
    embedding_std: float = EmbeddingStd


class EncoderDecoder(Frozen):
    """An encoder that reads the source, and a decoder that writes the target (Sutskever et al. 2014)."""

    embedding: Units
    """Size of a token's embedding vector, on both sides."""
    embedding_std: float = EmbeddingStd
    encoder: RecurrentLayers
    decoder: RecurrentLayers
    attention: Literal["dot", "general", "additive"] | None
    """The score of attention (Luong et al. 2015, Bahdanau et al. 2015), or none."""
    dropout: float = Share
    """Dropped after embeddings and recurrent layers."""
    parameters: int | None = Field(default=None, gt=0, le=MOST_PARAMETERS)
    """A budget, as for other models."""
    match: str | None = None
    """The same, as many parameters as the model of this name has."""
    lexical: bool = False
    """The decoder attends to the embeddings of the source too, so that what a token means need not pass through the encoder's states
    (after Nguyen & Chiang 2018)."""
    lexicon: bool = False
    """The tokens that a table of translations has for what the decoder attends to become more likely (Arthur et al. 2016)."""
    train: TrainOverrides = {}

    @property
    def recurrent(self) -> tuple[RecurrentLayer, ...]:
        """All recurrent layers."""
        return (*self.encoder, *self.decoder)

    @model_validator(mode="after")
    def _attends(self) -> Self:
        for option in ("lexical", "lexicon"):
            if getattr(self, option) and not self.attention:
                raise FaultError((option,), "needs attention; set it to false, or choose an attention")
        return self

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if any(options.bidirectional for options in self.decoder):
            why = "a bidirectional decoder would see what it is to write; set bidirectional to false"
            raise FaultError(("decoder",), why)
        return self


def size_of(models: Mapping[str, Any], name: str) -> str:
    """The model whose number of parameters the model `name` is to have: itself, where it does not match another."""
    return getattr(models[name], "match", None) or name


# Stages


class Collect(Frozen):
    """Where a task's data come from when `data/input/<task>` is empty."""

    samples: Different[str]
    max_unreadable: float = Share
    """Share of the user's files that may be unreadable before the stage stops."""


class Shares(Frozen):
    """Shares of the data for validation and test."""

    valid_share: float = Field(gt=0, lt=1)
    test_share: float = Field(gt=0, lt=1)

    @model_validator(mode="after")
    def _leave_some(self) -> Self:
        if self.test_share + self.valid_share >= 1:
            raise FaultError(
                ("test_share",), "together with valid_share it leaves nothing to train on; lower one of them"
            )
        return self


class NgramBaseline(Frozen):
    """The n-gram model that a language model is compared with."""

    ngram_order: int = Field(gt=1, le=20)
    ngram_discount: float = Field(gt=0, lt=1)
    ngram_tokens: int = Field(gt=0, le=10_000_000)
    """The n-gram model learns from so many tokens of the training part: its tables have to fit in memory."""


class NoBaselines(Frozen):
    """Baselines without a parameter."""


SAME_FOR_ALL = {"seeds", "targets"}
"""Parameters of training without overrides."""


class Train(Frozen):
    """How every model of a task is fitted."""

    seeds: Different[Seed]
    """One repetition each; reported numbers are means over them, so two of the same would make the spread mean nothing."""
    epochs: Count
    batch_size: Count
    learning_rate: float = Field(gt=0)
    """Of Adam."""
    clip_norm: float | None = Field(gt=0)
    """Global norm to which a step's gradient is clipped (Pascanu et al. 2013); null: it is not."""
    patience: Count
    """Epochs without a better validation loss before training stops."""
    stop_below: float | None = Field(default=None, gt=0)
    """Training stops, too, after an epoch with a validation loss below this one; null: it does not."""
    may_diverge: bool = False
    """Whether a loss that is no longer finite ends the training of a seed, with the weights of its best epoch, and is no error."""
    plateau_patience: Count
    """Epochs without a better validation loss before the learning rate is halved."""
    schedule: Literal["plateau", "cosine"]
    """The learning rate: halved on a plateau, or along half a cosine to zero over `epochs` (Loshchilov & Hutter 2017)."""
    mixed_precision: bool
    xla: bool
    """Whole training steps are compiled. Off a GPU, the loop over the steps always is (`pipelines.nn.compiled_loop`)."""
    TARGETS: ClassVar[tuple[str, ...]] = ()
    """All targets that a task can have, where its data do not decide on them."""
    targets: ByName[dict[str, Any]] = {}
    """Per-target overrides: target -> parameter of this block -> value. All but `seeds`."""

    def of(self, target: str, model: Any = None) -> Self:
        """The block for `target`, with its overrides, and over these the ones of `model`, if one is given."""
        overrides = {**self.targets.get(target, {}), **(model.train if model else {})}
        return self.model_validate({**self.model_dump(exclude={"targets"}), **overrides})

    def of_model(self, model: Any) -> Self:
        """The block for every target of `model`, with its overrides."""
        targets = {
            target: {key: value for key, value in values.items() if key not in model.train}
            for target, values in self.targets.items()
        }
        return self.model_validate({**self.model_dump(), "targets": targets, **model.train})

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for target, values in self.targets.items():
            if self.TARGETS and target not in self.TARGETS:
                raise FaultError(("targets", target), f"there is no such target; there are {', '.join(self.TARGETS)}")
            self._check_overrides(("targets", target), values, "targets")
        return self

    def _check_overrides(self, where: tuple[str, ...], values: Mapping[str, Any], what: str) -> None:
        """Raise an error for overrides at `where` that the block does not allow."""
        if strange := sorted(SAME_FOR_ALL & values.keys()):
            raise FaultError((*where, strange[0]), f"is the same for all {what}; leave it out")
        try:
            self.model_validate({**self.model_dump(exclude={"targets"}), **values})
        except ValidationError as error:
            raise OverrideError(where, type(self), error) from error

    def check_models(self, models: Mapping[str, Any]) -> None:
        """Raise an error for overrides of a model that the block does not allow."""
        for name, model in models.items():
            self._check_overrides(("models", name, "train"), model.train, "models")


class Evaluate(Frozen):
    """How much of each explanation is computed."""

    traced_windows: int = Field(gt=0, le=1000)
    """Test windows whose gates are drawn step by step."""
    gradient_windows: int = Field(gt=1, le=100_000)
    """Test windows over which gate statistics and gradient magnitudes are averaged."""
    explained_windows: int = Field(gt=0, le=10_000)
    """Test windows whose feature importance is computed."""
    correlated_units: int = Field(gt=0, le=100)
    """Units whose memory is drawn: those most correlated with the output."""
    microscope_sequences: int = Field(gt=0, le=6)
    """Test sequences whose gates and states the microscope shows whole."""


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
            raise FaultError(("models",), "is empty; describe at least one")
        for name in self.models:
            if why := names.fault_of_identifier(name):
                raise FaultError(("models", name), why)
        for name, model in self.models.items():
            if getattr(model, "match", None) is not None and (why := self._fault_of_match(name, model)):
                raise FaultError(("models", name, "match"), why)
        if alike := names.alike(self.models):
            raise FaultError(("models", alike[1]), f"some file systems take it for {alike[0]}; choose another name")
        self.train.check_models(self.models)
        return self

    def _fault_of_match(self, name: str, model: Any) -> str | None:
        """Why a model cannot have as many parameters as the one that it names."""
        others = [other for other in self.models if other != name and size_of(self.models, other) == other]
        if model.match not in others:
            return f"there is no such other model without a match of its own; there are {', '.join(others) or 'none'}"
        return "match and parameters exclude each other; leave one out" if model.parameters is not None else None
