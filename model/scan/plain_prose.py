"""What is no prose, in the plainest Python: the part of `model.scan.plain` that `model.scan.noise` is held to.

Only lists are shared with `noise`: the pattern of a tag, which has HTML's elements, and the last labels of addresses.

>>> blank(decode_entities("m&#7899;i, xem https://bao.example/ukraine."))
'mới, xem  .'
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from functools import partial

from model.scan import noise

ENTITY = re.compile(r"&(?:amp;)*((?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});)")
MAIL = re.compile(
    r"(?:(?<![\w\u0300-\u036f])mailto:)?(?<![\w.+\u0300-\u036f-])[\w.+\u0300-\u036f-]{1,64}@[\w\u0300-\u036f-]{1,63}(?:\.[\w\u0300-\u036f-]{1,63})+",
    re.I,
)
SCHEME = re.compile(r"(?:(?i:https?|ftps?)|(?<![\w\u0300-\u036f])[a-zA-Z][a-zA-Z0-9+.-]{0,15})://")
WWW = re.compile(r"(?<![\w.\u0300-\u036f])(?:www|WWW|Www)\.")
NAME = r"[\w\u0300-\u036f%~+=-]{1,99}"
PATH = re.compile(
    rf"(?:(?<=[\s(\"'“‘«\[])|\A)/(?:{NAME}[/.]){{0,20}}{NAME}\.(?:{noise.ENDINGS})(?![\w\u0300-\u036f-]|\.\w)"
)
HOST = re.compile(
    rf"(?<![\w.@/\u0300-\u036f-])(?:[A-Za-z0-9_-]{{1,63}}\.){{1,9}}(?:{noise.ENDINGS})(?![\w\u0300-\u036f-]|\.\w)"
)
HOST_WITH_PATH = re.compile(r"(?<![\w.@/\u0300-\u036f-])(?:[A-Za-z0-9_-]{1,63}\.){1,9}[a-z]{2,24}(?=/)")
PORT = re.compile(r":[0-9]{1,5}")
MARKS = set(map(chr, range(0x300, 0x370)))
"""Combining marks: they belong to the letter before them."""
STOPS = ".,;:!?…)]}'’"
NO_ADDRESS = set('<>"“”«»')


def decode_entities(text: str) -> str:
    """Return the text with its character references decoded, also those that were escaped more than once."""
    return ENTITY.sub(lambda match: html.unescape("&" + match.group(1)), text)


def blank(text: str) -> str:
    """Return the text with a gap for each address, tag and comment, a line break for the tag of a block element.

    Of two that overlap the one that begins first counts, the longer one where both begin at one place.
    """
    finders: list[Callable[[str, int], tuple[int, str]]] = [_tag_at]
    finders += [partial(_address_at, head) for head in (SCHEME, WWW, MAIL)]
    finders.append(_bare_address_at)
    every = [span for find in finders for span in _spans(text, find)]
    pieces, done = "", 0
    for start, end, gap in sorted(every, key=lambda span: (span[0], -span[1])):
        if start >= done:
            pieces += text[done:start] + gap
            done = end
    return pieces + text[done:]


def _spans(text: str, find: Callable[[str, int], tuple[int, str]]) -> list[tuple[int, int, str]]:
    """Return where pieces of one kind begin and end, and what is read in their place."""
    found, at = [], 0
    while at < len(text):
        end, gap = find(text, at)
        if end > at:
            found.append((at, end, gap))
        at = max(end, at + 1)
    return found


def _tag_at(text: str, at: int) -> tuple[int, str]:
    """Return where the tag or comment that begins at `at` ends, and its gap; `at` itself where none begins."""
    if text.startswith("<!--", at) and text.find("-->", at + 4) >= 0:
        return text.find("-->", at + 4) + 3, " "
    tag = noise.tag_pattern().match(text, at)
    if not tag:
        return at, ""
    before = text[max(at - 1, 0) : at]
    is_inside = (before.isalpha() or before in MARKS) and text[tag.end() : tag.end() + 1].isalpha()
    return tag.end(), "\n" if tag.group(1).lower() in noise.BLOCKS else "" if is_inside else " "


def _address_at(head: re.Pattern[str], text: str, at: int) -> tuple[int, str]:
    match = head.match(text, at)
    if not match or head is MAIL:
        return (match.end() if match else at), " "
    return _end_of_address(text, match.end()) or at, " "


def _bare_address_at(text: str, at: int) -> tuple[int, str]:
    """Return where an address without a scheme that begins at `at` ends: a path, a host name, or both."""
    match = PATH.match(text, at) or HOST.match(text, at)
    if not match:
        match = HOST_WITH_PATH.match(text, at)
        after = text[match.end() + 1 : match.end() + 2] if match else ""
        if not match or not after or after.isspace() or after in STOPS or after in NO_ADDRESS:
            return at, ""
    end = match.end()
    port = PORT.match(text, end)
    behind = port.end() if port else end
    if behind < len(text) and text[behind] in "/?#" and (rest := _end_of_address(text, behind + 1)):
        return rest, " "
    return behind, " "


def _end_of_address(text: str, at: int) -> int:
    """Return where an address whose head ends at `at` ends; 0 where nothing follows the head."""
    end = at
    while end < len(text) and not text[end].isspace() and text[end] not in NO_ADDRESS:
        end += 1
    while end > at and text[end - 1] in STOPS:
        end -= 1
    return end if end > at else 0
