"""One labelled text, and the checks that make a record one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from model.artifact.validation import SLUG
from model.document import Document, FieldError
from model.errors import Problem

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Example:
    """A text with the tags that it has; every other tag, it has not."""

    id: str | int | float
    document: Document
    tags: frozenset[str]
    borderline: frozenset[str] = frozenset()
    """Tags on which a careful reader could decide the other way."""
    evidence: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Sentences that show a tag, by tag."""
    file: str = ""
    line: int = 0

    @cached_property
    def text(self) -> str:
        """Return the text that is read."""
        return self.document.read().text

    @property
    def is_teaser(self) -> bool:
        """Tell whether there is only a title, a lead or both."""
        return self.document.is_teaser


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
    document = Document()
    try:
        document = Document.of(record)
    except FieldError as error:
        problems.append(Problem(file, line, error.field, error.message))
    found: dict[str, frozenset[str]] = {}
    for name in ("tags", "borderline"):
        value = record.get(name)
        if value is None and name == "tags":
            problems.append(Problem(file, line, name, "is missing; a text without any tag has an empty list"))
        elif value is not None:
            try:
                found[name] = parse_tags(value)
            except ValueError as error:
                problems.append(Problem(file, line, name, str(error), getattr(error, "tag", "")))
    identity = record.get("id")
    if identity is not None and (isinstance(identity, bool) or not isinstance(identity, str | int)):
        problems.append(Problem(file, line, "id", f"must be a string, not {_show(identity)}"))
    if problems:
        return problems
    return Example(
        id=str(identity) if identity not in (None, "") else f"{file}:{line}",
        document=document,
        tags=found["tags"],
        borderline=found.get("borderline", frozenset()),
        file=file,
        line=line,
    )


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
