"""Texts read side by side in one buffer: their words, sentences and terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from model.errors import TextError
from model.loading import NO_RECORDS, Records, load_texts
from model.page.content import Page
from model.page.html import Extractor, extract_html
from model.scan.alphabet import SYMBOLS
from model.scan.sentences import find_boundaries, number_sentences
from model.scan.spelling import fold
from model.scan.terms import TermIndex
from model.scan.words import Ints, Symbols, Words, encode, find_words
from model.weights import Occurrences

_FIRST_MARKED = np.uint8(1 + sum(char.isascii() for char in SYMBOLS))
_MARKED_SYMBOLS = np.uint8(sum(not char.isascii() for char in SYMBOLS))
_LAST_OF_LATIN_1 = "đ"
"""As which "ð" is read, too, so that it tells nothing of another encoding that was read as Latin-1."""
_FIRST_BEYOND_LATIN_1 = np.uint8(1 + sum(char <= _LAST_OF_LATIN_1 for char in SYMBOLS))
_SYMBOLS_BEYOND_LATIN_1 = np.uint8(sum(char > _LAST_OF_LATIN_1 for char in SYMBOLS))
_BEYOND_SURE = 0.02
"""Share of letters beyond Latin-1 from which a text is no other encoding that was read as Latin-1."""
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
    errors: Mapping[int, TextError]
    """Why a text could not be read, by its number."""
    warnings: Mapping[int, tuple[str, ...]]
    """What was repaired in a text, by its number."""

    def unlike_vietnamese(self, sure: float) -> list[int]:
        """Return the texts that need a second look: in another language, or in another encoding read as Latin-1.

        Less than a share `sure` of the code units at their beginning is marked as Vietnamese is, or nearly none is a
        letter beyond Latin-1.
        """
        place = self.text_starts[:-1] + _SAMPLE
        inside = place < self.text_starts[1:]
        symbols = self.words.symbols.take(place, mode="clip")
        n_marked, n_beyond, n_seen = (
            flags.sum(axis=0, dtype=np.uint8)
            for flags in (_is_marked(symbols) & inside, _is_beyond_latin_1(symbols) & inside, inside)
        )
        doubtful = (n_marked < sure * n_seen) | (n_beyond < _BEYOND_SURE * n_seen)
        return [n for n in doubtful.nonzero()[0].tolist() if self._is_unlike(n, sure)]

    def _is_unlike(self, text: int, sure: float) -> bool:
        start, end = self.text_starts[text : text + 2].tolist()
        symbols = self.words.symbols[start : min(end, start + _LONGER_SAMPLE)]
        return bool(_is_marked(symbols).mean() < sure or _is_beyond_latin_1(symbols).mean() < _BEYOND_SURE)

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


def _is_beyond_latin_1(symbols: Symbols) -> npt.NDArray[np.bool_]:
    """Tell which are letters that only Vietnamese has."""
    return np.asarray(symbols - _FIRST_BEYOND_LATIN_1 < _SYMBOLS_BEYOND_LATIN_1)


def read(
    texts: Sequence[str],
    index: TermIndex,
    *,
    page: Page | None = None,
    records: Records = NO_RECORDS,
    extract: Extractor = extract_html,
) -> Reading:
    """Read at least one text: see `model.loading.load_texts`."""
    loaded = load_texts(texts, page, records, extract)
    buffer = loaded.buffer
    words = find_words(buffer.padded)
    boundaries, words_before = find_boundaries(buffer.codes, words)
    sentence_of = number_sentences(words.starts.size, words_before)
    first_word = words.starts.searchsorted(buffer.text_starts)
    word, term = index.scan(words, words_before)
    return Reading(
        texts=loaded.texts,
        words=words,
        text_starts=buffer.text_starts,
        boundaries=boundaries,
        sentence_of=sentence_of,
        first_word=first_word,
        word=word,
        term=term,
        n_terms=index.n_terms,
        errors=loaded.errors,
        warnings=loaded.warnings,
    )


def split_sentences(text: str) -> list[str]:
    """Return the sentences of `text` that have words, each in canonical spelling."""
    loaded = load_texts([text])
    words = find_words(loaded.buffer.padded)
    sentence_of = number_sentences(words.starts.size, find_boundaries(loaded.buffer.codes, words)[1])
    units = encode(loaded.texts[0])
    first = np.flatnonzero(np.diff(sentence_of[:-1], prepend=-1))
    starts = words.starts[first]
    last = np.append(first, words.starts.size)[1:] - 1
    ends = words.starts[last] + words.lengths[last]
    spans = zip(starts.tolist(), ends.tolist(), strict=True)
    return [fold(units[2 * start : 2 * end].decode("utf-16-le", "surrogatepass")) for start, end in spans]
