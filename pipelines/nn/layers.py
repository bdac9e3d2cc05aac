"""The one factory of recurrent networks: between two models of a task, the cell is all that differs."""

from collections.abc import Callable, Iterable, Sequence
from itertools import product
from math import prod
from typing import Any

import keras

from pipelines.errors import ParameterError
from pipelines.nn import private_api
from pipelines.nn.cells import CELLS, ForgetBias
from pipelines.params.blocks import LanguageModel, Model, RecurrentLayer

LAYERS = {"simple_rnn": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}
EMBEDDING_STD = 0.5
"""Standard deviation with which embeddings begin."""
SILENCE = -4.0
"""Log-odds with which every key of a frame begins: most are silent most of the time."""
TOLERANCE = 0.02
"""How far from its budget a size-matched model may end."""


def layer(options: RecurrentLayer, return_sequences: bool, name: str, return_state: bool = False) -> keras.Layer:
    """One recurrent layer: (batch, time, features) -> (batch, time, units), or (batch, units) for the last step.

    A bidirectional layer concatenates both directions, so its last axis is `2 * units`. The forget bias starts at 1
    (Jozefowicz et al. 2015) and GRU applies its reset gate after the matrix product, as cuDNN does.
    """
    common: dict[str, Any] = {
        "return_sequences": return_sequences,
        "return_state": return_state,
        "stateful": options.stateful,
        "name": name,
    }
    gated: dict[str, Any] = (
        {} if options.cell == "simple_rnn" else {"recurrent_activation": options.recurrent_activation}
    )
    if options.cell in CELLS:
        kind, which = CELLS[options.cell]
        cell = kind(options.units, activation=options.activation, forget_bias=options.forget_bias, **gated, **which)
        recurrent = keras.layers.RNN(cell, **common)
    else:
        if options.cell == "lstm" and options.forget_bias != 1:
            gated |= {"unit_forget_bias": False, "bias_initializer": ForgetBias(options.forget_bias)}
        recurrent = LAYERS[options.cell](
            options.units,
            activation=options.activation,
            dropout=options.dropout,
            recurrent_dropout=options.recurrent_dropout,
            **common,
            **gated,
        )
    return keras.layers.Bidirectional(recurrent, name=f"{name}_bidirectional") if options.bidirectional else recurrent


def window_model(
    inputs: tuple[int, int], model: Model, outputs: int, name: str, batch_size: int | None = None
) -> keras.Model:
    """Recurrent layers, dense layers with ReLU, then a linear layer.

    `inputs` is (time, features); the network maps (batch, time, features) to (batch, outputs). With a parameter
    budget, the units of all recurrent layers are scaled together to meet it. Stateful layers need a `batch_size`; without
    one they raise `ParameterError`.
    """

    if batch_size is None and any(options.stateful for options in model.recurrent):
        raise ParameterError(
            f"models of {name}: a stateful layer carries its state from batch to batch, but this task shuffles windows that "
            "do not follow each other; set stateful to false"
        )

    def build(layers: tuple[RecurrentLayer, ...]) -> keras.Model:
        sequence = keras.Input(inputs, batch_size=batch_size, name="window")
        hidden = sequence
        for number, options in enumerate(layers, start=1):
            last = number == len(layers)
            hidden = layer(options, return_sequences=not last, name=f"{options.cell}_{number}")(hidden)
            hidden = keras.layers.Dropout(model.dropout, name=f"dropout_{number}")(hidden)
        return keras.Model(sequence, _head(hidden, model, outputs, "forecast"), name=name)

    if model.parameters is None:
        return build(model.recurrent)
    return match_size(build, model.recurrent, model.parameters)


def next_step_model(vocabulary: int, model: LanguageModel, name: str) -> keras.Model:
    """Embedding, recurrent layers, dense layers with ReLU, then logits at every step.

    Maps (batch, time) tokens, int32, to (batch, time, vocabulary). A layer that reads backwards raises `ParameterError`:
    it would see what is to be predicted.
    """
    _only_forward(model, name, "the token that is to be predicted")

    def build(layers: tuple[RecurrentLayer, ...]) -> keras.Model:
        tokens = keras.Input((None,), dtype="int32", name="tokens")
        # Keras's own embeddings begin so small that an epoch passes before they say anything.
        begun = keras.initializers.RandomNormal(stddev=EMBEDDING_STD)
        embedding = keras.layers.Embedding(vocabulary, model.embedding, begun, name="embedding")
        hidden = _at_every_step(embedding(tokens), layers, model)
        return keras.Model(tokens, _head(hidden, model, vocabulary, "logits"), name=name)

    return build(model.recurrent) if model.parameters is None else match_size(build, model.recurrent, model.parameters)


def _at_every_step(hidden: keras.KerasTensor, layers: tuple[RecurrentLayer, ...], model: Model) -> keras.KerasTensor:
    """Recurrent layers that give out every step and can give out their states (`with_states`), dropout after each."""
    for number, options in enumerate(layers, start=1):
        recurrent = layer(options, return_sequences=True, name=f"{options.cell}_{number}", return_state=True)
        hidden, *_ = recurrent(hidden)
        hidden = keras.layers.Dropout(model.dropout, name=f"dropout_{number}")(hidden)
    return hidden


def _head(
    hidden: keras.KerasTensor, model: Model, outputs: int, name: str, bias: str | keras.Initializer = "zeros"
) -> keras.KerasTensor:
    """Dense layers with ReLU, then a linear layer, which stays float32 under mixed precision."""
    for number, units in enumerate(model.dense, start=1):
        hidden = keras.layers.Dense(units, activation="relu", name=f"dense_{number}")(hidden)
        hidden = keras.layers.Dropout(model.dropout, name=f"dense_dropout_{number}")(hidden)
    return keras.layers.Dense(outputs, name=name, dtype="float32", bias_initializer=bias)(hidden)


def sequence_to_frames(features: int, keys: int, model: Model, name: str, note_by_note: bool) -> keras.Model:
    """Recurrent layers, dense layers with ReLU, then the logit of every key in every frame.

    Maps (batch, frames, features) to (batch, frames, keys). `note_by_note`: the last `keys` features are the frame itself, of
    which each key's logit sees those above it. A layer that reads backwards raises `ParameterError`.
    """
    _only_forward(model, name, "what is to be predicted")

    def build(layers: tuple[RecurrentLayer, ...]) -> keras.Model:
        window = keras.Input((None, features), name="window")
        hidden = AllBut(keys, name="before")(window) if note_by_note else window
        silence = keras.initializers.Constant(SILENCE)
        logits = _head(_at_every_step(hidden, layers, model), model, keys, "logits", silence)
        return keras.Model(window, NoteByNote(name="notes")([logits, window]) if note_by_note else logits, name=name)

    return build(model.recurrent) if model.parameters is None else match_size(build, model.recurrent, model.parameters)


@keras.saving.register_keras_serializable("gatehouse")
class AllBut(keras.layers.Layer):
    """All features but the last `count`."""

    def __init__(self, count: int, **options: Any) -> None:
        super().__init__(**options)
        self.count = count

    def call(self, features: keras.KerasTensor) -> keras.KerasTensor:
        """(…, features) -> (…, features - count)."""
        return features[..., : -self.count]

    def get_config(self) -> dict[str, Any]:
        """Serialized with the network."""
        return {**super().get_config(), "count": self.count}


@keras.saving.register_keras_serializable("gatehouse")
class NoteByNote(keras.layers.Layer):
    """Logits of keys (…, keys) and features whose last are the keys themselves -> logits that know the keys above each.

    A fully visible belief net within the frame (Frey et al. 1996): the keys of a chord are drawn one after the other, so that they go
    together. Row j, column k of the kernel is what key j adds to the logit of key k below it.
    """

    def build(self, shapes: Sequence[tuple[int | None, ...]]) -> None:
        """One weight for every pair of keys."""
        keys = shapes[0][-1]
        self.kernel = self.add_weight(shape=(keys, keys), initializer="zeros", name="kernel")

    def call(self, inputs: Sequence[keras.KerasTensor]) -> keras.KerasTensor:
        """Add what sounds above."""
        logits, features = inputs
        below = keras.ops.tril(self.kernel, -1)
        return logits + keras.ops.matmul(features[..., -logits.shape[-1] :], below)


def _only_forward(model: Model, name: str, what: str) -> None:
    if any(options.bidirectional for options in model.recurrent):
        raise ParameterError(f"models of {name}: a bidirectional layer sees {what}; set bidirectional to false")


def with_states(network: keras.Model) -> keras.Model:
    """The same layers of a chain, with every recurrent state as an input and an output.

    Maps [input, states…] to [output, states after the last step…], so that a sequence can go on where another one ended. The
    output comes before `NoteByNote`, where there is one: who goes on draws the keys one after the other.
    """
    sequence = keras.Input(network.input.shape[1:], dtype=network.input.dtype, name="sequence")
    before: list[keras.KerasTensor] = []
    after: list[keras.KerasTensor] = []
    hidden = sequence
    for each in network.layers[1:]:
        if isinstance(each, keras.layers.RNN):
            sizes = each.cell.state_size if isinstance(each.cell.state_size, list | tuple) else [each.cell.state_size]
            states = [keras.Input((size,), name=f"{each.name}_{number}") for number, size in enumerate(sizes)]
            hidden, *ends = each(hidden, initial_state=states)
            before += states
            after += ends
        elif not isinstance(each, NoteByNote):
            hidden = each(hidden)
    return keras.Model([sequence, *before], [hidden, *after], name=f"{network.name}_with_states")


def recurrent_layers(network: keras.Model) -> dict[str, keras.Layer]:
    """The recurrent layers of a built network by path, as in `encoder/lstm_1`, in order; a bidirectional wrapper is one layer.

    Layers inside nested models, wrappers and layers of one's own are among them; one that is used twice is there once.
    """
    found: dict[str, keras.Layer] = {}

    def search(parent: keras.Layer, prefix: str) -> None:
        for child in private_api.sublayers(parent):
            path = f"{prefix}{child.name}"
            if not isinstance(child, keras.layers.RNN | keras.layers.Bidirectional):
                search(child, f"{path}/")
            elif child not in found.values():
                found[path if path not in found else f"{path}:{len(found)}"] = child

    search(network, "")
    return found


def directions(network: keras.Model) -> dict[str, keras.layers.RNN]:
    """`recurrent_layers`, but each bidirectional wrapper as the two layers in it."""
    return {
        f"{path}/{inner.name}" if inner is not outer else path: inner
        for path, outer in recurrent_layers(network).items()
        for inner in (
            [outer.forward_layer, outer.backward_layer] if isinstance(outer, keras.layers.Bidirectional) else [outer]
        )
    }


def match_size(
    build: Callable[[tuple[RecurrentLayer, ...]], keras.Model],
    layers: tuple[RecurrentLayer, ...],
    budget: int,
) -> keras.Model:
    """Scale the units of all `layers` together until `build(layers)` has `budget` parameters.

    Raise `ParameterError` if no number of units comes within 2 % of the budget.
    """

    def with_units(units: Iterable[int]) -> keras.Model:
        return build(
            tuple(
                options.model_copy(update={"units": max(1, count)})
                for options, count in zip(layers, units, strict=True)
            )
        )

    def scaled(factor: float) -> list[int]:
        return [round(options.units * factor) for options in layers]

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
        steps = product((0, -1, 1, -2, 2), repeat=len(layers))
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


def sequence_of(each: keras.Layer) -> keras.KerasTensor:
    """What a recurrent layer of a built network puts out, without the states that it may return too."""
    return each.output[0] if isinstance(each.output, list | tuple) else each.output
