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

from model.artifact import Artifact, ReferenceFile
from model.artifact.arrays import Kind, read_arrays
from model.errors import ArtifactDamaged, ArtifactMissing
from model.pooling import Floats
from model.reading import read
from model.scan.terms import TermIndex
from model.weights import Occurrences
from training.corpus.duplicates import text_digest
from training.corpus.examples import Example
from training.fit.dense import DenseModel
from training.fit.terms import Bags

N_EXAMPLES = 1000
_TEXT = Kind(("|u1",))
_KINDS = {
    "terms": _TEXT,
    "tags": _TEXT,
    "labels": Kind(("|b1",), n_dimensions=2),
    "n_sentences": Kind(("<i4",)),
    "n_terms": Kind(("<u2",)),
    "term": Kind(("<u2", "<u4")),
}
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
    occurrences: Occurrences
    """Which terms occur in which sentences, by sentence."""

    def half(self, number: int) -> Reference:
        """Return every second example, from the first (0) or the second (1)."""
        chosen = np.arange(number, self.labels.shape[0], 2)
        kept = np.flatnonzero(self.article % 2 == number)
        new_sentence = np.full(self.article.size, -1)
        new_sentence[kept] = np.arange(kept.size)
        row = new_sentence[self.occurrences.row]
        inside = np.flatnonzero(row >= 0)
        occurrences = Occurrences(row[inside], self.occurrences.term[inside], kept.size, self.occurrences.n_terms)
        return replace(self, labels=self.labels[chosen], article=self.article[kept] // 2, occurrences=occurrences)

    def bags(self, terms: Sequence[str]) -> Bags:
        """Return the examples as bags over `terms`, every occurrence counting 1; other terms are not in them."""
        number = {term: n for n, term in enumerate(terms)}
        column = np.array([number.get(term, -1) for term in self.terms], np.int64)[self.occurrences.term]
        known = np.flatnonzero(column >= 0)
        row = self.occurrences.row[known]
        return Bags.counting(Occurrences(row, column[known], self.article.size, len(terms)), self.article)

    def margins(self, artifact: Artifact) -> Floats:
        """Return an artifact's margins of the examples, shape (examples, its tags)."""
        return DenseModel.of(artifact).margins(self.bags(artifact.terms))


def with_reference(artifact: Artifact, examples: Sequence[Example], labels: Flags, judged: Flags) -> Artifact:
    """Return the artifact with a reference set out of the examples, chosen by their digests.

    Only those that were `judged` on all tags, of the same shape as the labels, are in it; without any there is none.
    """
    order = sorted(np.flatnonzero(judged.all(axis=1)).tolist(), key=lambda n: text_digest(examples[n].text))
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
        found = reading.in_sentences(index.n_terms).distinct()
        sentences.append(found.row + sum(lengths))
        terms.append(found.term)
        lengths.append(n_sentences)
        chosen.append(n)
    if not chosen:
        return artifact
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
    """Return the reference set of an artifact, if it has one.

    Raises ArtifactMissing when its file is not there, ArtifactDamaged when it holds something else.
    """
    if artifact.reference is None:
        return None
    if not artifact.reference.data:
        raise ArtifactMissing(f"version {artifact.version} has lost its reference.npz: copy its whole folder again")
    try:
        return _reference(artifact.reference.data)
    except ValueError as error:
        raise ArtifactDamaged(
            f"version {artifact.version}: reference.npz: {error}; copy its whole folder again"
        ) from None


def _reference(data: bytes) -> Reference:
    arrays = read_arrays(data, _KINDS)
    n_sentences, n_terms = arrays["n_sentences"].astype(np.int64), arrays["n_terms"].astype(np.int64)
    terms, tags = (tuple(arrays[name].tobytes().decode().split("\n")) for name in ("terms", "tags"))
    term, labels = arrays["term"].astype(np.int64), arrays["labels"]
    if (
        labels.shape != (n_sentences.size, len(tags))
        or (n_sentences < 0).any()
        or n_sentences.sum() != n_terms.size
        or n_terms.sum() != term.size
        or (term >= len(terms)).any()
    ):
        raise ValueError("its arrays do not fit each other")
    article, sentence = np.arange(n_sentences.size).repeat(n_sentences), np.arange(n_terms.size).repeat(n_terms)
    return Reference(terms, tags, labels, article, Occurrences(sentence, term, article.size, len(terms)))
