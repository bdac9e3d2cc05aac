"""Attention of a decoder to the states of an encoder."""

from typing import Any

import keras
from keras import ops

Tensor = Any
SCORES = ("dot", "general", "additive")


@keras.saving.register_keras_serializable("gatehouse")
class Attention(keras.layers.Layer):
    """The mean of a memory, weighted by how well each of its steps fits a query.

    ```
    dot         score(q, m) = q · m                             Luong et al. 2015
    general     score(q, m) = q W · m                           Luong et al. 2015
    additive    score(q, m) = v · tanh(q W_q + m W_m)           Bahdanau et al. 2015, with `units` hidden units
    ```
    The weights are the softmax of the scores over the steps that are not padding; if all are padding, they are zero.
    """

    def __init__(self, score: str = "general", units: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        if score not in SCORES:
            raise ValueError(f"there is no score {score!r}; there are {', '.join(SCORES)}")
        if score == "additive" and not units:
            raise ValueError("an additive score needs units")
        self.score, self.units = score, units

    def build(self, query_shape: tuple[int | None, ...], memory_shape: tuple[int | None, ...]) -> None:
        """The weights of the score."""
        wide, deep = int(query_shape[-1] or 0), int(memory_shape[-1] or 0)
        if self.score == "dot" and wide != deep:
            raise ValueError(f"a dot score needs queries and memories of one size, not {wide} and {deep}")
        if self.score == "general":
            self.kernel = self.add_weight(shape=(wide, deep), name="kernel")
        elif self.score == "additive":
            self.query_kernel = self.add_weight(shape=(wide, self.units), name="query_kernel")
            self.memory_kernel = self.add_weight(shape=(deep, self.units), name="memory_kernel")
            self.vector = self.add_weight(shape=(self.units,), name="vector", initializer="random_normal")

    def call(self, query: Tensor, memory: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """`query` (batch, queries, units), `memory` (batch, steps, features), `mask` (batch, steps) bool, False at padding ->
        context (batch, queries, features), weights (batch, queries, steps)."""  # fmt: skip
        if self.score == "additive":
            hidden = ops.expand_dims(ops.matmul(query, self.query_kernel), 2) + ops.expand_dims(
                ops.matmul(memory, self.memory_kernel), 1
            )
            scores = ops.matmul(ops.tanh(hidden), ops.expand_dims(self.vector, -1))[..., 0]
        else:
            projected = ops.matmul(query, self.kernel) if self.score == "general" else query
            scores = ops.matmul(projected, ops.transpose(memory, (0, 2, 1)))
        kept = ops.cast(ops.expand_dims(mask, 1), scores.dtype)
        largest = ops.max(
            ops.where(kept > 0, scores, -1e9 if scores.dtype != "float16" else -6e4), axis=-1, keepdims=True
        )
        exponentials = ops.exp(ops.minimum(scores - ops.stop_gradient(largest), 0.0)) * kept
        weights = ops.divide_no_nan(exponentials, ops.sum(exponentials, axis=-1, keepdims=True))
        return ops.matmul(weights, memory), weights

    def compute_mask(self, *inputs: Any, **options: Any) -> None:
        """Its outputs are never padding."""

    def get_config(self) -> dict[str, Any]:
        """What the constructor takes."""
        return {**super().get_config(), "score": self.score, "units": self.units}
