"""The files of an artifact: a folder with `manifest.json`, `weights.npz` and, for retraining, `reference.npz`.

Loading runs no code from the folder. The manifest holds the digest of every other file and, in its last field, of
itself, so that one flipped byte anywhere is noticed. The same contents give the same bytes, and so the same version.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from model.artifact.artifact import Artifact, ReferenceFile, SelfTest, Tag
from model.artifact.validation import fault_of
from model.errors import ArtifactDamaged, ArtifactMissing, ArtifactTooNew
from model.files import write_whole
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


def save(artifact: Artifact, folder: Path) -> Artifact:
    """Write the artifact into `folder`, made if missing, the manifest last; return it with its version.

    Raises ArtifactMissing when it has a reference set that was not loaded.
    """
    if artifact.reference and not artifact.reference.data:
        raise ArtifactMissing(f"version {artifact.version} was loaded without its {REFERENCE}: it cannot be saved")
    manifest, weights = _serialise(artifact)
    folder.mkdir(parents=True, exist_ok=True)
    files = {WEIGHTS: weights, **({REFERENCE: artifact.reference.data} if artifact.reference else {})}
    for name, data in (*files.items(), (MANIFEST, manifest)):
        with write_whole(folder / name) as part:
            part.write_bytes(data)
    return replace(load_bytes(manifest, weights, source=str(folder)), reference=artifact.reference)


def load(folder: Path | None = None) -> Artifact:
    """Load and validate the artifact in `folder`, by default the shipped one.

    Raises ArtifactMissing, ArtifactDamaged or ArtifactTooNew. A missing reference set is no error: tagging does not
    need it.
    """
    folder = folder or PRETRAINED
    artifact = load_bytes(*read_files(folder), source=str(folder))
    path = folder / REFERENCE
    if artifact.reference is None or not path.exists():
        return artifact
    data = path.read_bytes()
    if _sha256(data) != artifact.reference.digest:
        raise _damaged(str(folder), f"{REFERENCE} is not the file that the manifest was written for")
    return replace(artifact, reference=replace(artifact.reference, data=data))


def versioned(artifact: Artifact) -> Artifact:
    """Return the artifact with the version that its contents have. Raises ArtifactDamaged when they are not valid."""
    return replace(load_bytes(*_serialise(artifact), source="new artifact"), reference=artifact.reference)


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
    """Validate and return an artifact from the bytes of its two files, all that tagging needs.

    `source` names it in messages. The bytes of its reference set are not in it.
    """
    contents = _read_manifest(manifest, source)
    if _sha256(weights) != contents["files"][WEIGHTS]:
        raise _damaged(source, f"{WEIGHTS} is not the file that the manifest was written for")
    try:
        artifact = _parse(contents, weights)
    except (KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise _damaged(source, f"a field or array is missing or has the wrong type ({error})") from None
    if what := fault_of(artifact):
        raise _damaged(source, what)
    return artifact


def _parse(contents: Mapping[str, Any], weights: bytes) -> Artifact:
    """Return the artifact of a manifest and a weights file whose digests are right."""
    with np.load(io.BytesIO(weights), allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in _ARRAYS}
    tags = tuple(Tag(**fields) for fields in contents["tags"])
    self_test, reference_digest = contents["self_test"], contents["files"].get(REFERENCE)
    return Artifact(
        tags,
        tuple(_lines(arrays["terms"])),
        {line.split(" ")[0]: tuple(line.split(" ")[1:]) for line in _lines(arrays["variants"])},
        _sparse_weights(arrays, "sentence", len(tags)),
        _sparse_weights(arrays, "article", len(tags)),
        arrays["idf"].astype(np.float64),
        contents["training"],
        contents["metrics"],
        contents["libraries"],
        SelfTest(self_test["text"], tuple(self_test["tags"]), self_test["scores"]) if self_test else None,
        ReferenceFile(reference_digest) if reference_digest else None,
        contents["version"],
    )


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
        "self_test": asdict(artifact.self_test) if artifact.self_test else {},
        "files": {WEIGHTS: _sha256(data), **({REFERENCE: artifact.reference.digest} if artifact.reference else {})},
    }
    contents["version"] = hashlib.sha256(json.dumps(contents, sort_keys=True).encode()).hexdigest()[:12]
    unsigned = json.dumps({**contents, "digest": "0" * 64}, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    digest = hashlib.sha256(unsigned.encode("utf-8")).hexdigest()
    return unsigned.replace(f'"digest": "{"0" * 64}"\n}}\n', f'"digest": "{digest}"\n}}\n').encode("utf-8"), data


def _sparse_weights(arrays: Mapping[str, npt.NDArray[Any]], of: str, n_tags: int) -> SparseWeights:
    return SparseWeights(
        arrays[f"{of}_indptr"].astype(np.int64),
        arrays[f"{of}_tag"].astype(np.int64),
        arrays[f"{of}_weight"].astype(np.float64),
        n_tags,
    )


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


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
