"""What a fitted model is: data only, with no file and no arithmetic."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from model.weights import SparseWeights


@dataclass(frozen=True)
class Tag:
    """One tag of an artifact."""

    slug: str
    threshold: float
    """The tag is given when its probability is at least this; between 0 and 1, both excluded."""
    slope: float
    intercept: float
    support: int
    """Positive examples it was fitted on."""
    f1: float
    """Cross-validated F1 at the threshold, 0 to 1; 0 also where nothing tells it, as of a tag learnt from few texts."""
    names: Mapping[str, str]
    """Names by language code, such as "vi" and "en"."""

    @property
    def told_f1(self) -> float | None:
        """Return F1, None where nothing tells it."""
        return self.f1 or None


@dataclass(frozen=True)
class SelfTest:
    """A small text, and what the artifact must answer to it on every machine: see `model.selftest`."""

    text: str
    tags: tuple[str, ...]
    scores: Mapping[str, float]
    """Probability of each tag, 0 to 1; empty when the text has no word."""


@dataclass(frozen=True)
class AttachedFile:
    """The bytes of a file for later training beside the weights; tagging does not read them."""

    digest: str
    """SHA-256 in hex digits; it is a part of what the version is made of, whether `data` is here or not."""
    data: bytes = field(default=b"", repr=False)
    """Empty where it was not loaded, or is missing from the folder."""

    @classmethod
    def of(cls, data: bytes) -> AttachedFile:
        """Return it with the digest of its bytes."""
        return cls(hashlib.sha256(data).hexdigest(), data)


@dataclass(frozen=True)
class Artifact:
    """A fitted model with all that is known of it."""

    tags: tuple[Tag, ...]
    terms: tuple[str, ...]
    """Canonical terms; row i of both weights belongs to terms[i]."""
    variants: Mapping[str, tuple[str, ...]]
    """Other spellings of single words, by canonical word."""
    sentence_weights: SparseWeights
    article_weights: SparseWeights
    idf: npt.NDArray[np.float64]
    """Inverse document frequency of each term, shape (terms,)."""
    training: Mapping[str, Any] = field(default_factory=dict)
    """Digest, number and kind of the examples, seed and options."""
    metrics: Mapping[str, Any] = field(default_factory=dict)
    """Cross-validated figures."""
    libraries: Mapping[str, str] = field(default_factory=dict)
    """Versions of the libraries that fitted it."""
    self_test: SelfTest | None = None
    reference: AttachedFile | None = None
    """Some of the training examples as counts of terms, in the format of `training.fit.reference`, or None."""
    background: AttachedFile | None = None
    """Ordinary texts as counts of terms, in the format of `training.fit.background`, or None."""
    version: str = ""
    """Name of the contents: twelve hex digits of their digest; set by `model.artifact.save`, `load` and `versioned`."""
