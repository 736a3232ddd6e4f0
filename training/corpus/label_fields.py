"""The fields of labels as files have them, each checked: tags, what was judged, evidence, a note.

>>> sorted(parse_tags("syria arms-control")), sorted(parse_judged(["gaza"]))
(['arms-control', 'syria'], ['gaza'])
>>> parse_evidence('{"syria": ["Bom rơi."]}')
{'syria': ('Bom rơi.',)}
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from model.document import shorten
from training.corpus.vocabulary import NO_NAMES, Vocabulary

_EVIDENCE = '{"a-tag": ["..."]}'
EVERY_TAG = "*"
"""Stands in `judged` for all tags, those that nobody has named yet among them; it is no slug."""
_BETWEEN_TAGS = re.compile(r"[\s,;|]+")


NOT_FILLED_IN = "?"
"""Stands in the tags of a table for a text that waits for its labels, as null does in JSON."""


def parse_tags(value: object, vocabulary: Vocabulary = NO_NAMES) -> frozenset[str]:
    """Return the tags in a list of slugs or names, or in one string that separates them. Raises ValueError."""
    if isinstance(value, str):
        if value.strip() == NOT_FILLED_IN:
            raise ValueError(f"is {value.strip()}: fill in the tags, or nothing for a text without any")
        return frozenset(vocabulary.split(value))
    if not isinstance(value, list) or not all(isinstance(slug, str) for slug in value):
        raise ValueError(f'must be a list of tags such as ["syria"], not {_show(value)}')
    return frozenset(map(vocabulary.resolve, value))


def parse_judged(value: object, vocabulary: Vocabulary = NO_NAMES) -> frozenset[str] | None:
    """Return the tags that were decided on, EVERY_TAG for all; None where that is not said. Raises ValueError."""
    if value is None:
        return None
    # A list that names tags beside all of them says no more than all of them.
    listed = _BETWEEN_TAGS.split(value) if isinstance(value, str) else value
    if isinstance(listed, list) and EVERY_TAG in listed:
        return frozenset({EVERY_TAG})
    return parse_tags(value, vocabulary)


def union_of_judged(*judged: Iterable[str]) -> frozenset[str]:
    """Return all tags that were decided on; EVERY_TAG alone where it is among them, for it stands for the others.

    >>> sorted(union_of_judged({"syria"}, {"gaza"})), sorted(union_of_judged({"syria"}, {"*"}))
    (['gaza', 'syria'], ['*'])
    """
    union = frozenset().union(*judged)
    return frozenset({EVERY_TAG}) if EVERY_TAG in union else union


def parse_note(value: object) -> str:
    """Return a note. Raises ValueError for one that is neither a string nor a number."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"must be a string, not {_show(value)}")
    return str(value)


def parse_evidence(value: object, vocabulary: Vocabulary = NO_NAMES) -> dict[str, tuple[str, ...]]:
    """Return the sentences that show each tag, given as an object, or in a table as JSON. Raises ValueError."""
    if isinstance(value, str):
        try:
            value = msgspec.json.decode(value)
        except msgspec.DecodeError as error:
            raise ValueError(f"must be JSON such as {_EVIDENCE} ({error})") from None
    try:
        evidence = msgspec.convert(value, dict[str, tuple[str, ...]])
    except msgspec.ValidationError:
        raise ValueError(f"must be an object such as {_EVIDENCE}, not {_show(value)}") from None
    return {vocabulary.resolve(tag): sentences for tag, sentences in evidence.items()}


def _show(value: object) -> str:
    return f"{type(value).__name__} {shorten(repr(value), 40)}"
