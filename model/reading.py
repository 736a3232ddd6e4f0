"""Texts read side by side in one buffer: their words, sentences and terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from model.page.article import find_article
from model.page.signs import find_suspects
from model.scan.alphabet import IRREGULAR, SYMBOL_OF, SYMBOLS
from model.scan.sentences import TEXT_END, find_boundaries, number_sentences
from model.scan.spelling import normalise, repair
from model.scan.terms import TermIndex
from model.scan.words import Codes, Ints, Symbols, Words, encode, find_symbols, find_words
from model.weights import Occurrences

_FIRST_MARKED = np.uint8(1 + sum(char.isascii() for char in SYMBOLS))
_MARKED_SYMBOLS = np.uint8(sum(not char.isascii() for char in SYMBOLS))
_FEW_TEXTS = 3
"""So many are looked at one by one for less than a look at the block takes."""
_SAMPLE = np.arange(127)[:, None]
"""The code units of each text that are looked at to tell whether it is Vietnamese."""
_LONGER_SAMPLE = 4000
"""How many are looked at in a text where these leave it open."""


class Reading(NamedTuple):
    """What was found in a block of texts; offsets are in code units of the buffer."""

    texts: Sequence[str]
    """The texts that were read: of pages the article alone, repaired where they needed it."""
    words: Words
    text_starts: Ints
    """Offset of each text, and the length of the buffer, shape (texts + 1,)."""
    boundaries: Ints
    """Offset of each character that ends a sentence."""
    sentence_of: Ints
    """Sentence of each word, numbered through the block, and the number of sentences, shape (words + 1,)."""
    first_word: Ints
    """First word of each text, and the number of words, shape (texts + 1,)."""
    word: Ints
    """First word of each occurrence of a term, shape (occurrences,)."""
    term: Ints
    """Number of each occurring term, shape (occurrences,)."""
    n_terms: int
    """Number of terms that could occur."""

    def unlike_vietnamese(self, sure: float) -> list[int]:
        """Return the texts in whose beginning less than a share `sure` of the code units is marked as Vietnamese is."""
        place = self.text_starts[:-1] + _SAMPLE
        inside = place < self.text_starts[1:]
        marked = _is_marked(self.words.symbols.take(place, mode="clip"))
        n_marked, n_seen = (flags.sum(axis=0, dtype=np.uint8) for flags in (marked & inside, inside))
        return [n for n in (n_marked < sure * n_seen).nonzero()[0].tolist() if self._marked_share(n) < sure]

    def _marked_share(self, text: int) -> float:
        start, end = self.text_starts[text : text + 2].tolist()
        return float(_is_marked(self.words.symbols[start : min(end, start + _LONGER_SAMPLE)]).mean())

    @property
    def first_sentence(self) -> Ints:
        """Return the first sentence of each text, and the number of sentences, shape (texts + 1,)."""
        first: Ints = self.sentence_of[self.first_word]
        return first

    def in_texts(self) -> Occurrences:
        """Return which terms occur in which texts."""
        n_words = self.first_word[1:] - self.first_word[:-1]
        text_of = np.arange(n_words.size).repeat(n_words)
        return Occurrences(text_of.take(self.word), self.term, n_words.size, self.n_terms)

    def in_sentences(self, n_terms: int) -> Occurrences:
        """Return which of the first `n_terms` terms occur in which sentences.

        There is one sentence more, behind the last, without any.
        """
        words = Occurrences(self.word, self.term, int(self.sentence_of[-1]) + 1, self.n_terms).below(n_terms)
        return words._replace(row=self.sentence_of.take(words.row))


def _is_marked(symbols: Symbols) -> npt.NDArray[np.bool_]:
    """Tell which are letters with Vietnamese diacritics."""
    return np.asarray(symbols - _FIRST_MARKED < _MARKED_SYMBOLS)


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

    def irregular(self) -> set[int]:
        """Return the numbers of the texts that need `repair`."""
        places = (self.padded == IRREGULAR).nonzero()[0]
        return set((self.text_starts.searchsorted(places) - 1).tolist()) if places.size else set()

    def segment(self) -> tuple[Words, Ints, Ints]:
        """Return the words, where sentences end, and how many words come before each such place."""
        words = find_words(self.padded)
        return words, *find_boundaries(self.codes, words)


def _load(texts: Sequence[str], cut_pages: bool) -> tuple[Sequence[str], Buffer]:
    """Return the texts as they are to be read, of pages the article alone, and the buffer that they are in."""
    buffer = Buffer.of(texts)
    changed: dict[int, str] = {}
    if cut_pages:
        suspects: Sequence[int] = range(len(texts))
        if len(texts) > _FEW_TEXTS:
            n_chars = np.fromiter(map(len, texts), np.int64, len(texts))
            suspects = find_suspects(buffer.codes, buffer.padded, buffer.text_starts, n_chars)
        articles = ((n, find_article(texts[n])) for n in suspects)
        changed = {n: article.text for n, article in articles if article.left_out}
    changed |= {n: repair(changed.get(n, texts[n])) for n in buffer.irregular()}
    if changed:
        texts = [changed.get(n, text) for n, text in enumerate(texts)]
        buffer = buffer.replace(changed)
    return texts, buffer


def read(texts: Sequence[str], index: TermIndex, *, cut_pages: bool = False) -> Reading:
    """Read at least one text."""
    texts, buffer = _load(texts, cut_pages)
    words, boundaries, words_before = buffer.segment()
    sentence_of = number_sentences(words.starts.size, words_before)
    first_word = words.starts.searchsorted(buffer.text_starts)
    word, term = index.scan(words, words_before)
    return Reading(texts, words, buffer.text_starts, boundaries, sentence_of, first_word, word, term, index.n_terms)


def split_sentences(text: str) -> list[str]:
    """Return the sentences of `text` that have words, each in canonical spelling."""
    texts, buffer = _load([text], cut_pages=False)
    words, _, words_before = buffer.segment()
    sentence_of = number_sentences(words.starts.size, words_before)
    units = encode(texts[0])
    first = np.flatnonzero(np.diff(sentence_of[:-1], prepend=-1))
    starts = words.starts[first]
    last = np.append(first, words.starts.size)[1:] - 1
    ends = words.starts[last] + words.lengths[last]
    spans = zip(starts.tolist(), ends.tolist(), strict=True)
    return [normalise(units[2 * start : 2 * end].decode("utf-16-le", "surrogatepass")) for start, end in spans]
