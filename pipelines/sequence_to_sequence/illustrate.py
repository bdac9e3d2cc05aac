"""Attention of a trained network over some test pairs."""

import keras
import numpy as np

from pipelines.nn.datasets import SOURCE, Pairs
from pipelines.nn.decoding import BeamSearch
from pipelines.nn.vocabulary import END
from pipelines.sequence_to_sequence.data import PairTarget
from pipelines.sequence_to_sequence.records import AttentionMap, Illustration


def attention(network: keras.Model, examples: Pairs, target: PairTarget, shown: int) -> Illustration | None:
    """Attention over `shown` usual test pairs and as many longer ones; None without attention.

    The usual ones are evenly spread from the median length to the longest tenth: the very longest are mostly words in pieces.
    """
    beam_search = BeamSearch(network)
    if not beam_search.has_attention:
        return None
    usual = len(examples) - target.longer
    by_size = np.argsort([len(source) for source in examples.sources[:usual]], kind="stable")
    spread = np.linspace(0.9, 0.5, shown) * (usual - 1)
    chosen = np.concatenate([by_size[np.unique(spread.astype(int))[::-1]], np.arange(usual, len(examples))[:shown]])
    batch = examples.batch(chosen)
    hypotheses = beam_search.search(batch.inputs[SOURCE], target.longest_target)
    return Illustration(
        [
            AttentionMap(
                target.source_vocabulary.decode(examples.sources[row]),
                [*target.target_vocabulary.decode(hypothesis.tokens), target.target_vocabulary.words[END]][
                    : len(hypothesis.attention)
                ],
                target.target_vocabulary.decode(examples.targets[row]),
                hypothesis.attention.astype(np.float32),
            )
            for row, hypothesis in zip(chosen.tolist(), hypotheses, strict=True)
            if hypothesis.attention is not None
        ]
    )
