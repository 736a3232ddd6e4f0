"""New versions of the model for what a user decides of its tags: a name, a threshold, a merger, an end.

An edit is made in the live version and in what that was learnt from, so that the next retraining, which starts from
there, keeps it. Each is a line of `training.edits` in the manifest of the new version.
"""

from __future__ import annotations

import copy
import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np

from model.activation import activate
from model.artifact import Artifact, AttachedFile, Tag, load, versioned
from model.errors import FitError
from model.selftest import with_self_test
from model.versions import Versions
from training.corpus.topics import Topic
from training.fit.dense import WeightedTerms
from training.labels.tag_edits import Slugs

Edit: TypeAlias = Callable[[Artifact], Artifact]
"""Returns an edited artifact, or the same one where there is nothing to edit."""


def with_slugs(artifact: Artifact, slugs: Slugs) -> Artifact:
    """Return the artifact with some tags renamed or taken out. Raises FitError where no tag would be left."""
    if not any(tag.slug in slugs for tag in artifact.tags):
        return artifact
    kept = [n for n, tag in enumerate(artifact.tags) if slugs.get(tag.slug, tag.slug) is not None]
    if not kept:
        raise FitError("the model would have no tag left: add and learn another topic first")
    tags = tuple(replace(tag, slug=slugs.get(tag.slug) or tag.slug) for tag in map(artifact.tags.__getitem__, kept))
    weights = (artifact.sentence_weights.dense[:, kept], artifact.article_weights.dense[:, kept])
    terms = WeightedTerms.of(artifact.terms, *weights, artifact.idf)
    edited = replace(
        artifact,
        tags=tags,
        terms=terms.terms,
        sentence_weights=terms.sentence_weights,
        article_weights=terms.article_weights,
        idf=terms.idf,
        metrics=_figures(artifact.metrics, slugs),
        reference=_reference(artifact.reference, slugs),
    )
    return with_self_test(edited)


def with_topics(artifact: Artifact, topics: Mapping[str, Topic]) -> Artifact:
    """Return the artifact with the names of topics, and with the thresholds that were chosen by hand."""
    edited = replace(artifact, tags=tuple(_with_topic(tag, topics.get(tag.slug)) for tag in artifact.tags))
    return artifact if edited.tags == artifact.tags else with_self_test(edited)


def make_version(versions: Versions, edit: Edit, line: Mapping[str, Any]) -> str | None:
    """Make an edited version of the live one live, and return it; None where the edit changes nothing.

    `line` is what the manifest says of the edit. Raises ArtifactError, StorageError, FitError.
    """
    live = load(versions.folder())
    edited = edit(live)
    if edited is live:
        return None
    training = {**edited.training, "edits": [*edited.training.get("edits", []), dict(line)]}
    if base := live.training.get("base"):
        training["base"] = versions.add(versioned(edit(load(versions.folder(base)))))
    version = versions.add(versioned(replace(edited, training=training, version="")))
    activate(versions, version)
    return version


def _with_topic(tag: Tag, topic: Topic | None) -> Tag:
    if topic is None:
        return tag
    return replace(tag, names={**tag.names, **topic.names}, threshold=topic.threshold or tag.threshold)


def _figures(metrics: Mapping[str, Any], slugs: Slugs) -> dict[str, Any]:
    """Return cross-validated figures with the tags under their new slugs."""
    figures = copy.deepcopy(dict(metrics))
    for part in figures.values():
        for decisions in part.values() if isinstance(part, dict) else ():
            if isinstance(decisions, dict) and isinstance(by_tag := decisions.get("tags"), dict):
                decisions["tags"] = {
                    slug: its for tag, its in by_tag.items() if (slug := slugs.get(tag, tag)) is not None
                }
    return figures


def _reference(file: AttachedFile | None, slugs: Slugs) -> AttachedFile | None:
    """Return the reference set with its tags under their new slugs."""
    if file is None or not file.data:
        return file
    with np.load(io.BytesIO(file.data), allow_pickle=False) as arrays:
        changed = dict(arrays)
    tags = changed["tags"].tobytes().decode().split("\n")
    kept = [n for n, tag in enumerate(tags) if slugs.get(tag, tag) is not None]
    changed["tags"] = np.frombuffer("\n".join(slugs.get(tags[n]) or tags[n] for n in kept).encode(), np.uint8)
    changed["labels"] = changed["labels"][:, kept]
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **changed)
    return AttachedFile.of(buffer.getvalue())
