"""Every cell compared with its equations in NumPy, and used inside Keras."""

import re
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from pipelines.analysis import gates
from pipelines.nn import cells, checkpoints, layers
from pipelines.nn.heads import Regression
from pipelines.params.blocks import Model, RecurrentLayer
from pipelines.params.cells import CELLS, KERAS
from tests.conftest import ROOT

FEATURES, UNITS, STEPS = 3, 4, 6
Arrays = dict[str, Any]


def sigma(values: Any) -> Any:
    return 1 / (1 + np.exp(-values))


def normalised(values: Any) -> Any:
    return (values - values.mean(-1, keepdims=True)) / np.sqrt(values.var(-1, keepdims=True) + 1e-5)


def blocks(matrix: Any, names: str) -> Arrays:
    """The columns of each block by its letter."""
    return dict(zip(names, np.split(matrix, len(names), axis=-1), strict=True))


def lstm_variant(w: Arrays, x: Any, state: list[Any], variant: str) -> list[Any]:
    """Greff et al. 2017, gate by gate."""
    names = {"nig": "fzo", "nfg": "izo", "cifg": "izo", "nog": "ifz"}.get(variant, "ifzo")
    W, R, b = (blocks(w[name], names) for name in ("kernel", "recurrent_kernel", "bias"))
    h, c, *before = state
    early = [name for name in names if name in "if"]
    p = blocks(w["peepholes"], "".join(early)) if "peepholes" in w else dict.fromkeys(early, 0.0)
    seen = dict.fromkeys("ifo", 0.0)
    if variant == "fgr":
        G = blocks(w["gate_kernel"], "ifo")
        seen = {gate: np.concatenate(before, -1) @ G[gate] for gate in "ifo"}

    def gate(name: str, memory: Any, peephole: Any) -> Any:
        return sigma(x @ W[name] + h @ R[name] + peephole * memory + b[name] + seen[name])

    i = 1.0 if variant == "nig" else gate("i", c, p["i"])
    f = 1.0 if variant == "nfg" else 1 - i if variant == "cifg" else gate("f", c, p["f"])
    z = x @ W["z"] + h @ R["z"] + b["z"]
    c = f * c + i * (z if variant == "niaf" else np.tanh(z))
    o = 1.0 if variant == "nog" else gate("o", c, w.get("output_peephole", 0.0))
    h = o * (c if variant == "noaf" else np.tanh(c))
    return [h, c, i, f, o] if variant == "fgr" else [h, c]


def layernorm(w: Arrays, x: Any, state: list[Any]) -> list[Any]:
    """Ba et al. 2016."""
    h, c = state
    sums = normalised(h @ w["recurrent_kernel"]) * w["recurrent_gain"] + normalised(x @ w["kernel"]) * w["kernel_gain"]
    i, f, o, z = np.split(sums + w["bias"], 4, -1)
    c = sigma(f) * c + sigma(i) * np.tanh(z)
    return [sigma(o) * np.tanh(normalised(c) * w["state_gain"] + w["state_shift"]), c]


def mgu(w: Arrays, x: Any, state: list[Any]) -> list[Any]:
    """Zhou et al. 2016."""
    (h,) = state
    W, b = blocks(w["kernel"], "fz"), blocks(w["bias"], "fz")
    f = sigma(x @ W["f"] + h @ w["recurrent_kernel"] + b["f"])
    return [(1 - f) * h + f * np.tanh(x @ W["z"] + (f * h) @ w["candidate_kernel"] + b["z"])]


def mut(w: Arrays, x: Any, state: list[Any], mutation: int) -> list[Any]:
    """Jozefowicz et al. 2015."""
    (h,) = state
    W, b = blocks(w["kernel"], "zrn"), blocks(w["bias"], "zrn")
    r = sigma(x @ W["r"] + h @ w["reset_kernel"] + b["r"])
    if mutation == 1:
        z = sigma(x @ W["z"] + b["z"])
        n = np.tanh((r * h) @ w["candidate_kernel"] + np.tanh(x @ W["n"]) + b["n"])
    else:
        z = sigma(x @ W["z"] + (np.tanh(h) if mutation == 3 else h) @ w["update_kernel"] + b["z"])
        n = np.tanh((r * h) @ w["candidate_kernel"] + x @ W["n"] + b["n"])
    return [n * z + h * (1 - z)]


def by_hand(name: str, w: Arrays, x: Any, state: list[Any]) -> list[Any]:
    if name == "layernorm":
        return layernorm(w, x, state)
    if name == "mgu":
        return mgu(w, x, state)
    if name.startswith("mut"):
        return mut(w, x, state, int(name[-1]))
    return lstm_variant(w, x, state, name)


def layer(name: str) -> keras.layers.RNN:
    """A layer whose weights are all nonzero, so that every one affects the result."""
    keras.utils.set_random_seed(5)
    kind, options = CELLS[name]
    made = keras.layers.RNN(getattr(cells, kind)(UNITS, **options), return_sequences=True)
    made.build((None, STEPS, FEATURES))
    random = np.random.default_rng(11)
    made.set_weights([w + random.normal(0, 0.3, w.shape).astype(np.float32) for w in made.get_weights()])
    return made


@pytest.fixture
def windows(random: np.random.Generator) -> Any:
    return random.normal(size=(5, STEPS, FEATURES)).astype(np.float32)


every_cell = pytest.mark.parametrize("name", [name for name in CELLS if name not in KERAS])


@every_cell
def test_cell_matches_the_equations_of_its_paper(name: str, windows: Any) -> None:
    made = layer(name)
    weights = {weight.name: np.asarray(weight, np.float64) for weight in made.cell.weights}
    state = [np.zeros((len(windows), UNITS)) for _ in made.cell.STATES]
    outputs = []
    for step in range(STEPS):
        state = by_hand(name, weights, windows[:, step].astype(np.float64), state)
        outputs.append(state[0])
    np.testing.assert_allclose(np.asarray(made(windows)), np.stack(outputs, 1), atol=1e-5)


def test_lstm_variant_without_peepholes_equals_the_keras_lstm(windows: Any) -> None:
    ours, keras_own = layer("np"), keras.layers.LSTM(UNITS, return_sequences=True)
    keras_own.build((None, STEPS, FEATURES))
    keras_own.set_weights(ours.get_weights())
    np.testing.assert_allclose(np.asarray(ours(windows)), np.asarray(keras_own(windows)), atol=1e-5)


@every_cell
def test_cell_keeps_its_state_over_masked_steps(name: str, windows: Any) -> None:
    made = layer(name)
    mask = np.ones((len(windows), STEPS), bool)
    mask[:, 4:] = False
    outputs = np.asarray(made(windows, mask=mask))
    np.testing.assert_allclose(outputs[:, 3:], np.repeat(outputs[:, 3:4], STEPS - 3, axis=1))
    np.testing.assert_allclose(outputs[:, :4], np.asarray(made(windows))[:, :4], atol=1e-6)


def bidirectional_stack(name: str) -> keras.Model:
    options = RecurrentLayer(cell=name, units=UNITS, bidirectional=True)
    model = Model(recurrent=(options, options), dense=(), dropout=0.0)
    keras.utils.set_random_seed(2)
    return layers.window_model(STEPS, FEATURES, model, Regression(2, "mse"), name="net")


@every_cell
def test_cell_gates_are_traced_in_a_bidirectional_stack(name: str, windows: Any) -> None:
    network = bidirectional_stack(name)
    traces = gates.trace(network, {"window": windows}).traces
    assert [trace.direction for trace in traces] == ["forward", "backward"] * 2
    assert max(trace.discrepancy for trace in traces) < 1e-5
    for trace in traces:
        for gate, values in trace.gates.items():
            assert values.shape == (len(windows), STEPS, UNITS)
            low = -np.inf if (name, gate) == ("niaf", "candidate") else -1 if gate == "candidate" else 0
            assert low <= values.min() <= values.max() <= (np.inf if low == -np.inf else 1)


@every_cell
def test_cell_survives_saving(name: str, windows: Any, tmp_path: Path) -> None:
    network = bidirectional_stack(name)
    checkpoints.save(tmp_path, network, [1], [network.get_weights()])
    again = checkpoints.load(tmp_path)
    checkpoints.load_seed(again, tmp_path, 1)
    np.testing.assert_array_equal(
        again.predict_on_batch({"window": windows}), network.predict_on_batch({"window": windows})
    )


@every_cell
def test_cell_carry_is_the_share_of_memory_that_is_kept(name: str, windows: Any) -> None:
    """The memory after a step is the carry times the memory before it, plus what the step writes."""
    made = layer(name)
    (traced,) = gates.trace_layer(made, windows)
    if name == "nfg":
        assert traced.carry is None
        return
    assert traced.carry is not None
    candidate = traced.gates["candidate"]
    kept = traced.carry[:, 1:] * traced.memory[:, :-1]
    if traced.cell_state is None:
        written = (1 - traced.carry[:, 1:]) * candidate[:, 1:]
    else:
        written = traced.gates.get("input gate", np.ones_like(candidate))[:, 1:] * candidate[:, 1:]
    np.testing.assert_allclose(traced.memory[:, 1:], kept + written, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "gate"), [("vanilla", "forget gate"), ("cifg", "forget gate"), ("layernorm", "forget gate")]
)
def test_forget_bias_opens_the_forget_gate_before_training(name: str, gate: str, windows: Any) -> None:
    def mean(bias: float) -> float:
        keras.utils.set_random_seed(1)
        kind, options = CELLS[name]
        made = keras.layers.RNN(getattr(cells, kind)(UNITS, forget_bias=bias, **options))
        made.build((None, STEPS, FEATURES))
        return float(gates.trace_layer(made, windows)[0].gates[gate].mean())

    assert mean(0.0) < 0.65 < mean(1.0) < mean(3.0)


def test_forget_bias_sets_the_bias_of_the_keras_lstm() -> None:
    made = layers.layer(RecurrentLayer(cell="lstm", units=2, forget_bias=2.5), return_sequences=False, name="l")
    made.build((None, STEPS, FEATURES))
    assert made.cell.bias.numpy().tolist() == [0, 0, 2.5, 2.5, 0, 0, 0, 0]
    assert type(made).from_config(made.get_config()).get_config() == made.get_config()


def test_lstm_variant_refuses_an_unknown_variant() -> None:
    with pytest.raises(ValueError, match="there is no variant 'nope'"):
        cells.LSTMVariantCell(3, variant="nope")


def test_cell_from_contributing_matches_its_equations(windows: Any) -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    code = re.search(r"```python\n(@keras.*?)```", text, re.DOTALL)
    assert code
    assert len(code[1].split("\n\n", 1)[1].splitlines()) <= 20, "the cell takes 20 lines, docstring and READING apart"
    defined: dict[str, Any] = dict(vars(cells))
    exec(code[1], defined)
    recurrent_layer = keras.layers.RNN(defined["OpenGRUCell"](4), return_sequences=True)
    found = np.asarray(recurrent_layer(windows), np.float64)
    w = {weight.name: np.asarray(weight, np.float64) for weight in recurrent_layer.weights}
    kernel, recurrent_kernel, bias = (blocks(w[name], "zn") for name in ("kernel", "recurrent_kernel", "bias"))
    h = np.zeros((len(windows), 4))
    for step in range(windows.shape[1]):
        z, n = (windows[:, step] @ kernel[gate] + h @ recurrent_kernel[gate] + bias[gate] for gate in "zn")
        h = sigma(z) * h + (1 - sigma(z)) * np.tanh(n)
        np.testing.assert_allclose(found[:, step], h, atol=1e-5)
    inputs = keras.Input(windows.shape[1:])
    network = keras.Model(inputs, recurrent_layer(inputs))
    (traced,) = gates.trace(network, windows).traces
    assert set(traced.gates) == {"update gate", "candidate"}
    assert traced.discrepancy < 1e-5
