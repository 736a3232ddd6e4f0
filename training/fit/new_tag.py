"""The fit of a tag that the base artifact does not know, from ten labelled texts up, or from key words.

The two models are those of every tag, `TopicClassifier`, and both margins count alike: a few dozen texts cannot tell
how much each of them should weigh, and the fit of a slope to them ends at its bounds. Three things come from texts
without labels, the base's background and the user's own stream:

- How rare each term is, and which are too common to be a topic's.
- Negatives: each text of the background counts as one with a weight of BACKGROUND_WEIGHT, so that the few that have the
  tag, unknown to anybody, weigh little beside the labelled ones.
- The threshold, the probabilities and the figures that are told: `training.fit.stream` finds them from scores of models
  that did not see the text.

Key words are further texts that have the tag, of one sentence each. Where fewer than MIN_POSITIVES texts have it,
nothing tells where the threshold should lie, and a text gets the tag that says as much as one key word does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model.artifact import Tag
from model.pooling import Floats
from training.fit.background import Background
from training.fit.counts import TextCounts
from training.fit.keywords import Keywords
from training.fit.stream import StreamEstimate
from training.fit.tag_texts import LabelledTexts, TagTexts
from training.measure import N_FOLDS
from training.progress import Progress

MIN_TEXTS = 2
"""Fewest labelled texts with a term for it to be learnt."""
NO_KEYWORDS = Keywords()


@dataclass(frozen=True)
class NewTag:
    """A fitted tag with its weights, and what is known of it."""

    tag: Tag
    """Its `f1` is 0: nothing tells it."""
    terms: tuple[str, ...]
    sentence: Floats
    """Shape (terms,)."""
    article: Floats
    """Shape (terms,)."""
    n_with: int
    n_without: int
    keywords: Keywords
    estimate: StreamEstimate


def fit_new_tag(
    slug: str,
    labelled: LabelledTexts,
    background: Background | None,
    unlabelled: TextCounts,
    progress: Progress,
    keywords: Keywords = NO_KEYWORDS,
) -> NewTag:
    """Fit a tag on MIN_POSITIVES texts that have it or more, or on key words and what texts there are.

    `unlabelled` are texts of the user's stream. They and the labelled ones are counted over the same terms, those of
    the key words among them.
    """
    terms, idf = _candidates(labelled.counts, background, keywords)
    texts = TagTexts.of(labelled, background, unlabelled, keywords, terms, idf)
    folds = range(N_FOLDS) if texts.can_be_held_out else ()
    fitted = [texts.fit(fold) for fold in progress([*folds, None], f"learning {slug}", len(folds) + 1)]
    whole, found = fitted[-1], texts.estimate(fitted)
    slope = found.steepness
    intercept = slope * (whole.bias - found.border) + np.log(found.probability / (1 - found.probability))
    n_with = int(labelled.has_tag.sum())
    return NewTag(
        Tag(slug, found.probability, slope, float(intercept), n_with, 0.0, {}),
        tuple(terms),
        whole.sentence * idf,
        slope * whole.article * idf,
        n_with,
        labelled.has_tag.size - n_with,
        keywords,
        found,
    )


def _candidates(counts: TextCounts, background: Background | None, keywords: Keywords) -> tuple[list[str], Floats]:
    """Return the terms that may be the topic's, and their idf."""
    n_texts_with = np.diff(counts.bags(counts.terms).articles.tocsc().indptr)
    common = background.common() if background else frozenset()
    kept = [n for n in np.flatnonzero(n_texts_with >= MIN_TEXTS).tolist() if counts.terms[n] not in common]
    terms = list(dict.fromkeys([*(counts.terms[n] for n in kept), *keywords.counts().terms]))
    if background:
        return terms, background.idf(terms)
    n_with = dict(zip(counts.terms, n_texts_with.tolist(), strict=True))
    return terms, np.log((1 + counts.n_texts) / (1 + np.array([n_with.get(term, 0) for term in terms]))) + 1
