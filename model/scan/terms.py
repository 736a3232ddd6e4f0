"""Where the terms of a vocabulary stand in a text: an index of their keys, and a scan over the keys of all words.

Every spelling of every term has a key (`model.scan.words`). The index keeps them in an array, with a table from the
slot of a key, its top bits, to the first entry that may be it. Of the runs of two to four words in a text hardly any is
a term, so that nearly all are dismissed before a key is made of them, by what the slot of each word says of its edges:

    bit    31 ....... 19    18     17    16    15 ........ 3     2      1     0
           ends a pair,    ends   ends    .    begins a pair,  begins begins  is a
           as a word of    four   three        with a word of  four   three   term
           class 12 .. 0   words  words        class 12 .. 0   words  words

The class of a word is one of 13, out of its key. A run of two words can be a term when the second word's class stands
among those that the first word begins pairs with, and among those that the second word ends pairs as: one AND of the
lower half of the first word's bits with the upper half of the second's.

>>> terms = ["bầu", "bầu cử", "hội đồng bảo an"]
>>> index = TermIndex(terms, {})
>>> for word, key in zip(("bầu", "cử", "hội", "an"), keys_of_lines(["bầu", "cử", "hội", "an"])):
...     print(f"{word:<4} class {_class_of(key):>2}  {index._edges[index._slots(key)]:032b}")
bầu  class 12  00000000000000000000000010000001
cử   class  4  00000000100000000000000000000000
hội  class 10  00000000000000000000000000000100
an   class  7  00000000000001000000000000000000
>>> from model.scan.words import encode, find_symbols, find_words
>>> words = find_words(find_symbols(np.frombuffer(encode("Hội đồng Bảo an bầu. Bầu cử."), "<u2")))
>>> first, term = index.scan(words, np.array([5, 7]))  # five words before the first full stop, seven before the second
>>> first.tolist(), [terms[n] for n in term]
([4, 5, 5, 0], ['bầu', 'bầu', 'bầu cử', 'hội đồng bảo an'])
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from model.scan.spelling import spellings
from model.scan.words import NEXT, Ints, Keys, Words, keys_of_lines

MAX_TERM_WORDS = 4
_SLOTS_PER_KEY = 16
_IS_TERM = np.uint32(1)
_N_CLASSES = 13
_FIRST_CLASS = np.uint32(1 << 3)
_PAIR = np.uint32((1 << _N_CLASSES) - 1 << 3)
_ENDS = np.uint32(16)
"""How many bits above what a word begins stands what it ends: see the drawing."""


def _longer(n_words: int) -> np.uint32:
    """Return the bit of a word that begins a term of three or four words."""
    return np.uint32(1 << n_words - 2)


def _class_of(keys: Keys) -> npt.NDArray[np.uint32]:
    return ((keys >> np.uint64(40)) % np.uint64(_N_CLASSES)).astype(np.uint32)


def _all_spellings(term: str, variants: Mapping[str, Sequence[str]]) -> list[str]:
    choices = [
        [spelling for form in (word, *variants.get(word, ())) for spelling in spellings(form)] for word in term.split()
    ]
    return [" ".join(words) for words in itertools.product(*choices)]


class TermIndex:
    """Looks terms up by key; every spelling of a term leads to it."""

    def __init__(self, terms: Sequence[str], variants: Mapping[str, Sequence[str]]) -> None:
        """Index canonical `terms`; `variants` has other spellings of single words, beside those of tone placement."""
        self.n_terms = len(terms)
        lines: list[str] = []
        owner: list[int] = []
        for number, term in enumerate(terms):
            every = _all_spellings(term, variants)
            lines += every
            owner += [number] * len(every)
        keys, unique = np.unique(keys_of_lines(lines), return_index=True)
        bits = max(8, (keys.size * _SLOTS_PER_KEY - 1).bit_length())
        self.max_words = max((term.count(" ") + 1 for term in terms), default=1)
        self._shift = np.uint64(64 - bits)
        self._edges = self._mark_edges(lines, 1 << bits)
        slots = self._slots(keys)
        in_slot = np.bincount(slots, minlength=1 << bits)
        crowded = in_slot.take(slots) > 1
        order = np.argsort(crowded, kind="stable")
        self._first = np.zeros(1 << bits, np.min_scalar_type(keys.size))
        self._first[slots[order][::-1]] = np.arange(keys.size)[::-1]
        self._first_crowded = keys.size - int(crowded.sum())
        self._most_in_slot = int(in_slot.max(initial=1))
        rest = np.zeros(self._most_in_slot, np.uint64)
        self._keys = np.concatenate([keys[order], rest])
        self._term = np.concatenate([np.array(owner, np.int64)[unique[order]], np.full(rest.size, -1)])

    def _mark_edges(self, lines: Sequence[str], n_slots: int) -> npt.NDArray[np.uint32]:
        """Return, by slot of a word, which terms it is, begins and ends: as the drawing above."""
        edges = np.zeros(n_slots, np.uint32)
        by_count: dict[int, list[list[str]]] = {}
        for words in (line.split(" ") for line in lines):
            by_count.setdefault(len(words), []).append(words)
        for count, terms in by_count.items():
            first, last = (keys_of_lines([words[end] for words in terms]) for end in (0, -1))
            bits = _FIRST_CLASS << _class_of(last) if count == 2 else _IS_TERM if count == 1 else _longer(count)
            np.bitwise_or.at(edges, self._slots(first), bits)
            if count > 1:
                np.bitwise_or.at(edges, self._slots(last), bits << _ENDS)
        return edges

    def _slots(self, keys: Keys) -> Ints:
        return (keys >> self._shift).view(np.int64)

    def find(self, keys: Keys) -> tuple[Ints, Ints]:
        """Return the positions in `keys` that are keys of a term, and those terms' numbers."""
        entry = self._first.take(self._slots(keys), mode="wrap").astype(np.int64)
        hit = self._keys.take(entry, mode="wrap") == keys
        crowded = (entry >= self._first_crowded).nonzero()[0]
        for _ in range(self._most_in_slot - 1):
            entry[crowded] += ~hit[crowded]
            hit[crowded] = self._keys.take(entry[crowded]) == keys[crowded]
        position = hit.nonzero()[0]
        return position, self._term.take(entry.take(position))

    def scan(self, words: Words, words_before: Ints) -> tuple[Ints, Ints]:
        """Return the first word and the number of every term that stands within one sentence, shorter terms first.

        `words_before` has the number of words before each end of a sentence, ascending.
        """
        edges = self._edges.take(self._slots(words.keys), mode="wrap")
        first = [((edges & _IS_TERM) != 0).nonzero()[0]]
        wanted = [words.keys.take(first[0])]
        ends = edges >> _ENDS
        if edges.size:
            edges[words_before - 1] = 0
        for more in range(1, self.max_words):
            at = ((edges[:-more] & ends[more:] & (_PAIR if more == 1 else _longer(more + 1))) != 0).nonzero()[0]
            if not at.size:
                continue
            if more > 1:
                at = at[words_before.take(words_before.searchsorted(at, "right")) > at + more]
            keys = words.keys.take(at)
            for nth in range(1, more + 1):
                keys = keys * NEXT + words.keys.take(at + nth)
            first.append(at)
            wanted.append(keys)
        found, term = self.find(np.concatenate(wanted))
        return np.concatenate(first).take(found), term
