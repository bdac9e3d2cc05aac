"""Attention of a trained network over some test pairs."""

import keras
import numpy as np

from pipelines.nn.datasets import SOURCE, Pairs
from pipelines.nn.decoding import BeamSearch
from pipelines.nn.vocabulary import END
from pipelines.sequence_to_sequence.data import PairTarget
from pipelines.sequence_to_sequence.records import AttentionMap, Illustration


def attention(network: keras.Model, examples: Pairs, target: PairTarget, shown: int) -> Illustration | None:
    """Attention over the `shown` longest usual test pairs and as many longer ones; None without attention."""
    beam_search = BeamSearch(network)
    if not beam_search.has_attention:
        return None
    usual = len(examples) - target.longer
    sizes = np.array([len(source) for source in examples.sources])
    chosen = np.argsort(-sizes[:usual], kind="stable")[:shown]
    chosen = np.concatenate([chosen, np.arange(usual, len(examples))[:shown]])
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
