"""Topics: what a tag is called, what it means, its key words, and where its threshold is to stand.

They stand in a TOML file that a command is given (`read_topics`), and in the home folder (`training.topics`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec

from model.errors import DataError, Problem

LANGUAGES = ("vi", "en")
Share = Annotated[float, msgspec.Meta(gt=0, lt=1)]


class Topic(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """What people say of a tag."""

    names: Mapping[str, str] = {}
    """Names by language code, such as "vi" and "en"."""
    description: str = ""
    keywords: tuple[str, ...] = ()
    """Words and phrases that texts of the topic have, as they are written."""
    synonyms: tuple[str, ...] = ()
    """Further names that files may have in place of the tag."""
    threshold: Share | None = None
    """Chosen by hand; None for that of the fit."""
    precision: Share | None = None
    """What the threshold is chosen for, in place of F1; None for no such aim."""

    @property
    def spellings(self) -> tuple[str, ...]:
        """Return all names and synonyms."""
        return (*self.names.values(), *self.synonyms)


def read_topics(path: Path | None) -> dict[str, Topic]:
    """Return the topic of each table in a TOML file such as seeds/topics.toml, by tag. Raises DataError.

    A table has the fields of `Topic`, but for its names, which are fields of their own by language: `vi`, `en`.
    """
    if path is None:
        return {}
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        message = f"cannot be read ({error.strerror}): name a TOML file with a table for each topic"
        raise DataError([Problem(str(path), 0, "", message)]) from None
    except ValueError as error:
        raise DataError([Problem(str(path), 0, "", f"not a readable TOML file: {error}")]) from None
    return {tag: _topic(str(path), tag, table) for tag, table in tables.items()}


def _topic(file: str, tag: str, table: object) -> Topic:
    if not isinstance(table, dict):
        raise DataError([Problem(file, 0, tag, "must have one table per tag, such as [ukraine]")])
    names = {language: table[language] for language in LANGUAGES if language in table}
    fields = {name: value for name, value in table.items() if name not in LANGUAGES}
    try:
        return msgspec.convert({"names": names, **fields}, Topic)
    except msgspec.ValidationError as error:
        raise DataError([Problem(file, 0, tag, str(error))]) from None


def topic_names(topics: Mapping[str, Topic]) -> dict[str, Mapping[str, str]]:
    """Return the names of each tag by language code."""
    return {tag: topic.names for tag, topic in topics.items()}
