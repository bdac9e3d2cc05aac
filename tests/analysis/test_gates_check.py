"""The check that gates read back are those of the layer: wrong equations are refused, rounding is not."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest

from pipelines.analysis import equations, gates
from pipelines.nn import cells
from tests.analysis.recurrent_layers import UNITS, L, made, same


def free_run(layer: keras.layers.RNN, sequence: np.ndarray) -> np.ndarray:
    """Hidden states of the equations in float64, starting from a zero state: (batch, time, units)."""
    cell = equations.of(layer.cell)
    assert cell is not None
    states = {name: np.zeros((len(sequence), layer.cell.units)) for name in cell.states}
    hidden = []
    for time in range(sequence.shape[1]):
        values = cell.step(sequence[:, time].astype(np.float64), *states.values())
        states = {name: values[name] for name in cell.states}
        hidden.append(values["hidden_state"])
    return np.stack(hidden, axis=1)


@pytest.mark.parametrize("cell", [L.GRU, L.LSTM])
def test_check_is_not_misled_by_rounding_that_accumulates(cell: type[keras.Layer], random: np.random.Generator) -> None:
    """Weights so large that the layer is chaotic (Laurent & von Brecht 2017): with any other rounding it diverges within 64 steps."""
    keras.utils.set_random_seed(3)
    layer = cell(200, return_sequences=True)
    windows = random.normal(size=(2, 64, 6)).astype(np.float32)
    layer.build(windows.shape)
    layer.cell.recurrent_kernel.assign(16 * layer.cell.recurrent_kernel)
    (traced,) = gates.trace_layer(layer, windows)
    assert np.abs(free_run(layer, windows) - traced.hidden_state).max() > 0.1
    assert traced.discrepancy < 1e-5
    same(traced.hidden_state[:, :5], layer(windows)[:, :5])


TYPES = {"float16": 0.02, "mixed_float16": 0.02, "mixed_bfloat16": 0.2, "float32": 2e-5, "float64": 1e-13}


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("kind", ["lstm of relu", "gru", "vanilla"])
def test_check_allows_for_rounding_at_every_precision_and_scale(kind: str, dtype: str, windows: np.ndarray) -> None:
    layer = typed(kind, dtype)
    for scale in (1e-6, 1e-2, 1, 100):
        (traced,) = gates.trace_layer(layer, scale * windows)
        assert traced.discrepancy < TYPES[dtype]


def typed(kind: str, dtype: str) -> keras.Layer:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(dtype)
    try:
        return made(kind)
    finally:
        keras.config.set_dtype_policy(before)


def changed(cell: Any, **changes: Any) -> Any:
    """What the equations read from a Keras cell, with some of it changed."""
    weights = {name: np.asarray(getattr(cell, name)) for name in ("kernel", "recurrent_kernel", "bias")}
    others = ("units", "activation", "recurrent_activation", "reset_after", "compute_dtype")
    return SimpleNamespace(**{**{name: getattr(cell, name, None) for name in others}, **weights, **changes})


def permuted(cell: Any, order: list[int]) -> Any:
    """The blocks of the weights in another order."""

    def permute(weight: Any) -> np.ndarray:
        blocks = np.split(np.asarray(weight), len(order), axis=-1)
        return np.concatenate([blocks[block] for block in order], axis=-1)

    return changed(cell, **{name: permute(getattr(cell, name)) for name in ("kernel", "recurrent_kernel", "bias")})


def negated(cell: Any, block: int) -> Any:
    """One gate is 1 minus what it should be."""
    signs = np.ones(cell.kernel.shape[-1])
    signs[block * UNITS : (block + 1) * UNITS] = -1
    return changed(
        cell, **{name: np.asarray(getattr(cell, name)) * signs for name in ("kernel", "recurrent_kernel", "bias")}
    )


def nudged(cell: Any, name: str) -> Any:
    """A single weight is off by 1e-3."""
    weight = np.asarray(getattr(cell, name)).copy()
    weight.flat[-1] += 1e-3
    return changed(cell, **{name: weight})


WRONG: dict[str, dict[str, Callable[[Any], Any]]] = {
    "lstm": {
        "input and forget gate swapped": lambda cell: permuted(cell, [1, 0, 2, 3]),
        "input and output gate swapped": lambda cell: permuted(cell, [3, 1, 2, 0]),
        "forget gate and candidate swapped": lambda cell: permuted(cell, [0, 2, 1, 3]),
        "1 - forget gate": lambda cell: negated(cell, 1),
    },
    "gru": {
        "update and reset gate swapped": lambda cell: permuted(cell, [1, 0, 2]),
        "reset gate and candidate swapped": lambda cell: permuted(cell, [0, 2, 1]),
        "1 - update gate": lambda cell: negated(cell, 0),
        "1 - reset gate": lambda cell: negated(cell, 1),
        "no bias of the state": lambda cell: changed(cell, bias=np.asarray(cell.bias) * [[1], [0]]),
        "biases swapped": lambda cell: changed(cell, bias=np.asarray(cell.bias)[::-1]),
        "reset before the product": lambda cell: changed(cell, reset_after=False),
    },
    "simple rnn": {},
}
ALWAYS_WRONG: dict[str, Callable[[Any], Any]] = {
    "no bias": lambda cell: changed(cell, bias=None),
    "another activation": lambda cell: changed(cell, activation=keras.activations.softsign),
    "weights of the state transposed": lambda cell: changed(
        cell,
        recurrent_kernel=np.concatenate(
            [block.T for block in np.split(np.asarray(cell.recurrent_kernel), cell.kernel.shape[-1] // UNITS, axis=-1)],
            axis=-1,
        ),
    ),
}
GATES_WRONG: dict[str, Callable[[Any], Any]] = {
    "another recurrent activation": lambda cell: changed(cell, recurrent_activation=keras.activations.hard_sigmoid)
}
KINDS = {"lstm": L.LSTMCell, "gru": L.GRUCell, "simple rnn": L.SimpleRNNCell}


def use(monkeypatch: pytest.MonkeyPatch, kind: str, wrong: Callable[[Any], Any]) -> None:
    right = equations.CELLS[KINDS[kind]]
    monkeypatch.setitem(equations.CELLS, KINDS[kind], lambda cell: right(wrong(cell)))


@pytest.mark.parametrize(
    ("kind", "mistake"),
    [
        (kind, mistake)
        for kind in WRONG
        for mistake in {**WRONG[kind], **ALWAYS_WRONG, **({} if kind == "simple rnn" else GATES_WRONG)}
    ],
)
def test_check_refuses_wrong_equations(
    kind: str, mistake: str, windows: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = made(kind)
    use(monkeypatch, kind, {**WRONG[kind], **ALWAYS_WRONG, **GATES_WRONG}[mistake])
    for scale in (0.01, 1, 30):
        with pytest.raises(gates.TraceError, match="times what rounding explains; its gates are not shown"):
            gates.trace_layer(layer, scale * windows)


@pytest.mark.parametrize("kind", KINDS)
def test_check_refuses_wrong_equations_in_half_precision(
    kind: str, windows: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = typed(kind, "mixed_float16")
    for mistake in {**WRONG[kind], **ALWAYS_WRONG}.values():
        with monkeypatch.context() as patch:
            use(patch, kind, mistake)
            with pytest.raises(gates.TraceError, match="times what rounding explains"):
                gates.trace_layer(layer, windows)


@pytest.mark.parametrize("weight", ["kernel", "recurrent_kernel", "bias"])
@pytest.mark.parametrize("kind", KINDS)
def test_check_refuses_a_single_weight_that_is_slightly_off(
    kind: str, weight: str, windows: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, kind, lambda cell: nudged(cell, weight))
    with pytest.raises(gates.TraceError, match="times what rounding explains"):
        gates.trace_layer(made(kind), windows)


@pytest.mark.parametrize("kind", KINDS)
def test_check_accepts_the_equations_that_the_wrong_ones_are_made_from(
    kind: str, windows: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, kind, changed)
    gates.trace_layer(made(kind), windows)


def test_check_refuses_a_cell_that_does_not_do_what_its_step_says(windows: np.ndarray) -> None:
    class Leaky(cells.MinimalGatedUnitCell):
        def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
            output, _ = super().call(inputs, states, training)
            return 0.999 * output, [0.999 * output]

    with pytest.raises(gates.TraceError, match="differs from the equations of Leaky"):
        gates.trace_layer(L.RNN(Leaky(UNITS)), windows)


@pytest.mark.parametrize("return_sequences", [False, True])
def test_check_refuses_states_that_are_not_the_layers_output(return_sequences: bool, windows: np.ndarray) -> None:
    class Scaled(keras.layers.GRU):
        def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False) -> Any:
            return 1.001 * super().call(sequences, initial_state, mask, training)

    with pytest.raises(gates.TraceError, match="its output is not the hidden state"):
        gates.trace_layer(Scaled(UNITS, return_sequences=return_sequences), windows)
