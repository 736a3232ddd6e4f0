"""What an artifact must be like, whoever wrote it."""

from __future__ import annotations

import math
import re

import numpy as np

from model.artifact.artifact import Artifact
from model.scan.spelling import normalise, spellings
from model.scan.terms import MAX_TERM_WORDS
from model.scan.words import MAX_WORD_CHARS
from model.weights import SparseWeights

MAX_SLUG_CHARS = 64
SLUG = re.compile(rf"(?=.{{1,{MAX_SLUG_CHARS}}}\Z)[a-z0-9]+(?:-[a-z0-9]+)*\Z")
"""What a tag looks like: lower-case ASCII words and digits joined by single hyphens."""
_MAX_WEIGHT = 2.0**15
"""Weights below it are exact in `SparseWeights`. Those of the shipped model are below 12."""
_MAX_CALIBRATION = 1e6
_MAX_TAGS = 1 << 16
_MAX_CELLS = 1 << 27
"""Weights of all terms for all tags, as `SparseWeights.dense` has them: 1 GB."""
_MAX_SPELLINGS = 32
"""Spellings per term that are indexed, on average; the shipped model has 1.3."""


def fault_of(artifact: Artifact) -> str | None:
    """Return what makes the artifact score wrongly, or None when it is as it should be."""
    faults = (_fault_of_tags(artifact), _fault_of_numbers(artifact), _fault_of_terms(artifact))
    return next((fault for fault in faults if fault), None)


def _fault_of_tags(artifact: Artifact) -> str | None:
    slugs = [tag.slug for tag in artifact.tags]
    if not slugs or len(set(slugs)) < len(slugs) or not all(map(SLUG.match, slugs)):
        return f"it has no tag, or two of one name, or one that is no slug of at most {MAX_SLUG_CHARS} characters"
    if len(slugs) > _MAX_TAGS or len(slugs) * len(artifact.terms) > _MAX_CELLS:
        return f"{len(slugs):,} tags of {len(artifact.terms):,} terms do not fit into the memory"
    return None


def _fault_of_numbers(artifact: Artifact) -> str | None:
    n_terms, tags = len(artifact.terms), artifact.tags
    both = (artifact.sentence_weights, artifact.article_weights)
    calibration = np.array([(tag.slope, tag.intercept, tag.threshold) for tag in tags], np.float64)
    for array, largest in (*((weights.weight, _MAX_WEIGHT) for weights in both), (calibration, _MAX_CALIBRATION)):
        if not (np.abs(array) <= largest).all():
            return f"a weight or other number is not finite, or above {largest:,.0f}"
    if not np.isfinite(artifact.idf).all():
        return "a weight or other number is not finite"
    if not all(0 < tag.threshold < 1 and tag.slope > 0 for tag in tags):
        return "a threshold is not between 0 and 1, or a slope not positive"
    if artifact.idf.shape != (n_terms,) or not all(_fits(weights, n_terms, len(tags)) for weights in both):
        return "its arrays do not fit each other"
    return None


def _fits(weights: SparseWeights, n_terms: int, n_tags: int) -> bool:
    """Tell whether the arrays are compressed sparse rows, each with its tags in ascending order."""
    indptr, tag, n_entries = weights.indptr, weights.tag, weights.weight.size
    if indptr.shape != (n_terms + 1,) or tag.shape != (n_entries,) or indptr[0] != 0 or indptr[-1] != n_entries:
        return False
    if not ((indptr >= 0) & (indptr <= n_entries)).all() or not ((tag >= 0) & (tag < n_tags)).all():
        return False  # the differences below cannot overflow
    if not (np.diff(indptr) >= 0).all():
        return False
    cell = np.arange(n_terms).repeat(np.diff(indptr)) * n_tags + tag
    return bool((np.diff(cell) > 0).all())


def _fault_of_terms(artifact: Artifact) -> str | None:
    terms, variants = artifact.terms, artifact.variants
    if not all(map(_is_term, terms)) or len(set(terms)) < len(terms) or normalise(" ".join(terms)) != " ".join(terms):
        return "a term is not in canonical spelling, stands twice or is too long"
    others = [word for word, spelled in variants.items() for word in (word, *spelled)]
    if not all(map(_is_word, others)) or len(normalise(" ".join(others)).split()) != len(others):
        return "another spelling of a word is no word"
    n_spellings: dict[str, int] = {}
    n_left = _MAX_SPELLINGS * (len(terms) + 1)
    for term in terms:
        for word in term.split(" "):
            if word not in n_spellings:
                n_spellings[word] = sum(len(spellings(form)) for form in (word, *variants.get(word, ())))
        n_left -= math.prod(n_spellings[word] for word in term.split(" "))
        if n_left < 0:
            return f"its terms have more than {_MAX_SPELLINGS} spellings each"
    return None


def _is_term(term: str) -> bool:
    words = term.split(" ")
    return len(words) <= MAX_TERM_WORDS and all(map(_is_word, words))


def _is_word(word: str) -> bool:
    return 0 < len(word) <= MAX_WORD_CHARS and not any(map(str.isspace, word))
