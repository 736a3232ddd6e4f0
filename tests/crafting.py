"""A small artifact to spoil: its manifest and arrays, and a check that it works or is refused."""

from __future__ import annotations

import io
import json
import warnings
from typing import Any

import msgspec
import numpy as np

from model import ArtifactDamaged, ArtifactTooNew, TopicTagger
from model.artifact import (
    WEIGHTS,
    Artifact,
    Tag,
    load_bytes,
)
from model.artifact.files import _serialise
from model.artifact.manifest import sha256, sign
from model.selftest import check_self_test, with_self_test
from model.weights import SparseWeights

TEXT = "Cử tri đi bầu cử ở Syria, hòa bình. Hoà bình đến muộn!"
Json = dict[str, Any]
Arrays = dict[str, np.ndarray[Any, Any]]


def small_artifact() -> Artifact:
    terms = ("bầu cử", "cử", "hoà bình", "syria", "ông")
    dense = np.array([[2.5, -1.0], [0.5, 0.0], [0.0, -0.25], [-1.0, 4.0], [0.0, 0.0]])
    tags = tuple(Tag(slug, 0.5, 1.5, -1.0, 12, 0.9, {"vi": slug}) for slug in ("elections", "syria"))
    weights = SparseWeights.of(dense)
    training = {"examples": 40, "base": "0123456789ab", "gate": {"accepted": True}, "options": {"folds": [1, 2.5]}}
    return with_self_test(
        Artifact(tags, terms, {"hoà": ("hòà",)}, weights, weights, np.ones(5), training, {"f1": 0.5}, {"numpy": "2"})
    )


MANIFEST_BYTES, WEIGHT_BYTES = _serialise(small_artifact())
CONTENTS: Json = json.loads(MANIFEST_BYTES)
with np.load(io.BytesIO(WEIGHT_BYTES)) as stored:
    ARRAYS: Arrays = dict(stored)


def packed(arrays: Arrays, *, compressed: bool = False) -> bytes:
    buffer = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def works_or_is_refused(contents: Json, weights: bytes) -> bool:
    """Sign the contents and load them; tell whether the artifact works. Anything but ArtifactDamaged is raised."""
    contents = {name: value for name, value in contents.items() if name != "digest"}
    if isinstance(files := contents.get("files"), dict) and files.get(WEIGHTS) == CONTENTS["files"][WEIGHTS]:
        contents["files"] = {**files, WEIGHTS: sha256(weights)}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            artifact = load_bytes(sign(contents), weights, source="crafted")
            tagger = TopicTagger(artifact)
            check_self_test(tagger)
        except (ArtifactDamaged, ArtifactTooNew):
            return False
        for result in tagger.tag_many([TEXT, f"{TEXT} " * 300], page="never"):
            assert all(0 <= score <= 1 for score in result["scores"].values())
        tagger.explain(TEXT)
    shown = {"training": artifact.training, "metrics": artifact.metrics, "names": [t.names for t in artifact.tags]}
    assert msgspec.json.decode(msgspec.json.encode(shown)) == shown
    return True
