"""One labelled text, and the checks that make a record one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from model.artifact.validation import SLUG
from model.errors import Problem

Flags = npt.NDArray[np.bool_]
PARTS = ("title", "lead", "body")
"""The fields of a text that comes in parts."""


@dataclass(frozen=True)
class Example:
    """A text with the tags that it has; every other tag, it has not."""

    id: str
    text: str
    tags: frozenset[str]
    borderline: frozenset[str] = frozenset()
    """Tags on which a careful reader could decide the other way."""
    is_teaser: bool = False
    """The record came in parts and had no body."""
    file: str = ""
    line: int = 0


class BadTag(ValueError):
    """A tag is no slug."""

    def __init__(self, tag: str) -> None:
        super().__init__(f"{tag!r} is no tag: use a-z, digits and single hyphens, such as 'arms-control'")
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


def parse_record(record: object, file: str, line: int) -> Example | list[Problem]:
    """Check one record; return the example, or everything that is wrong with it."""
    if not isinstance(record, Mapping):
        return [Problem(file, line, "", 'must be an object such as {"text": "...", "tags": ["syria"]}')]
    problems: list[Problem] = []
    text = _parse_text(record, file, line, problems)
    found: dict[str, frozenset[str]] = {}
    for field in ("tags", "borderline"):
        value = record.get(field)
        if value is None and field == "tags":
            problems.append(Problem(file, line, field, "is missing; a text without any tag has an empty list"))
        elif value is not None:
            try:
                found[field] = parse_tags(value)
            except ValueError as error:
                problems.append(Problem(file, line, field, str(error), getattr(error, "tag", "")))
    identity = record.get("id")
    if identity is not None and (isinstance(identity, bool) or not isinstance(identity, str | int)):
        problems.append(Problem(file, line, "id", f"must be a string, not {_show(identity)}"))
    if problems:
        return problems
    return Example(
        id=str(identity) if identity not in (None, "") else f"{file}:{line}",
        text=text,
        tags=found["tags"],
        borderline=found.get("borderline", frozenset()),
        is_teaser="text" not in record and not (record.get("body") or "").strip(),
        file=file,
        line=line,
    )


def _parse_text(record: Mapping[str, Any], file: str, line: int, problems: list[Problem]) -> str:
    fields = ("text",) if record.get("text") is not None else PARTS
    present = [field for field in fields if record.get(field) is not None]
    if not present:
        problems.append(Problem(file, line, "text", 'is missing; give "text", or "title", "lead" and "body"'))
    parts = []
    for field in PARTS if "text" in present else ():  # not read, but what is wrong with them may be a mistake elsewhere
        if not isinstance(record.get(field), str | None):
            problems.append(Problem(file, line, field, f"must be a string, not {_show(record[field])}"))
    for field in present:
        value = record[field]
        if not isinstance(value, str):
            problems.append(Problem(file, line, field, f"must be a string, not {_show(value)}"))
        elif any("\ud800" <= char <= "\udfff" for char in value):
            problems.append(
                Problem(file, line, field, "has half a character (a lone surrogate): export the file again")
            )
        else:
            parts.append(value)
    text = "\n".join(part for part in parts if part.strip())
    if present and len(parts) == len(present) and not text:
        problems.append(Problem(file, line, present[0], "is empty: a text needs at least one word"))
    return text


def _show(value: object) -> str:
    shown = repr(value)
    return f"{type(value).__name__} {shown[:40]}{'...' if len(shown) > 40 else ''}"


def tag_names(examples: Iterable[Example]) -> list[str]:
    """Return every tag that some example has or finds borderline, sorted."""
    return sorted({tag for example in examples for tag in example.tags | example.borderline})


def suggest_tag(unknown: str, known: Iterable[str]) -> str | None:
    """Return the known tag that `unknown` is most likely a misspelling of, if any is close."""
    by_lower = {tag.lower(): tag for tag in known}
    close = difflib.get_close_matches(unknown.lower(), by_lower, n=1, cutoff=0.75)
    return by_lower[close[0]] if close else None


def label_matrix(examples: Sequence[Example], tags: Sequence[str]) -> Flags:
    """Return which example has which tag, shape (examples, tags)."""
    return np.array([[tag in example.tags for tag in tags] for example in examples], bool).reshape(
        len(examples), len(tags)
    )


def borderline_matrix(examples: Sequence[Example], tags: Sequence[str]) -> Flags:
    """Return for which example which tag is borderline, shape (examples, tags)."""
    return np.array([[tag in example.borderline for tag in tags] for example in examples], bool).reshape(
        len(examples), len(tags)
    )


def teaser_flags(examples: Sequence[Example]) -> Flags:
    """Return which examples are teasers, shape (examples,)."""
    return np.array([example.is_teaser for example in examples], bool)
