"""The texts that a new tag is fitted on and scored on, and the two models that come of them.

Labelled texts weigh 1 or less, those of the background BACKGROUND_WEIGHT, and key words, each a text of one sentence,
`keyword_weight`. Of the labelled texts and the background a fold can be left out; the user's own texts are only scored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from model.pooling import Floats, damping
from training.fit.background import SHORT_SENTENCES, Background, is_short
from training.fit.classifier import TopicClassifier
from training.fit.counts import Ints, TextCounts
from training.fit.decisions import MIN_POSITIVES
from training.fit.keywords import Keywords
from training.fit.stream import StreamEstimate, estimate, without_labels
from training.fit.terms import Bags
from training.measure import N_FOLDS

PENALTY = 4.0
"""Of the L1 norm. Weaker ones, 1 and 2, rank the stream worse, with 30 labelled texts as with 100 (decision 0007)."""
BACKGROUND_WEIGHT = 0.02
"""Weight of a background text in the loss, where a labelled one weighs 1."""
KEYWORD_WEIGHT = 10.0
"""Weight of a key word in the loss where fewer than MIN_POSITIVES texts have the tag."""
KEYWORD_TEXTS = 3.0
"""The same from there up, times the number of texts that have the tag: the more labels, the less a word says."""
MIN_STREAM = 1000
"""From so many texts of the user's own on, these alone stand for the stream; fewer stand beside the background."""
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class LabelledTexts:
    """The texts that were judged on a tag."""

    counts: TextCounts
    has_tag: Flags
    """Shape (texts,)."""
    weight: Floats
    """Of each decision in the loss, shape (texts,)."""
    fold: Ints
    """From 0 to N_FOLDS - 1, shape (texts,)."""


@dataclass(frozen=True)
class TagModel:
    """A fit of both models, with both biases in one."""

    sentence: Floats
    """Shape (terms,)."""
    article: Floats
    """Shape (terms,)."""
    bias: float
    classifier: TopicClassifier

    def scores(self, bags: Bags) -> Floats:
        """Return the sum of both margins, shape (articles,)."""
        scores: Floats = self.classifier.decision_function(bags)[:, 0].sum(axis=1)
        return scores


@dataclass(frozen=True)
class TagTexts:
    """All texts as bags over the same terms."""

    labelled: Bags
    has_tag: Flags
    weight: Floats
    fold: Ints
    background: Bags | None
    unlabelled: Bags | None
    keywords: Bags
    """A text of one sentence for each."""
    is_short: Flags
    """Which of the labelled texts are short, shape (labelled texts,)."""

    @classmethod
    def of(
        cls,
        labelled: LabelledTexts,
        background: Background | None,
        unlabelled: TextCounts,
        keywords: Keywords,
        terms: Sequence[str],
        idf: Floats,
    ) -> TagTexts:
        """Make the bags."""
        return cls(
            _weighed(labelled.counts, terms, idf),
            labelled.has_tag,
            labelled.weight,
            labelled.fold,
            _weighed(background.counts, terms, idf) if background else None,
            _weighed(unlabelled, terms, idf) if unlabelled.n_texts else None,
            _weighed(keywords.counts(), terms, idf),
            is_short(labelled.counts),
        )

    @property
    def can_be_held_out(self) -> bool:
        """Tell whether enough texts have the tag to compare scores of texts that a model did not see."""
        return int(self.has_tag.sum()) >= MIN_POSITIVES

    @property
    def keyword_weight(self) -> float:
        """Return the weight of a key word in the loss."""
        return KEYWORD_TEXTS / int(self.has_tag.sum()) if self.can_be_held_out else KEYWORD_WEIGHT

    def fit(self, left_out: int | None) -> TagModel:
        """Fit on all folds of the labelled texts and of the background but one."""
        rows = np.flatnonzero(self.fold != left_out) if left_out is not None else np.arange(self.fold.size)
        n_keywords = self.keywords.articles.shape[0]
        bags = self.labelled.take(rows).followed_by(self.keywords)
        label = np.append(self.has_tag[rows], np.ones(n_keywords, bool))
        weight = np.append(self.weight[rows], np.full(n_keywords, self.keyword_weight))
        if self.background is not None:
            fold = _folds(self.background)
            seen = self.background.take(np.flatnonzero(fold != left_out))
            n_seen = seen.articles.shape[0]
            bags = bags.followed_by(seen)
            label = np.append(label, np.zeros(n_seen, bool))
            weight = np.append(weight, np.full(n_seen, BACKGROUND_WEIGHT))
        fitted = TopicClassifier(PENALTY).fit(bags, label[:, None], weight[:, None])
        bias = float(fitted.intercepts_.sum())
        return TagModel(fitted.sentence_coef_[:, 0], fitted.article_coef_[:, 0], bias, fitted)

    def estimate(self, fitted: Sequence[TagModel]) -> StreamEstimate:
        """Return what the tag does on the stream; `fitted` are the models of the folds, if any, and the whole one."""
        if not self.can_be_held_out:
            # One key word is enough in a teaser; an article must say as much all in all.
            damped = self.keywords.articles * damping(np.array([SHORT_SENTENCES]))
            border = fitted[-1].scores(replace(self.keywords, articles=damped)).min()
            return without_labels(float(border), *self.stream_scores(fitted[-1:]))
        with_tag = np.concatenate([model.scores(self.held_out(fold)) for fold, model in enumerate(fitted[:-1])])
        return estimate(with_tag, *self.stream_scores(fitted[:-1]))

    def held_out(self, fold: int) -> Bags:
        """Return the labelled texts of a fold that have the tag."""
        return self.labelled.take(np.flatnonzero((self.fold == fold) & self.has_tag))

    def stream_scores(self, fitted: Sequence[TagModel]) -> tuple[Floats, Floats]:
        """Return scores of texts as they come, each by a model that did not see it, and the weight of each text.

        Short and long texts of the background are weighted to be in the proportion in which the labelled texts are.
        """
        scores, weights = [], []
        n_unlabelled = 0 if self.unlabelled is None else self.unlabelled.articles.shape[0]
        if self.unlabelled is not None:
            scores.append(_scores_by_fold(self.unlabelled, fitted))
            weights.append(np.ones(n_unlabelled))
        if self.background is not None and n_unlabelled < MIN_STREAM:
            scores.append(_scores_by_fold(self.background, fitted))
            weights.append(self._weights_by_length(is_short(self.background.article)))
        if not scores:
            without = np.flatnonzero(~self.has_tag)
            scores = [fitted[fold].scores(self.labelled.take(np.array([row]))) for row, fold in self._without(without)]
            weights = [np.ones(without.size)]
        return np.concatenate(scores), np.concatenate(weights)

    def _without(self, rows: Ints) -> list[tuple[int, int]]:
        return list(zip(rows.tolist(), self.fold[rows].tolist(), strict=True))

    def _weights_by_length(self, short: Flags) -> Floats:
        if not self.is_short.size:
            return np.ones(short.size)
        wanted = np.where(short, self.is_short.mean(), 1 - self.is_short.mean())
        there = np.where(short, short.mean(), (~short).mean())
        return np.asarray(np.maximum(wanted / there, 1e-3))


def _weighed(counts: TextCounts, terms: Sequence[str], idf: Floats) -> Bags:
    return counts.bags(terms).times(idf)


def _folds(bags: Bags) -> Ints:
    return np.arange(bags.articles.shape[0]) % N_FOLDS


def _scores_by_fold(bags: Bags, fitted: Sequence[TagModel]) -> Floats:
    """Return the scores of texts, each by the model of its fold."""
    fold = _folds(bags) % len(fitted)
    scores = np.zeros(fold.size)
    for number, model in enumerate(fitted):
        rows = np.flatnonzero(fold == number)
        scores[rows] = model.scores(bags.take(rows))
    return scores
