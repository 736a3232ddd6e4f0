"""What an artifact must be like, whoever wrote it."""

from __future__ import annotations

import re

import numpy as np

from model.artifact.artifact import Artifact
from model.scan.spelling import normalise
from model.scan.terms import MAX_TERM_WORDS, MAX_WORD_CHARS
from model.weights import SparseWeights

SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z")
"""What a tag looks like: lower-case ASCII words and digits joined by single hyphens."""


def fault_of(artifact: Artifact) -> str | None:
    """Return what makes the artifact score wrongly, or None when it is as it should be."""
    terms, tags = artifact.terms, artifact.tags
    slugs = [tag.slug for tag in tags]
    words = [word for term in terms for word in term.split(" ")]
    both = (artifact.sentence_weights, artifact.article_weights)
    calibration = np.array([(tag.slope, tag.intercept, tag.threshold) for tag in tags], np.float64)
    numbers = [*(weights.weight for weights in both), artifact.idf, calibration]
    checks = {
        "it has no tag, or two of one name, or one that is no slug": (
            bool(slugs) and len(set(slugs)) == len(slugs) and all(SLUG.match(slug) for slug in slugs)
        ),
        "a weight or other number is not finite": all(np.isfinite(array).all() for array in numbers),
        "a threshold is not between 0 and 1, or a slope not positive": all(
            0 < tag.threshold < 1 and tag.slope > 0 for tag in tags
        ),
        "its arrays do not fit each other": artifact.idf.shape == (len(terms),)
        and all(_fits(weights, len(terms), len(tags)) for weights in both),
        "a term is not in canonical spelling, stands twice or is too long": (
            len(set(terms)) == len(terms)
            and normalise(" ".join(terms)) == " ".join(terms)
            and all(0 < len(word) <= MAX_WORD_CHARS for word in words)
            and all(term.count(" ") < MAX_TERM_WORDS for term in terms)
        ),
    }
    return next((what for what, holds in checks.items() if not holds), None)


def _fits(weights: SparseWeights, n_terms: int, n_tags: int) -> bool:
    return (
        weights.indptr.shape == (n_terms + 1,)
        and weights.indptr[0] == 0
        and bool((np.diff(weights.indptr) >= 0).all())
        and weights.weight.shape == weights.tag.shape == (int(weights.indptr[-1]),)
        and bool(((weights.tag >= 0) & (weights.tag < n_tags)).all())
    )
