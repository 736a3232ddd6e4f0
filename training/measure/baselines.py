"""The peers that `chude eval --compare` measures beside chude, trained on the same examples.

Each gets one score a tag from its own classifier, and thresholds with the best F1 in cross-validation on the training
examples, the same folds for all.
"""

from __future__ import annotations

import re
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from model.extras import how_to_install
from model.pooling import Floats
from model.scan.spelling import normalise
from training.corpus.topics import Topic
from training.measure.folds import N_FOLDS
from training.measure.thresholds import best_threshold
from training.progress import Progress

Flags = npt.NDArray[np.bool_]


class Baseline(ABC):
    """A classifier of texts; scores lie between 0 and 1."""

    name: str

    @abstractmethod
    def fit(self, texts: Sequence[str], labels: Flags) -> None:
        """Learn from texts and labels, shape (texts, tags)."""

    @abstractmethod
    def score(self, texts: Sequence[str]) -> Floats:
        """Return scores, shape (texts, tags)."""


class KeywordRules(Baseline):
    """A tag is given when the text has one of its key words, from the topics file."""

    name = "key-word rules"

    def __init__(self, tags: Sequence[str], topics: Mapping[str, Topic]) -> None:
        keywords = [[*map(normalise, topics.get(tag, Topic()).keywords)] for tag in tags]
        self._patterns = [re.compile(rf"(?<!\S)(?:{'|'.join(words) or '(?!)'})(?!\S)") for words in keywords]

    def fit(self, texts: Sequence[str], labels: Flags) -> None:
        """Learn nothing."""

    def score(self, texts: Sequence[str]) -> Floats:
        """Return 1 where a key word stands and 0 elsewhere."""
        normal = [normalise(text) for text in texts]
        return np.array([[float(bool(pattern.search(text))) for pattern in self._patterns] for text in normal])


class ScikitLearn(Baseline):
    """TfidfVectorizer and LogisticRegression with their defaults, one against the rest."""

    name = "scikit-learn TF-IDF + logistic regression"

    def fit(self, texts: Sequence[str], labels: Flags) -> None:
        """Fit the pipeline."""
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.multiclass import OneVsRestClassifier
        from sklearn.pipeline import make_pipeline

        self._pipeline = make_pipeline(TfidfVectorizer(), OneVsRestClassifier(LogisticRegression()))
        self._pipeline.fit(texts, labels.astype(np.int64))

    def score(self, texts: Sequence[str]) -> Floats:
        """Return probabilities."""
        return np.asarray(self._pipeline.predict_proba(texts))


class FastText(Baseline):
    """fastText with one-vs-all loss, the best of a small grid; one thread, so that it is repeatable.

    Texts without tags have a label of their own: without it F1 is 0.05 to 0.2 lower, or the loss becomes NaN.
    """

    name = "fastText one-vs-all"
    _NONE = "__label__none"

    def fit(self, texts: Sequence[str], labels: Flags) -> None:
        """Train on a temporary file."""
        import fasttext

        fasttext.FastText.eprint = lambda *_: None
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "train.txt"
            rows = zip(texts, labels, strict=True)
            lines = (f"{self._labels(row)} {normalise(text)}" for text, row in rows)
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
            self.classifier = fasttext.train_supervised(
                str(path), loss="ova", epoch=25, lr=0.3, wordNgrams=2, dim=10, minCount=3, thread=1, verbose=0
            )
        self._n_tags = labels.shape[1]

    def score(self, texts: Sequence[str]) -> Floats:
        """Return probabilities."""
        scores = np.zeros((len(texts), self._n_tags))
        for row, text in enumerate(texts):
            found = self.classifier.f.predict(normalise(text) + "\n", -1, 0.0, "strict")
            for probability, label in found:
                if label != self._NONE:
                    scores[row, int(label.removeprefix("__label__"))] = min(probability, 1.0)
        return scores

    @classmethod
    def _labels(cls, row: Flags) -> str:
        return " ".join(f"__label__{n}" for n in np.flatnonzero(row)) or cls._NONE


class Underthesea(Baseline):
    """underthesea's TextClassifier (TF-IDF and linear SVM in Rust), one a tag; its score through a sigmoid."""

    name = "underthesea TextClassifier, one a tag"

    def fit(self, texts: Sequence[str], labels: Flags) -> None:
        """Fit a classifier of "yes" and "no" for each tag."""
        from underthesea_core import TextClassifier

        self._classifiers = []
        for column in labels.T:
            classifier = TextClassifier()
            classifier.fit(list(texts), ["yes" if label else "no" for label in column])
            self._classifiers.append(classifier)

    def score(self, texts: Sequence[str]) -> Floats:
        """Return the sigmoid of the decision value."""
        return np.column_stack([[self._score(classifier, text) for text in texts] for classifier in self._classifiers])

    @staticmethod
    def _score(classifier: Any, text: str) -> float:
        label, score = classifier.predict_with_score(text)
        return float(score) if label == "yes" else 1.0 - float(score)


def measure_baseline(
    baseline: Baseline, train: tuple[Sequence[str], Flags], fold: npt.NDArray[np.int64], texts: Sequence[str]
) -> tuple[Floats, Flags]:
    """Fit on `train`, with thresholds from its folds; return scores and given tags of `texts`, shape (texts, tags)."""
    train_texts, labels = train
    out_of_fold = np.zeros(labels.shape)
    for number in range(N_FOLDS):
        seen, held_out = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        baseline.fit([train_texts[n] for n in seen.tolist()], labels[seen])
        out_of_fold[held_out] = baseline.score([train_texts[n] for n in held_out.tolist()])
    thresholds = [best_threshold(out_of_fold[:, n], labels[:, n]) for n in range(labels.shape[1])]
    baseline.fit(train_texts, labels)
    scores = baseline.score(texts)
    return scores, scores >= np.array(thresholds)


def measure_baselines(
    baselines: Sequence[Baseline],
    train: tuple[Sequence[str], Flags],
    fold: npt.NDArray[np.int64],
    texts: Sequence[str],
    progress: Progress,
) -> dict[str, tuple[Floats, Flags] | str]:
    """Return scores and given tags by name of the baseline, or why it could not run."""
    results: dict[str, tuple[Floats, Flags] | str] = {}
    for baseline in progress(baselines, "baselines", len(baselines)):
        try:
            results[baseline.name] = measure_baseline(baseline, train, fold, texts)
        except ModuleNotFoundError as error:
            results[baseline.name] = f"not measured: {how_to_install(error) or error}"
    return results
