"""The one factory of recurrent networks: between two models of a task, the cell is all that differs."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from itertools import product
from math import prod
from typing import Any

import keras

from pipelines.errors import ParameterError
from pipelines.nn import cells, private_api
from pipelines.nn.cells import ForgetBias
from pipelines.nn.datasets import TOKENS, WINDOW
from pipelines.nn.heads import Head
from pipelines.params.blocks import EncoderDecoder, Model, RecurrentLayer, TokenModel
from pipelines.params.cells import CELLS, KERAS

Tensor = Any
TOLERANCE = 0.02
"""Relative deviation from its budget that a size-matched model may have."""


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
        for index, options in enumerate(stack, start=1):
            last = index == len(stack)
            hidden = layer(options, return_sequences=not last, name=f"{options.cell}_{index}")(hidden)
            hidden = keras.layers.Dropout(model.dropout, name=f"dropout_{index}")(hidden)
        return keras.Model({WINDOW: window}, head.output(dense(hidden, model)), name=name)

    return size_matched(build, model)


def next_step_model(vocabulary: int, model: TokenModel, head: Head, name: str) -> keras.Model:
    """Embedding, recurrent layers, dense layers with ReLU, then the head at every step.

    `tokens` (batch, time) int32 -> (batch, time, …); any number of steps. A layer that reads backwards raises `ParameterError`: it would
    see what is to be predicted.
    """
    require_unidirectional(model, name, "the token that is to be predicted")

    def build(stack: tuple[RecurrentLayer, ...]) -> keras.Model:
        tokens = keras.Input((None,), dtype="int32", name=TOKENS)
        hidden = recurrent_stack(embedding(vocabulary, model)(tokens), stack, model)
        return keras.Model({TOKENS: tokens}, head.output(dense(hidden, model)), name=name)

    return size_matched(build, model)


def embedding(vocabulary: int, model: TokenModel | EncoderDecoder) -> keras.Layer:
    """Tokens as vectors. Keras's own initial values are so small that the first epoch is lost."""
    initializer = keras.initializers.RandomNormal(stddev=model.embedding_std)
    return keras.layers.Embedding(vocabulary, model.embedding, initializer, name="embedding")


def recurrent_stack(hidden: Tensor, stack: Sequence[RecurrentLayer], model: Model) -> Tensor:
    """Recurrent layers with the output of every step, dropout after each: (batch, time, features) -> (batch, time, units)."""
    for index, options in enumerate(stack, start=1):
        recurrent = layer(options, return_sequences=True, name=f"{options.cell}_{index}", return_state=True)
        hidden, *_ = recurrent(hidden)
        hidden = keras.layers.Dropout(model.dropout, name=f"dropout_{index}")(hidden)
    return hidden


def dense(hidden: Tensor, model: Model) -> Tensor:
    """The dense layers with ReLU before the head, dropout after each."""
    for index, units in enumerate(model.dense, start=1):
        hidden = keras.layers.Dense(units, activation="relu", name=f"dense_{index}")(hidden)
        hidden = keras.layers.Dropout(model.dropout, name=f"dense_dropout_{index}")(hidden)
    return hidden


def require_unidirectional(model: Model, name: str, what: str) -> None:
    """Raise `ParameterError` for a layer that reads backwards."""
    if any(options.bidirectional for options in model.recurrent):
        raise ParameterError(f"models of {name}: a bidirectional layer sees {what}; set bidirectional to false")


# Size


def size_matched(
    build: Callable[[tuple[RecurrentLayer, ...]], keras.Model], model: Model | EncoderDecoder
) -> keras.Model:
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

    @cache  # building a network takes a second
    def count(*units: int) -> int:
        return parameter_count(with_units(units))

    def miss(units: Sequence[int]) -> int:
        return abs(count(*units) - budget)

    low, high = 0.0, 1.0
    while count(*scaled(high)) < budget:
        low, high = high, high * 2
    tried = [scaled(high)]
    for _ in range(12):  # units are integers: twelve halvings separate any two that matter
        tried.append(scaled((low + high) / 2))
        if count(*tried[-1]) < budget:
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


def parameter_count(model: keras.Model, embeddings: bool = True) -> int:
    """Trainable parameters, with or without those of embeddings, which depend on the vocabulary and not on the cell."""
    weights = [weight for weight in model.trainable_weights if embeddings or "/embeddings" not in f"/{weight.path}"]
    return sum(prod(weight.shape) for weight in weights)


# Inside


def recurrent_layers(network: keras.Model) -> dict[str, keras.Layer]:
    """The recurrent layers of a built network by path, as in `encoder/lstm_1`, in order; a bidirectional wrapper is one layer.

    Layers inside nested models, wrappers and custom layers are included; one that is used twice is listed once.
    """
    by_path: dict[str, keras.Layer] = {}

    def search(parent: keras.Layer, prefix: str) -> None:
        for child in private_api.sublayers(parent):
            path = f"{prefix}{child.name}"
            if not isinstance(child, keras.layers.RNN | keras.layers.Bidirectional):
                search(child, f"{path}/")
            elif child not in by_path.values():
                by_path[path if path not in by_path else f"{path}:{len(by_path)}"] = child

    search(network, "")
    return by_path


def directions(network: keras.Model) -> dict[str, keras.layers.RNN]:
    """`recurrent_layers`, but each bidirectional wrapper as the two layers in it."""
    return {
        f"{path}/{inner.name}" if inner is not outer else path: inner
        for path, outer in recurrent_layers(network).items()
        for inner in (
            [outer.forward_layer, outer.backward_layer] if isinstance(outer, keras.layers.Bidirectional) else [outer]
        )
    }


def state_sizes(network: keras.Model) -> list[int]:
    """Units of every state of every recurrent layer, in order."""
    sizes = [recurrent.cell.state_size for recurrent in directions(network).values()]
    return [size for entry in sizes for size in (entry if isinstance(entry, list | tuple) else [entry])]


@contextmanager
def initial_states(network: keras.Model, states: Sequence[Tensor]) -> Iterator[Callable[[], list[Tensor]]]:
    """Start the recurrent layers from `states`, (batch, units) each, within the context; yield a function that returns their final states.

    A sequence can so be read in pieces. Each layer must be called once.
    """
    given, final = iter(states), list[list[Tensor]]()
    with ExitStack() as patches:
        for recurrent in directions(network).values():
            size = recurrent.cell.state_size
            own = [next(given) for _ in (size if isinstance(size, list | tuple) else [size])]
            final.append([])
            patches.enter_context(_initial_state(recurrent, own, final[-1]))
        yield lambda: [state for layer_states in final for state in layer_states]


@contextmanager
def _initial_state(recurrent: keras.layers.RNN, states: list[Tensor], final: list[Tensor]) -> Iterator[None]:
    original, return_state = recurrent.call, recurrent.return_state

    def call(sequence: Tensor, initial_state: Any = None, mask: Any = None, training: bool = False) -> Any:
        output, *after = original(sequence, initial_state=states, mask=mask, training=training)
        final[:] = after
        return [output, *after] if return_state else output

    recurrent.call, recurrent.return_state = call, True
    try:
        yield
    finally:
        del recurrent.call
        recurrent.return_state = return_state
