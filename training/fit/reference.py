"""The reference set: some of an artifact's training examples as counts of its terms, without their texts.

It travels with the artifact. Half of it is learnt from again when the artifact is adapted to new labels, so that the
old ones are not forgotten; candidates are measured on the other half.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from model.artifact.artifact import Artifact, ReferenceFile
from model.errors import ArtifactMissing
from model.pooling import Floats, damping
from model.reading import read
from model.scan.terms import TermIndex
from training.corpus.duplicates import text_digest
from training.corpus.examples import Example
from training.fit.dense import DenseWeights
from training.fit.terms import Bags

N_EXAMPLES = 1000
Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Reference:
    """Examples as counts of terms."""

    terms: tuple[str, ...]
    tags: tuple[str, ...]
    labels: Flags
    """Shape (examples, tags)."""
    article: Ints
    """Example of each sentence, ascending, shape (sentences,)."""
    sentence: Ints
    """Sentence of each occurrence of a term, ascending, shape (occurrences,)."""
    term: Ints
    """Number of each occurring term, shape (occurrences,)."""

    def half(self, number: int) -> Reference:
        """Return every second example, from the first (0) or the second (1)."""
        chosen = np.arange(number, self.labels.shape[0], 2)
        new_article = np.full(self.labels.shape[0], -1)
        new_article[chosen] = np.arange(chosen.size)
        kept = np.flatnonzero(new_article[self.article] >= 0)
        new_sentence = np.full(self.article.size, -1)
        new_sentence[kept] = np.arange(kept.size)
        found = np.flatnonzero(new_sentence[self.sentence] >= 0)
        return replace(
            self,
            labels=self.labels[chosen],
            article=new_article[self.article[kept]],
            sentence=new_sentence[self.sentence[found]],
            term=self.term[found],
        )

    def bags(self, terms: Sequence[str]) -> Bags:
        """Return the examples as bags over `terms`, every occurrence counting 1; other terms are not in them."""
        from scipy.sparse import csr_array

        number = {term: n for n, term in enumerate(terms)}
        column = np.array([number.get(term, -1) for term in self.terms], np.int64)[self.term]
        known = column >= 0
        sentence, column = self.sentence[known], column[known]
        shape = (self.article.size, len(terms))
        by_sentence = csr_array((np.ones(column.size), (sentence, column)), shape=shape)
        cell = np.unique(self.article[sentence] * len(terms) + column)
        damped = damping(np.bincount(self.article))
        row = cell // len(terms)
        articles = csr_array((damped[row], (row, cell % len(terms))), shape=(self.labels.shape[0], len(terms)))
        return Bags(by_sentence, self.article, articles)

    def margins(self, artifact: Artifact) -> Floats:
        """Return an artifact's margins of the examples, shape (examples, its tags)."""
        return DenseWeights.of(artifact).margins(self.bags(artifact.terms))


def with_reference(artifact: Artifact, examples: Sequence[Example], labels: Flags) -> Artifact:
    """Return the artifact with a reference set out of the examples, chosen by their digests."""
    order = sorted(range(len(examples)), key=lambda n: text_digest(examples[n].text))
    index = TermIndex(artifact.terms, artifact.variants)
    sentences: list[Ints] = []
    terms: list[Ints] = []
    chosen: list[int] = []
    lengths: list[int] = []
    for n in order[:N_EXAMPLES]:
        reading = read([examples[n].text], index)
        n_sentences = int(reading.first_sentence[-1])
        if not n_sentences:
            continue
        cell = np.unique(reading.sentence_of[reading.word] * len(artifact.terms) + reading.term)
        sentences.append(cell // len(artifact.terms) + sum(lengths))
        terms.append(cell % len(artifact.terms))
        lengths.append(n_sentences)
        chosen.append(n)
    arrays: dict[str, Any] = {
        "terms": np.frombuffer("\n".join(artifact.terms).encode(), np.uint8),
        "tags": np.frombuffer("\n".join(tag.slug for tag in artifact.tags).encode(), np.uint8),
        "labels": labels[chosen],
        "n_sentences": np.array(lengths, np.int32),
        "n_terms": np.bincount(np.concatenate(sentences), minlength=sum(lengths)).astype(np.uint16),
        "term": np.concatenate(terms).astype(np.uint16 if len(artifact.terms) < 1 << 16 else np.uint32),
    }
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return replace(artifact, reference=ReferenceFile.of(buffer.getvalue()))


def read_reference(artifact: Artifact) -> Reference | None:
    """Return the reference set of an artifact, if it has one. Raises ArtifactMissing when its file is not there."""
    if artifact.reference is None:
        return None
    if not artifact.reference.data:
        raise ArtifactMissing(f"version {artifact.version} has lost its reference.npz: copy its whole folder again")
    with np.load(io.BytesIO(artifact.reference.data), allow_pickle=False) as arrays:
        n_sentences, n_terms = arrays["n_sentences"].astype(np.int64), arrays["n_terms"].astype(np.int64)
        terms, tags = (tuple(arrays[name].tobytes().decode().split("\n")) for name in ("terms", "tags"))
        return Reference(
            terms,
            tags,
            arrays["labels"],
            np.arange(n_sentences.size).repeat(n_sentences),
            np.arange(n_terms.size).repeat(n_terms),
            arrays["term"].astype(np.int64),
        )
