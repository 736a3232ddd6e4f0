"""Documents brought into the one buffer in which they are read, each as the prose that is its article.

Almost every text is read as it came. Which ones need a look is seen by array operations on the symbols of all of them;
only those are looked at one by one: pages, HTML, mojibake, entities, addresses, marks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from model.document import Document
from model.errors import TextError
from model.page.content import Page, article_in, content_of
from model.page.html import Extractor, extract_html
from model.page.signs import find_suspects
from model.scan.alphabet import PERIOD, SIGN, SYMBOL_OF, SYMBOLS
from model.scan.noise import has_noise
from model.scan.sentences import TEXT_END
from model.scan.spelling import repair
from model.scan.words import Codes, Ints, Symbols, encode, find_symbols

Records = Mapping[int, Document]
NO_RECORDS: Records = MappingProxyType({})
_A = np.uint8(1 + SYMBOLS.index("a"))
_SMALL_A = np.uint16(ord("a"))
_N_LATIN = 26
_W = 1 + SYMBOLS.index("w")
_SLASH = ord("/")
_NOISE = frozenset(map(ord, "&@"))
_ALL_BUT_LOWEST_BIT = np.uint8(0xFE)
"""Only `SIGN` and `IRREGULAR` are equal to `SIGN` in these bits."""
_FEW_TEXTS = 3
"""Up to so many texts are looked at one by one: that takes less time than a look at the block."""


class Signs(NamedTuple):
    """The numbers of the texts that are looked at one by one, by what they have."""

    content: set[int]
    """Something that may be HTML or mojibake."""
    noise: set[int]
    """Something that may be an entity or an address."""
    marks: set[int]
    """Combining marks or invisible characters."""


class Buffer(NamedTuple):
    """Texts side by side."""

    codes: Codes
    """UTF-16 code units of the texts, each with `TEXT_END` behind it, shape (units,)."""
    text_starts: Ints
    """Offset of each text, and the length of the buffer, shape (texts + 1,)."""
    padded: Symbols
    """As from `find_symbols`."""

    @classmethod
    def of(cls, texts: Sequence[str]) -> Buffer:
        """Join texts as they are."""
        codes = np.frombuffer(encode(TEXT_END.join([*texts, ""])), "<u2")
        sizes = [len(text) + 1 for text in texts]
        if sum(sizes) < codes.size:  # some characters take two code units
            sizes = [len(encode(text)) // 2 + 1 for text in texts]
        return cls(codes, np.array([0, *sizes]).cumsum(), find_symbols(codes))

    def replace(self, changed: Mapping[int, str]) -> Buffer:
        """Return a buffer in which the `changed` of its texts stand in place of the old ones."""
        codes, padded = [], [self.padded[:1]]
        sizes, kept = np.diff(self.text_starts), 0
        for n in sorted(changed):
            start, end = self.text_starts[n : n + 2].tolist()
            new = np.frombuffer(encode(changed[n] + TEXT_END), "<u2")
            codes += [self.codes[kept:start], new]
            padded += [self.padded[kept + 1 : start + 1], SYMBOL_OF.take(new)]
            sizes[n], kept = new.size, end
        codes.append(self.codes[kept:])
        padded.append(self.padded[kept + 1 :])
        return Buffer(np.concatenate(codes), np.append(0, sizes.cumsum()), np.concatenate(padded))

    def signs(self) -> Signs:
        """Return which texts have signs of something else than plain prose."""
        symbols, signs = self.padded, Signs(set(), set(), set())
        places = ((symbols & _ALL_BUT_LOWEST_BIT) == SIGN).nonzero()[0]
        codes, behind = self.codes.take(places - 1).tolist(), symbols.take(places + 1).tolist()
        for place, code, following in zip(places.tolist(), codes, behind, strict=True):
            if code == _SLASH:
                if following == SIGN:
                    signs.noise.add(self._text_at(place))
            elif code in _NOISE:
                signs.noise.add(self._text_at(place))
            else:
                (signs.content if SYMBOL_OF[code] == SIGN else signs.marks).add(self._text_at(place))
        for place in self._periods_in_words().tolist():
            signs.noise.add(self._text_at(place))
        return signs

    def _periods_in_words(self) -> Ints:
        """Return the offsets in `padded` of periods with "www" before them or two small Latin letters behind them.

        Addresses without "//" have one: "bao.vn", "/a/b.html"; "TP.HCM", "v.v." and "đồng.Ông" have none.
        """
        symbols = self.padded
        periods: Ints = (symbols == PERIOD).nonzero()[0]
        found = periods[symbols.take(periods + 1) - _A < _N_LATIN]
        if found.size:
            letters = self.codes.take([found, found + 1], mode="clip")
            found = found[(letters - _SMALL_A < _N_LATIN).all(axis=0)]
        behind_w = periods[symbols.take(periods - 1) == _W]
        if behind_w.size:
            is_www = (symbols.take([behind_w - 2, behind_w - 3], mode="clip") == _W).all(axis=0)
            found = np.append(found, behind_w[is_www])
        return found

    def _text_at(self, place: int) -> int:
        """Return the number of the text that has this offset in `padded`."""
        return int(self.text_starts.searchsorted(place)) - 1

    def suspects(self, texts: Sequence[str]) -> Sequence[int]:
        """Return the numbers of the texts that may be pages."""
        if len(texts) <= _FEW_TEXTS:
            return range(len(texts))
        n_chars = np.fromiter(map(len, texts), np.int64, len(texts))
        return find_suspects(self.codes, self.padded, self.text_starts, n_chars)


class Loaded(NamedTuple):
    """Texts as they are read, and what had to be said of some of them."""

    texts: Sequence[str]
    """Of pages the article alone, repaired where they needed it; empty where there is an error."""
    buffer: Buffer
    errors: Mapping[int, TextError]
    """Why a text cannot be read, by its number."""
    warnings: Mapping[int, tuple[str, ...]]
    """What was repaired in a text, by its number."""


def load_texts(
    texts: Sequence[str],
    page: Page | None = None,
    records: Records = NO_RECORDS,
    extract: Extractor = extract_html,
) -> Loaded:
    """Load at least one text; `records` has the documents of those that came in fields, by their number.

    `extract` turns HTML into text. Without a `page` the texts are prose already, and only repaired
    (`model.scan.spelling.repair`).
    """
    buffer = Buffer.of(texts)
    signs = buffer.signs()
    changes = _Changes({}, {}, {})
    if page is not None:
        numbers = range(len(texts)) if page == "html" else signs.content
        documents = ((n, records.get(n) or Document(text=texts[n])) for n in numbers)
        is_article = changes.read_contents(documents, page, extract)
        changes.cut_pages(_suspects(buffer, texts, changes.texts, page) - is_article, texts, page)
    changed = changes.texts
    for n in signs.content.union(signs.noise, signs.marks, changes.warnings):
        before = changed.get(n, texts[n])
        if n in signs.marks or n in changed or has_noise(before):
            changed[n] = repair(before)
    if changed:
        texts = [changed.get(n, text) for n, text in enumerate(texts)]
        buffer = buffer.replace(changed)
    return Loaded(texts, buffer, changes.errors, changes.warnings)


class _Changes(NamedTuple):
    """What differs from the texts as they came, by their number."""

    texts: dict[int, str]
    errors: dict[int, TextError]
    warnings: dict[int, tuple[str, ...]]

    def read_contents(self, documents: Iterable[tuple[int, Document]], page: Page, extract: Extractor) -> set[int]:
        """Read what may be HTML or mojibake; return the numbers of the pages of HTML, which are cut by that."""
        pages = set()
        for n, document in documents:
            try:
                content = content_of(document, page, extract)
            except TextError as error:
                self.texts[n], self.errors[n] = "", error
                continue
            if content.is_page:
                pages.add(n)
            if content.extracted:
                self.texts[n] = content.document.read().text
                self.warnings[n] = content.warnings
        return pages

    def cut_pages(self, numbers: Iterable[int], texts: Sequence[str], page: Page) -> None:
        """Leave out what is not the article's of plain text that may be that of a page."""
        for n in numbers:
            try:
                article = article_in(self.texts.get(n, texts[n]), page)
            except TextError as error:
                self.texts[n], self.errors[n] = "", error
                continue
            if article.left_out:
                self.texts[n] = article.text


def _suspects(buffer: Buffer, texts: Sequence[str], changed: Mapping[int, str], page: Page) -> set[int]:
    """Return the numbers of the texts that may be pages, as they are by now."""
    if page == "never":
        return set()
    return set(range(len(texts))) if page == "always" else {*buffer.suspects(texts), *changed}
