"""Layers that only this task has: SpecAugment, and the mask of the steps that convolutions leave."""

from typing import Any

import keras
from keras import ops

Tensor = Any
LARGEST_SHARE = 0.25
"""Of an utterance, that one mask hides."""


@keras.saving.register_keras_serializable("gatehouse")
class EveryNth(keras.layers.Layer):
    """Every nth step of a mask: (batch, frames) bool -> (batch, ceil(frames / n)) bool."""

    def __init__(self, n: int, **options: Any) -> None:
        super().__init__(**options)
        self.n = n

    def call(self, mask: Tensor) -> Tensor:
        """The mask of what a convolution with this stride and no look ahead makes."""
        return mask[:, :: self.n]

    def compute_output_spec(self, mask: Tensor) -> keras.KerasTensor:
        """Any number of steps."""
        return keras.KerasTensor((mask.shape[0], None), "bool")

    def get_config(self) -> dict[str, Any]:
        """What the constructor takes."""
        return {**super().get_config(), "n": self.n}


@keras.saving.register_keras_serializable("gatehouse")
class MaskedBatchNormalization(keras.layers.BatchNormalization):
    """Batch normalisation over the steps that a mask leaves, which it does not pass on: the convolution after it would warn of it."""

    def compute_mask(self, *inputs: Any, **options: Any) -> None:
        """Whoever needs the mask gets it as an argument."""


@keras.saving.register_keras_serializable("gatehouse")
class SpecAugment(keras.layers.Layer):
    """In training, hides stretches of time and neighbouring bands of each utterance (Park et al. 2019; no time warping).

    Hidden values are 0, the mean of the scaled data. Each mask is 0 to `width` wide, and of time at most a quarter of the utterance.
    """

    def __init__(self, time_masks: int, time_width: int, mel_masks: int, mel_width: int, **options: Any) -> None:
        super().__init__(**options)
        self.time_masks, self.time_width = time_masks, time_width
        self.mel_masks, self.mel_width = mel_masks, mel_width
        self.seed_generator = keras.random.SeedGenerator()

    def call(self, sound: Tensor, mask: Tensor, training: bool = False) -> Tensor:
        """`sound` (batch, frames, bands), `mask` (batch, frames) bool."""
        if not training:
            return sound
        frames = ops.sum(ops.cast(mask, "float32"), axis=1)
        bands = ops.cast(ops.shape(sound)[2], "float32") * ops.ones_like(frames)
        for _ in range(self.time_masks):
            shown = self._shown(
                ops.shape(sound)[1], frames, ops.minimum(float(self.time_width), LARGEST_SHARE * frames)
            )
            sound = sound * ops.cast(shown, sound.dtype)[:, :, None]
        for _ in range(self.mel_masks):
            shown = self._shown(ops.shape(sound)[2], bands, ops.minimum(float(self.mel_width), bands))
            sound = sound * ops.cast(shown, sound.dtype)[:, None, :]
        return sound

    def _shown(self, size: Tensor, lengths: Tensor, widest: Tensor) -> Tensor:
        """(batch, size) bool: all but one stretch of each row, which lies within `lengths` and is at most `widest` long, (batch,) each."""
        shape = ops.shape(lengths)
        width = ops.floor(keras.random.uniform(shape, seed=self.seed_generator) * (widest + 1))
        start = ops.floor(keras.random.uniform(shape, seed=self.seed_generator) * (lengths - width + 1))
        place = ops.cast(ops.arange(size), "float32")[None, :]
        return ops.logical_or(place < start[:, None], place >= (start + width)[:, None])

    def get_config(self) -> dict[str, Any]:
        """What the constructor takes."""
        own = {name: getattr(self, name) for name in ("time_masks", "time_width", "mel_masks", "mel_width")}
        return {**super().get_config(), **own}
