"""Scores of perfect outputs, and explanations over the words of a text."""

from pathlib import Path

import numpy as np
import pytest

from pipelines.analysis import importance
from pipelines.contract import BatchPrediction
from pipelines.nn.datasets import TOKENS
from pipelines.nn.views import SEQUENCE
from pipelines.nn.vocabulary import PADDING
from pipelines.text_classification import evaluate
from pipelines.text_classification.baselines import baselines
from pipelines.text_classification.compare import primary
from pipelines.text_classification.data import Meta, datasets, table_of
from pipelines.text_classification.train import head
from pipelines.text_classification.validate import expectations
from tests.text_classification.conftest import BLOCK, network


def outputs(folder: Path, meta: Meta, wrong: int = 0) -> "list[BatchPrediction]":
    """Logits of the right class, of another for the first texts; in batches of a strange order."""
    labels = np.array(datasets(folder, meta, "label")["test"].labels)
    labels[:wrong] = (labels[:wrong] + 1) % 3
    order = np.random.default_rng(1).permutation(len(labels))
    return [BatchPrediction(indices, 50 * np.eye(3)[labels[indices]]) for indices in np.array_split(order, 4)]


def test_evaluate_scores_perfect_outputs_perfectly_in_any_order(folder: Path, meta: Meta) -> None:
    scored = evaluate.evaluate(folder, meta, "label", "test", iter(outputs(folder, meta)), BLOCK)
    assert scored.metrics["accuracy"] == scored.metrics["macro_f1"] == 1
    assert scored.losses == pytest.approx(0)
    worse = evaluate.evaluate(folder, meta, "label", "test", iter(outputs(folder, meta, wrong=2)), BLOCK)
    assert (worse.losses[:2] > 10).all()
    assert worse.losses[2:] == pytest.approx(0)
    table = table_of(folder)
    assert {mistake.item for mistake in worse.record.mistakes} == set(table.loc[table["split"] == "test", "text"][:2])


def test_predictions_are_those_of_the_network(folder: Path, meta: Meta) -> None:
    model, test = network(meta, "max"), datasets(folder, meta, "label")["test"]
    found = {
        row: logits
        for batch in evaluate.predictions(model, head(meta, "label", BLOCK.train), meta, "label", test, BLOCK)
        for row, logits in zip(batch.indices.tolist(), batch.outputs, strict=True)
    }
    assert sorted(found) == list(range(len(test)))
    alone = model.predict_on_batch(test.batch(np.array([7])).inputs)[0]
    np.testing.assert_allclose(found[7], alone, atol=1e-5)


@pytest.mark.parametrize("pooling", ["last", "attention"])
def test_view_is_the_network_behind_the_embedding(folder: Path, meta: Meta, pooling: str) -> None:
    model = network(meta, pooling)
    view = evaluate.view(model, head(meta, "label", BLOCK.train), meta, "label")
    inputs = datasets(folder, meta, "label")["test"].batch(np.arange(4)).inputs
    logits = model.predict_on_batch(inputs)
    expected = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    np.testing.assert_allclose(view.network.predict_on_batch(view.embed(inputs)), expected, atol=1e-5)


def test_importance_of_padding_is_zero_and_the_rest_adds_up(folder: Path, meta: Meta) -> None:
    model = network(meta, "mean")
    view = evaluate.view(model, head(meta, "label", BLOCK.train), meta, "label")
    inputs = datasets(folder, meta, "label")["test"].batch(np.arange(6)).inputs
    assert view.mask is not None
    assert view.neutral is not None
    found = importance.integrated_gradients(view.network, view.embed(inputs), view.neutral)
    assert found.additivity_error < importance.ENOUGH
    assert (inputs[TOKENS] == PADDING).any()
    assert not found.values[~view.mask(inputs)].any()
    assert SEQUENCE in view.embed(inputs)


@pytest.mark.parametrize("pooling", ["max", "attention"])
def test_illustration_lays_gates_and_contributions_over_the_words(
    folder: Path, meta: Meta, pooling: str, tmp_path: Path
) -> None:
    model, task_head = network(meta, pooling), head(meta, "label", BLOCK.train)
    illustration = evaluate.illustrate(model, task_head, folder, meta, "label", BLOCK, tmp_path)
    assert illustration is not None
    assert len(illustration.read) == BLOCK.evaluate.read_texts
    texts = set(table_of(folder)["text"])
    for read in illustration.read:
        assert "".join(read.tokens) in texts
        assert read.contributions.shape == (len(read.tokens),)
        assert read.probabilities.sum() == pytest.approx(1)
        assert (read.attention is None) == (pooling == "max")
        if read.attention is not None:
            assert read.attention.sum() == pytest.approx(1, abs=1e-5)
        assert {"lstm_1_bidirectional: memory", "lstm_1_bidirectional, backward: forget gate"} <= read.inside.keys()
        for values in read.inside.values():
            assert values.shape == (5, len(read.tokens))
            assert np.isfinite(values).all()


def test_backward_states_are_laid_over_the_words_they_have_read(folder: Path, meta: Meta, tmp_path: Path) -> None:
    """The backward layer begins with zero states at the last word."""
    illustration = evaluate.illustrate(
        network(meta, "max"), head(meta, "label", BLOCK.train), folder, meta, "label", BLOCK, tmp_path
    )
    assert illustration is not None
    for read in illustration.read:
        memory = np.abs(read.inside["lstm_1_bidirectional, backward: memory"].astype(float)).mean(0)
        assert memory[-1] < memory[: len(memory) // 2].mean()


def test_baselines_learn_words_that_decide(folder: Path, meta: Meta) -> None:
    scored = {name: method() for name, method in baselines(folder, meta, "label", BLOCK).items()}
    assert primary(meta, "label").reference in scored
    assert {len(evaluation.losses) for evaluation in scored.values()} == {meta.label.splits["test"].windows}
    assert scored["majority"].metrics["accuracy"] == pytest.approx(1 / 3)
    for name in ("TF–IDF", "naive Bayes"):
        assert scored[name].metrics["accuracy"] > 0.9
        assert scored[name].metrics["log_loss"] < scored["majority"].metrics["log_loss"]


def test_expectations_name_every_part_and_class(folder: Path, meta: Meta) -> None:
    suites = {suite.name: suite.table for suite in expectations(folder, meta, BLOCK.validation)}
    assert (suites["texts"]["parts"] == 1).all()
    assert suites["parts"]["texts"].tolist() == [part.windows for part in meta.label.splits.values()]
    assert set(suites["classes in training"]["class"]) == set(meta.label.classes)
