"""A second, plain implementation of reading and scoring, to hold the fast one against: one character at a time."""

from __future__ import annotations

import html
import math
import re
import unicodedata

from model.artifact.files import Artifact
from model.scan import noise

VIETNAMESE = set(
    "aáàảãạăắằẳẵặâấầẩẫậbcdđeéèẻẽẹêếềểễệfghiíìỉĩịjklmnoóòỏõọôốồổỗộơớờởỡợpqrstuúùủũụưứừửữựvwxyýỳỷỹỵz0123456789"
)
DELETED = {*range(0x300, 0x370), 0xAD, 0x61C, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F)} | {
    *range(0x2060, 0x2065),
    *range(0x2066, 0x206A),
    0xFEFF,
    *range(0xFE00, 0xFE10),
}
LATIN = [range(0x30, 0x250), range(0x1E00, 0x1F00), range(0x212A, 0x212C), range(0xFF10, 0xFF5B)]
OPEN = {"oà": "òa", "oá": "óa", "oả": "ỏa", "oã": "õa", "oạ": "ọa", "oè": "òe", "oé": "óe", "oẻ": "ỏe", "oẽ": "õe"}
OPEN |= {"oẹ": "ọe", "uỳ": "ùy", "uý": "úy", "uỷ": "ủy", "uỹ": "ũy", "uỵ": "ụy"}
ABBREVIATED = {"tp", "tx", "tt", "ts", "ths", "gs", "pgs", "bs", "ks", "ls", "st", "mr", "mrs", "ms", "dr"} | {
    "prof",
    "vs",
}
SPACES = set(" \t\r\u00a0\u2002\u2003\u2009\u202f\u3000")
BREAKS = set("\n\v\f\x85\u2028\u2029")
CLOSERS = set(".!?…。\"'”’»›)]}")


def letter(char: str) -> str:
    """The letter that a character is read as, or "" for a gap."""
    if not any(ord(char) in block for block in LATIN):
        return ""
    low = unicodedata.normalize("NFKC", char).lower()
    low = {"ð": "đ", "ɖ": "đ", "ø": "o", "ł": "l", "ı": "i", "ŧ": "t", "ħ": "h", "ƒ": "f", "ɛ": "e"}.get(low, low)
    if low in VIETNAMESE:
        return low
    kept = [
        c
        for c in unicodedata.normalize("NFD", low)
        if ord(c) not in DELETED or c in "\u0300\u0301\u0303\u0309\u0323\u0302\u0306\u031b"
    ]
    whole = unicodedata.normalize("NFC", "".join(kept))
    if len(unicodedata.normalize("NFKC", char)) != 1:
        return ""
    return whole if whole in VIETNAMESE else kept[0] if kept and kept[0] in VIETNAMESE else ""


ENTITY = re.compile(r"&(?:amp;)*((?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});)")
STOPS = ".,;:!?…)]}'’"
NO_ADDRESS = set('<>"“”«»')


MAIL = re.compile(r"(?:(?<!\w)mailto:)?(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+", re.I)
SCHEME = re.compile(r"(?:(?i:https?|ftps?)|(?<!\w)[a-zA-Z][a-zA-Z0-9+.-]{0,15})://")
WWW = re.compile(r"(?<![\w.])(?:www|WWW|Www)\.")


def rest_of_address(text: str, at: int) -> int:
    """Where an address whose head ends here ends, or `at`."""
    end = at
    while end < len(text) and not text[end].isspace() and text[end] not in NO_ADDRESS:
        end += 1
    while end > at and text[end - 1] in STOPS:
        end -= 1
    return end


def spans(text: str, kind: str) -> list[tuple[int, int, str]]:
    """Where tags, addresses with a scheme or "www.", or mailboxes begin and end, and what is read in their place."""
    found, at = [], 0
    while at < len(text):
        end, new = at, " "
        if kind in ("scheme", "www"):
            if match := (SCHEME if kind == "scheme" else WWW).match(text, at):
                rest = rest_of_address(text, match.end())
                end = rest if rest > match.end() else at
        elif kind == "mail":
            match = MAIL.match(text, at)
            end = match.end() if match else at
        elif text.startswith("<!--", at) and text.find("-->", at + 4) >= 0:
            end = text.find("-->", at + 4) + 3
        elif tag := noise.tag_pattern().match(text, at):
            end = tag.end()
            inside = text[max(at - 1, 0) : at].isalpha() and text[end : end + 1].isalpha()
            new = "\n" if tag.group(1).lower() in noise.BLOCKS else "" if inside else " "
        if end > at:
            found.append((at, end, new))
        at = max(end, at + 1)
    return found


def blank(text: str) -> str:
    """A gap for each address, tag and comment; a line break for the tag of a block element."""
    pieces, done = "", 0
    every = [span for kind in ("tag", "scheme", "www", "mail") for span in spans(text, kind)]
    for start, end, new in sorted(every, key=lambda span: (span[0], -span[1])):
        if start >= done:
            pieces += text[done:start] + new
            done = end
    return pieces + text[done:]


def clean(text: str) -> str:
    """Decode entities, blank what is no prose, compose marks where that can be done, and drop the rest."""
    return compose(blank(ENTITY.sub(lambda match: html.unescape("&" + match.group(1)), text)))


def compose(text: str) -> str:
    """Compose marks, of a run the first 30, and drop what is left of them."""
    if not any(ord(char) in DELETED for char in text):
        return text
    visible = "".join(char for char in text if ord(char) not in DELETED or 0x300 <= ord(char) < 0x370)
    pieces: list[str] = []
    for char in visible:
        if 0x300 <= ord(char) < 0x370 and pieces:
            pieces[-1] += char
        else:
            pieces.append(char)
    composed = (unicodedata.normalize("NFC", piece[:31]) if len(piece) > 1 else piece for piece in pieces)
    return "".join(char for piece in composed for char in piece if ord(char) not in DELETED)


def kind(text: str, at: int) -> str:
    if at >= len(text) or text[at] in BREAKS:
        return "break"
    if at < 0:
        return "other"
    char = text[at]
    if char in SPACES:
        return "space"
    if char in CLOSERS:
        return "closer"
    if any(ord(char) in block for block in LATIN):
        return "lower" if char.islower() else "upper" if char.isupper() else "other"
    return "other"


def skip(text: str, at: int, what: str) -> int:
    """Step over at most four characters of a kind."""
    for _ in range(4):
        at += kind(text, at) == what
    return at


def ends_sentence(text: str, at: int) -> bool:
    char = text[at]
    if char in BREAKS:
        return not (char == "\n" and kind(text, skip(text, at + 1, "space")) == "lower")
    if char not in ".!?…。":
        return False
    after = skip(text, at + 1, "closer")
    apart = kind(text, after) == "break" or (
        kind(text, after) == "space" and kind(text, skip(text, after, "space")) != "lower"
    )
    if char != ".":
        return apart
    begin = at
    while begin > 0 and letter(text[begin - 1]):
        begin -= 1
    word = "".join(letter(c) for c in text[begin:at])
    shortened = word in ABBREVIATED or (len(word) == 1 and not word.isdigit())
    return (apart and not shortened) or (kind(text, at - 1) == "lower" and kind(text, at + 1) == "upper")


def sentences(text: str) -> list[list[str]]:
    """The words of each sentence, tone marks of oa, oe and uy on the second vowel."""
    text = clean(text)
    found: list[list[str]] = [[]]
    word = ""
    for at, char in enumerate(text + "\u2029"):
        folded = letter(char)
        word += folded
        if not folded and word:
            for new, old in OPEN.items():
                word = word.replace(old, new)
            found[-1].append(word)
            word = ""
        if at < len(text) and not folded and found[-1] and ends_sentence(text, at):
            found.append([])
    return [words for words in found if words]


def terms_of(words: list[str], artifact: Artifact) -> set[int]:
    canonical = {other: word for word, others in artifact.variants.items() for other in others}
    words = [canonical.get(word, word) for word in words]
    number = {term: n for n, term in enumerate(artifact.terms)}
    runs = (" ".join(words[i : i + n]) for n in range(1, 5) for i in range(len(words) - n + 1))
    return {number[run] for run in runs if run in number}


def dense(weights: object, n_terms: int, n_tags: int) -> list[list[float]]:
    rows = [[0.0] * n_tags for _ in range(n_terms)]
    for term in range(n_terms):
        for entry in range(weights.indptr[term], weights.indptr[term + 1]):  # type: ignore[attr-defined]
            rows[term][int(weights.tag[entry])] += float(weights.weight[entry])  # type: ignore[attr-defined]
    return rows


def sentence_scores(text: str, artifact: Artifact) -> list[list[float]]:
    """The score of each sentence for each tag."""
    weights = dense(artifact.sentence_weights, len(artifact.terms), len(artifact.tags))
    rows = [[weights[term] for term in terms_of(words, artifact)] for words in sentences(text)]
    return [[math.fsum(row[column] for row in found) for column in range(len(artifact.tags))] for found in rows]


def probabilities(text: str, artifact: Artifact) -> list[float]:
    """The probability of each tag, from the formulas in `model.pooling`."""
    by_sentence = [terms_of(words, artifact) for words in sentences(text)]
    everywhere = set().union(*by_sentence)
    n_terms, n_tags = len(artifact.terms), len(artifact.tags)
    by_tag = list(zip(*sentence_scores(text, artifact), strict=True))
    article_rows = dense(artifact.article_weights, n_terms, n_tags)
    result = []
    for column, tag in enumerate(artifact.tags):
        scores = by_tag[column]
        top = max(scores)
        strongest = top + math.log(math.fsum(math.exp(score - top) for score in scores))
        whole = math.fsum(article_rows[term][column] for term in everywhere) / len(by_sentence) ** 0.25
        margin = tag.slope * strongest + whole + tag.intercept
        result.append(1 / (1 + math.exp(-margin)) if margin > -700 else 0.0)
    return result
