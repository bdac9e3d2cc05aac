"""Recurrent cells beyond Keras's own, written from their papers' equations, for `keras.layers.RNN`.

In the equations x is the input of the step, h and c are the states before it, ⊙ multiplies element by element, σ is the
recurrent activation (sigmoid) and tanh the activation. Weights are named as Keras names its own.
"""

from typing import Any, ClassVar

import keras
from keras import ops

Tensor = Any
Values = dict[str, Tensor]


class GatedCell(keras.layers.Layer):
    """Base class of the cells. A subclass overrides `build_weights` and `step`.

    Inputs are (batch, features), states (batch, units) each, float32. `forget_bias` is the initial bias of the gate
    that keeps the memory (Jozefowicz et al. 2015).
    """

    STATES: ClassVar[tuple[str, ...]] = ("hidden_state",)
    """The states, by the name that `step` gives them; the first is the output."""
    READING: ClassVar[str] = (
        "Where the gate that keeps the memory is open, the unit remembers; the candidate is what would be written instead."
    )
    """How to read a picture of the gates, for reports."""

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        forget_bias: float = 1.0,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.units = units
        self.activation = keras.activations.get(activation)
        self.recurrent_activation = keras.activations.get(recurrent_activation)
        self.forget_bias = forget_bias
        self.state_size = [units] * len(self.STATES)
        self.output_size = units

    def build_weights(self, features: int) -> None:
        """Make the weights that `step` uses, with `matrix` and `vector`."""
        raise NotImplementedError

    def step(self, x: Tensor, *states: Tensor) -> Values:
        """One step: every gate, the candidate and the new states by name, and as `carry` the share of the memory that is kept.

        What is named `candidate` is drawn from −1 to 1, every other gate from 0 to 1. Without `carry` there is no such gate.
        """
        raise NotImplementedError

    def build(self, shape: tuple[int | None, ...]) -> None:
        """Make the weights for inputs of `shape` (batch, features)."""
        self.build_weights(int(shape[-1] or 0))
        self.built = True

    def call(self, inputs: Tensor, states: list[Tensor], training: bool = False) -> tuple[Tensor, list[Tensor]]:
        """One step, as `keras.layers.RNN` asks for it."""
        values = self.step(inputs, *states)
        after = [values[name] for name in self.STATES]
        return after[0], after

    def get_config(self) -> dict[str, Any]:
        """What the constructor takes."""
        return {
            **super().get_config(),
            "units": self.units,
            "activation": keras.activations.serialize(self.activation),
            "recurrent_activation": keras.activations.serialize(self.recurrent_activation),
            "forget_bias": self.forget_bias,
        }

    def matrix(self, name: str, rows: int, blocks: int) -> Tensor:
        """(rows, blocks · units): orthogonal from a state, Glorot's from the input, as in Keras."""
        initializer = "glorot_uniform" if name == "kernel" else "orthogonal"
        return self.add_weight(shape=(rows, blocks * self.units), name=name, initializer=initializer)

    def vector(self, name: str, *starts: float) -> Tensor:
        """(len(starts) · units,): a block of units for each starting value."""

        def initial(shape: Any, dtype: Any = None) -> Tensor:
            return ops.repeat(ops.cast(ops.array(starts), dtype or "float32"), self.units)

        return self.add_weight(shape=(len(starts) * self.units,), name=name, initializer=initial)


@keras.saving.register_keras_serializable("gatehouse")
class LSTMVariantCell(GatedCell):
    """The LSTM with peepholes and its eight variants, each with one part removed, added or changed (Greff et al. 2017, section III).

    ```
    i = σ(x W_i + h R_i + p_i ⊙ c + b_i)            no p: NP        i = 1: NIG
    f = σ(x W_f + h R_f + p_f ⊙ c + b_f)            f = 1: NFG      f = 1 − i: CIFG
    z = tanh(x W_z + h R_z + b_z)                   z without tanh: NIAF
    c' = f ⊙ c + i ⊙ z
    o = σ(x W_o + h R_o + p_o ⊙ c' + b_o)           o = 1: NOG
    h' = o ⊙ tanh(c')                               without tanh: NOAF
    ```
    In FGR (full gate recurrence) each gate also sees all three gates of the step before: `+ i R_ig + f R_fg + o R_og`.
    The blocks of the weights are in Keras's order i, f, z, o, less those that the variant lacks.
    """

    READING = (
        "The cell state becomes forget gate × old state + input gate × candidate. A row that stays yellow in the forget gate is a unit "
        "that remembers. A gate that the variant lacks is always open; where input and forget gate are coupled, what is "
        "written is what is forgotten."
    )
    VARIANTS = ("vanilla", "nig", "nfg", "nog", "niaf", "noaf", "cifg", "np", "fgr")

    def __init__(self, units: int, variant: str = "vanilla", **options: Any) -> None:
        if variant not in self.VARIANTS:
            raise ValueError(f"there is no variant {variant!r}; there are {', '.join(self.VARIANTS)}")
        self.variant = variant
        if variant == "fgr":
            self.STATES = ("hidden_state", "cell_state", "input gate", "forget gate", "output gate")  # type: ignore[misc]
        else:
            self.STATES = ("hidden_state", "cell_state")  # type: ignore[misc]
        super().__init__(units, **options)

    def get_config(self) -> dict[str, Any]:
        """What the constructor takes."""
        return {**super().get_config(), "variant": self.variant}

    def build_weights(self, features: int) -> None:
        """Kernel, recurrent kernel and bias by block; a peephole for each gate; FGR's gate to gate."""
        # The two gates that look at the old cell state come first.
        early = [gate for gate in ("i", "f") if gate not in _LACKS.get(self.variant, "")]
        late = [gate for gate in ("z", "o") if gate not in _LACKS.get(self.variant, "")]
        self.early, self.late = "".join(early), "".join(late)
        blocks = [*early, *late]
        self.kernel = self.matrix("kernel", features, len(blocks))
        self.recurrent_kernel = self.matrix("recurrent_kernel", self.units, len(blocks))
        starts = {"f": self.forget_bias, "i": -self.forget_bias if self.variant == "cifg" else 0.0}
        self.bias = self.vector("bias", *(starts.get(block, 0.0) for block in blocks))
        if self.variant != "np":
            self.peepholes = self.vector("peepholes", *(0.0 for _ in early))
            if "o" in self.late:
                self.output_peephole = self.vector("output_peephole", 0.0)
        if self.variant == "fgr":
            self.gate_kernel = self.matrix("gate_kernel", 3 * self.units, 3)

    def step(self, x: Tensor, *states: Tensor) -> Values:
        """The equations above."""
        hidden, cell, *gates_before = states
        sums = ops.matmul(x, self.kernel) + ops.matmul(hidden, self.recurrent_kernel) + self.bias
        wide = len(self.early) * self.units
        early, block, *late = ops.split(sums, _borders(wide, self.units, len(self.late)), axis=-1)
        if self.variant != "np":
            early = early + self.peepholes * (ops.concatenate([cell, cell], axis=-1) if wide > self.units else cell)
        if self.variant == "fgr":
            before = ops.matmul(ops.concatenate(gates_before, axis=-1), self.gate_kernel)
            early = early + before[:, :wide]
            late = [late[0] + before[:, wide:]]
        gates = dict(zip(self.early, _halves(self.recurrent_activation(early), len(self.early)), strict=True))
        if self.variant == "cifg":
            gates["f"] = 1 - gates["i"]
        candidate = block if self.variant == "niaf" else self.activation(block)
        written = gates["i"] * candidate if "i" in gates else candidate
        cell = (gates["f"] * cell if "f" in gates else cell) + written
        activated = cell if self.variant == "noaf" else self.activation(cell)
        if late:
            output_sum = late[0] if self.variant == "np" else late[0] + self.output_peephole * cell
            gates["o"] = self.recurrent_activation(output_sum)
            hidden = gates["o"] * activated
        else:
            hidden = activated
        values = {name: gates[key] for key, name in _GATE_NAMES.items() if key in gates}
        carry = {"carry": gates["f"]} if "f" in gates else {}
        return {**values, "candidate": candidate, "cell_state": cell, "hidden_state": hidden, **carry}


_LACKS = {"nig": "i", "nfg": "f", "cifg": "f", "nog": "o"}
_GATE_NAMES = {"i": "input gate", "f": "forget gate", "o": "output gate"}


def _borders(first: int, units: int, others: int) -> list[int]:
    """Split positions after `first` columns and between `others` blocks of `units`."""
    return [first + units * index for index in range(others)]


def _halves(values: Tensor, count: int) -> list[Tensor]:
    return ops.split(values, count, axis=-1) if count > 1 else [values]


@keras.saving.register_keras_serializable("gatehouse")
class LayerNormLSTMCell(GatedCell):
    """LSTM without peepholes, its sums and its cell state normalised over the units (Ba et al. 2016, supplementary material).

    ```
    (i, f, o, z) = LN(h R; α₁) + LN(x W; α₂) + b
    c' = σ(f) ⊙ c + σ(i) ⊙ tanh(z)
    h' = σ(o) ⊙ tanh(LN(c'; α₃, β₃))
    ```
    LN(a; α, β) = α ⊙ (a − mean) / sqrt(variance + 1e-5) + β, over all four blocks together as in the paper. Of the first two
    the shift β is left out: it would be the bias a second time.
    """

    STATES = ("hidden_state", "cell_state")
    READING = (
        "As in an LSTM the cell state becomes forget gate × old state + input gate × candidate; but every sum is brought to the same "
        "mean and spread over the units first, so that no gate can saturate for all units at once."
    )

    def build_weights(self, features: int) -> None:
        """Kernel, recurrent kernel and bias in the order i, f, o, z; the gains; the cell state's gain and shift."""
        self.kernel = self.matrix("kernel", features, 4)
        self.recurrent_kernel = self.matrix("recurrent_kernel", self.units, 4)
        self.bias = self.vector("bias", 0.0, self.forget_bias, 0.0, 0.0)
        self.kernel_gain = self.vector("kernel_gain", 1.0, 1.0, 1.0, 1.0)
        self.recurrent_gain = self.vector("recurrent_gain", 1.0, 1.0, 1.0, 1.0)
        self.state_gain = self.vector("state_gain", 1.0)
        self.state_shift = self.vector("state_shift", 0.0)

    def step(self, x: Tensor, *states: Tensor) -> Values:
        """The equations above."""
        hidden, cell = states
        recurrent = _normalised(ops.matmul(hidden, self.recurrent_kernel)) * self.recurrent_gain
        sums = recurrent + _normalised(ops.matmul(x, self.kernel)) * self.kernel_gain + self.bias
        gates, candidate = ops.split(sums, [3 * self.units], axis=-1)
        i, f, o = ops.split(self.recurrent_activation(gates), 3, axis=-1)
        candidate = self.activation(candidate)
        cell = f * cell + i * candidate
        hidden = o * self.activation(_normalised(cell) * self.state_gain + self.state_shift)
        values = {"input gate": i, "forget gate": f, "output gate": o, "candidate": candidate}
        return {**values, "cell_state": cell, "hidden_state": hidden, "carry": f}


def _normalised(values: Tensor) -> Tensor:
    """(values − mean) / sqrt(variance + 1e-5) over the last axis."""
    centred = values - ops.mean(values, axis=-1, keepdims=True)
    return centred * ops.rsqrt(ops.mean(ops.square(centred), axis=-1, keepdims=True) + 1e-5)


@keras.saving.register_keras_serializable("gatehouse")
class MinimalGatedUnitCell(GatedCell):
    """One gate for all (Zhou et al. 2016).

    ```
    f = σ(x W_f + h R_f + b_f)
    z = tanh(x W_z + (f ⊙ h) R_z + b_z)
    h' = (1 − f) ⊙ h + f ⊙ z
    ```
    An open gate forgets, so it starts with a bias of `-forget_bias`.
    """

    READING = (
        "The state becomes (1 − forget gate) × old state + forget gate × candidate: here a row that stays dark is a unit that "
        "remembers. The same gate decides how much of the old state the candidate sees."
    )

    def build_weights(self, features: int) -> None:
        """Kernel and bias in the order f, z; a recurrent kernel for each."""
        self.kernel = self.matrix("kernel", features, 2)
        self.recurrent_kernel = self.matrix("recurrent_kernel", self.units, 1)
        self.candidate_kernel = self.matrix("candidate_kernel", self.units, 1)
        self.bias = self.vector("bias", -self.forget_bias, 0.0)

    def step(self, x: Tensor, *states: Tensor) -> Values:
        """The equations above."""
        (hidden,) = states
        f, z = ops.split(ops.matmul(x, self.kernel) + self.bias, 2, axis=-1)
        f = self.recurrent_activation(f + ops.matmul(hidden, self.recurrent_kernel))
        z = self.activation(z + ops.matmul(f * hidden, self.candidate_kernel))
        return {"forget gate": f, "candidate": z, "hidden_state": hidden + f * (z - hidden), "carry": 1 - f}


@keras.saving.register_keras_serializable("gatehouse")
class MUTCell(GatedCell):
    """The three cells that an evolutionary search over ten thousand found best (Jozefowicz et al. 2015, section 3.2).

    ```
    MUT1    z = σ(x W_z + b_z)                          n = tanh((r ⊙ h) R_n + tanh(x W_n) + b_n)
            r = σ(x W_r + h R_r + b_r)
    MUT2    z = σ(x W_z + h R_z + b_z)                  n = tanh((r ⊙ h) R_n + x W_n + b_n)
            r = σ(x W_r + h R_r + b_r)
    MUT3    z = σ(x W_z + tanh(h) R_z + b_z)            n = tanh((r ⊙ h) R_n + x W_n + b_n)
            r = σ(x W_r + h R_r + b_r)
    all     h' = n ⊙ z + h ⊙ (1 − z)
    ```
    In the paper MUT1's `tanh(x)` and MUT2's `r = σ(x + …)` take the input as it is, which needs as many features as units; W
    projects it here. An open update gate forgets, so it starts with a bias of `-forget_bias`.
    """

    READING = (
        "The state becomes update gate × candidate + (1 − update gate) × old state: a row that stays dark in the update gate is a "
        "unit that remembers; where the reset gate is dark, the candidate ignores the past."
    )

    def __init__(self, units: int, mutation: int = 1, **options: Any) -> None:
        super().__init__(units, **options)
        self.mutation = mutation

    def get_config(self) -> dict[str, Any]:
        """What the constructor takes."""
        return {**super().get_config(), "mutation": self.mutation}

    def build_weights(self, features: int) -> None:
        """Kernel and bias in the order z, r, n; a recurrent kernel for each that sees the state."""
        self.kernel = self.matrix("kernel", features, 3)
        self.bias = self.vector("bias", -self.forget_bias, 0.0, 0.0)
        self.reset_kernel = self.matrix("reset_kernel", self.units, 1)
        self.candidate_kernel = self.matrix("candidate_kernel", self.units, 1)
        if self.mutation > 1:
            self.update_kernel = self.matrix("update_kernel", self.units, 1)

    def step(self, x: Tensor, *states: Tensor) -> Values:
        """The equations above."""
        (hidden,) = states
        z, r, candidate = ops.split(ops.matmul(x, self.kernel), 3, axis=-1)
        b_z, b_r, b_n = ops.split(self.bias, 3)
        z, r = z + b_z, r + b_r
        candidate = (self.activation(candidate) if self.mutation == 1 else candidate) + b_n
        if self.mutation > 1:
            state = self.activation(hidden) if self.mutation == 3 else hidden
            z = z + ops.matmul(state, self.update_kernel)
        z = self.recurrent_activation(z)
        r = self.recurrent_activation(r + ops.matmul(hidden, self.reset_kernel))
        candidate = self.activation(candidate + ops.matmul(r * hidden, self.candidate_kernel))
        after = hidden + z * (candidate - hidden)
        return {"update gate": z, "reset gate": r, "candidate": candidate, "hidden_state": after, "carry": 1 - z}


@keras.saving.register_keras_serializable("gatehouse")
class ForgetBias(keras.initializers.Initializer):
    """The bias of Keras's own LSTM, (4 · units,) in the order i, f, c, o: `value` for the forget gate, else zero."""

    def __init__(self, value: float) -> None:
        self.value = value

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Tensor:
        """The starting values."""
        return ops.repeat(ops.cast(ops.array([0.0, self.value, 0.0, 0.0]), dtype or "float32"), shape[0] // 4)

    def get_config(self) -> dict[str, Any]:
        """What the constructor takes."""
        return {"value": self.value}
