"""Frozen, typed mirror of `params.yaml`.

Values live in `params.yaml` alone, where DVC sees them change. The only defaults here are Keras's own for options of
a recurrent layer, so that a params block stays short.
"""

import difflib
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipelines import paths
from pipelines.errors import ParameterError

Cell = Literal[
    "simple_rnn", "lstm", "gru",
    "vanilla", "nig", "nfg", "nog", "niaf", "noaf", "cifg", "np", "fgr", "layernorm", "mgu", "mut1", "mut2", "mut3",
]  # fmt: skip
"""Keras's own, then those of `pipelines/nn/cells.py`."""
Activation = Literal["tanh", "sigmoid", "hard_sigmoid", "relu", "linear"]
Share = Field(ge=0, lt=1)


class Frozen(BaseModel):
    """Immutable, and closed to keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Run(Frozen):
    """One model of one task that the graph trains."""

    task: str
    model: str


class RecurrentLayer(Frozen):
    """One recurrent layer; every option but the forget bias means what it means in Keras."""

    cell: Cell
    units: int = Field(gt=0)
    bidirectional: bool = False
    activation: Activation = "tanh"
    recurrent_activation: Activation = "sigmoid"
    dropout: float = Field(default=0.0, ge=0, lt=1)
    recurrent_dropout: float = Field(default=0.0, ge=0, lt=1)
    stateful: bool = False
    forget_bias: float = 1.0
    """What the gate that keeps the memory is opened by at the start."""

    @model_validator(mode="after")
    def _offered(self) -> Self:
        if self.cell in ("simple_rnn", "gru") and self.forget_bias != 1:
            raise ValueError(f"a {self.cell} has no forget gate; leave forget_bias out")
        if self.cell not in ("simple_rnn", "gru", "lstm") and (self.dropout or self.recurrent_dropout):
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


class Training(Frozen):
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
    carry_state: bool
    """Windows follow each other and the state goes on from one to the next (truncated back-propagation through time)."""
    loss: Literal["mse", "mae", "huber", "qlike", "cross_entropy", "nll_per_frame"]
    unroll: bool
    """Each step of a window is traced on its own, without a loop: sooner on a CPU where layers are small, but longer to trace."""
    mixed_precision: bool
    xla: bool
    targets: dict[str, dict[str, Any]] = {}
    """What is otherwise for single targets: target -> parameter of this block -> value. All but `seeds`."""

    def of(self, target: str) -> "Training":
        """How `target` is learned."""
        return Training.model_validate({**self.model_dump(exclude={"targets"}), **self.targets.get(target, {})})

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError("seeds must all differ, or the spread over seeds means nothing")
        for target, values in self.targets.items():
            if strange := sorted(set(values) & {"seeds", "targets"}):
                raise ValueError(f"targets.{target} names {strange[0]}, which is the same for all targets")
            self.of(target)
        return self


class Evaluation(Frozen):
    """How much of each explanation is computed."""

    traced_windows: int = Field(gt=0)
    """Test windows whose gates are drawn step by step."""
    gradient_windows: int = Field(gt=1)
    """Test windows over which gate statistics and gradient magnitudes are averaged."""
    explained_windows: int = Field(gt=0)
    """Test windows whose Shapley values are computed."""
    telling_units: int = Field(gt=0)
    """Units whose memory is drawn."""


class WindowSource(Frozen):
    """Where a task's data come from when `data/input/<task>` is empty."""

    samples: tuple[str, ...] = Field(min_length=1)
    max_unreadable: float = Share
    """Share of the user's files that may be unreadable before the stage stops."""


class TimeseriesData(Frozen):
    """Windows over each series."""

    lookback: dict[str, Annotated[int, Field(gt=1)]]
    """Steps the network sees, by series; `default` for every other."""
    horizon: int = Field(gt=0)
    test_share: float = Field(gt=0, lt=1)
    valid_share: float = Field(gt=0, lt=1)
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
        if self.test_share + self.valid_share >= 1:
            raise ValueError("test_share and valid_share leave nothing to train on")
        return self


class TimeseriesValidation(Frozen):
    """Limits of the suite."""

    max_missing_share: float = Share
    min_distinct_share: float = Share
    max_abs_scaled: float = Field(gt=0)


class Timeseries(Frozen):
    """The block `timeseries`."""

    source: WindowSource
    data: TimeseriesData
    validation: TimeseriesValidation
    models: dict[str, Model]
    training: Training
    evaluation: Evaluation


class FinanceData(Frozen):
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


class FinanceValidation(Frozen):
    """Limits of the suite."""

    max_abs_return: float = Field(gt=0)
    up_days: tuple[float, float]
    """Least and largest share of days that rise."""
    max_abs_scaled: float = Field(gt=0)


class FinanceEvaluation(Evaluation):
    """The explanations' sizes and the backtest's cost."""

    cost_bps: float = Field(ge=0)
    """One-way cost of a trade in basis points of its value."""


class Finance(Frozen):
    """The block `finance`."""

    source: WindowSource
    data: FinanceData
    validation: FinanceValidation
    models: dict[str, Model]
    training: Training
    evaluation: FinanceEvaluation


class LanguageData(Frozen):
    """Texts as rows of tokens."""

    unit: Literal["characters", "words"]
    window: int = Field(gt=1)
    """Tokens through which errors are propagated back at once."""
    valid_share: float = Field(gt=0, lt=1)
    test_share: float = Field(gt=0, lt=1)
    min_count: int = Field(gt=0)
    """A character or word that training has seen less often is unknown."""
    max_vocabulary: int = Field(gt=1)
    """The most frequent are kept."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.test_share + self.valid_share >= 1:
            raise ValueError("test_share and valid_share leave nothing to train on")
        return self


class LanguageValidation(Frozen):
    """Limits of the suite."""

    max_unknown_share: float = Share
    min_windows: int = Field(gt=0)
    min_vocabulary: int = Field(gt=1)


class LanguageModel(Model):
    """An architecture that begins with an embedding."""

    embedding: int = Field(gt=0)
    """Numbers that stand for a token."""


class LanguageEvaluation(Evaluation):
    """The explanations' sizes, the samples and the n-gram model."""

    ngram_order: int = Field(gt=1)
    ngram_discount: float = Field(gt=0, lt=1)
    ngram_tokens: int = Field(gt=0)
    """The n-gram model learns from the last so many tokens of the training part: its tables have to fit in memory."""
    read_tokens: int = Field(gt=1)
    """Length of the test text that is shown coloured by what happens inside."""
    prompt: str
    """What the samples go on from."""
    sample_length: int = Field(gt=0)
    temperatures: tuple[Annotated[float, Field(ge=0)], ...] = Field(min_length=1)
    top_k: int = Field(ge=0)
    """Sample among the k likeliest; 0: among all (Fan et al. 2018)."""
    top_p: float = Field(gt=0, le=1)
    """… and among the likeliest that together have this probability (Holtzman et al. 2020)."""


class Language(Frozen):
    """The block `language`."""

    source: WindowSource
    data: LanguageData
    validation: LanguageValidation
    models: dict[str, LanguageModel]
    training: Training
    evaluation: LanguageEvaluation


class MusicSource(WindowSource):
    """Where music comes from."""

    pieces: int = Field(gt=2)
    """Of each style of the sample at most so many."""
    max_minutes: float = Field(gt=0)
    """A longer MIDI file is not read."""


class MusicData(Frozen):
    """Pieces as piano rolls and as rows of tokens."""

    frames_per_quarter: dict[str, Annotated[int, Field(gt=0)]]
    """Frames in a quarter note of the rolls whose likelihood is measured, by style; `default` for every other."""
    steps: int = Field(gt=0)
    """Positions in a quarter note of tokens, and of the rolls for style transfer."""
    frames: int = Field(gt=1)
    """Frames through which errors are propagated back at once."""
    tokens: int = Field(gt=1)
    """The same of tokens."""
    longest: int = Field(gt=1)
    """Validation and test pieces longer than so many frames are cut, the memory emptied in between."""
    ahead: int = Field(ge=0)
    """Frames of the melody that style transfer sees ahead."""
    keys: int = Field(gt=0)
    """Each training piece is there in so many keys, its own among them; an epoch reads all pieces in one."""
    valid_share: float = Field(gt=0, lt=1)
    test_share: float = Field(gt=0, lt=1)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if "default" not in self.frames_per_quarter:
            raise ValueError("frames_per_quarter must name a default, for styles that it does not name")
        if self.test_share + self.valid_share >= 1:
            raise ValueError("test_share and valid_share leave nothing to train on")
        return self

    def resolution(self, style: str) -> int:
        """Frames in a quarter note of `style`."""
        return self.frames_per_quarter.get(style, self.frames_per_quarter["default"])


class MusicValidation(Frozen):
    """Limits of the suite."""

    min_notes: int = Field(gt=0)
    """Of a piece."""
    max_left_out_share: float = Share
    """Share of a style's notes that no roll shows: keys that no piano has, or too short."""
    max_voices: float = Field(gt=0)
    """Mean number of notes at a time in any piece."""


class MusicEvaluation(Evaluation):
    """The explanations' sizes, what is generated, and how."""

    ngram_order: int = Field(gt=1)
    ngram_discount: float = Field(gt=0, lt=1)
    ngram_tokens: int = Field(gt=0)
    """The n-gram model learns from the first so many tokens of the training part: its tables have to fit in memory."""
    pieces: int = Field(gt=0)
    """Written for each style and temperature, and measured."""
    length: int = Field(gt=0)
    """Tokens of each."""
    temperatures: tuple[Annotated[float, Field(gt=0)], ...] = Field(min_length=1)
    top_p: float = Field(gt=0, le=1)
    opening: int = Field(gt=0)
    """Bars of a test piece that are gone on from."""
    heard: int = Field(gt=0)
    """Pieces of each kind that can be listened to."""
    seconds: float = Field(gt=0)
    """How long one can listen to each."""
    tempo: float = Field(gt=0)
    """Quarter notes a minute of what is written from nothing."""
    programs: dict[str, Annotated[int, Field(ge=0, lt=128)]]
    """Instrument by style, in General MIDI counted from 0; `default` for every other."""

    def program(self, style: str) -> int:
        """The instrument of `style`."""
        return self.programs.get(style, self.programs["default"])


class Music(Frozen):
    """The block `music`."""

    source: MusicSource
    data: MusicData
    validation: MusicValidation
    models: dict[str, LanguageModel]
    training: Training
    evaluation: MusicEvaluation


class Params(Frozen):
    """All of `params.yaml`."""

    tasks: tuple[str, ...]
    runs: dict[str, Run]
    timeseries: Timeseries
    finance: Finance
    language: Language
    music: Music

    def task(self, name: str) -> Any:
        """The block of the task `name`."""
        return getattr(self, name)

    def models(self, task: str) -> list[str]:
        """The models of `task` that the graph trains, in the order of `runs`."""
        return [run.model for run in self.runs.values() if run.task == task]

    @model_validator(mode="after")
    def _runs_exist(self) -> Self:
        for key, run in self.runs.items():
            if key != f"{run.task}-{run.model}":
                raise ValueError(f"runs.{key} must be called {run.task}-{run.model}")
            if run.task not in self.tasks:
                raise ValueError(f"runs.{key} names the task {run.task!r}, which is not in tasks")
            if run.model not in self.task(run.task).models:
                raise ValueError(f"runs.{key} names a model that {run.task}.models does not describe")
        return self


@cache
def load(path: Path = paths.PARAMS) -> Params:
    """Read `params.yaml`; raise `ParameterError` with the full path of the first wrong key or value."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    if not path.exists():
        raise ParameterError(f"there is no {path} here: run the command in the repository's root")
    try:
        values = YAML(typ="safe").load(path)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise ParameterError(
            f"{path}{line}: not valid YAML ({getattr(error, 'problem', error)}); correct that line"
        ) from error
    try:
        return Params.model_validate(values)
    except ValidationError as error:
        raise ParameterError(f"{path}: {_sentence(error)}") from error


def _sentence(error: ValidationError) -> str:
    """The first fault as one sentence: full path, what is wrong, what is allowed."""
    # An unknown key explains the missing one beside it, so it is told first.
    first = min(error.errors(), key=lambda fault: fault["type"] != "extra_forbidden")
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        allowed = _keys_at(first["loc"][:-1])
        close = difflib.get_close_matches(str(first["loc"][-1]), allowed, n=1)
        hint = f"did you mean {close[0]}? " if close else ""
        return f"{where} is not a parameter; {hint}allowed here: {', '.join(allowed)}"
    if first["type"] == "missing":
        return f"{where} is missing; add it"
    if first["type"] == "value_error":
        return f"{where + ': ' if where else ''}{first['ctx']['error']}"
    message = first["msg"][0].lower() + first["msg"][1:]
    return f"{where} is {first['input']!r}; {message}"


def _keys_at(location: tuple[int | str, ...]) -> list[str]:
    """The keys allowed at `location`, found by walking the models' annotations."""
    node: Any = Params
    for part in location:
        if isinstance(node, type) and issubclass(node, BaseModel):
            node = node.model_fields[str(part)].annotation
        else:  # the element type of a dict or tuple
            node = next(
                (a for a in reversed(getattr(node, "__args__", ())) if a is not Ellipsis and a is not str),
                None,
            )
    return list(node.model_fields) if isinstance(node, type) and issubclass(node, BaseModel) else []
