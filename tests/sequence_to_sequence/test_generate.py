"""Targets that are generated for a split."""

import numpy as np

from pipelines.nn.decoding import Hypothesis
from pipelines.nn.vocabulary import UNKNOWN, Vocabulary
from pipelines.sequence_to_sequence import generate
from pipelines.sequence_to_sequence.data import PairTarget

WORDS = Vocabulary(("(padding)", "�", "(begin)", "(end)", "⟨1⟩", "⟨2⟩", "evet"))


def test_an_unknown_token_is_copied_from_where_attention_looks() -> None:
    attention = np.array([[0.1, 0.9], [0.8, 0.2], [0.5, 0.5]], np.float32)
    hypothesis = Hypothesis([UNKNOWN, 6], -1.0, attention)
    assert generate.tokens(hypothesis, WORDS, ["yes", "☃"]) == ["☃", "evet"]
    assert generate.tokens(hypothesis, WORDS, []) == ["�", "evet"]
    assert generate.tokens(Hypothesis([UNKNOWN], -1.0, None), WORDS, ["yes"]) == ["�"]


def test_required_tokens_are_those_that_both_vocabularies_have() -> None:
    sources = Vocabulary((*WORDS.words[:4], "yes", "⟨2⟩", "⟨1⟩", "⟨3⟩"))
    target = PairTarget([], [], 1, "", 1, {}, sources, WORDS, 1, 1, 0)
    required = generate.required(np.array([[6, 6, 5, 4], [7, 4, 0, 0]]), target, ["⟨1⟩", "⟨2⟩", "⟨3⟩"])
    assert required is not None
    assert required.tokens.tolist() == [4, 5]
    assert required.counts.tolist() == [[2, 1], [0, 0]]
    assert generate.required(np.array([[6]]), target, []) is None
