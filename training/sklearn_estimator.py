"""chude as a scikit-learn classifier: fitted on texts of one's own, or frozen, with a model that is there.

SentenceTopicClassifier().fit(X, y)    fits as `chude train` does
frozen_classifier(artifact)            is fitted, and stays so: its `fit` does nothing
export_sklearn(artifact, path)         writes the frozen one, for `joblib.load`
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import distribution
from operator import itemgetter
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_array, check_consistent_length, check_is_fitted

from model import TopicTagger
from model.artifact import Artifact
from model.document import Document
from model.errors import TextError
from model.pooling import Floats
from training.corpus.examples import Example
from training.corpus.label_fields import parse_tags
from training.corpus.vocabulary import NO_NAMES

Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


class SentenceTopicClassifier(ClassifierMixin, BaseEstimator):
    """Multi-label classifier of Vietnamese texts: the fit of `chude train`, the probabilities of `TopicTagger`.

    `X` is a list, an array or a column of texts, or a list of records such as {"title": ..., "text": ...}. `y` is an
    array, sparse or not, with 0 and 1, shape (texts, tags), or has the tags of each text: ["syria", "ukraine"]. Every
    tag that a text does not have counts as decided against.

    Parameters
    ----------
    tags : names of the columns of `y`, or all the tags that may stand in its lists. None takes the columns' numbers, or
        the tags that do.
    penalties : L1 penalties to choose from by cross-validation, descending
    random_state : int from 0 to 2 ** 32 - 1, seed of the folds
    n_jobs : int, processes; -1 takes one per core
    cache : folder in which segmented texts are kept for the next fit; None keeps nothing

    Attributes
    ----------
    classes_ : array of str, shape (tags,), names of the columns of what is returned
    thresholds_ : array, shape (tags,), probability from which on a tag is given; infinite for a tag with too few texts
    tagger_ : TopicTagger, which has the artifact
    """

    def __init__(
        self,
        tags: Sequence[str] | None = None,
        penalties: Sequence[float] = (4.0, 1.0),
        random_state: int = 0,
        n_jobs: int = 1,
        cache: str | Path | None = None,
    ) -> None:
        self.tags = tags
        self.penalties = penalties
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.cache = cache

    @classmethod
    def of(cls, artifact: Artifact) -> Self:
        """Return a fitted one with the tags and probabilities of an artifact."""
        tags = [tag.slug for tag in artifact.tags]
        return cls(tags)._hold(artifact, tags)

    def fit(self, X: Sequence[str | Mapping[str, Any]], y: Any) -> Self:
        """Fit on texts and their tags. Warns of tags that fewer than ten texts have or lack: they are never given.

        Raises FitError where that is so of all tags, TextError for what is no text, and ValueError for other labels
        than `y` may have.
        """
        from training.fit.decisions import describe_support
        from training.fit.fitting import FitOptions, fit_examples

        _check_texts(X)
        check_consistent_length(X, y)
        tags, labels = _read_labels(y, self.tags)
        examples = _examples(X, tags, labels)
        cache = None if self.cache is None else Path(self.cache)
        options = FitOptions(self.random_state, tuple(self.penalties), self.n_jobs, cache)
        artifact = fit_examples(examples, options).artifact
        fitted = {tag.slug for tag in artifact.tags}
        for tag in tags:
            if tag not in fitted:
                warnings.warn(f"{tag}: {describe_support(examples, tag)}: it is never given", stacklevel=2)
        return self._hold(artifact, tags)

    def _hold(self, artifact: Artifact, tags: Sequence[str]) -> Self:
        threshold = {tag.slug: tag.threshold for tag in artifact.tags}
        self.tagger_ = TopicTagger(artifact)
        self.classes_ = np.array(tags)
        self.thresholds_ = np.array([threshold.get(tag, np.inf) for tag in tags])
        return self

    def predict_proba(self, X: Sequence[str | Mapping[str, Any]]) -> Floats:
        """Return probabilities, shape (texts, tags); 0 for tags with too few texts. Raises TextError."""
        check_is_fitted(self, "tagger_")
        _check_texts(X)
        scores = [result["scores"] for result in self.tagger_.tag_many(X)]
        tags = self.classes_.tolist()
        return np.array([[own.get(tag, 0.0) for tag in tags] for own in scores]).reshape(len(scores), len(tags))

    def predict(self, X: Sequence[str | Mapping[str, Any]]) -> Ints:
        """Return 1 for tags that are given and 0 for others, shape (texts, tags). Raises TextError."""
        return (self.predict_proba(X) >= self.thresholds_).astype(np.int64)

    def score(self, X: Sequence[str | Mapping[str, Any]], y: Any, sample_weight: Any = None) -> float:
        """Return the share of texts that are given their very tags, 0 to 1."""
        labels = _read_labels(y, self.classes_.tolist())[1].astype(np.int64)
        return float(super().score(X, labels, sample_weight))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string, tags.input_tags.two_d_array = True, False
        tags.classifier_tags.multi_class, tags.classifier_tags.multi_label = False, True
        tags.target_tags.single_output, tags.target_tags.multi_output = False, True
        return tags


def _check_texts(X: Any) -> None:
    """Raise TypeError for one text or record in place of a list, and ValueError for a table."""
    if isinstance(X, str | Mapping):
        raise TypeError("X must be a list of texts or records, not one of them: put it into a list")
    if np.ndim(X) != 1 and hasattr(X, "shape"):
        raise ValueError(
            f"X must have one dimension, not shape {X.shape}: of a data frame give one column of texts, "
            'or to_dict("records")'
        )


def _examples(X: Sequence[str | Mapping[str, Any]], tags: Sequence[str], labels: Flags) -> list[Example]:
    """Return the examples of a fit. Raises TextError, which names the text by its number from 0."""
    examples = []
    for number, (given, row) in enumerate(zip(X, labels, strict=True)):
        own = frozenset(tags[column] for column in np.flatnonzero(row).tolist())
        try:
            example = Example(number, Document.of({"text": given} if isinstance(given, str) else given), own)
            example.text  # noqa: B018  # a page without an article is refused here, where its number is known
        except TextError as error:
            raise error.located(f"text {number}") from None
        examples.append(example)
    return examples


def _read_labels(y: Any, names: Sequence[str] | None) -> tuple[list[str], Flags]:
    """Return the tags, and which text has which, shape (texts, tags). Raises ValueError."""
    if len(getattr(y, "shape", ())) == 2:
        labels = _read_indicator(y)
        tags = _checked(map(str, range(labels.shape[1])) if names is None else names)
        if len(tags) != labels.shape[1]:
            raise ValueError(f"y has {labels.shape[1]} columns, but there are {len(tags)} tags: {', '.join(tags)}")
        return tags, labels
    rows = [_tags_of(number, value) for number, value in enumerate(y)]
    there = sorted({tag for row in rows for tag in row})
    tags = there if names is None else _checked(names)
    if unknown := [tag for tag in there if tag not in tags]:
        raise ValueError(
            f"y has {', '.join(unknown)}, which is not among the tags {', '.join(tags)}: give all as tags="
        )
    return tags, np.array([[tag in row for tag in tags] for row in rows], bool).reshape(len(rows), len(tags))


def _read_indicator(y: Any) -> Flags:
    labels = check_array(y, accept_sparse="csr")
    labels = labels.toarray() if hasattr(labels, "toarray") else labels
    if not np.isin(labels, (0, 1)).all():
        raise ValueError("y must have only 0 and 1: 1 where the text of the row has the tag of the column")
    return np.asarray(labels, bool)


def _checked(names: Iterable[str]) -> list[str]:
    """Return the names of tags. Raises ValueError where one is no slug, or given twice."""
    tags = [NO_NAMES.resolve(name) for name in names]
    if len(set(tags)) < len(tags):
        raise ValueError(f"tags must differ from each other: {', '.join(tags)}")
    return tags


def _tags_of(number: int, value: Any) -> frozenset[str]:
    try:
        return parse_tags(value if isinstance(value, str) or not isinstance(value, Iterable) else [*value])
    except ValueError as error:
        raise ValueError(f"y[{number}]: {error}; or give an array of 0 and 1 with a column per tag") from None


def frozen_classifier(artifact: Artifact) -> FrozenEstimator:
    """Return a fitted classifier that stays as it is: `fit` does nothing, and `clone` gives the same one."""
    return FrozenEstimator(SentenceTopicClassifier.of(artifact))


def export_sklearn(artifact: Artifact, path: Path) -> None:
    """Write the frozen classifier, for `joblib.load`: whoever loads it needs chude, and must trust the file."""
    import joblib

    joblib.dump(_Exported(frozen_classifier(artifact)), path)


class _Exported:
    """Becomes the estimator when it is unpickled, after a look whether chude is there.

    Without that look the error would be "No module named 'training'", which says nothing of what to install.
    """

    def __init__(self, estimator: FrozenEstimator) -> None:
        self._estimator = estimator

    def __reduce__(self) -> tuple[Any, ...]:
        return itemgetter(1), ((_Installation(), self._estimator),)


class _Installation:
    """Becomes what importlib knows of the installed chude; raises PackageNotFoundError, which names it, without."""

    def __reduce__(self) -> tuple[Any, ...]:
        return distribution, ("chude",)
