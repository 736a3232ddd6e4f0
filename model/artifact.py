"""The artifact: a folder with `manifest.json` and `weights.npz`, all that tagging needs.

Loading runs no code from the folder. The manifest holds the digest of the weights file and, in its last field, of
itself, so that one flipped byte anywhere is noticed. The same contents give the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from model.errors import ArtifactDamaged, ArtifactMissing, ArtifactTooNew
from model.linear import SparseWeights
from model.terms import MAX_TERM_WORDS, MAX_WORD_CHARS
from model.text import normalise

FORMAT = 1
MANIFEST = "manifest.json"
WEIGHTS = "weights.npz"
PRETRAINED = Path(__file__).parent / "pretrained"
"""Folder of the shipped artifact."""

SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z")
"""What a tag looks like: lower-case ASCII words and digits joined by single hyphens."""

_DIGEST = re.compile(rb'"digest": "([0-9a-f]{64})"\n}\n\Z')
_WEIGHTS_OF = ("sentence", "article")
_ARRAYS = ("terms", "variants", "idf", *(f"{of}_{part}" for of in _WEIGHTS_OF for part in ("indptr", "tag", "weight")))


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
    """Cross-validated F1 at the threshold, 0 to 1."""
    names: Mapping[str, str]
    """Names by language code, such as "vi" and "en"."""


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
    self_test: Mapping[str, Any] = field(default_factory=dict)
    """A text with its tags and scores: see `model.selftest`."""
    version: str = ""
    """Name of the contents: twelve hex digits of their digest; set by `save` and `load`."""

    def with_version(self) -> Artifact:
        """Return the artifact with the version that its contents have."""
        return load_bytes(*_serialise(self), source="new artifact")


def _lines(array: npt.NDArray[np.uint8]) -> list[str]:
    text = array.tobytes().decode("utf-8")
    return text.split("\n") if text else []


def _bytes(lines: list[str]) -> npt.NDArray[np.uint8]:
    return np.frombuffer("\n".join(lines).encode("utf-8"), np.uint8)


def _serialise(artifact: Artifact) -> tuple[bytes, bytes]:
    """Return the bytes of the manifest and of the weights file."""
    arrays: dict[str, npt.NDArray[Any]] = {}
    for of, weights in zip(_WEIGHTS_OF, (artifact.sentence_weights, artifact.article_weights), strict=True):
        arrays[f"{of}_indptr"] = weights.indptr.astype(np.int32)
        arrays[f"{of}_tag"] = weights.tag.astype(np.int32)
        arrays[f"{of}_weight"] = weights.weight.astype(np.float64)
    buffer = io.BytesIO()
    arrays["terms"] = _bytes(list(artifact.terms))
    arrays["variants"] = _bytes([" ".join((word, *others)) for word, others in sorted(artifact.variants.items())])
    arrays["idf"] = artifact.idf.astype(np.float64)
    np.savez(buffer, allow_pickle=False, **arrays)
    data = buffer.getvalue()
    contents: dict[str, Any] = {
        "format": FORMAT,
        "version": "",
        "tags": [asdict(tag) for tag in artifact.tags],
        "training": artifact.training,
        "metrics": artifact.metrics,
        "libraries": artifact.libraries,
        "self_test": artifact.self_test,
        "files": {WEIGHTS: hashlib.sha256(data).hexdigest()},
    }
    contents["version"] = hashlib.sha256(json.dumps(contents, sort_keys=True).encode()).hexdigest()[:12]
    unsigned = json.dumps({**contents, "digest": "0" * 64}, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    digest = hashlib.sha256(unsigned.encode("utf-8")).hexdigest()
    return unsigned.replace(f'"digest": "{"0" * 64}"\n}}\n', f'"digest": "{digest}"\n}}\n').encode("utf-8"), data


def save(artifact: Artifact, folder: Path) -> Artifact:
    """Write the artifact into `folder`, made if missing, the manifest last; return it with its version."""
    manifest, weights = _serialise(artifact)
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in ((WEIGHTS, weights), (MANIFEST, manifest)):
        part = folder / f".{name}.part"
        part.write_bytes(data)
        os.replace(part, folder / name)
    return load_bytes(manifest, weights, source=str(folder))


def load(folder: Path | None = None) -> Artifact:
    """Load and validate the artifact in `folder`, by default the shipped one.

    Raises ArtifactMissing, ArtifactDamaged or ArtifactTooNew.
    """
    folder = folder or PRETRAINED
    try:
        return load_bytes((folder / MANIFEST).read_bytes(), (folder / WEIGHTS).read_bytes(), source=str(folder))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ArtifactMissing(
            f"{error.filename}: no such file; an artifact is a folder with {MANIFEST} and {WEIGHTS}, "
            "as `chude train DATA -o DIR` writes it"
        ) from None
    except OSError as error:
        raise ArtifactMissing(f"{folder}: cannot be read: {error.strerror}") from None


def load_bytes(manifest: bytes, weights: bytes, *, source: str) -> Artifact:
    """Validate and return an artifact from the bytes of its two files; `source` names it in messages."""
    contents = _read_manifest(manifest, source)
    if hashlib.sha256(weights).hexdigest() != contents["files"][WEIGHTS]:
        raise _damaged(source, f"{WEIGHTS} is not the file that the manifest was written for")
    try:
        with np.load(io.BytesIO(weights), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in _ARRAYS}
        tags = tuple(Tag(**fields) for fields in contents["tags"])
        artifact = Artifact(
            tags,
            tuple(_lines(arrays["terms"])),
            {line.split(" ")[0]: tuple(line.split(" ")[1:]) for line in _lines(arrays["variants"])},
            _sparse_weights(arrays, "sentence"),
            _sparse_weights(arrays, "article"),
            arrays["idf"].astype(np.float64),
            contents["training"],
            contents["metrics"],
            contents["libraries"],
            contents["self_test"],
            contents["version"],
        )
    except (KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise _damaged(source, f"a field or array is missing or has the wrong type ({error})") from None
    _validate(artifact, source)
    return artifact


def _sparse_weights(arrays: Mapping[str, npt.NDArray[Any]], of: str) -> SparseWeights:
    return SparseWeights(
        arrays[f"{of}_indptr"].astype(np.int64),
        arrays[f"{of}_tag"].astype(np.int64),
        arrays[f"{of}_weight"].astype(np.float64),
    )


def _damaged(source: str, what: str) -> ArtifactDamaged:
    return ArtifactDamaged(f"{source}: {what}; copy the artifact again or fit a new one with `chude train`")


def _read_manifest(manifest: bytes, source: str) -> dict[str, Any]:
    try:
        contents = json.loads(manifest)
        written = int(contents["format"])
    except (ValueError, TypeError, KeyError):
        raise _damaged(source, f"{MANIFEST} is cut short or damaged") from None
    if written > FORMAT:
        raise ArtifactTooNew(
            f"{source}: artifact format {written}, but this chude reads formats up to {FORMAT}; install a newer chude"
        )
    found = _DIGEST.search(manifest)
    unsigned = manifest[: found.start(1)] + b"0" * 64 + manifest[found.end(1) :] if found else b""
    if not found or hashlib.sha256(unsigned).hexdigest().encode() != found.group(1):
        raise _damaged(source, f"{MANIFEST} was changed after it was written, or is damaged")
    return dict(contents)


def _validate(artifact: Artifact, source: str) -> None:
    """Refuse arrays and fields that would score wrongly."""
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
    for what, holds in checks.items():
        if not holds:
            raise _damaged(source, what)


def _fits(weights: SparseWeights, n_terms: int, n_tags: int) -> bool:
    return (
        weights.indptr.shape == (n_terms + 1,)
        and weights.indptr[0] == 0
        and bool((np.diff(weights.indptr) >= 0).all())
        and weights.weight.shape == weights.tag.shape == (int(weights.indptr[-1]),)
        and bool(((weights.tag >= 0) & (weights.tag < n_tags)).all())
    )
