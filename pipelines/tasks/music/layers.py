"""Layers of networks that generate the keys of a frame one after the other."""

from collections.abc import Sequence
from typing import Any

import keras


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

    A fully visible belief net within the frame (Frey et al. 1996): the keys of a chord are drawn one after the other, so that they fit
    together. Row j, column k of the kernel is what key j adds to the logit of key k below it.
    """

    def build(self, shapes: Sequence[tuple[int | None, ...]]) -> None:
        """One weight for every pair of keys."""
        keys = shapes[0][-1]
        self.kernel = self.add_weight(shape=(keys, keys), initializer="zeros", name="kernel")

    def call(self, inputs: Sequence[keras.KerasTensor]) -> keras.KerasTensor:
        """Add the contributions of the keys above."""
        logits, features = inputs
        below = keras.ops.tril(self.kernel, -1)
        return logits + keras.ops.matmul(features[..., -logits.shape[-1] :], below)
