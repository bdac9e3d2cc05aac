"""Encoder-decoder networks and their decoding."""

from pathlib import Path

import keras
import numpy as np
import pytest
from pydantic import ValidationError

from pipelines.analysis import gates
from pipelines.nn import checkpoints, decoding, encoder_decoder, layers, timing, views
from pipelines.nn.datasets import Pairs
from pipelines.nn.decoding import BeamSearch, Required
from pipelines.nn.heads import Decoder
from pipelines.nn.inference import log_probabilities
from pipelines.nn.training import Fitting
from pipelines.nn.vocabulary import BEGIN, END
from pipelines.params.blocks import EncoderDecoder, Train

SOURCES, TARGETS = 12, 14
ATTENTIONS = ("general", "additive", "dot", None)
LEXICON = np.eye(SOURCES, TARGETS, dtype=np.float32)
"""Each source token is translated by the target token of the same number."""


def network(
    attention: str | None = "general", cell: str = "lstm", decoder: str = "gru", units: int = 5, **options: int
) -> keras.Model:
    keras.utils.set_random_seed(1)
    model = EncoderDecoder.model_validate(
        {
            "embedding": 8,
            "encoder": [{"cell": cell, "units": units, "bidirectional": True}],
            "decoder": [{"cell": decoder, "units": 2 * units}],
            "attention": attention,
            "dropout": 0.1,
            **options,
        }
    )
    return encoder_decoder.encoder_decoder(SOURCES, TARGETS, model, Decoder(TARGETS), "net", LEXICON)


def test_encoder_decoder_meets_a_parameter_budget_within_two_percent() -> None:
    budget = layers.parameter_count(network(cell="lstm", decoder="lstm", units=32))
    matched = layers.parameter_count(network(cell="gru", decoder="gru", units=32, parameters=budget))
    assert layers.parameter_count(network(cell="gru", decoder="gru", units=32)) < 0.9 * budget
    assert abs(matched - budget) <= 0.02 * budget


def test_parameter_count_without_embeddings_does_not_depend_on_the_vocabularies() -> None:
    found = network()
    embeddings = 8 * (SOURCES + TARGETS)
    assert layers.parameter_count(found) - layers.parameter_count(found, embeddings=False) == embeddings


@pytest.fixture
def pairs() -> Pairs:
    rows = [[5, 6, 7], [5, 6, 7, 8, 9, 4], [10]]
    return Pairs([np.array(row) for row in rows], [np.array([*row[::-1], 4]) for row in rows])


def test_pairs_batch_is_padded_with_targets_one_step_ahead(pairs: Pairs) -> None:
    batch = pairs.batch(np.array([0, 2]))
    assert batch.inputs["source"].tolist() == [[5, 6, 7, 0], [10, 0, 0, 0]]
    assert batch.inputs["decoder_input"].tolist() == [[BEGIN, 7, 6, 5, 4, 0], [BEGIN, 10, 4, 0, 0, 0]]
    assert batch.targets["next"].tolist() == [[7, 6, 5, 4, END, 0], [10, 4, END, 0, 0, 0]]
    assert batch.weights is not None
    assert batch.weights.tolist() == [[1, 1, 1, 1, 1, 0], [1, 1, 1, 0, 0, 0]]
    assert pairs.lengths.tolist() == [7, 13, 3]


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_encoder_decoder_ignores_padding(attention: str | None, pairs: Pairs) -> None:
    net = network(attention)
    together, alone = (pairs.batch(np.array(rows)) for rows in ([0, 1], [0]))
    ours, theirs = (net.predict_on_batch(batch.inputs)[0] for batch in (together, alone))
    np.testing.assert_allclose(ours[:5], theirs[:5], atol=1e-5)


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_encoder_decoder_reads_the_source_through_attention(attention: str | None, pairs: Pairs) -> None:
    """With the initial states of the decoder set to zero, only attention carries information from the source."""
    net = network(attention)
    encoder, decoder = net.get_layer("encoder"), net.get_layer("decoder")
    outputs = []
    for row in (0, 2):
        memory, mask, *states = encoder(pairs.batch(np.array([row])).inputs["source"])
        begin = keras.ops.convert_to_tensor([[BEGIN]], "int32")
        logits, *_ = decoder([begin, memory, mask, *(state * 0 for state in states)])
        outputs.append(np.asarray(logits))
    assert np.allclose(outputs[0], outputs[1], atol=1e-6) is (attention is None)


@pytest.mark.parametrize("beam", [1, 3])
@pytest.mark.parametrize("attention", ["general", None])
def test_beam_search_reports_the_log_probability_of_the_network(attention: str | None, beam: int, pairs: Pairs) -> None:
    net = network(attention)
    source = pairs.batch(np.arange(3)).inputs["source"]
    for row, written in enumerate(BeamSearch(net).search(source, 6, beam)):
        ended = len(written.tokens) < 6
        tokens = [*written.tokens, END] if ended else written.tokens
        inputs = {"source": source[[row]], "decoder_input": np.array([[BEGIN, *tokens[:-1]]])}
        chances = log_probabilities(net.predict_on_batch(inputs))[0]
        assert sum(chances[step, token] for step, token in enumerate(tokens)) == pytest.approx(
            written.log_probability, abs=1e-4
        )
        if attention:
            assert written.attention is not None
            assert written.attention.shape == (len(tokens), len(pairs.sources[row]))
            np.testing.assert_allclose(written.attention.sum(1), 1, atol=1e-5)
        else:
            assert written.attention is None


def test_beam_search_finds_the_best_of_all_sequences(pairs: Pairs) -> None:
    """A beam this wide, without length normalisation, searches all sequences."""
    net = network("dot")
    source = pairs.batch(np.array([0])).inputs["source"]
    (best,) = BeamSearch(net).search(source, 2, beam=TARGETS**2, length_penalty=0.0)
    words = [token for token in range(TARGETS) if token not in (0, BEGIN, END)]
    sequences = [[], *([token] for token in words), *([one, other] for one in words for other in words)]

    def probability(tokens: list[int]) -> float:
        full = [*tokens, END] if len(tokens) < 2 else tokens
        inputs = {"source": source, "decoder_input": np.array([[BEGIN, *full[:-1]]])}
        chances = log_probabilities(net.predict_on_batch(inputs))[0]
        return float(sum(chances[step, token] for step, token in enumerate(full)))

    scored = {tuple(tokens): probability(tokens) for tokens in sequences}
    assert tuple(best.tokens) == max(scored, key=lambda tokens: scored[tokens])


def test_length_penalty_favours_longer_hypotheses(pairs: Pairs) -> None:
    net = network("general")
    source = pairs.batch(np.arange(3)).inputs["source"]
    short, long = (
        sum(len(written.tokens) for written in BeamSearch(net).search(source, 8, beam=6, length_penalty=penalty))
        for penalty in (0.0, 3.0)
    )
    assert short < long


def test_trace_traces_encoder_and_decoder(pairs: Pairs) -> None:
    found = gates.trace(network(cell="gru", decoder="lstm"), pairs.batch(np.arange(3)).inputs)
    assert [trace.key for trace in found.traces] == [
        "encoder/gru_1_bidirectional/forward", "encoder/gru_1_bidirectional/backward", "decoder/lstm_1/forward",
    ]  # fmt: skip
    assert not found.untraced
    decoder = found.traces[-1]
    assert decoder.mask is not None
    assert np.isnan(decoder.gates["forget gate"][~decoder.mask]).all()


def test_view_of_a_source_gives_the_log_probability_of_the_output(pairs: Pairs) -> None:
    net = network()
    view = views.of_source(net, max_length=6)
    batch = pairs.batch(np.arange(3))
    inputs = view.embed(batch.inputs)
    written = BeamSearch(net).search(batch.inputs["source"], 6)
    explained = view.network.predict_on_batch(inputs)[:, 0]
    ended = [row for row, output in enumerate(written) if len(output.tokens) < 6]
    assert ended
    for row in ended:
        assert explained[row] == pytest.approx(written[row].log_probability, abs=1e-4)
    assert view.mask
    assert view.mask(batch.inputs).sum(1).tolist() == [3, 6, 1]


def test_seconds_an_item_are_those_of_a_forward_pass(pairs: Pairs) -> None:
    assert 0 < timing.seconds_an_item(network(), pairs) < 1


def test_encoder_decoder_survives_saving(pairs: Pairs, tmp_path: Path) -> None:
    net = network("additive")
    checkpoints.save(tmp_path, net, [1], [net.get_weights()])
    again = checkpoints.load(tmp_path)
    checkpoints.load_seed(again, tmp_path, 1)
    inputs = pairs.batch(np.arange(3)).inputs
    np.testing.assert_array_equal(again.predict_on_batch(inputs), net.predict_on_batch(inputs))
    assert [w.tokens for w in BeamSearch(again).search(inputs["source"], 5)] == [
        w.tokens for w in BeamSearch(net).search(inputs["source"], 5)
    ]


def test_encoder_decoder_learns_to_reverse_sequences(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    rows = [random.integers(4, SOURCES, random.integers(1, 6)) for _ in range(700)]
    train, valid = (Pairs(part, [row[::-1] for row in part]) for part in (rows[:600], rows[600:]))
    options = Train(
        seeds=(1,), epochs=14, batch_size=32, learning_rate=0.02, clip_norm=1.0, patience=14, plateau_patience=14,
        schedule="cosine", mixed_precision=False, xla=False,
    )  # fmt: skip
    fitting = Fitting(lambda: network("general", "gru", units=16), Decoder(TARGETS), options, train, valid)
    fitting.network.set_weights(fitting.fit(1, tmp_path / "c.npz", "reverse").weights)
    written = BeamSearch(fitting.network).search(valid.batch(np.arange(len(valid))).inputs["source"], 8)
    right = [output.tokens == target.tolist() for output, target in zip(written, valid.targets, strict=True)]
    assert np.mean(right) > 0.9


def test_beam_search_stops_at_the_longest_length(pairs: Pairs) -> None:
    written = BeamSearch(network("dot")).search(pairs.batch(np.arange(3)).inputs["source"], 3)
    assert all(isinstance(output, decoding.Hypothesis) and len(output.tokens) <= 3 for output in written)


@pytest.mark.parametrize("beam", [1, 3])
def test_beam_search_writes_required_tokens_as_often_as_required(pairs: Pairs, beam: int) -> None:
    source = pairs.batch(np.arange(3)).inputs["source"]
    counts = np.array([[1, 0], [2, 1], [0, 0]])
    written = BeamSearch(network()).search(source, 12, beam, required=Required(np.array([7, 5]), counts))
    assert [[output.tokens.count(token) for token in (7, 5)] for output in written] == counts.tolist()


def test_a_lexical_decoder_attends_to_the_embeddings_of_the_source(pairs: Pairs) -> None:
    net = network(lexical=True)
    batch = pairs.batch(np.arange(3))
    encoder = net.get_layer("encoder")
    memory, *_ = encoder(batch.inputs["source"])
    vectors = np.asarray(encoder.get_layer("embedding").embeddings)[batch.inputs["source"]]
    np.testing.assert_allclose(np.asarray(memory)[..., -vectors.shape[-1] :], vectors, atol=1e-6)
    assert net.predict_on_batch(batch.inputs).shape[-1] == TARGETS
    assert views.of_source(net, max_length=6).embed(batch.inputs)


def test_a_lexicon_makes_translations_of_the_attended_tokens_likelier(pairs: Pairs, tmp_path: Path) -> None:
    with_lexicon, without = network(lexicon=True), network()
    without.set_weights([w for w in with_lexicon.get_weights() if w.shape != LEXICON.shape or (w != LEXICON).any()])
    inputs = pairs.batch(np.array([2])).inputs
    ours, theirs = (net.predict_on_batch(inputs)[0, 0] for net in (with_lexicon, without))
    assert (ours - theirs).argmax() == 10  # the only token of the source has all of the attention
    assert (ours - theirs)[10] == pytest.approx(np.log(1.001), abs=1e-5)
    np.testing.assert_allclose(np.delete(ours - theirs, 10), np.log(0.001), rtol=1e-4)
    checkpoints.save(tmp_path, with_lexicon, [1], [with_lexicon.get_weights()])
    again = checkpoints.load(tmp_path)
    checkpoints.load_seed(again, tmp_path, 1)
    np.testing.assert_array_equal(again.predict_on_batch(inputs)[0, 0], ours)
    assert BeamSearch(again).search(inputs["source"], 4, beam=2)[0].attention is not None


def test_a_lexicon_needs_attention() -> None:
    with pytest.raises(ValidationError, match="needs attention; set it to false, or choose an attention"):
        network(None, lexicon=True)
