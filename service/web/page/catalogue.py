"""The page's words: every message in Vietnamese and English, out of one file, `messages.toml`.

>>> say = catalogue("en")
>>> say("rows", n=1), say("rows", n=1200)
('1 row', '1,200 rows')
>>> catalogue("vi").percent(0.974)
'97,4 %'
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

LANGUAGES = ("vi", "en")
"""The first one is for readers who have chosen none."""
_FILE = Path(__file__).parent / "messages.toml"
_OF_SCRIPTS = "js-"
"""The keys of the messages that scripts show begin with this."""


@dataclass(frozen=True)
class Catalogue:
    """The messages in one language."""

    language: str
    messages: Mapping[str, str]
    translations: Sequence[tuple[re.Pattern[str], str]]
    """What the model says in English, as patterns, with its translation; in English there are none."""

    def __call__(self, key: str, **values: object) -> str:
        """Return the message of a key with its values filled in; with n=1, that of `key-one` where there is one."""
        singular = f"{key}-one"
        message = self.messages[singular if values.get("n") == 1 and singular in self.messages else key]
        return message.format(**{name: self._shown(value) for name, value in values.items()})

    def _shown(self, value: object) -> str:
        return self.number(value) if isinstance(value, int) else str(value)

    def number(self, value: float | None, digits: int = 0, sign: str = "") -> str:
        """Return a number as the language writes it, None as a dash; `sign` "+" shows that of a positive one, too."""
        if value is None:
            return "–"
        written = f"{value:{sign},.{digits}f}"
        return written.translate(str.maketrans(",.", ".,")) if self.language == "vi" else written

    def percent(self, share: float) -> str:
        """Return a share of 1 in per cent, with one digit behind the point."""
        return f"{self.number(100 * share, 1)} %"

    def translated(self, english: str) -> str:
        """Return in this language what the model said in English; as it is where there is no translation."""
        for pattern, translation in self.translations:
            if match := pattern.fullmatch(english):
                return match.expand(translation)
        return english

    def has(self, key: str) -> bool:
        """Tell whether there is a message of this key."""
        return key in self.messages

    @property
    def of_scripts(self) -> dict[str, str]:
        """Return the messages that scripts show, without the `js-` of their keys."""
        return {
            key.removeprefix(_OF_SCRIPTS): text for key, text in self.messages.items() if key.startswith(_OF_SCRIPTS)
        }


@cache
def _entries() -> Mapping[str, Any]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


@cache
def catalogue(language: str) -> Catalogue:
    """Return the catalogue of one of LANGUAGES."""
    entries = _entries()
    messages = {key: texts[language] for key, texts in entries.items() if key != "translations"}
    translations = [
        (re.compile(entry["english"], re.DOTALL), entry[language])
        for entry in entries["translations"]
        if language in entry
    ]
    return Catalogue(language, messages, translations)
