"""The fields of a JSON object of unknown origin, each taken out with the type that it must have.

>>> fields = Fields({"slug": "rice", "support": 7, "threshold": None}, "tags[0]")
>>> fields.text("slug"), fields.whole("support")
('rice', 7)
>>> fields.number("threshold")
Traceback (most recent call last):
ValueError: tags[0].threshold must be a finite number, not NoneType None
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any, NoReturn

_ANY = re.compile("")
_MAX_DEPTH = 32
_MAX_WHOLE = (1 << 63) - 1
"""Largest whole number that all readers of JSON take."""


class Fields:
    """An object of JSON. All methods raise ValueError, which names the field, where it is missing or another one."""

    def __init__(self, values: object, place: str) -> None:
        """Take the parsed object and where it stands."""
        if not isinstance(values, dict):
            raise ValueError(f"{place} must be an object, not {_show(values)}")
        self.values: dict[str, Any] = values
        self._place = place

    def text(self, name: str, pattern: re.Pattern[str] = _ANY) -> str:
        """Return a string, one that the pattern matches from its beginning."""
        value = self.values.get(name)
        if not isinstance(value, str) or not pattern.match(value):
            self._refuse(name, "a string" if pattern is _ANY else f"a string like {pattern.pattern}")
        return value

    def number(self, name: str) -> float:
        """Return a finite number."""
        value = self.values.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not _is_moderate(value):
            self._refuse(name, "a finite number")
        return value

    def whole(self, name: str, least: int = 0) -> int:
        """Return a whole number that is at least `least`."""
        value = self.values.get(name)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= _MAX_WHOLE:
            self._refuse(name, f"a whole number from {least}")
        return value

    def object(self, name: str) -> Fields:
        """Return the fields of an object."""
        return Fields(self.values.get(name), self._at(name))

    def objects(self, name: str) -> Iterator[Fields]:
        """Yield the fields of each object in an array."""
        values = self.values.get(name)
        if not isinstance(values, list):
            self._refuse(name, "an array")
        return (Fields(value, f"{self._at(name)}[{n}]") for n, value in enumerate(values))

    def list_of_texts(self, name: str) -> tuple[str, ...]:
        """Return the strings of an array."""
        values = self.values.get(name)
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            self._refuse(name, "an array of strings")
        return tuple(values)

    def texts(self) -> dict[str, str]:
        """Return all fields, which must be strings."""
        return {name: self.text(name) for name in self.values}

    def numbers(self) -> dict[str, float]:
        """Return all fields, which must be finite numbers."""
        return {name: self.number(name) for name in self.values}

    def _at(self, name: str) -> str:
        return f"{self._place}.{name}"

    def _refuse(self, name: str, expected: str) -> NoReturn:
        if name not in self.values:
            raise ValueError(f"{self._at(name)} is missing; it must be {expected}")
        raise ValueError(f"{self._at(name)} must be {expected}, not {_show(self.values[name])}")


def check_plain(value: object, depth: int = 0) -> None:
    """Raise ValueError unless every part of a value can be written as JSON again, by any writer."""
    if depth > _MAX_DEPTH:
        raise ValueError(f"it is nested more than {_MAX_DEPTH} deep")
    if isinstance(value, str):
        value.encode("utf-8")
    elif isinstance(value, int | float) and not _is_moderate(value):
        raise ValueError(f"{_show(value)} is no finite number of 64 bits")
    elif isinstance(value, dict):
        for name, inner in value.items():
            check_plain(name)
            check_plain(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            check_plain(inner, depth + 1)


def _is_moderate(value: float) -> bool:
    return abs(value) <= _MAX_WHOLE if isinstance(value, int) else math.isfinite(value)


def _show(value: object) -> str:
    kind = type(value).__name__
    return f"{kind} {value!r:.40}" if value is None or isinstance(value, str | float) else kind
