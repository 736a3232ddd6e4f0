"""Characters to symbols, words, sentences and terms, many texts at a time.

Texts stand side by side in one array of UTF-16 code units, and each step is a few operations on whole arrays:
`alphabet` gives each unit a symbol, `words` finds the words and their 64-bit keys, `sentences` where sentences end,
`terms` which words and runs of words are terms. `spelling` says what counts as the same word, and repairs what a
look-up cannot. `plain` is the same in the plainest Python, one character at a time: the specification that the fast way
is tested against.

>>> import numpy as np
>>> codes = np.frombuffer(encode("Ông A. Nam đi bầu. Bầu cử xong!" + TEXT_END), "<u2")
>>> words = find_words(find_symbols(codes))
>>> ends, words_before = find_boundaries(codes, words)
>>> ends.tolist(), words_before.tolist()  # no sentence ends behind an initial
([17, 30, 31], [5, 8, 8])
>>> number_sentences(words.starts.size, words_before).tolist()  # the sentence of each word, and how many there are
[0, 0, 0, 0, 0, 1, 1, 1, 2]
>>> first, term = TermIndex(["bầu", "bầu cử"], {}).scan(words, words_before)
>>> first.tolist(), term.tolist()
([4, 5, 5], [0, 0, 1])
"""

from model.scan.sentences import TEXT_END, find_boundaries, number_sentences
from model.scan.spelling import normalise, repair, repair_with_offsets
from model.scan.terms import MAX_TERM_WORDS, TermIndex
from model.scan.words import MAX_WORD_CHARS, Words, encode, find_symbols, find_words

__all__ = [
    "MAX_TERM_WORDS",
    "MAX_WORD_CHARS",
    "TEXT_END",
    "TermIndex",
    "Words",
    "encode",
    "find_boundaries",
    "find_symbols",
    "find_words",
    "normalise",
    "number_sentences",
    "repair",
    "repair_with_offsets",
]
