"""An artifact as a scikit-learn estimator, for those who live in scikit-learn: same texts, same probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from model.artifact.artifact import Artifact
from model.pooling import Floats, logistic
from training.fit.dense import DenseWeights
from training.fit.terms import SentenceTerms


class SentenceTopicClassifier(ClassifierMixin, BaseEstimator):
    """The scoring of an artifact on scikit-learn's and scipy's matrices.

    It reads texts as they are: pages are not cut, and the language is not looked at.

    Parameters
    ----------
    artifact : the fitted artifact

    Attributes
    ----------
    classes_ : array of str, shape (tags,)
    terms_ : the fitted transformer from texts to `Bags`
    weights_ : DenseWeights
    """

    def __init__(self, artifact: Artifact) -> None:
        self.artifact = artifact

    def fit(self, X: Sequence[str] | None = None, y: object = None) -> Self:
        """Unpack the artifact; nothing is learnt."""
        artifact = self.artifact
        self.terms_ = SentenceTerms.counting(artifact.terms, artifact.variants)
        self.weights_ = DenseWeights.of(artifact)
        self.classes_ = np.array([tag.slug for tag in artifact.tags])
        return self

    def decision_function(self, X: Sequence[str]) -> Floats:
        """Return margins, shape (texts, tags)."""
        check_is_fitted(self, "terms_")
        return self.weights_.margins(self.terms_.transform(X))

    def predict_proba(self, X: Sequence[str]) -> Floats:
        """Return probabilities, shape (texts, tags)."""
        return logistic(self.decision_function(X))

    def predict(self, X: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Return which tags are given, shape (texts, tags)."""
        given: npt.NDArray[np.bool_] = self.predict_proba(X) >= np.array([tag.threshold for tag in self.artifact.tags])
        return given


def export_sklearn(artifact: Artifact, path: str) -> None:
    """Write the fitted estimator with joblib: whoever loads it needs chude, and must trust the file."""
    import joblib

    joblib.dump(SentenceTopicClassifier(artifact).fit(), path)
