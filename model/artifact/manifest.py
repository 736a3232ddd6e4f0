"""The manifest of an artifact: JSON with the digests of the other files and, in its last field, of itself.

Every field is checked by its type and range when it is read, so that whoever has a `Manifest` need not doubt it.
Whether its numbers make sense with the weights is what `validation.py` asks.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from stat import S_ISREG
from typing import Any, NoReturn

from model.artifact.artifact import Artifact, AttachedFile, SelfTest, Tag
from model.artifact.fields import Fields, check_plain
from model.errors import ArtifactDamaged, ArtifactMissing, ArtifactTooNew

FORMAT = 1
MANIFEST = "manifest.json"
WEIGHTS = "weights.npz"
REFERENCE = "reference.npz"
BACKGROUND = "background.npz"
ATTACHED = {"reference": REFERENCE, "background": BACKGROUND}
"""The file of each field of `Artifact` that is an `AttachedFile`."""
MAX_MANIFEST_BYTES = 1 << 24
"""The shipped one takes 3 kB for each of its tags."""
_DIGEST = re.compile(rb'"digest": "([0-9a-f]{64})"\n}\n\Z')
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_VERSION = re.compile(r"[0-9a-f]{12}\Z")


@dataclass(frozen=True)
class Manifest:
    """What the manifest says of an artifact; the meaning of a field is that of the same field of `Artifact`."""

    version: str
    tags: tuple[Tag, ...]
    training: Mapping[str, Any]
    metrics: Mapping[str, Any]
    libraries: Mapping[str, str]
    self_test: SelfTest | None
    weights_digest: str
    attached_digests: Mapping[str, str]
    """By the field of `Artifact` that the file belongs to; those that it has."""


def read_manifest(folder: Path) -> Manifest:
    """Return the checked manifest of the artifact in `folder`, without its weights. Raises ArtifactError."""
    return parse_manifest(read_whole(folder / MANIFEST, MAX_MANIFEST_BYTES), str(folder))


def read_whole(path: Path, max_bytes: int) -> bytes:
    """Return the bytes of a file of an artifact. Raises ArtifactMissing, ArtifactDamaged for one too large."""
    try:
        status = path.stat()
        if status.st_size > max_bytes or not S_ISREG(status.st_mode):
            damaged(str(path.parent), f"{path.name} is no file of at most {max_bytes:,} bytes")
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise ArtifactMissing(
            f"{path}: no such file; an artifact is a folder with {MANIFEST} and {WEIGHTS}, "
            "as `chude train DATA -o DIR` writes it"
        ) from None
    except (OSError, ValueError) as error:
        raise ArtifactMissing(f"{path}: cannot be read: {error}") from None


def damaged(source: str, what: str) -> NoReturn:
    """Raise ArtifactDamaged for the artifact that `source` names."""
    raise ArtifactDamaged(f"{source}: {what}; copy the artifact again or fit a new one with `chude train`")


def sha256(data: bytes) -> str:
    """Return the digest of a file in hex digits."""
    return hashlib.sha256(data).hexdigest()


def attached_files(artifact: Artifact) -> dict[str, AttachedFile]:
    """Return the files for later training that an artifact has, by the field that each belongs to."""
    files = {"reference": artifact.reference, "background": artifact.background}
    return {name: file for name, file in files.items() if file is not None}


def write_manifest(artifact: Artifact, weights_digest: str) -> bytes:
    """Return the bytes of the manifest, with the version and the digest that its contents have."""
    attached = {ATTACHED[name]: file.digest for name, file in attached_files(artifact).items()}
    contents: dict[str, Any] = {
        "format": FORMAT,
        "version": "",
        "tags": [asdict(tag) for tag in artifact.tags],
        "training": artifact.training,
        "metrics": artifact.metrics,
        "libraries": artifact.libraries,
        "self_test": asdict(artifact.self_test) if artifact.self_test else {},
        "files": {WEIGHTS: weights_digest, **attached},
    }
    contents["version"] = sha256(json.dumps(contents, sort_keys=True).encode())[:12]
    return sign(contents)


def sign(contents: Mapping[str, Any]) -> bytes:
    """Return contents as the bytes of a manifest, with their digest as the last field. Raises ValueError for NaN."""
    unsigned = json.dumps({**contents, "digest": "0" * 64}, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    digest = sha256(unsigned.encode("utf-8"))
    return unsigned.replace(f'"digest": "{"0" * 64}"\n}}\n', f'"digest": "{digest}"\n}}\n').encode("utf-8")


def parse_manifest(manifest: bytes, source: str) -> Manifest:
    """Check and return the manifest in `manifest`. Raises ArtifactDamaged or ArtifactTooNew; `source` names it."""
    try:
        contents = Fields(json.loads(manifest), "the manifest")
        written = contents.whole("format", 1)
    except (ValueError, RecursionError):
        damaged(source, f"{MANIFEST} is cut short or damaged")
    if written > FORMAT:
        raise ArtifactTooNew(
            f"{source}: artifact format {written}, but this chude reads formats up to {FORMAT}; install a newer chude"
        )
    found = _DIGEST.search(manifest)
    unsigned = manifest[: found.start(1)] + b"0" * 64 + manifest[found.end(1) :] if found else b""
    if not found or sha256(unsigned).encode() != found.group(1):
        damaged(source, f"{MANIFEST} was changed after it was written, or is damaged")
    try:
        check_plain(contents.values)
        return _manifest(contents)
    except ValueError as error:
        damaged(source, f"{MANIFEST}: {error}")


def _manifest(contents: Fields) -> Manifest:
    files = contents.object("files")
    training = contents.object("training")
    for name, check in (("base", training.text), ("examples", training.whole), ("gate", training.object)):
        if training.values.get(name) is not None:
            check(name)
    self_test = contents.object("self_test")
    return Manifest(
        contents.text("version", _VERSION),
        tuple(_tag(fields) for fields in contents.objects("tags")),
        training.values,
        contents.object("metrics").values,
        contents.object("libraries").texts(),
        SelfTest(self_test.text("text"), self_test.list_of_texts("tags"), self_test.object("scores").numbers())
        if self_test.values
        else None,
        files.text(WEIGHTS, _SHA256),
        {field: files.text(name, _SHA256) for field, name in ATTACHED.items() if name in files.values},
    )


def _tag(fields: Fields) -> Tag:
    return Tag(
        fields.text("slug"),
        fields.number("threshold"),
        fields.number("slope"),
        fields.number("intercept"),
        fields.whole("support"),
        fields.number("f1"),
        fields.object("names").texts(),
    )
