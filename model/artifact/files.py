"""The files of an artifact: a folder with `manifest.json`, `weights.npz` and, for retraining, `reference.npz` and
`background.npz`.

Loading runs no code from the folder. The manifest holds the digest of every other file and, in its last field, of
itself, so that one flipped byte anywhere is noticed. The same contents give the same bytes, and so the same version.
"""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from model.artifact.arrays import Kind, read_arrays
from model.artifact.artifact import Artifact, AttachedFile
from model.artifact.manifest import (
    ATTACHED,
    MANIFEST,
    MAX_MANIFEST_BYTES,
    WEIGHTS,
    Manifest,
    attached_files,
    damaged,
    parse_manifest,
    read_manifest,
    read_whole,
    sha256,
    write_manifest,
)
from model.artifact.validation import fault_of
from model.errors import ArtifactMissing
from model.files import write_whole
from model.weights import SparseWeights

PRETRAINED = Path(__file__).parents[1] / "pretrained"
"""Folder of the shipped artifact."""
MAX_ARRAY_BYTES = 1 << 30
"""Largest file of arrays that is read."""

_WEIGHTS_OF = ("sentence", "article")
_TEXT, _INDEX, _NUMBER = Kind(("|u1",)), Kind(("<i4", "<i8")), Kind(("<f8",))
_KINDS = {"terms": _TEXT, "variants": _TEXT, "idf": _NUMBER} | {
    f"{of}_{part}": kind
    for of in _WEIGHTS_OF
    for part, kind in (("indptr", _INDEX), ("tag", _INDEX), ("weight", _NUMBER))
}


def save(artifact: Artifact, folder: Path) -> Artifact:
    """Write the artifact into `folder`, made if missing, the manifest last; return it with its version.

    Raises ArtifactMissing when it has an attached file that was not loaded.
    """
    attached = {ATTACHED[name]: file.data for name, file in attached_files(artifact).items()}
    for name in (name for name, data in attached.items() if not data):
        raise ArtifactMissing(f"version {artifact.version} was loaded without its {name}: it cannot be saved")
    manifest, weights = _serialise(artifact)
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in ((WEIGHTS, weights), *attached.items(), (MANIFEST, manifest)):
        with write_whole(folder / name) as part:
            part.write_bytes(data)
    return _with_attached(load_bytes(manifest, weights, source=str(folder)), artifact)


def load(folder: Path | None = None) -> Artifact:
    """Load and validate the artifact in `folder`, by default the shipped one.

    Raises ArtifactMissing, ArtifactDamaged or ArtifactTooNew. A missing file for later training is no error: tagging
    does not need it.
    """
    folder = folder or PRETRAINED
    artifact = load_bytes(*read_files(folder), source=str(folder))
    attached = {name: _read_attached(folder / ATTACHED[name], file) for name, file in attached_files(artifact).items()}
    return replace(artifact, reference=attached.get("reference"), background=attached.get("background"))


def _read_attached(path: Path, file: AttachedFile) -> AttachedFile:
    """Return the file with its bytes, or as it is where it is missing from the folder."""
    if not path.exists():
        return file
    data = read_whole(path, MAX_ARRAY_BYTES)
    if sha256(data) != file.digest:
        damaged(str(path.parent), f"{path.name} is not the file that the manifest was written for")
    return replace(file, data=data)


def versioned(artifact: Artifact) -> Artifact:
    """Return the artifact with the version that its contents have. Raises ArtifactDamaged when they are not valid."""
    return _with_attached(load_bytes(*_serialise(artifact), source="new artifact"), artifact)


def _with_attached(artifact: Artifact, source: Artifact) -> Artifact:
    """Return an artifact with the attached files of another one, bytes included."""
    return replace(artifact, reference=source.reference, background=source.background)


def read_files(folder: Path) -> tuple[bytes, bytes]:
    """Return the bytes of the manifest and of the weights file, unchecked. Raises ArtifactMissing."""
    return read_whole(folder / MANIFEST, MAX_MANIFEST_BYTES), read_whole(folder / WEIGHTS, MAX_ARRAY_BYTES)


def load_bytes(manifest: bytes, weights: bytes, *, source: str) -> Artifact:
    """Validate and return an artifact from the bytes of its two files, all that tagging needs.

    `source` names it in messages. The bytes of its attached files are not in it. Raises ArtifactDamaged or
    ArtifactTooNew, whatever the bytes are.
    """
    contents = parse_manifest(manifest, source)
    if sha256(weights) != contents.weights_digest:
        damaged(source, f"{WEIGHTS} is not the file that the manifest was written for")
    try:
        artifact = _artifact(contents, weights)
    except ValueError as error:
        damaged(source, f"{WEIGHTS}: {error}")
    if what := fault_of(artifact):
        damaged(source, what)
    return artifact


def shipped_version() -> str:
    """Return the version of the shipped artifact."""
    return read_manifest(PRETRAINED).version


def _artifact(contents: Manifest, weights: bytes) -> Artifact:
    """Return the artifact of a manifest and a weights file whose digests are right. Raises ValueError."""
    arrays = read_arrays(weights, _KINDS)
    attached = {name: AttachedFile(digest) for name, digest in contents.attached_digests.items()}
    return Artifact(
        contents.tags,
        tuple(_lines(arrays["terms"])),
        {line.split(" ")[0]: tuple(line.split(" ")[1:]) for line in _lines(arrays["variants"])},
        _sparse_weights(arrays, "sentence", len(contents.tags)),
        _sparse_weights(arrays, "article", len(contents.tags)),
        arrays["idf"].astype(np.float64),
        contents.training,
        contents.metrics,
        contents.libraries,
        contents.self_test,
        reference=attached.get("reference"),
        background=attached.get("background"),
        version=contents.version,
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
    return write_manifest(artifact, sha256(data)), data


def _sparse_weights(arrays: dict[str, npt.NDArray[Any]], of: str, n_tags: int) -> SparseWeights:
    return SparseWeights(
        arrays[f"{of}_indptr"].astype(np.int64),
        arrays[f"{of}_tag"].astype(np.int64),
        arrays[f"{of}_weight"].astype(np.float64),
        n_tags,
    )
