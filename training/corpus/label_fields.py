"""The fields of labels as files have them, each checked: tags, what was judged, evidence, a note.

>>> sorted(parse_tags("syria arms-control")), sorted(parse_judged(["gaza"]))
(['arms-control', 'syria'], ['gaza'])
>>> parse_evidence('{"syria": ["Bom rơi."]}')
{'syria': ('Bom rơi.',)}
"""

from __future__ import annotations

import msgspec

from model.artifact.validation import MAX_SLUG_CHARS, SLUG
from model.document import shorten

_EVIDENCE = '{"a-tag": ["..."]}'
EVERY_TAG = "*"
"""Stands in `judged` for all tags, those that nobody has named yet among them; it is no slug."""


class BadTag(ValueError):
    """A tag is no slug."""

    def __init__(self, tag: str) -> None:
        most = f" ({MAX_SLUG_CHARS} characters at most)" if len(tag) > MAX_SLUG_CHARS else ""
        super().__init__(
            f"{shorten(repr(tag), MAX_SLUG_CHARS)} is no tag: use a-z, digits and single hyphens{most}, "
            "such as 'arms-control'"
        )
        self.tag = tag


def parse_tags(value: object) -> frozenset[str]:
    """Return the slugs in a list of strings, or in one string separated by spaces. Raises ValueError."""
    slugs = value.split() if isinstance(value, str) else value
    if not isinstance(slugs, list) or not all(isinstance(slug, str) for slug in slugs):
        raise ValueError(f'must be a list of tags such as ["syria"], not {_show(value)}')
    for slug in slugs:
        if not SLUG.match(slug):
            raise BadTag(slug)
    return frozenset(slugs)


def parse_judged(value: object) -> frozenset[str] | None:
    """Return the tags that were decided on, EVERY_TAG for all; None where that is not said. Raises ValueError."""
    if value is None:
        return None
    return frozenset({EVERY_TAG}) if value in (EVERY_TAG, [EVERY_TAG]) else parse_tags(value)


def parse_note(value: object) -> str:
    """Return a note. Raises ValueError for one that is neither a string nor a number."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"must be a string, not {_show(value)}")
    return str(value)


def parse_evidence(value: object) -> dict[str, tuple[str, ...]]:
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
    parse_tags(list(evidence))
    return evidence


def _show(value: object) -> str:
    return f"{type(value).__name__} {shorten(repr(value), 40)}"
