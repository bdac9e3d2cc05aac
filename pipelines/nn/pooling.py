"""From the hidden states of all steps to one vector, over the steps that are not padding; and words dropped in training."""

from typing import Any

import keras
from keras import ops

from pipelines.nn.vocabulary import PADDING, UNKNOWN

Tensor = Any


@keras.saving.register_keras_serializable("gatehouse")
class Pooling(keras.layers.Layer):
    """The mean or the maximum over time of each unit: (batch, time, units) and mask (batch, time) bool -> (batch, units)."""

    def __init__(self, over: str, **options: Any) -> None:
        super().__init__(**options)
        self.supports_masking = True  # the mask is an input of its own
        if over not in ("mean", "max"):
            raise ValueError(f"there is no pooling {over!r}; there are mean, max")
        self.over = over

    def call(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Padding counts as nothing."""
        kept = ops.expand_dims(mask, -1)
        if self.over == "max":
            lowest = -1e9 if hidden.dtype != "float16" else -6e4
            return ops.max(ops.where(kept, hidden, ops.cast(lowest, hidden.dtype)), axis=1)
        weights = ops.cast(kept, hidden.dtype)
        return ops.divide_no_nan(ops.sum(hidden * weights, axis=1), ops.sum(weights, axis=1))

    def compute_mask(self, *inputs: Any, **options: Any) -> None:
        """There are no steps any more."""

    def get_config(self) -> dict[str, Any]:
        """What the constructor takes."""
        return {**super().get_config(), "over": self.over}


@keras.saving.register_keras_serializable("gatehouse")
class AttentionPooling(keras.layers.Layer):
    """The mean over time, weighted by how well each step fits a learned context vector (Yang et al. 2016, equations 5 to 7).

    `u = tanh(h W + b)`, the weights are the softmax of `u · c` over the steps that are not padding.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.supports_masking = True

    def build(self, hidden_shape: tuple[int | None, ...], mask_shape: tuple[int | None, ...] | None = None) -> None:
        """As many hidden units as the steps have."""
        units = int(hidden_shape[-1] or 0)
        self.kernel = self.add_weight(shape=(units, units), name="kernel")
        self.bias = self.add_weight(shape=(units,), name="bias", initializer="zeros")
        self.context = self.add_weight(shape=(units,), name="context", initializer="random_normal")

    def call(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """`hidden` (batch, time, units), `mask` (batch, time) bool -> (batch, units)."""
        return ops.sum(hidden * ops.expand_dims(self.weights_of(hidden, mask), -1), axis=1)

    def compute_mask(self, *inputs: Any, **options: Any) -> None:
        """There are no steps any more."""

    def weights_of(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """The weight of every step, (batch, time)."""
        projected = ops.tanh(ops.matmul(hidden, self.kernel) + self.bias)
        scores = ops.matmul(projected, ops.expand_dims(self.context, -1))[..., 0]
        lowest = -1e9 if scores.dtype != "float16" else -6e4
        return ops.softmax(ops.where(mask, scores, ops.cast(lowest, scores.dtype)), axis=-1)


@keras.saving.register_keras_serializable("gatehouse")
class WordDropout(keras.layers.Layer):
    """In training, replaces the share `rate` of all tokens by the unknown one, which so gets a vector of its own (Iyyer et al. 2015)."""

    def __init__(self, rate: float, **options: Any) -> None:
        super().__init__(**options)
        self.rate = rate
        self.seed_generator = keras.random.SeedGenerator()

    def call(self, tokens: Tensor, training: bool = False) -> Tensor:
        """(batch, time) int32; padding stays padding."""
        if not training:
            return tokens
        dropped = keras.random.uniform(ops.shape(tokens), seed=self.seed_generator) < self.rate
        return ops.where(ops.logical_and(dropped, ops.not_equal(tokens, PADDING)), UNKNOWN, tokens)

    def get_config(self) -> dict[str, Any]:
        """What the constructor takes."""
        return {**super().get_config(), "rate": self.rate}
