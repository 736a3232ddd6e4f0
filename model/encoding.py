"""Bytes to text: UTF-8, UTF-16, what a page declares, and windows-1258; TCVN3 and VNI are recognised and named.

A few bytes that are broken do not cost the whole text: they are replaced, and a warning says so.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass

from model.disguise import ADVICE, legacy_encoding, without_nul
from model.errors import UnreadableText
from model.language import Language, identify
from model.scan.alphabet import COMBINING

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MAGIC = {
    b"%PDF": "a PDF file",
    b"PK\x03\x04": "a ZIP, Word or EPUB file",
    b"\xd0\xcf\x11\xe0": "an old Word file",
    b"\x1f\x8b": "a gzip file",
    b"(\xb5/\xfd": "a Zstandard file",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
}
_SAMPLE_BYTES = 20_000
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a]")
_MEND = "the file was cut or mixed with another encoding; save it again"
_DECLARED = re.compile(
    rb"""<meta\b[^>]{0,200}?\bcharset\s{0,9}=\s{0,9}["']?\s{0,9}([\w.:-]{2,40})"""
    rb"""|<\?xml\b[^>]{0,200}?\bencoding\s{0,9}=\s{0,9}["']([\w.:-]{2,40})""",
    re.I,
)
_HEAD_BYTES = 4096
"""Where a page declares its encoding; the HTML standard asks for the first 1,024 bytes."""
_READ_DECLARED = re.compile(
    r"(?:windows|cp)-?(?:874|125\d)$|(?:x-)?(?:big5|gbk|gb2312|gb18030|euc-?\w\w|shift[_-]?jis|koi8-?[ru]|tis-?620)$",
    re.I,
)
_LATIN_1 = re.compile(r"(?:iso-?8859-?1|latin-?1|us-ascii|ascii)$", re.I)
"""What browsers read as windows-1252."""
_LONG_RUN_OF_MARKS = re.compile(f"([{COMBINING}]{{30}})[{COMBINING}]+")
_MAX_BROKEN_SHARE = 0.05
_MIN_LEGACY_CHARS = 50
"""Shortest text that can be told to be windows-1258: shorter ones look the same in other encodings.

A text with an odd sign per so many characters is none."""


@dataclass(frozen=True)
class Decoded:
    """A text that came as bytes."""

    text: str
    encoding: str
    warnings: tuple[str, ...] = ()
    """What was converted, replaced or dropped."""


def decode(data: bytes, *, source: str) -> Decoded:
    """Return the text in `data`; `source` names it in messages.

    Raises UnreadableText for binary data, for TCVN3 and VNI, which are named, and for unknown encodings.
    """
    for magic, what in _MAGIC.items():
        if data.startswith(magic):
            raise UnreadableText(f"{source}: this is {what}, not text: save the article as plain text in UTF-8")
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _checked(data[len(bom) :], encoding, source, len(bom))
    if utf16 := utf16_without_bom(data):
        return _checked(data, utf16, source)
    if len(_CONTROL.findall(data[:_SAMPLE_BYTES])) > len(data[:_SAMPLE_BYTES]) // 50:
        raise UnreadableText(f"{source}: binary data, not text")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        if not _is_mostly_utf8(data):
            return _decode_legacy(data, source, error)
    return _checked(data, "utf-8", source)


def _checked(data: bytes, encoding: str, source: str, skipped: int = 0) -> Decoded:
    """Decode, replace what is broken and drop NULs. Raises UnreadableText when that is more than a few characters."""
    warnings: list[str] = []
    text = data.decode(encoding, "replace")
    try:
        data.decode(encoding)
    except UnicodeDecodeError as error:
        broken, at = text.count("\ufffd"), error.start + skipped
        where = f"byte {at} ({data[error.start]:#04x})"
        if broken > _MAX_BROKEN_SHARE * len(text):
            raise UnreadableText(f"{source}: not {encoding} from {where}, though it begins so: {_MEND}") from None
        characters = "one character is" if broken == 1 else f"{broken:,} characters are"
        warnings.append(f"{characters} not {encoding}, the first at {where}, and read as U+FFFD: {_MEND}")
    if text.count("\0") > _MAX_BROKEN_SHARE * len(text):
        raise UnreadableText(f"{source}: binary data, not text")
    text, dropped = without_nul(text)
    return Decoded(text, encoding, (*warnings, *dropped))


def utf16_without_bom(data: bytes) -> str | None:
    """Return "utf-16-le" or "utf-16-be" by the zero bytes of spaces and ASCII letters, or None."""
    sample = data[:_SAMPLE_BYTES]
    if len(sample) < 4 or len(data) % 2:
        return None
    for encoding, zeros, others in (
        ("utf-16-le", sample[1::2], sample[0::2]),
        ("utf-16-be", sample[0::2], sample[1::2]),
    ):
        if zeros.count(0) > len(zeros) // 3 and not others.count(0):
            return encoding
    return None


def _declared_encoding(data: bytes) -> str | None:
    """Return the encoding that a page declares, if it is one that is read as declared."""
    match = _DECLARED.search(data, 0, _HEAD_BYTES)
    if not match:
        return None
    name = (match.group(1) or match.group(2)).decode("ascii", "replace")
    if _LATIN_1.match(name):
        return "windows-1252"
    if not _READ_DECLARED.match(name):
        return None
    try:
        return codecs.lookup(name.removeprefix("x-")).name.replace("cp12", "windows-12")
    except LookupError:
        return None


def _decode_legacy(data: bytes, source: str, error: UnicodeDecodeError) -> Decoded:
    sample = data[:_SAMPLE_BYTES]
    name = legacy_encoding(sample)
    declared = _declared_encoding(data)
    if declared and not name:
        decoded = _checked(data, declared, source)
        return Decoded(_compose(decoded.text), declared, (f"converted from {declared}", *decoded.warnings))
    if name:
        raise UnreadableText(f"{source}: the text is in {name}, a legacy Vietnamese encoding: {ADVICE}") from None
    text = _compose(data.decode("cp1258", "replace"))
    if "\ufffd" not in text and any(char in text for char in "đĐơƠưƯ") and _is_vietnamese(text):
        return Decoded(text, "windows-1258", ("converted from windows-1258",))
    other = "too short to tell another encoding" if len(text) < _MIN_LEGACY_CHARS else "no other known encoding"
    raise UnreadableText(
        f"{source}: not UTF-8 (byte {error.start} is {data[error.start]:#04x}), and {other}: {ADVICE}"
    ) from None


def _compose(text: str) -> str:
    """Return the text in NFC, of runs of marks the first 30: composing takes the square of them."""
    return unicodedata.normalize("NFC", _LONG_RUN_OF_MARKS.sub(r"\1", text))


def _is_mostly_utf8(data: bytes) -> bool:
    """Tell broken UTF-8 from another encoding: most characters beyond ASCII still decode."""
    text = data.decode("utf-8", "replace")
    beyond_ascii = sum(not char.isascii() for char in text)
    return text.count("\ufffd") * 4 < beyond_ascii


def _is_vietnamese(text: str) -> bool:
    """Tell whether a text of at least `_MIN_LEGACY_CHARS` is Vietnamese with hardly any odd sign."""
    if len(text) < _MIN_LEGACY_CHARS:
        return False
    odd = sum(unicodedata.category(char) in ("So", "Sk", "Sc", "No", "Cc") and char not in "\n\r\t" for char in text)
    return identify(text) is Language.VIETNAMESE and odd < len(text) // _MIN_LEGACY_CHARS
