"""Key words of a topic as what a new tag is learnt from, beside labelled texts or alone.

Each key word is a text of one sentence with nothing but its term in it, and has the tag. A phrase that is longer than
any term is the runs of MAX_TERM_WORDS words in it, side by side: a text that has one of them has a part of the phrase.

>>> found = Keywords.of(["Dải Gaza", "hamas", "..."], {}, frozenset({"hamas"}))
>>> found.terms, found.too_common
((('dải gaza',),), ('hamas',))
>>> Keywords.of(["Hội nghị thượng đỉnh khí hậu"], {}, frozenset()).terms
(('hội nghị thượng đỉnh', 'nghị thượng đỉnh khí', 'thượng đỉnh khí hậu'),)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from model.scan.spelling import normalise
from model.scan.terms import MAX_TERM_WORDS
from model.weights import Occurrences
from training.fit.counts import TextCounts


@dataclass(frozen=True)
class Keywords:
    """The key words of one topic, as far as they can be learnt from."""

    terms: tuple[tuple[str, ...], ...] = ()
    """Those that stand for each key word, in canonical spelling."""
    too_common: tuple[str, ...] = ()
    """Key words, as they were written, that stand in too many ordinary texts to be a topic's."""

    @classmethod
    def of(cls, keywords: Iterable[str], variants: Mapping[str, Sequence[str]], common: frozenset[str]) -> Keywords:
        """Read key words; those without a letter or digit are left out.

        `variants` has other spellings of single words by the canonical one, `common` the terms of too many texts.
        """
        canonical = {other: word for word, others in variants.items() for other in others}
        found, too_common = [], []
        for keyword in keywords:
            words = [canonical.get(word, word) for word in normalise(keyword).split()]
            terms = _runs(words)
            if common.isdisjoint(terms):
                found.append(terms)
            else:
                too_common.append(keyword)
        return cls(tuple(dict.fromkeys(terms for terms in found if terms)), tuple(too_common))

    def counts(self) -> TextCounts:
        """Return each key word as a text of one sentence."""
        terms = list(dict.fromkeys(term for its_terms in self.terms for term in its_terms))
        number = {term: n for n, term in enumerate(terms)}
        text = np.arange(len(self.terms))
        row = text.repeat([len(its_terms) for its_terms in self.terms])
        term = np.array([number[term] for its_terms in self.terms for term in its_terms], np.int64)
        return TextCounts(tuple(terms), text, Occurrences(row, term, text.size, len(terms)))


def _runs(words: Sequence[str]) -> tuple[str, ...]:
    """Return the runs of MAX_TERM_WORDS words in a phrase, or the phrase itself where it has no more."""
    last = max(len(words) - MAX_TERM_WORDS, 0)
    return tuple(" ".join(words[n : n + MAX_TERM_WORDS]) for n in range(last + 1) if words)
