"""The tags that are known, and the names under which files may have them.

>>> vocabulary = Vocabulary({"elections": ["Bầu cử", "Elections"], "arms-control": []})
>>> vocabulary.resolve("bầu cử"), vocabulary.resolve("arms_control"), vocabulary.resolve("rice")
('elections', 'arms-control', 'rice')
>>> vocabulary.split("Bầu cử; arms-control rice")
['elections', 'arms-control', 'rice']
"""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from model.artifact.validation import MAX_SLUG_CHARS, SLUG
from model.document import shorten
from model.scan.spelling import normalise

_SEPARATORS = re.compile(r"[,;|\n]")
_BETWEEN_WORDS = re.compile(r"[\s_-]+")
_CLOSE = 0.75
"""Similarity, 0 to 1, from which one name may be a slip of another (difflib's ratio)."""


class BadTag(ValueError):
    """What stands for a tag is no slug, and the name of no tag or of several."""

    def __init__(self, tag: str, reason: str = "", meant: str | None = None) -> None:
        """Take what stands for the tag, the reason unless it is the letters, and the tag that may be meant."""
        most = f" ({MAX_SLUG_CHARS} characters at most)" if len(tag) > MAX_SLUG_CHARS else ""
        letters = f"use a-z, digits and single hyphens{most}, such as 'arms-control'"
        advice = f"did you mean {meant}?" if meant else "or a topic's name; part several by spaces, commas, ; or |"
        super().__init__(f"{shorten(repr(tag), MAX_SLUG_CHARS)} is no tag: {reason or f'{letters}; {advice}'}")
        self.tag = tag


class Vocabulary:
    """The known tags and their other names."""

    def __init__(self, names: Mapping[str, Iterable[str]] | None = None) -> None:
        """Take the names of each known tag."""
        names = names or {}
        self.tags = frozenset(names)
        self._by_name: defaultdict[str, set[str]] = defaultdict(set)
        for tag, spellings in names.items():
            for key in filter(None, map(_key, (tag, *spellings))):
                self._by_name[key].add(tag)

    def resolve(self, name: str) -> str:
        """Return the tag that a name stands for; a slug that is unknown stands for itself. Raises BadTag."""
        if name in self.tags:
            return name
        meant = self._by_name.get(_key(name), set())
        if len(meant) > 1:
            raise BadTag(name, f"it is the name of {' and '.join(sorted(meant))}: write one of them")
        if meant:
            return next(iter(meant))
        if SLUG.match(name):
            return name
        raise BadTag(name, meant=self.suggest(name))

    def split(self, value: str) -> list[str]:
        """Return the tags in one string, with spaces, commas, ; or | between them. Raises BadTag."""
        parts = (part.strip() for part in _SEPARATORS.split(value))
        return [self.resolve(name) for part in parts if part for name in self._names_in(part)]

    def _names_in(self, part: str) -> list[str]:
        return [part] if _key(part) in self._by_name else part.split()

    def suggest(self, unknown: str) -> str | None:
        """Return the known tag that `unknown` is most likely a slip of, if there is one."""
        close = difflib.get_close_matches(_key(unknown), self._by_name, n=1, cutoff=_CLOSE)
        return min(self._by_name[close[0]]) if close else None


def _key(name: str) -> str:
    """Return what is the same for all ways to write a name: case, the place of tone marks, what is between words."""
    return _BETWEEN_WORDS.sub(" ", normalise(name)).strip()


NO_NAMES = Vocabulary()
"""Knows no tag: what stands in a file must be slugs."""
