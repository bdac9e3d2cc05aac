"""Likelihood of the test text under the trained networks; what they generate, and their gates and memory while they read."""

from pathlib import Path

import keras
import numpy as np

from pipelines.analysis import gates, importance
from pipelines.contract import Array, Dataset, Evaluation, Floats, Predictions
from pipelines.nn import generation, inference, views
from pipelines.nn.datasets import NEXT, TOKENS, Tokens
from pipelines.nn.heads import Head
from pipelines.nn.vocabulary import SPECIAL
from pipelines.tasks.language.data import encode, tokens_of
from pipelines.tasks.language.params import Params
from pipelines.tasks.language.records import Contributions, Illustration
from pipelines.tasks.language.score import METRICS, score
from pipelines.tasks.language.train import Meta, datasets, head

__all__ = ["AVERAGED", "METRICS", "Meta", "datasets", "evaluate", "head", "illustrate", "predictions", "view"]
AVERAGED = ()
COLD = 256
"""Tokens of the windows that start from zero states."""


def predictions(
    network: keras.Model, head: Head, meta: Meta, target: str, dataset: Dataset, params: Params
) -> Predictions:
    """Logits (streams, window, vocabulary), the state carried from one batch to the next."""
    return inference.predictions(network, dataset)


def evaluate(
    prepared: Path, meta: Meta, target: str, split: str, predictions: Predictions, params: Params
) -> Evaluation:
    """Score the logits against the tokens."""
    bits, hits = inference.bits_per_token(datasets(prepared, meta, target)[split], predictions)
    return score(prepared, meta, split, bits, hits)


def view(network: keras.Model, head: Head, meta: Meta, target: str) -> views.View:
    """From embedded tokens to the most likely next one; neutral is the most frequent, which is the space in most texts."""
    return views.of_tokens(network, head, neutral=len(SPECIAL), absent=f"the most frequent {meta.text.step}")


def illustrate(
    network: keras.Model, head: Head, prepared: Path, meta: Meta, target: str, params: Params, files: Path
) -> Illustration:
    """Generated texts; gates, memory and contributions on a piece of the test part; bits by position after zero states."""
    sizes = params.evaluate
    test = tokens_of(prepared, meta, "test")
    read = np.asarray(test[: sizes.read_tokens], np.int32)
    inside: dict[str, Array] = {}
    for traced in gates.trace(network, {TOKENS: read[None]}).traces:
        for name, values in {**traced.gates, "memory": traced.memory}.items():
            inside[f"{traced.layer}: {name}"] = values[0].T.astype(np.float16)
    prompt, _ = encode(sizes.prompt, meta)
    generated = {}
    for temperature in sizes.temperatures:
        (tokens,) = generation.generate(
            network, [prompt], sizes.sample_length, temperature, sizes.top_k, sizes.top_p, seed=params.train.seeds[0]
        )
        generated[f"{temperature:g}"] = np.concatenate([prompt[1:], tokens])
    explained_view = view(network, head, meta, target)
    return Illustration(read, inside, _contributions(network, explained_view, read), _cold(network, test), generated)


def _contributions(network: keras.Model, explained_view: views.View, read: Array) -> Contributions:
    """At a dozen positions in the text: how much each token before adds to the log-probability of the most likely next one."""
    span = min(64, len(read) // 2)
    positions = np.linspace(span, len(read) - 1, 12).astype(int)
    windows = {TOKENS: np.stack([read[position - span : position] for position in positions])}
    assert explained_view.neutral is not None
    attributions = importance.integrated_gradients(
        explained_view.network, explained_view.embed(windows), explained_view.neutral
    )
    guesses = network.predict_on_batch(windows)[:, -1].argmax(-1)
    return Contributions(positions, attributions.values.sum(-1).astype(np.float32), guesses)


def _cold(network: keras.Model, test: Array) -> Floats:
    """Mean bits a token by position in windows that start from zero states."""
    window = min(COLD, (len(test) - 1) // 4)
    examples = Tokens(test, window)
    batch = examples.batch(np.unique(np.linspace(0, len(examples) - 1, 128).astype(np.int64)))
    logits = inference.log_probabilities(network.predict_on_batch(batch.inputs))
    bits = -np.take_along_axis(logits, batch.targets[NEXT][..., None], -1)[..., 0] / np.log(2)
    return bits.mean(0)
