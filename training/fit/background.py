"""The background of an artifact: what ordinary texts look like, for tags that are learnt later.

Thirty labelled texts say what a topic is, but not how rare it is, nor which of its words stand everywhere. A sample of
texts as they come, whatever they are about, says both. Of these the artifact keeps which terms occur in which of their
sentences, as far as the terms are neither rare nor common, and in how many of all the texts each term stands; no text
can be put together again from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from model.artifact import BACKGROUND, Artifact
from model.artifact.arrays import Kind
from model.pooling import Floats
from training.corpus.duplicates import text_digest
from training.fit.counts import COUNTS, NO_FIT, Ints, TextCounts, attached, read_attached
from training.fit.terms import SentenceTerms
from training.progress import Progress, silent

N_SHORT, N_LONG = 4000, 500
"""Texts that are kept: a teaser takes some 60 bytes, an article 800."""
SHORT_SENTENCES = 6
"""Sentences of a teaser at most; others are articles."""
RARE_SHARE, COMMON_SHARE = 9e-4, 0.05
"""Terms in less than RARE_SHARE of the texts are not kept: so few texts say nothing that can be relied on. Terms in
more than COMMON_SHARE of the short texts, or of the long ones, are too common to be a topic's."""
_RARE_TEXTS = 3
_KINDS = {**COUNTS, "n_texts_with": Kind(("<u4",)), "is_common": Kind(("|b1",)), "n_counted": Kind(("<u4",))}
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Background:
    """Ordinary texts as counts of terms."""

    counts: TextCounts
    """Of some of the texts, without the common terms."""
    n_texts_with: Ints
    """In how many of all texts each term of `counts` stands, shape (terms,)."""
    is_common: Flags
    """Which of these terms are common, shape (terms,)."""
    n_counted: int
    """How many texts there were."""

    def idf(self, terms: Sequence[str]) -> Floats:
        """Return the inverse document frequency of terms, shape (terms,); one that is not kept counts as the rarest."""
        rarest = int(self.n_texts_with.min(initial=self.n_counted))
        known = dict(zip(self.counts.terms, self.n_texts_with.tolist(), strict=True))
        n_with = np.array([known.get(term, rarest) for term in terms], np.float64)
        return np.asarray(np.log((1 + self.n_counted) / (1 + n_with)) + 1)

    def common(self) -> frozenset[str]:
        """Return the terms that are too common to be a topic's."""
        return frozenset(term for term, is_common in zip(self.counts.terms, self.is_common, strict=True) if is_common)


def is_short(counts: TextCounts | Ints) -> Flags:
    """Return which texts are no longer than a teaser, shape (texts,); given counts, or each sentence's text number."""
    article = counts.article if isinstance(counts, TextCounts) else counts
    return np.asarray(np.bincount(article) <= SHORT_SENTENCES)


def with_background(artifact: Artifact, texts: Sequence[str], progress: Progress = silent) -> Artifact:
    """Return the artifact with a background that is made of ordinary texts.

    Raises FitError where the texts have no term in common.
    """
    rare = max(_RARE_TEXTS, round(RARE_SHARE * len(texts)))
    terms = SentenceTerms((), artifact.variants, rare, progress)
    bags = terms.fit_transform(texts)
    with_term = bags.articles.astype(bool).astype(np.float64)
    short = is_short(bags.article)
    shares = [with_term[kind].sum(axis=0) / max(1, kind.sum()) for kind in (short, ~short)]
    is_common = np.maximum(*shares) > COMMON_SHARE
    kept = sorted(_sample(texts, short, N_SHORT) + _sample(texts, ~short, N_LONG))
    counts = TextCounts.of([texts[n] for n in kept], terms.terms_, artifact.variants).without(is_common)
    arrays = {
        **counts.arrays(),
        "n_texts_with": with_term.sum(axis=0).astype(np.uint32),
        "is_common": is_common,
        "n_counted": np.array([len(texts)], np.uint32),
    }
    return replace(artifact, background=attached(arrays))


def _sample(texts: Sequence[str], chosen: Flags, count: int) -> list[int]:
    """Return the numbers of `count` of the chosen texts, by their digests, which are as good as random."""
    return sorted(np.flatnonzero(chosen).tolist(), key=lambda n: text_digest(texts[n]))[:count]


def read_background(artifact: Artifact) -> Background | None:
    """Return the background of an artifact, if it has one.

    Raises ArtifactMissing when its file is not there, ArtifactDamaged when it holds something else.
    """
    return read_attached(artifact.version, BACKGROUND, artifact.background, _KINDS, _background)


def _background(counts: TextCounts, arrays: Mapping[str, npt.NDArray[Any]]) -> Background:
    n_texts_with, is_common, n_counted = (arrays[name] for name in ("n_texts_with", "is_common", "n_counted"))
    n_terms = len(counts.terms)
    if n_texts_with.size != n_terms or is_common.size != n_terms or n_counted.size != 1 or not n_counted[0]:
        raise ValueError(NO_FIT)
    return Background(counts, n_texts_with.astype(np.int64), is_common, int(n_counted[0]))
