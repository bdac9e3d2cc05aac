"""The one factory of recurrent networks: between two models of a task, the cell is all that differs."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import product
from math import prod
from typing import Any

import keras

from pipelines.errors import ParameterError
from pipelines.nn import cells
from pipelines.nn.cells import ForgetBias
from pipelines.nn.datasets import TOKENS, WINDOW
from pipelines.nn.heads import Head
from pipelines.params.blocks import Model, RecurrentLayer, TokenModel
from pipelines.params.cells import CELLS, KERAS

Tensor = Any
EMBEDDING_STD = 0.5
"""Standard deviation with which embeddings begin."""
TOLERANCE = 0.02
"""How far from its budget a size-matched model may end."""


def layer(options: RecurrentLayer, return_sequences: bool, name: str, return_state: bool = False) -> keras.Layer:
    """One recurrent layer: (batch, time, features) -> (batch, time, units), or (batch, units) for the last step.

    A bidirectional layer concatenates both directions, so its last axis is `2 * units`. The forget bias starts at 1
    (Jozefowicz et al. 2015) and GRU applies its reset gate after the matrix product, as cuDNN does.
    """
    common: dict[str, Any] = {"return_sequences": return_sequences, "return_state": return_state, "name": name}
    gated: dict[str, Any] = (
        {} if options.cell == "simple_rnn" else {"recurrent_activation": options.recurrent_activation}
    )
    kind, variant = CELLS[options.cell]
    if options.cell not in KERAS:
        cell = getattr(cells, kind)(
            options.units, activation=options.activation, forget_bias=options.forget_bias, **gated, **variant
        )
        recurrent = keras.layers.RNN(cell, **common)
    else:
        if options.cell == "lstm" and options.forget_bias != 1:
            gated |= {"unit_forget_bias": False, "bias_initializer": ForgetBias(options.forget_bias)}
        recurrent = getattr(keras.layers, kind)(
            options.units,
            activation=options.activation,
            dropout=options.dropout,
            recurrent_dropout=options.recurrent_dropout,
            **common,
            **gated,
        )
    return keras.layers.Bidirectional(recurrent, name=f"{name}_bidirectional") if options.bidirectional else recurrent


# Networks


def window_model(time: int, features: int, model: Model, head: Head, name: str) -> keras.Model:
    """Recurrent layers, dense layers with ReLU, then the head: `window` (batch, time, features) -> (batch, …)."""

    def build(stack: tuple[RecurrentLayer, ...]) -> keras.Model:
        window = keras.Input((time, features), name=WINDOW)
        hidden = window
        for number, options in enumerate(stack, start=1):
            last = number == len(stack)
            hidden = layer(options, return_sequences=not last, name=f"{options.cell}_{number}")(hidden)
            hidden = keras.layers.Dropout(model.dropout, name=f"dropout_{number}")(hidden)
        return keras.Model({WINDOW: window}, head.output(dense(hidden, model)), name=name)

    return sized(build, model)


def next_step_model(vocabulary: int, model: TokenModel, head: Head, name: str) -> keras.Model:
    """Embedding, recurrent layers, dense layers with ReLU, then the head at every step.

    `tokens` (batch, time) int32 -> (batch, time, …); any number of steps. A layer that reads backwards raises `ParameterError`: it would
    see what is to be predicted.
    """
    only_forward(model, name, "the token that is to be predicted")

    def build(stack: tuple[RecurrentLayer, ...]) -> keras.Model:
        tokens = keras.Input((None,), dtype="int32", name=TOKENS)
        hidden = every_step(embedding(vocabulary, model.embedding)(tokens), stack, model)
        return keras.Model({TOKENS: tokens}, head.output(dense(hidden, model)), name=name)

    return sized(build, model)


def embedding(vocabulary: int, size: int, name: str = "embedding") -> keras.Layer:
    """Tokens as vectors. Keras's own begin so small that an epoch passes before they say anything."""
    return keras.layers.Embedding(vocabulary, size, keras.initializers.RandomNormal(stddev=EMBEDDING_STD), name=name)


def every_step(hidden: Tensor, stack: Sequence[RecurrentLayer], model: Model) -> Tensor:
    """Recurrent layers that give out every step, dropout after each: (batch, time, features) -> (batch, time, units)."""
    for number, options in enumerate(stack, start=1):
        recurrent = layer(options, return_sequences=True, name=f"{options.cell}_{number}", return_state=True)
        hidden, *_ = recurrent(hidden)
        hidden = keras.layers.Dropout(model.dropout, name=f"dropout_{number}")(hidden)
    return hidden


def dense(hidden: Tensor, model: Model) -> Tensor:
    """The dense layers with ReLU before the head, dropout after each."""
    for number, units in enumerate(model.dense, start=1):
        hidden = keras.layers.Dense(units, activation="relu", name=f"dense_{number}")(hidden)
        hidden = keras.layers.Dropout(model.dropout, name=f"dense_dropout_{number}")(hidden)
    return hidden


def only_forward(model: Model, name: str, what: str) -> None:
    """Raise `ParameterError` for a layer that reads backwards."""
    if any(options.bidirectional for options in model.recurrent):
        raise ParameterError(f"models of {name}: a bidirectional layer sees {what}; set bidirectional to false")


# Size


def sized(build: Callable[[tuple[RecurrentLayer, ...]], keras.Model], model: Model) -> keras.Model:
    """The network that `build` makes of the model's layers, or of as many units as its parameter budget allows.

    Raise `ParameterError` if no number of units comes within 2 % of the budget.
    """
    return build(model.recurrent) if model.parameters is None else _match_size(build, model.recurrent, model.parameters)


def _match_size(
    build: Callable[[tuple[RecurrentLayer, ...]], keras.Model], stack: tuple[RecurrentLayer, ...], budget: int
) -> keras.Model:
    """Scale the units of all layers together until the network has `budget` parameters."""

    def with_units(units: Iterable[int]) -> keras.Model:
        return build(
            tuple(
                options.model_copy(update={"units": max(1, size)}) for options, size in zip(stack, units, strict=True)
            )
        )

    def scaled(factor: float) -> list[int]:
        return [round(options.units * factor) for options in stack]

    def miss(units: Sequence[int]) -> int:
        return abs(parameter_count(with_units(units)) - budget)

    low, high = 0.0, 1.0
    while parameter_count(with_units(scaled(high))) < budget:
        low, high = high, high * 2
    tried = [scaled(high)]
    for _ in range(12):  # units are whole numbers: twelve halvings separate any two that matter
        tried.append(scaled((low + high) / 2))
        if parameter_count(with_units(tried[-1])) < budget:
            low = (low + high) / 2
        else:
            high = (low + high) / 2
    units = min(tried, key=miss)
    if miss(units) > TOLERANCE * budget:  # few units: one or two more or less in single layers come nearer
        steps = product((0, -1, 1, -2, 2), repeat=len(stack))
        units = min(([u + step for u, step in zip(units, change, strict=True)] for change in steps), key=miss)
    best = with_units(units)
    if miss(units) > TOLERANCE * budget:
        raise ParameterError(
            f"no number of units gives a model of {budget} parameters (±2 %); the nearest has "
            f"{parameter_count(best)}: choose a larger budget or other layers"
        )
    return best


def parameter_count(model: keras.Model) -> int:
    """Trainable parameters."""
    return sum(prod(weight.shape) for weight in model.trainable_weights)


# Inside


def recurrent_layers(model: keras.Model) -> list[keras.Layer]:
    """The recurrent layers of a network in order, those of models inside it too; bidirectional wrappers as one layer."""
    found = []
    for each in model.layers:
        if isinstance(each, keras.layers.RNN | keras.layers.Bidirectional):
            found.append(each)
        elif isinstance(each, keras.Model):
            found += recurrent_layers(each)
    return found


def directions(network: keras.Model) -> list[keras.layers.RNN]:
    """The recurrent layers of a network, those inside bidirectional wrappers too."""
    pairs = [
        [each.forward_layer, each.backward_layer] if isinstance(each, keras.layers.Bidirectional) else [each]
        for each in recurrent_layers(network)
    ]
    return [each for pair in pairs for each in pair]


def state_sizes(network: keras.Model) -> list[int]:
    """Units of every state of every recurrent layer, in order."""
    sizes = [each.cell.state_size for each in directions(network)]
    return [size for each in sizes for size in (each if isinstance(each, list | tuple) else [each])]


@contextmanager
def carried(network: keras.Model, states: Sequence[Tensor]) -> Iterator[Callable[[], list[Tensor]]]:
    """Within it the recurrent layers begin with `states`, (batch, units) each; yields what gives their states after the last step.

    So a sequence can be read in pieces. Each layer is to be called once.
    """
    given, left = iter(states), list[list[Tensor]]()
    with ExitStack() as patches:
        for recurrent in directions(network):
            size = recurrent.cell.state_size
            mine = [next(given) for _ in (size if isinstance(size, list | tuple) else [size])]
            left.append([])
            patches.enter_context(_beginning_with(recurrent, mine, left[-1]))
        yield lambda: [state for after in left for state in after]


@contextmanager
def _beginning_with(recurrent: keras.layers.RNN, states: list[Tensor], left: list[Tensor]) -> Iterator[None]:
    original, return_state = recurrent.call, recurrent.return_state

    def call(sequence: Tensor, initial_state: Any = None, mask: Any = None, training: bool = False) -> Any:
        output, *after = original(sequence, initial_state=states, mask=mask, training=training)
        left[:] = after
        return [output, *after] if return_state else output

    recurrent.call, recurrent.return_state = call, True
    try:
        yield
    finally:
        del recurrent.call
        recurrent.return_state = return_state
