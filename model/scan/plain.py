"""What scanning does, in the plainest Python: one character at a time, no array, no table but what a reader can check.

This is the specification. The other modules of this folder do the same many times as fast, and hypothesis holds them
to it on any text (tests/test_model_scoring.py, tests/test_model_text.py); nothing calls it to tag. It shares no code
and no constant with them, so that one mistake cannot be in both.

>>> sentences("Ông A. Nam thăm TP. Hồ Chí Minh. Hoà bình!")
[['ông', 'a', 'nam', 'thăm', 'tp', 'hồ', 'chí', 'minh'], ['hoà', 'bình']]
>>> sorted(terms_of(["bầu", "cử", "hoà", "bình"], ["bầu cử", "bình", "hoà"], {}))
[0, 1, 2]
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence

from model.scan.plain_prose import blank, decode_entities

LETTERS = set("aáàảãạăắằẳẵặâấầẩẫậbcdđeéèẻẽẹêếềểễệfghiíìỉĩịjklmnoóòỏõọôốồổỗộơớờởỡợpqrstuúùủũụưứừửữựvwxyýỳỷỹỵz0123456789")
"""The letters and digits that words are made of."""
MARKS = {*range(0x300, 0x370)}
"""Combining marks: composed with the letter before them, and dropped where that cannot be done."""
INVISIBLE = {0xAD, 0x61C, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F), 0xFEFF} | {
    *range(0x2060, 0x2065),
    *range(0x2066, 0x206A),
    *range(0xFE00, 0xFE10),
}
"""Soft hyphen, zero-width characters, marks of direction and variation: dropped."""
VIETNAMESE_MARKS = "\u0300\u0301\u0303\u0309\u0323\u0302\u0306\u031b"
"""The five tone marks, circumflex, breve and horn; those of other languages are dropped from their letters."""
LATIN = (range(0x30, 0x250), range(0x1E00, 0x1F00), range(0x212A, 0x212C), range(0xFF10, 0xFF5B))
"""Where letters and digits stand in Unicode; other scripts are gaps."""
LOOKALIKES = {"ð": "đ", "ɖ": "đ", "ø": "o", "ł": "l", "ı": "i", "ŧ": "t", "ħ": "h", "ƒ": "f", "ɛ": "e"}
ON_SECOND = {"òa": "oà", "óa": "oá", "ỏa": "oả", "õa": "oã", "ọa": "oạ", "òe": "oè", "óe": "oé", "ỏe": "oẻ"} | {
    "õe": "oẽ", "ọe": "oẹ", "ùy": "uỳ", "úy": "uý", "ủy": "uỷ", "ũy": "uỹ", "ụy": "uỵ"
}  # fmt: skip
"""The two places of the tone mark in oa, oe and uy; the second one is canonical."""
ABBREVIATIONS = {"tp", "tx", "tt", "ts", "ths", "gs", "pgs", "bs", "ks", "ls", "st"} | {
    "mr", "mrs", "ms", "dr", "prof", "vs"
}  # fmt: skip
"""Words whose full stop ends no sentence."""
SPACES = set(" \t\r\u00a0\u2002\u2003\u2009\u202f\u3000")
BREAKS = set("\n\v\f\x85\u2028\u2029")
CLOSERS = set(".!?…。\"'”’»›)]}")
LOOK_AHEAD = 4
"""Closers and spaces that are looked over behind a mark; a longer run counts as its beginning."""
MAX_TERM_WORDS = 4
MOST_MARKS = 30
"""Unicode's Stream-Safe limit (UAX 15)."""


def letter(char: str) -> str:
    """Return the letter or digit that a character is read as, or "" where it is a gap between words.

    >>> [letter(char) for char in "ĐÐğẤ5,中"]
    ['đ', 'đ', 'g', 'ấ', '5', '', '']
    """
    compatible = unicodedata.normalize("NFKC", char)
    if not any(ord(char) in block for block in LATIN):
        return ""
    low = LOOKALIKES.get(compatible.lower(), compatible.lower())
    if low in LETTERS:
        return low
    if len(compatible) != 1:
        return ""
    parts = unicodedata.normalize("NFD", low)
    kept = "".join(part for part in parts if ord(part) not in MARKS or part in VIETNAMESE_MARKS)
    composed = unicodedata.normalize("NFC", kept)
    return next((one for one in (composed, kept[:1]) if one in LETTERS), "")


def clean(text: str) -> str:
    """Return the prose of a text: entities decoded, addresses and tags blanked, marks composed.

    >>> clean("b&#7847;u cu\u031b\u0309 <b>m&#7899;i</b>, xem https://bao.example/ukraine.")
    'bầu cử  mới , xem  .'
    """
    return compose(blank(decode_entities(text)))


def compose(text: str) -> str:
    """Return the text with its marks composed, and without what is invisible or will not compose.

    Of a run of marks the first MOST_MARKS count.

    >>> compose("ba\u0302\u0300u \u200bcu\u031b\u0309")
    'bầu cử'
    """
    pieces: list[str] = []
    for char in text:
        if ord(char) in MARKS and pieces:
            pieces[-1] += char
        elif ord(char) not in INVISIBLE:
            pieces.append(char)
    composed = (unicodedata.normalize("NFC", piece[: 1 + MOST_MARKS]) if len(piece) > 1 else piece for piece in pieces)
    return "".join(char for piece in composed for char in piece if ord(char) not in MARKS)


def kind(text: str, at: int) -> str:
    """Return what a character is to the end of a sentence: "space", "break", "closer", "lower", "upper" or "other"."""
    if at < 0:
        return "other"
    if at >= len(text) or text[at] in BREAKS:
        return "break"
    char = text[at]
    if char in SPACES:
        return "space"
    if char in CLOSERS:
        return "closer"
    is_latin = any(ord(char) in block for block in LATIN)
    return "lower" if is_latin and char.islower() else "upper" if is_latin and char.isupper() else "other"


def skip(text: str, at: int, what: str) -> int:
    """Return the offset behind up to LOOK_AHEAD characters of a kind that stand at `at`."""
    for _ in range(LOOK_AHEAD):
        at += kind(text, at) == what
    return at


def ends_sentence(text: str, at: int) -> bool:
    """Tell whether the character at `at`, which is in no word, ends a sentence: see `model.scan.sentences`.

    >>> text = "Giá 10.000 đồng. Ông B. nói"
    >>> [at for at, char in enumerate(text) if not letter(char) and ends_sentence(text, at)]
    [15]
    """
    char = text[at]
    if char in BREAKS:
        wrapped = char == "\n" and kind(text, skip(text, at + 1, "space")) == "lower"
        return not wrapped
    if char not in ".!?…。":
        return False
    behind = skip(text, at + 1, "closer")
    after_space = kind(text, skip(text, behind, "space"))
    apart = kind(text, behind) == "break" or (kind(text, behind) == "space" and after_space != "lower")
    if char != ".":
        return apart
    glued = kind(text, at - 1) == "lower" and kind(text, at + 1) == "upper"
    return glued or (apart and not _is_shortened(text, at))


def _is_shortened(text: str, stop: int) -> bool:
    """Tell whether a full stop belongs to an abbreviation, or to a single letter that is no digit."""
    begin = stop
    while begin > 0 and letter(text[begin - 1]):
        begin -= 1
    word = "".join(letter(char) for char in text[begin:stop])
    return word in ABBREVIATIONS or (len(word) == 1 and not word.isdigit())


def canonical(word: str) -> str:
    """Return a word of letters with the tone mark of oa, oe and uy on the second vowel."""
    for first, second in ON_SECOND.items():
        word = word.replace(first, second)
    return word


def sentences(text: str) -> list[list[str]]:
    """Return the words of each sentence in canonical spelling; a sentence has at least one word."""
    text = clean(text)
    found: list[list[str]] = [[]]
    word = ""
    for at, char in enumerate([*text, "\u2029"]):
        folded = letter(char)
        word += folded
        if not folded and word:
            found[-1].append(canonical(word))
            word = ""
        if at < len(text) and not folded and found[-1] and ends_sentence(text, at):
            found.append([])
    return [words for words in found if words]


def terms_of(words: Sequence[str], terms: Sequence[str], variants: Mapping[str, Sequence[str]]) -> set[int]:
    """Return the numbers of the `terms` that stand among the words of one sentence; `variants` as in an artifact."""
    word_of = {other: word for word, others in variants.items() for other in others}
    words = [word_of.get(word, word) for word in words]
    number = {term: n for n, term in enumerate(terms)}
    runs = (
        " ".join(words[start : start + n_words])
        for n_words in range(1, MAX_TERM_WORDS + 1)
        for start in range(len(words) - n_words + 1)
    )
    return {number[run] for run in runs if run in number}
