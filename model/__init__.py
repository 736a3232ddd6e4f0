"""Text to tags: `TopicTagger.load().tag(text)`. Needs numpy and nothing else."""

from model.errors import (
    ArtifactDamaged,
    ArtifactError,
    ArtifactMissing,
    ArtifactTooNew,
    ChudeError,
    DataError,
    EmptyText,
    FitError,
    NoArticle,
    PageTooComplex,
    TextError,
    TextTooLong,
    UnreadableText,
)
from model.tagger import Tagging, TopicTagger

__all__ = [
    "ArtifactDamaged",
    "ArtifactError",
    "ArtifactMissing",
    "ArtifactTooNew",
    "ChudeError",
    "DataError",
    "EmptyText",
    "FitError",
    "NoArticle",
    "PageTooComplex",
    "Tagging",
    "TextError",
    "TextTooLong",
    "TopicTagger",
    "UnreadableText",
]
