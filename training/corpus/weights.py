"""How much a record counts in a fit: its own `weight`, times that of each rule that matches it.

>>> taken = WeightRule.parse("read:false=0.2")
>>> rest = WeightRule.parse("articles-*.jsonl=0.5")
>>> weight_of({"read": False}, "data/articles-rest.jsonl", [taken, rest])
0.1
>>> weight_of({"read": True, "weight": 2}, "data/stream.jsonl", [taken, rest])
2.0
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import PurePath

from model.document import shorten

WEIGHT = "weight"
"""The field of a record that has its own weight."""
_FORM = "must be FILE=NUMBER or FIELD:VALUE=NUMBER, such as 'articles-*.jsonl=0.5' or 'read:false=0.2'"


@dataclass(frozen=True)
class WeightRule:
    """Some records weigh more or less than others: those of some files, or those with a value in a field."""

    weight: float
    files: str = ""
    """Pattern of a shell for the file's name, or for its path as given; empty where the rule is about a field."""
    field: str = ""
    value: str = ""
    """As JSON writes it, without quotation marks."""

    @classmethod
    def parse(cls, text: str) -> WeightRule:
        """Return the rule that an option such as "read:false=0.2" gives. Raises ValueError."""
        what, equals, number = text.rpartition("=")
        if not equals or not what:
            raise ValueError(f"{_FORM}, not {text!r}")
        weight = check_weight(number)
        field, colon, value = what.partition(":")
        return cls(weight, field=field, value=value) if colon and field else cls(weight, files=what)

    def matches(self, fields: Mapping[str, object], file: str) -> bool:
        """Tell whether a record with these fields, in this file, is one that the rule is about."""
        if self.files:
            return fnmatch(file, self.files) or fnmatch(PurePath(file).name, self.files)
        return self.field in fields and _written(fields[self.field]) == self.value


def weight_of(fields: Mapping[str, object], file: str, rules: Sequence[WeightRule] = ()) -> float:
    """Return the weight of a record in a file. Raises ValueError where its own is no weight."""
    own = fields.get(WEIGHT)
    weight = 1.0 if own is None or own == "" else check_weight(own)
    return weight * math.prod(rule.weight for rule in rules if rule.matches(fields, file))


def check_weight(value: object) -> float:
    """Return the number. Raises ValueError unless it is above 0 and finite."""
    try:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValueError
        weight = float(value)
        if not 0 < weight < math.inf:
            raise ValueError
    except (ValueError, OverflowError):
        raise ValueError(f"must be a number above 0, not {shorten(repr(value), 40)}") from None
    return weight


def _written(value: object) -> str:
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)
