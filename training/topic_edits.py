"""The use cases of `chude topics`: names, thresholds, mergers and ends of topics, in labels and model alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from model.artifact import Artifact, load, read_manifest
from model.versions import Versions
from training.corpus.topics import Topic
from training.labels.store import LabelStore
from training.labels.tag_edits import Slugs, edit_labels
from training.precision_aim import AimedThreshold, aim_at_precision
from training.topic_versions import make_version, with_slugs, with_topics
from training.topics import TopicError, Topics, TopicTaken, TopicUnknown, check_slug


@dataclass(frozen=True)
class TopicState:
    """All that is known of one topic."""

    tag: str
    topic: Topic
    """As a user has it, with the names that the model has where the user gave no others."""
    n_labels: int
    """Texts in the store that have the tag."""
    threshold: float | None
    """That of the live model; None where it does not know the tag."""
    support: int
    """Examples that the live model has learnt the tag from."""
    f1: float | None

    def as_record(self) -> dict[str, Any]:
        """Return what the command line and HTTP show of the topic."""
        topic = self.topic
        return {
            "tag": self.tag,
            "names": dict(topic.names),
            "description": topic.description,
            "keywords": topic.keywords,
            "synonyms": topic.synonyms,
            "labels": self.n_labels,
            "threshold": self.threshold,
            "precision": topic.precision,
            "support": self.support,
            "f1": self.f1,
        }


@dataclass(frozen=True)
class Edited:
    """What an edit of topics came to."""

    version: str | None
    """The new live version; None where the model did not change."""
    n_labellings: int = 0
    """Labels in the store that were changed, older ones of the same text counted."""
    aimed: AimedThreshold | None = None


class TopicDesk:
    """The topics of one home folder with its labels and versions."""

    def __init__(self, versions: Versions, store: LabelStore, who: str) -> None:
        """Take the versions, the labels, and who is at work, for the manifests."""
        self._versions, self._store, self._who = versions, store, who
        self._topics = Topics(versions.home)

    def states(self) -> list[TopicState]:
        """Return every tag of the live model, of the labels and of the topics, in order of the alphabet."""
        topics, counts = self._topics.all(), self._store.stats().tags
        tags = {tag.slug: tag for tag in read_manifest(self._versions.folder()).tags}
        states = []
        for slug in sorted({*topics, *counts, *tags}):
            tag, topic = tags.get(slug), topics.get(slug, Topic())
            named = msgspec.structs.replace(topic, names={**(tag.names if tag else {}), **topic.names})
            learnt = (tag.threshold, tag.support, tag.told_f1) if tag else (None, 0, None)
            states.append(TopicState(slug, named, counts.get(slug, 0), *learnt))
        return states

    def state(self, tag: str) -> TopicState:
        """Return what is known of one topic. Raises TopicUnknown."""
        for state in self.states():
            if state.tag == tag:
                return state
        raise TopicUnknown(f"{tag}: there is no such topic: `chude topics list` shows them")

    def add(self, tag: str, topic: Topic) -> None:
        """Keep a topic that nobody knows yet. Raises TopicTaken, TopicError."""
        if tag in {state.tag for state in self.states()} - self._store.stats().tags.keys():
            raise TopicTaken(f"{tag}: there is such a topic: change it with `chude topics set {tag}`")
        self._topics.keep(tag, topic, new=True)

    def set(self, tag: str, **changes: Any) -> Edited:
        """Change fields of a topic; a name or threshold makes a new version live where the live one knows the tag.

        With `precision` the threshold is chosen for it. Raises TopicUnknown, FitError.
        """
        state = self.state(tag)
        aimed = None
        if (precision := changes.get("precision")) is not None:
            if state.threshold is None:
                raise TopicError(f"{tag}: the live model does not know it yet: `chude retrain` first, then aim")
            held_out = list(self._store.judged_examples(held_out=True))
            aimed = aim_at_precision(load(self._versions.folder()), tag, precision, held_out)
            changes["threshold"] = aimed.threshold
        elif "threshold" in changes:
            changes["precision"] = None
        kept = self._topics.all().get(tag, Topic())
        topic = msgspec.structs.replace(kept, **changes)
        line = {"by": self._who, "topic": tag, "set": {name: changes[name] for name in _IN_MODEL if changes.get(name)}}
        version = None
        if line["set"] and state.threshold is not None:
            version = make_version(self._versions, lambda artifact: with_topics(artifact, {tag: topic}), line)
        self._topics.keep(tag, topic)
        return Edited(version, aimed=aimed)

    def rename(self, tag: str, new: str) -> Edited:
        """Give a topic another tag, everywhere. Raises TopicUnknown, TopicTaken, TopicError."""
        self.state(tag)
        check_slug(new)
        if new in {state.tag for state in self.states()}:
            raise TopicTaken(f"{new}: there is such a topic: `chude topics merge {tag} {new}` makes one of both")
        return self._edit({tag: new}, {"renamed": tag, "to": new})

    def merge(self, tags: Sequence[str], into: str) -> Edited:
        """Make several topics one: labels have the one tag, and the model keeps its weights until it is retrained.

        Raises TopicUnknown.
        """
        for tag in (*tags, into):
            self.state(tag)
        return self._edit({**dict.fromkeys(tags, into), into: into}, {"merged": list(tags), "into": into})

    def remove(self, tag: str) -> Edited:
        """Take a topic out of the labels, the model and the topics. Raises TopicUnknown, FitError."""
        self.state(tag)
        return self._edit({tag: None}, {"removed": tag})

    def _edit(self, slugs: Slugs, line: Mapping[str, Any]) -> Edited:
        """Edit the model, then the labels, then the topics: the model first, as it may refuse."""
        in_model = _slugs_in_model(slugs, {tag.slug for tag in read_manifest(self._versions.folder()).tags})

        def edit(artifact: Artifact) -> Artifact:
            return with_slugs(artifact, in_model)

        version = make_version(self._versions, edit, {"by": self._who, **line})
        n_labellings = edit_labels(self._store, slugs)
        for old, new in slugs.items():
            if new is None or new in slugs:
                if old != new:
                    self._topics.remove([old])
            else:
                self._topics.rename(old, new)
        return Edited(version, n_labellings)


_IN_MODEL = ("names", "threshold", "precision")
"""Fields of a topic that a version of the model has as well."""


def _slugs_in_model(slugs: Slugs, known: set[str]) -> Slugs:
    """Return what becomes of the tags of a model: of several that become one, one stays, the one that they become."""
    result: dict[str, str | None] = {}
    taken = {new for old, new in slugs.items() if old == new and old in known}
    for old in sorted(slugs.keys() & known):
        new = slugs[old]
        if new == old:
            continue
        result[old] = None if new in taken else new
        if new is not None:
            taken.add(new)
    return result
