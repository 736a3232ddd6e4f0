"""The shapes of what /topics takes and gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

from msgspec import UNSET, Struct, UnsetType

from training.corpus.topics import Share


class Topic(TypedDict):
    """One tag of the live model."""

    tag: str
    names: Mapping[str, str]
    threshold: float
    support: int
    f1: float | None
    """None where too few labels tell it."""
    description: str
    keywords: Sequence[str]


class TopicNotLearnt(TypedDict):
    """A topic that the live model cannot give yet."""

    tag: str
    names: Mapping[str, str]
    description: str
    keywords: Sequence[str]


class Topics(TypedDict):
    """The tags that the live model can give, and those that wait for labels or for retraining."""

    model: str
    topics: list[Topic]
    not_learnt: list[TopicNotLearnt]


class TopicDetails(TypedDict):
    """All that is known of a topic."""

    tag: str
    names: Mapping[str, str]
    description: str
    keywords: Sequence[str]
    synonyms: Sequence[str]
    labels: int
    """Texts in the label store that have the tag."""
    threshold: float | None
    """That of the live model; null where it does not know the tag."""
    precision: float | None
    """What the threshold was chosen for."""
    support: int
    f1: float | None


class NewTopic(Struct, forbid_unknown_fields=True):
    """A topic to add."""

    tag: str
    names: Mapping[str, str] = {}
    """Names by language code: vi, en."""
    description: str = ""
    keywords: tuple[str, ...] = ()
    synonyms: tuple[str, ...] = ()


class TopicChange(Struct, forbid_unknown_fields=True):
    """The fields of a topic that change; those that are not sent stay as they are."""

    names: Mapping[str, str] | UnsetType = UNSET
    description: str | UnsetType = UNSET
    keywords: tuple[str, ...] | UnsetType = UNSET
    synonyms: tuple[str, ...] | UnsetType = UNSET
    threshold: Share | UnsetType = UNSET
    """Probability from which the tag is given."""
    precision: Share | UnsetType = UNSET
    """Chooses the threshold for this precision on labelled texts; not together with a threshold."""


class TopicName(Struct, forbid_unknown_fields=True):
    """The tag that a topic gets."""

    to: str


class TopicMerger(Struct, forbid_unknown_fields=True):
    """The topics to merge into another one."""

    tags: list[str]


class TopicEdit(TypedDict):
    """What an edit changed."""

    version: str | None
    """The new live version; null where the model did not change."""
    labels_changed: int
    threshold: NotRequired[float]
    """The threshold that was chosen for a precision, and what it reached on labelled texts."""
    precision: NotRequired[float]
    recall: NotRequired[float]
