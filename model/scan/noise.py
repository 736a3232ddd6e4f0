"""What stands in a text and is no prose: entities that nobody decoded, markup, addresses.

Each function yields edits: where a piece begins and ends, ascending, and what is read in its place. All of them take
time in proportion to the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

Edit = tuple[int, int, str]
"""Offset of the first character, offset behind the last one, and what is read there instead."""

_BLOCKS = """
address article aside blockquote body br caption center dd details dialog div dl dt fieldset figcaption figure footer
form h1 h2 h3 h4 h5 h6 head header hr html legend li main nav ol option optgroup p pre section select summary table
tbody td textarea tfoot th thead title tr ul
"""
BLOCKS = frozenset(_BLOCKS.split())
"""Elements that begin a line and end one."""
_INLINE = """
a abbr acronym amp-img area audio b base bdi bdo big button canvas cite code col colgroup data datalist del dfn em embed
font i iframe img input ins kbd label link map mark meta meter noscript object output param path picture progress q s
samp script small source span strike strong style sub sup svg template time track tt u var video wbr
"""
_NAMES = "|".join(sorted({*BLOCKS, *_INLINE.split()}, key=lambda name: (-len(name), name)))
_ATTRIBUTES = r"""(?:\s+[\w:@.-]+\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'<>]+))*"""
_TAG = rf"</?({_NAMES})(?![\w-]){_ATTRIBUTES}\s*/?>"

_COMBINING = frozenset(map(chr, range(0x0300, 0x0370)))
"""Combining marks: of the letter before them, so that composed and decomposed text have the same noise."""
_ENTITY = re.compile(r"&(?:amp;)*((?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});)")
_SCHEME = re.compile(r"(?:(?i:https?|ftps?)|(?<![\w\u0300-\u036f])[a-zA-Z][a-zA-Z0-9+.-]{0,15})\Z")
_WWW = re.compile(r"(?<![\w.\u0300-\u036f])(?:www|WWW|Www)\.")
_REST = re.compile(r"""[^\s<>"“”«»]*[^\s<>"“”«».,;:!?…)\]}'’]""")
_MAILBOX = re.compile(r"(?:(?<![\w\u0300-\u036f])mailto:)?(?<![\w.+\u0300-\u036f-])[\w.+\u0300-\u036f-]{1,64}\Z", re.I)
_HOST = re.compile(r"[\w\u0300-\u036f-]{1,63}(?:\.[\w\u0300-\u036f-]{1,63})+")
_TOP_DOMAINS = """
com net org info biz gov edu int mil example test invalid news online site press asia app dev xyz
vn ru ua uk fr de cn jp kr us eu au ch nl pl cz ir il sy tr by kh sg hk tw io tv
"""
"""Top-level domains that are no Vietnamese syllables ("xong.me" may be two sentences)."""
_FILES = "html htm shtml xhtml php asp aspx jsp pdf doc docx xls xlsx jpg jpeg png gif webp svg"
ENDINGS = "|".join(sorted({*_TOP_DOMAINS.split(), *_FILES.split()}, key=lambda name: (-len(name), name)))
"""Alternatives of a pattern: last labels of host names and of file names."""
_MAY_BE_BARE = re.compile(r"\.[a-z][a-z]")
_BARE = rf"""(?<![\w.@/\u0300-\u036f-])
    (?: (?<![^\s("'“‘«\[]) /(?:[\w\u0300-\u036f%~+=-]{{1,99}}[/.]){{0,20}}[\w\u0300-\u036f%~+=-]{{1,99}}\.(?:{ENDINGS})
      | (?:[A-Za-z0-9_-]{{1,63}}\.){{1,9}} (?: (?:{ENDINGS}) | [a-z]{{2,24}}(?=/[^\s<>"“”«».,;:!?…)\]}}'’]) )
    )
    (?![\w\u0300-\u036f-]|\.\w)
    (?: (?: :[0-9]{{1,5}})? (?:[/?\#][^\s<>"“”«»]*[^\s<>"“”«».,;:!?…)\]}}'’])? )
"""
"""Addresses without a scheme, whose last label is in small letters: "bao.example/a", "bao.vn", "/a/b.html"."""
_LONGEST_HEAD = 80
"""More characters than a scheme or the name of a mailbox has."""


@cache
def tag_pattern(*, or_comment: bool = False) -> re.Pattern[str]:
    """Return the pattern of a well-formed tag of a known element. Words between "<" and ">" are none.

    This pattern, as `_bare_pattern`, is compiled when it is first needed: few texts need it.
    """
    return re.compile(rf"<!--.*?-->|{_TAG}" if or_comment else _TAG, re.I | re.S)


@cache
def _bare_pattern() -> re.Pattern[str]:
    return re.compile(_BARE, re.X)


def has_noise(text: str) -> bool:
    """Tell whether there is anything in a text that is no prose."""
    return any(True for find in (entities, addresses_and_markup) for _ in find(text))


def entities(text: str) -> Iterator[Edit]:
    """Yield the character references in a text, also those that were escaped more than once ("&amp;nbsp;")."""
    if "&" not in text:
        return
    from html import unescape  # with 2,231 names: not for every start

    for match in _ENTITY.finditer(text):
        decoded = unescape(f"&{match.group(1)}")
        if decoded != match.group():
            yield match.start(), match.end(), decoded


def addresses_and_markup(text: str) -> Iterator[Edit]:
    """Yield the URLs, e-mail addresses, tags and comments in a text; of two that overlap, the one that begins first."""
    done = 0
    for start, end, new in sorted([*_markup(text), *_urls(text), *_bare(text), *_mails(text)], key=_place):
        if start >= done:
            yield start, end, new
            done = end


def _markup(text: str) -> Iterator[Edit]:
    if "<" not in text:
        return
    closed = text.rfind("-->") + 3 if "-->" in text else 0
    for pattern, start, stop in ((tag_pattern(or_comment=True), 0, closed), (tag_pattern(), closed, len(text))):
        for match in pattern.finditer(text, start, stop):
            yield match.start(), match.end(), _gap(text, match)


def _urls(text: str) -> Iterator[Edit]:
    colon = text.find("://")
    while colon >= 0:
        end = colon + 3
        head = _SCHEME.search(text, max(colon - _LONGEST_HEAD, 0), colon)
        if head and (rest := _REST.match(text, end)):
            end = rest.end()
            yield head.start(), end, " "
        colon = text.find("://", end)
    if "www." in text or "WWW." in text or "Www." in text:
        end = 0
        while www := _WWW.search(text, end):
            end = www.end()
            if rest := _REST.match(text, end):
                end = rest.end()
                yield www.start(), end, " "


def _bare(text: str) -> Iterator[Edit]:
    done = 0
    for sign in _MAY_BE_BARE.finditer(text):
        at = sign.start()
        if at < done:
            continue
        # No address has a space in it: only what stands between two of them is searched.
        start = 1 + max(text.rfind(" ", done, at), text.rfind("\n", done, at), done - 1)
        space = text.find(" ", at)
        done = space if space >= 0 else len(text)
        for match in _bare_pattern().finditer(text, start, done):
            yield match.start(), match.end(), " "


def _mails(text: str) -> Iterator[Edit]:
    at = text.find("@")
    while at >= 0:
        host = _HOST.match(text, at + 1)
        mailbox = _MAILBOX.search(text, max(at - _LONGEST_HEAD, 0), at)
        if host and mailbox:
            yield mailbox.start(), host.end(), " "
        at = text.find("@", at + 1)


def _gap(text: str, match: re.Match[str]) -> str:
    """Return what is read for something that is no prose: a tag within a word does not divide it."""
    element: str | None = match.group(1)
    if element is None:
        return " "
    if element.lower() in BLOCKS:
        return "\n"
    start, end = match.span()
    before = text[max(start - 1, 0) : start]
    is_in_word = before.isalpha() or before in _COMBINING
    return "" if before and is_in_word and text[end : end + 1].isalpha() else " "


def _place(edit: Edit) -> tuple[int, int]:
    """Order edits by where they begin, the longest first."""
    return edit[0], -edit[1]
