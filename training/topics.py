"""The topics that a user has named, described or given key words: `topics.json` in the home folder.

A topic may stand here before any model knows its tag, and a tag of the model needs no topic here.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec

from model.artifact import Tag
from model.artifact.validation import MAX_SLUG_CHARS, SLUG
from model.document import shorten
from model.errors import ChudeError, StorageError
from model.files import write_whole
from model.storage import make_home, storage
from training.corpus.topics import Topic
from training.corpus.vocabulary import Vocabulary

FILE = "topics.json"
_Topics = dict[str, Topic]


class TopicError(ChudeError):
    """What is asked of the topics cannot be done."""

    code = "bad-topic"


class TopicUnknown(TopicError):
    """There is no such topic."""

    code = "unknown-topic"


class TopicTaken(TopicError):
    """There is such a topic already."""

    code = "topic-exists"


class Topics:
    """The topics in one home folder. Safe to use from several processes at once."""

    def __init__(self, home: Path) -> None:
        """Use the folder `home`, made at the first write."""
        self._home = home
        self._path = home / FILE

    def all(self) -> _Topics:
        """Return every topic by its tag. Raises StorageError where the file cannot be read."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=_Topics)
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.DecodeError) as error:
            raise StorageError(f"{self._path}: cannot be read ({error}): mend it, or remove it") from None

    def keep(self, tag: str, topic: Topic, *, new: bool = False) -> None:
        """Keep a topic under its tag, in place of what was there.

        Raises TopicError for a tag that is no slug, TopicTaken for one that must be `new` and is not, StorageError.
        """
        check_slug(tag)

        def change(topics: _Topics) -> None:
            if new and tag in topics:
                raise TopicTaken(f"{tag}: there is such a topic: change it with `chude topics set {tag}`")
            topics[tag] = topic

        self._change(change)

    def rename(self, tag: str, new: str) -> None:
        """Give what is kept under a tag another one, if there is anything."""

        def change(topics: _Topics) -> None:
            if tag in topics:
                topics[new] = topics.pop(tag)

        self._change(change)

    def remove(self, tags: Iterable[str]) -> None:
        """Forget what is kept under some tags."""

        def change(topics: _Topics) -> None:
            for tag in tags:
                topics.pop(tag, None)

        self._change(change)

    def _change(self, change: Callable[[_Topics], None]) -> None:
        make_home(self._home)
        with storage(self._home), (self._home / ".topics.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            topics = self.all()
            change(topics)
            with write_whole(self._path) as part:
                part.write_bytes(msgspec.json.format(msgspec.json.encode(dict(sorted(topics.items()))), indent=1))


def check_slug(tag: str) -> None:
    """Raise TopicError where a tag is no slug."""
    if not SLUG.match(tag):
        raise TopicError(f"{shorten(repr(tag), MAX_SLUG_CHARS)} is no tag: use a-z, digits and single hyphens")


def vocabulary_of(tags: Iterable[Tag], topics: Mapping[str, Topic], others: Iterable[str] = ()) -> Vocabulary:
    """Return the tags of a model, of topics and `others`, with the names that they have in a model and as topics."""
    names: dict[str, list[str]] = {tag: [] for tag in others}
    for tag in tags:
        names.setdefault(tag.slug, []).extend(tag.names.values())
    for slug, topic in topics.items():
        names.setdefault(slug, []).extend(topic.spellings)
    return Vocabulary(names)
