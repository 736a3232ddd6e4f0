"""Spellings of names: a file that says which ones are the same, and what a fit makes of it.

A spelling of one word by one word ("Ucraina" for "Ukraine") is read as the other one, in training and in tagging alike.
Where one of the two has several words ("U-crai-na", "Bắc Hàn" for "Triều Tiên"), each term that the name stands in gets
a copy with the other spelling and the same weights once the fit is done. Neither costs time when texts are tagged.

>>> variants = Variants({"ukraine": ("ucraina", "u crai na")})
>>> variants.words, variants.copies(["ukraine", "ở ukraine", "tổng thống ukraine nói"])
({'ukraine': ('ucraina',)}, [('u crai na', 0), ('ở u crai na', 1)])
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from model.errors import DataError, Problem
from model.scan.spelling import normalise
from model.scan.terms import MAX_TERM_WORDS
from training.fit.dense import WeightedTerms


@dataclass(frozen=True)
class Variants:
    """Other spellings of names, by the canonical one; all in canonical spelling of their words."""

    spellings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def words(self) -> dict[str, tuple[str, ...]]:
        """Return the other spellings, of one word, of the names of one word."""
        single = {
            name: tuple(other for other in others if " " not in other)
            for name, others in self.spellings.items()
            if " " not in name
        }
        return {name: others for name, others in single.items() if others}

    def copies(self, terms: Sequence[str]) -> list[tuple[str, int]]:
        """Return the terms to add, none of which stands among `terms`, each with the number of its original."""
        known = set(terms)
        phrases = [pair for pair in self._phrases() if " " in "".join(pair)]
        added: dict[str, int] = {}
        for number, term in enumerate(terms):
            for name, other in phrases:
                if f" {name} " in f" {term} ":
                    copy = f" {term} ".replace(f" {name} ", f" {other} ").strip()
                    if copy not in known and copy.count(" ") < MAX_TERM_WORDS:
                        added.setdefault(copy, number)
        return list(added.items())

    def _phrases(self) -> Iterator[tuple[str, str]]:
        return ((name, other) for name, others in self.spellings.items() for other in others)


def read_variants(path: Path | None) -> Variants:
    """Return the spellings in a TOML file such as seeds/variants.toml. Raises DataError."""
    if path is None:
        return Variants()
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError([Problem(str(path), 0, "", f"not a readable TOML file: {error}")]) from None
    spellings: dict[str, tuple[str, ...]] = {}
    name_of: dict[str, str] = {}
    for given, others in table.items():
        name = normalise(given)
        if not name or not isinstance(others, list) or not all(isinstance(o, str) and normalise(o) for o in others):
            message = 'must be a name with a list of its other spellings, such as ukraine = ["ucraina", "u-crai-na"]'
            raise DataError([Problem(str(path), 0, given, message)])
        spellings[name] = tuple(dict.fromkeys(normalise(other) for other in others))
        for spelling in spellings[name]:
            if f" {name} " in f" {spelling} ":
                message = f"{spelling!r} has {name!r} in it, and counts as it already: leave it out"
                raise DataError([Problem(str(path), 0, given, message)])
        for spelling in (name, *spellings[name]):
            if name_of.setdefault(spelling, name) != name:
                message = f"{spelling!r} is a spelling of {name_of[spelling]!r} already: leave one of them out"
                raise DataError([Problem(str(path), 0, given, message)])
    return Variants(spellings)


def with_variants(kept: WeightedTerms, variants: Variants) -> WeightedTerms:
    """Return the weighted terms, and behind them the copies that `Variants.copies` adds, with the same weights."""
    copies = variants.copies(kept.terms)
    rows = np.array([*range(len(kept.terms)), *(original for _, original in copies)], np.int64)
    terms = [*kept.terms, *(term for term, _ in copies)]
    sentence, article = kept.sentence_weights.dense[rows], kept.article_weights.dense[rows]
    return WeightedTerms.of(terms, sentence, article, kept.idf[rows])
