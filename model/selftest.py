"""A small text that an artifact carries with the tags it must get, to prove anywhere that it tags as it should."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from model.artifact.artifact import Artifact, SelfTest
from model.errors import ArtifactDamaged
from model.tagger import TopicTagger

_TERMS_PER_TAG = 4
_TOLERANCE = 1e-6
"""How far scores may lie apart: other processors and libraries add in another order."""


def with_self_test(artifact: Artifact) -> Artifact:
    """Return the artifact with a text of each tag's strongest terms, one sentence per tag, and the tags it gets."""
    weights = artifact.sentence_weights
    term_of = np.arange(len(artifact.terms)).repeat(np.diff(weights.indptr))
    sentences = []
    for column in range(len(artifact.tags)):
        entries = np.flatnonzero(weights.tag == column)
        strongest = entries[np.argsort(-weights.weight[entries], kind="stable")[:_TERMS_PER_TAG]]
        sentences.append(", ".join(artifact.terms[term] for term in term_of[strongest]) + ".\n")
    return replace(artifact, self_test=_tag(TopicTagger(artifact), "".join(sentences)))


def check_self_test(tagger: TopicTagger) -> None:
    """Raise ArtifactDamaged if the artifact does not tag its own text as it did when it was fitted."""
    expected = tagger.artifact.self_test
    if expected is None:
        raise ArtifactDamaged(f"version {tagger.version} has no self-test: fit it again with `chude train`")
    answer = _tag(tagger, expected.text)
    close = all(abs(score - expected.scores.get(tag, -1.0)) <= _TOLERANCE for tag, score in answer.scores.items())
    if answer.tags != expected.tags or not close:
        raise ArtifactDamaged(
            f"version {tagger.version} tags its self-test with {list(answer.tags)}, not with {list(expected.tags)}: "
            "fit it again with `chude train`"
        )


def _tag(tagger: TopicTagger, text: str) -> SelfTest:
    outcome = tagger.tag_many([text], page="never", errors="return")[0]
    return (
        SelfTest(text, tuple(outcome["tags"]), outcome["scores"])
        if isinstance(outcome, dict)
        else SelfTest(text, (), {})
    )
