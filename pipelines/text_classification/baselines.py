"""Linear classifiers of n-grams of words, and the most frequent class. What can be chosen is chosen on the validation part."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.classification.score import score
from pipelines.contract import Array, Evaluation, Floats
from pipelines.text_classification.data import Meta, table_of
from pipelines.text_classification.params import Baselines, Params
from pipelines.text_classification.words import words

__all__ = ["Meta", "baselines"]
SMOOTHING = 1.0
"""Added to every count before its logarithm, as Wang & Manning do."""


@dataclass(frozen=True)
class Part:
    """The words of a split's texts, joined by spaces, and their classes."""

    texts: list[str]
    read: list[str]
    labels: Array


def baselines(prepared: Path, meta: Meta, target: str, params: Params) -> dict[str, Callable[[], Evaluation]]:
    """The most frequent class; naive Bayes features in logistic regression; TF–IDF in logistic regression."""
    parts = {split: _part(prepared, meta, split) for split in ("train", "valid", "test")}
    classes = meta.label.classes

    def scored(probabilities: Floats) -> Evaluation:
        return score(parts["test"].labels, probabilities, classes, parts["test"].texts)

    def majority() -> Evaluation:
        shares = np.bincount(parts["train"].labels, minlength=len(classes)) / len(parts["train"].labels)
        return scored(np.tile(shares, (len(parts["test"].labels), 1)))

    def chosen(candidates: Callable[..., Iterator[dict[str, Floats]]]) -> Evaluation:
        def loss(candidate: dict[str, Floats]) -> float:  # as epochs of the networks are chosen
            valid = parts["valid"]
            return score(valid.labels, candidate["valid"], classes, valid.texts).metrics["log_loss"]

        return scored(min(candidates(parts, len(classes), params.baselines), key=loss)["test"])

    return {
        "majority": majority,
        "naive Bayes": lambda: chosen(naive_bayes),
        "TF–IDF": lambda: chosen(tf_idf),
    }


def _part(prepared: Path, meta: Meta, split: str) -> Part:
    table = table_of(prepared)
    rows = table[table["split"] == split]
    index = {label: number for number, label in enumerate(meta.label.classes)}
    read = [" ".join(words(text, meta.label.language)) for text in rows["text"]]
    return Part(rows["text"].tolist(), read, np.array([index[label] for label in rows["label"]]))


def tf_idf(parts: dict[str, Part], classes: int, params: Baselines) -> Iterator[dict[str, Floats]]:
    """Probabilities of the validation and the test part, by multinomial logistic regression, for each choice of parameters."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    for longest in params.ngrams:
        vectors = TfidfVectorizer(**_features(longest), sublinear_tf=True)
        features = {"train": vectors.fit_transform(parts["train"].read)}
        features |= {split: vectors.transform(parts[split].read) for split in ("valid", "test")}
        for strength in params.inverse_regularisation:
            fitted = LogisticRegression(C=strength, max_iter=2000).fit(features["train"], parts["train"].labels)
            yield {split: fitted.predict_proba(features[split]) for split in ("valid", "test")}


def naive_bayes(parts: dict[str, Part], classes: int, params: Baselines) -> Iterator[dict[str, Floats]]:
    """The same of one logistic regression for each class, against all others, of n-grams that a text has, each times its log-count ratio
    in naive Bayes (Wang & Manning 2012, with the logistic loss); probabilities are scaled to a sum of one.
    """
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression

    labels = parts["train"].labels
    asked = [1] if classes == 2 else range(classes)  # of two classes the second says all
    for longest in params.ngrams:
        vectors = CountVectorizer(**_features(longest), binary=True)
        features = {"train": vectors.fit_transform(parts["train"].read)}
        features |= {split: vectors.transform(parts[split].read) for split in ("valid", "test")}
        ratios = [_log_count_ratio(features["train"], labels == label) for label in asked]
        for strength in params.inverse_regularisation:
            likely: dict[str, list[Floats]] = {"valid": [], "test": []}
            for label, ratio in zip(asked, ratios, strict=True):
                model = LogisticRegression(C=strength, solver="liblinear", random_state=0, max_iter=2000)
                fitted = model.fit(features["train"].multiply(ratio).tocsr(), labels == label)
                for split, columns in likely.items():
                    columns.append(fitted.predict_proba(features[split].multiply(ratio).tocsr())[:, 1])
            yield {split: _normalised(columns) for split, columns in likely.items()}


def _features(longest: int) -> dict[str, Any]:
    """Options of scikit-learn's vectorisers: n-grams of words that are split already."""
    return {"lowercase": False, "tokenizer": str.split, "token_pattern": None, "ngram_range": (1, longest)}


def _log_count_ratio(features: Any, inside: Array) -> Floats:
    """(1, features): log of the share of each feature inside a class, over that outside."""
    shares = [np.asarray(features[rows].sum(0)).ravel() + SMOOTHING for rows in (inside, ~inside)]
    ratio = np.log(shares[0] / shares[0].sum()) - np.log(shares[1] / shares[1].sum())
    return ratio[None, :]


def _normalised(columns: list[Floats]) -> Floats:
    if len(columns) == 1:
        return np.stack([1 - columns[0], columns[0]], 1)
    stacked = np.stack(columns, 1)
    return stacked / stacked.sum(1, keepdims=True)
