"""The topics file: names of the tags for people, and key words for the simplest baseline."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

from model.errors import DataError, Problem


def read_topics(path: Path | None) -> dict[str, Mapping[str, object]]:
    """Return the table of each topic in a TOML file such as seeds/topics.toml, by tag. Raises DataError."""
    if path is None:
        return {}
    try:
        topics = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError([Problem(str(path), 0, "", f"not a readable TOML file: {error}")]) from None
    if not all(isinstance(table, dict) for table in topics.values()):
        raise DataError([Problem(str(path), 0, "", "must have one table per tag, such as [ukraine]")])
    return topics


def topic_names(topics: Mapping[str, Mapping[str, object]]) -> dict[str, dict[str, str]]:
    """Return the names of each tag by language code."""
    return {
        tag: {language: str(table[language]) for language in ("vi", "en") if language in table}
        for tag, table in topics.items()
    }
