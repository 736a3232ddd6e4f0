"""The fit of a tag that the base artifact does not know, from ten labelled texts up.

The two models are those of every tag, `TopicClassifier`, and both margins count alike: a few dozen texts cannot tell
how much each of them should weigh, and the fit of a slope to them ends at its bounds. Three things come from texts
without labels, the base's background and the user's own stream:

- How rare each term is, and which are too common to be a topic's.
- Negatives: each text of the background counts as one with a weight of BACKGROUND_WEIGHT, so that the few that have the
  tag, unknown to anybody, weigh little beside the labelled ones.
- The threshold, the probabilities and the figures that are told: `training.fit.stream` finds them from scores of models
  that did not see the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from model.artifact import Tag
from model.pooling import Floats
from training.fit.background import Background, is_short
from training.fit.classifier import TopicClassifier
from training.fit.counts import Ints, TextCounts
from training.fit.stream import StreamEstimate, estimate
from training.fit.terms import Bags
from training.measure import N_FOLDS
from training.progress import Progress

PENALTY = 4.0
"""Of the L1 norm. Weaker ones, 1 and 2, rank the stream worse, with 30 labelled texts as with 100 (decision 0007)."""
BACKGROUND_WEIGHT = 0.02
"""Weight of a background text in the loss, where a labelled one weighs 1."""
MIN_TEXTS = 2
"""Fewest labelled texts with a term for it to be learnt."""
MIN_STREAM = 1000
"""From so many texts of the user's own on, these alone stand for the stream; fewer stand beside the background."""
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class NewTag:
    """A fitted tag with its weights, and what is known of it."""

    tag: Tag
    """Its `f1` is 0 where too few texts tell it."""
    terms: tuple[str, ...]
    sentence: Floats
    """Shape (terms,)."""
    article: Floats
    """Shape (terms,)."""
    n_with: int
    n_without: int
    estimate: StreamEstimate


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


def fit_new_tag(
    slug: str, labelled: LabelledTexts, background: Background | None, unlabelled: TextCounts, progress: Progress
) -> NewTag:
    """Fit a tag; `unlabelled` are texts of the user's stream, counted over the same terms as the labelled ones."""
    terms, idf = _candidates(labelled.counts, background)
    texts = _Texts.of(labelled, background, unlabelled, terms, idf)
    folds = [*range(N_FOLDS), None]
    fitted = [texts.fit(fold) for fold in progress(folds, f"learning {slug}", len(folds))]
    with_tag = np.concatenate([model.scores(texts.held_out(fold)) for fold, model in enumerate(fitted[:-1])])
    stream, weight = texts.stream_scores(fitted[:-1])
    found, whole = estimate(with_tag, stream, weight), fitted[-1]
    slope = found.steepness
    intercept = slope * (whole.bias - found.border) + np.log(found.probability / (1 - found.probability))
    n_with = int(labelled.has_tag.sum())
    return NewTag(
        Tag(
            slug,
            found.probability,
            slope,
            float(intercept),
            n_with,
            round(found.f1, 4) if found.can_be_told else 0.0,
            {},
        ),
        tuple(terms),
        whole.sentence * idf,
        slope * whole.article * idf,
        n_with,
        labelled.has_tag.size - n_with,
        found,
    )


def _candidates(counts: TextCounts, background: Background | None) -> tuple[list[str], Floats]:
    """Return the terms that may be the topic's, and their idf."""
    n_texts_with = np.diff(counts.bags(counts.terms).articles.tocsc().indptr)
    common = background.common() if background else frozenset()
    kept = [n for n in np.flatnonzero(n_texts_with >= MIN_TEXTS).tolist() if counts.terms[n] not in common]
    terms = [counts.terms[n] for n in kept]
    if background:
        return terms, background.idf(terms)
    return terms, np.log((1 + counts.n_texts) / (1 + n_texts_with[kept])) + 1


@dataclass(frozen=True)
class _Model:
    sentence: Floats
    article: Floats
    bias: float
    classifier: TopicClassifier

    def scores(self, bags: Bags) -> Floats:
        """Return the sum of both margins, shape (articles,)."""
        scores: Floats = self.classifier.decision_function(bags)[:, 0].sum(axis=1)
        return scores


@dataclass(frozen=True)
class _Texts:
    """All texts as bags over the same terms."""

    labelled: Bags
    has_tag: Flags
    weight: Floats
    fold: Ints
    background: Bags | None
    unlabelled: Bags | None
    is_short: Flags
    """Which of the labelled texts are short, shape (labelled texts,)."""

    @classmethod
    def of(
        cls,
        labelled: LabelledTexts,
        background: Background | None,
        unlabelled: TextCounts,
        terms: Sequence[str],
        idf: Floats,
    ) -> _Texts:
        """Make the bags."""
        return cls(
            _weighed(labelled.counts, terms, idf),
            labelled.has_tag,
            labelled.weight,
            labelled.fold,
            _weighed(background.counts, terms, idf) if background else None,
            _weighed(unlabelled, terms, idf) if unlabelled.n_texts else None,
            is_short(labelled.counts),
        )

    def fit(self, left_out: int | None) -> _Model:
        """Fit on all folds of the labelled texts and of the background but one."""
        rows = np.flatnonzero(self.fold != left_out) if left_out is not None else np.arange(self.fold.size)
        bags, label, weight = self.labelled.take(rows), self.has_tag[rows], self.weight[rows]
        if self.background is not None:
            fold = _folds(self.background)
            seen = self.background.take(np.flatnonzero(fold != left_out))
            n_seen = seen.articles.shape[0]
            bags = bags.followed_by(seen)
            label = np.append(label, np.zeros(n_seen, bool))
            weight = np.append(weight, np.full(n_seen, BACKGROUND_WEIGHT))
        fitted = TopicClassifier(PENALTY).fit(bags, label[:, None], weight[:, None])
        bias = float(fitted.intercepts_.sum())
        return _Model(fitted.sentence_coef_[:, 0], fitted.article_coef_[:, 0], bias, fitted)

    def held_out(self, fold: int) -> Bags:
        """Return the labelled texts of a fold that have the tag."""
        return self.labelled.take(np.flatnonzero((self.fold == fold) & self.has_tag))

    def stream_scores(self, fitted: Sequence[_Model]) -> tuple[Floats, Floats]:
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
        wanted = np.where(short, self.is_short.mean(), 1 - self.is_short.mean())
        there = np.where(short, short.mean(), (~short).mean())
        return np.asarray(np.maximum(wanted / there, 1e-3))


def _weighed(counts: TextCounts, terms: Sequence[str], idf: Floats) -> Bags:
    return counts.bags(terms).times(idf)


def _folds(bags: Bags) -> Ints:
    return np.arange(bags.articles.shape[0]) % N_FOLDS


def _scores_by_fold(bags: Bags, fitted: Sequence[_Model]) -> Floats:
    """Return the scores of texts, each by the model of its fold."""
    fold = _folds(bags)
    scores = np.zeros(fold.size)
    for number, model in enumerate(fitted):
        rows = np.flatnonzero(fold == number)
        scores[rows] = model.scores(bags.take(rows))
    return scores
