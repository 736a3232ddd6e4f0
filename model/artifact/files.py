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
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from model.artifact.validation import fault_of
from model.errors import ArtifactDamaged, ArtifactMissing, ArtifactTooNew
from model.weights import SparseWeights

FORMAT = 1
MANIFEST = "manifest.json"
WEIGHTS = "weights.npz"
REFERENCE = "reference.npz"
PRETRAINED = Path(__file__).parents[1] / "pretrained"
"""Folder of the shipped artifact."""


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
    reference: bytes = field(default=b"", repr=False)
    """Examples as counts of terms: see `training.fit.reference`. `load` leaves them out: tagging does not need them."""
    version: str = ""
    """Name of the contents: twelve hex digits of their digest; set by `save` and `load`."""

    def with_version(self) -> Artifact:
        """Return the artifact with the version that its contents have."""
        return replace(load_bytes(*_serialise(self), source="new artifact"), reference=self.reference)


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
        "files": {name: hashlib.sha256(found).hexdigest() for name, found in _data_files(artifact, data).items()},
    }
    contents["version"] = hashlib.sha256(json.dumps(contents, sort_keys=True).encode()).hexdigest()[:12]
    unsigned = json.dumps({**contents, "digest": "0" * 64}, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    digest = hashlib.sha256(unsigned.encode("utf-8")).hexdigest()
    return unsigned.replace(f'"digest": "{"0" * 64}"\n}}\n', f'"digest": "{digest}"\n}}\n').encode("utf-8"), data


def _data_files(artifact: Artifact, weights: bytes) -> dict[str, bytes]:
    return {WEIGHTS: weights, **({REFERENCE: artifact.reference} if artifact.reference else {})}


def save(artifact: Artifact, folder: Path) -> Artifact:
    """Write the artifact into `folder`, made if missing, the manifest last; return it with its version."""
    manifest, weights = _serialise(artifact)
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in (*_data_files(artifact, weights).items(), (MANIFEST, manifest)):
        part = folder / f".{name}.part"
        part.write_bytes(data)
        os.replace(part, folder / name)
    return replace(load_bytes(manifest, weights, source=str(folder)), reference=artifact.reference)


def load_with_reference(folder: Path) -> Artifact:
    """Load the artifact with its reference set, if it has one. Raises what `load` raises."""
    artifact = load(folder)
    digest = json.loads((folder / MANIFEST).read_bytes())["files"].get(REFERENCE)
    data = (folder / REFERENCE).read_bytes() if digest and (folder / REFERENCE).exists() else b""
    if digest and hashlib.sha256(data).hexdigest() != digest:
        raise _damaged(str(folder), f"{REFERENCE} is not the file that the manifest was written for")
    return replace(artifact, reference=data)


def load(folder: Path | None = None) -> Artifact:
    """Load and validate the artifact in `folder`, by default the shipped one.

    Raises ArtifactMissing, ArtifactDamaged or ArtifactTooNew.
    """
    folder = folder or PRETRAINED
    return load_bytes(*read_files(folder), source=str(folder))


def read_files(folder: Path) -> tuple[bytes, bytes]:
    """Return the bytes of the manifest and of the weights file, unchecked. Raises ArtifactMissing."""
    try:
        return (folder / MANIFEST).read_bytes(), (folder / WEIGHTS).read_bytes()
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
            _sparse_weights(arrays, "sentence", len(tags)),
            _sparse_weights(arrays, "article", len(tags)),
            arrays["idf"].astype(np.float64),
            contents["training"],
            contents["metrics"],
            contents["libraries"],
            contents["self_test"],
            version=contents["version"],
        )
    except (KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise _damaged(source, f"a field or array is missing or has the wrong type ({error})") from None
    if what := fault_of(artifact):
        raise _damaged(source, what)
    return artifact


def _sparse_weights(arrays: Mapping[str, npt.NDArray[Any]], of: str, n_tags: int) -> SparseWeights:
    return SparseWeights(
        arrays[f"{of}_indptr"].astype(np.int64),
        arrays[f"{of}_tag"].astype(np.int64),
        arrays[f"{of}_weight"].astype(np.float64),
        n_tags,
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
