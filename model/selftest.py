"""A small text that an artifact carries with the tags it must get, to prove anywhere that it tags as it should."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from model.artifact.files import Artifact
from model.errors import ArtifactDamaged
from model.tagger import TopicTagger

_TERMS_A_TAG = 4
_TOLERANCE = 1e-6


def with_self_test(artifact: Artifact) -> Artifact:
    """Return the artifact with a text of each tag's strongest terms, a sentence a tag, and what it is tagged with."""
    weights = artifact.sentence_weights
    term_of = np.arange(len(artifact.terms)).repeat(np.diff(weights.indptr))
    sentences = []
    for column in range(len(artifact.tags)):
        entries = np.flatnonzero(weights.tag == column)
        strongest = entries[np.argsort(-weights.weight[entries], kind="stable")[:_TERMS_A_TAG]]
        sentences.append(", ".join(artifact.terms[term] for term in term_of[strongest]) + ".\n")
    return replace(artifact, self_test={"text": "".join(sentences), **_tag(TopicTagger(artifact), "".join(sentences))})


def check_self_test(tagger: TopicTagger) -> None:
    """Raise ArtifactDamaged if the artifact does not tag its own text as it did when it was fitted."""
    expected = tagger.artifact.self_test
    found = _tag(tagger, expected.get("text", ""))
    same = found["tags"] == expected.get("tags") and all(
        abs(score - expected["scores"].get(tag, -1.0)) <= _TOLERANCE for tag, score in found["scores"].items()
    )
    if not same:
        raise ArtifactDamaged(
            f"version {tagger.version} tags its self-test with {found['tags']}, not with {expected.get('tags')}: "
            "fit it again with `chude train`"
        )


def _tag(tagger: TopicTagger, text: str) -> Mapping[str, Any]:
    outcome = tagger.tag_many([text], page="never", errors="return")[0]
    return {"tags": outcome["tags"], "scores": outcome["scores"]} if isinstance(outcome, dict) else {"tags": []}
