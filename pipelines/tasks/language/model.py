"""The networks of the task: tokens in, logits of the next token at every step; and what they write."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from pipelines.analysis import gates, importance
from pipelines.contract import Meta
from pipelines.nn import datasets, layers, sampling, tokens
from pipelines.nn.checkpoints import Readout
from pipelines.params.blocks import LanguageModel
from pipelines.tasks.language.data import END, STREAMS, encode, tokens_of

COLD = 256
"""Tokens of the windows that show how an empty memory fills."""


def build(model: LanguageModel, meta: Meta, target: str) -> keras.Model:
    """(batch, time) int32 -> (batch, time, vocabulary) float32 logits; any number of time steps."""
    return layers.next_step_model(len(meta["targets"][target]["vocabulary"]), model, name="language")


def outputs(network: keras.Model, examples: datasets.Tokens) -> Iterator[NDArray[np.float32]]:
    """Logits (streams, window, vocabulary), the state going on from one batch to the next."""
    return tokens.outputs(network, examples, STREAMS)


def readout(network: keras.Model) -> Readout:
    """From embedded tokens to the likeliest next one; neutral is the most frequent, which is the space in most texts."""
    return tokens.readout(network, neutral=END + 1)


def illustrate(
    network: keras.Model, prepared: Path, meta: Meta, target: str, params: Any, files: Path
) -> dict[str, NDArray[Any]]:
    """Texts that the network writes; a piece of the test part with all that happens inside; how an empty memory fills."""
    sizes = params.evaluation
    test = tokens_of(prepared, meta, "test")
    read = np.asarray(test[: sizes.read_tokens], np.int32)[None]
    shown: dict[str, NDArray[Any]] = {"read": read[0]}
    for traced in gates.trace(network, read):
        for name, values in {**traced.gates, "memory": traced.memory}.items():
            shown[f"inside/{traced.layer}/{name}"] = values[0].T.astype(np.float16)
    shown |= _why(network, read[0])
    shown |= _cold(network, test)
    prompt, _ = encode(sizes.prompt, meta)
    for temperature in sizes.temperatures:
        written = sampling.go_on(
            network, [prompt], sizes.sample_length, temperature, sizes.top_k, sizes.top_p, seed=params.training.seeds[0]
        )
        shown[f"written/{temperature:g}"] = np.concatenate([prompt[1:], written[0]])
    return shown


def _why(network: keras.Model, read: NDArray[np.int32]) -> dict[str, NDArray[Any]]:
    """Of a dozen places in the text: how much each token before adds to the log-probability of the likeliest next one."""
    reader = readout(network)
    assert reader.classes
    span = min(64, len(read) // 2)
    places = np.linspace(span, len(read) - 1, 12).astype(int)
    windows = np.stack([read[place - span : place] for place in places])
    found = importance.integrated_gradients(reader.classes, reader.numbers(windows))
    guesses = network.predict_on_batch(windows)[:, -1].argmax(-1)
    return {"why/places": places, "why/values": found.values.sum(-1).astype(np.float32), "why/guesses": guesses}


def _cold(network: keras.Model, test: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Mean bits a token by position in windows that begin with an empty memory."""
    window = min(COLD, (len(test) - 1) // 4)
    examples = datasets.Tokens(test, window)
    chosen = np.unique(np.linspace(0, len(examples) - 1, 128).astype(np.int64))
    inputs, targets = examples.batch(chosen)
    logits = network.predict_on_batch(inputs).astype(np.float64)
    logits -= np.log(np.exp(logits).sum(-1, keepdims=True))
    bits = -np.take_along_axis(logits, targets[..., None], -1)[..., 0] / np.log(2)
    return {"cold/bits": bits.mean(0)}
