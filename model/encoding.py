"""Bytes to text: UTF-8 and UTF-16, and windows-1258; the older Vietnamese encodings are recognised and named."""

from __future__ import annotations

import codecs
import re
import unicodedata

from model.errors import UnreadableText
from model.language import Language, identify

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
_TCVN3 = re.compile(rb"[\xa8-\xbe]")
_VNI_TONES = re.compile(
    rb"(?<=[AEIOUYaeiouy\xd4\xd6\xf4\xf6])[\xd5\xd8\xd9\xdb\xcf\xf5\xf8\xf9\xfb\xef\xe2\xea\xe1\xe0]"
)
_HIGH = re.compile(rb"[\x80-\xff]")
_MEND = "the file was cut or mixed with another encoding; save it again"
_ADVICE = "convert it to UTF-8 first (UniKey's toolkit and LibreOffice do that)"


def decode(data: bytes, *, source: str) -> tuple[str, str]:
    """Return the text in `data` and the encoding it was in; `source` names it in messages.

    Raises UnreadableText for binary data, for TCVN3 and VNI, which are named, and for unknown encodings.
    """
    for magic, what in _MAGIC.items():
        if data.startswith(magic):
            raise UnreadableText(f"{source}: this is {what}, not text: save the article as plain text in UTF-8")
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _decode_as(data[len(bom) :], encoding, source), encoding
    if utf16 := _utf16_without_bom(data):
        return _decode_as(data, utf16, source), utf16
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        return _decode_legacy(data, source, error)
    if "\0" in text or len(_CONTROL.findall(data[:_SAMPLE_BYTES])) > len(data[:_SAMPLE_BYTES]) // 50:
        raise UnreadableText(f"{source}: binary data, not text")
    if name := _legacy_in_disguise(text):
        raise UnreadableText(f"{source}: the text is in {name}, only saved as UTF-8: {_ADVICE}")
    return text, "utf-8"


def _decode_as(data: bytes, encoding: str, source: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableText(f"{source}: {encoding} text is broken at byte {error.start}: {error.reason}") from None


def _utf16_without_bom(data: bytes) -> str | None:
    """Recognise UTF-16 by the zero bytes of its spaces and ASCII letters."""
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


def legacy_encoding(sample: bytes) -> str | None:
    """Name the Vietnamese legacy encoding that single-byte text seems to be in: "TCVN3", "VNI" or None."""
    high = len(_HIGH.findall(sample))
    if high < max(4, len(sample) // 20):
        return None
    if len(_TCVN3.findall(sample)) > high * 0.12:
        return "TCVN3"
    if len(_VNI_TONES.findall(sample)) > high * 0.3:
        return "VNI"
    return None


def _legacy_in_disguise(text: str) -> str | None:
    """Name the legacy encoding of text that was read as Latin-1 and saved as UTF-8 ("Toång thoáng"), if it is one."""
    try:
        return legacy_encoding(text[:_SAMPLE_BYTES].encode("latin-1"))
    except UnicodeEncodeError:
        return None


def _decode_legacy(data: bytes, source: str, error: UnicodeDecodeError) -> tuple[str, str]:
    sample = data[:_SAMPLE_BYTES]
    if len(_CONTROL.findall(sample)) > len(sample) // 100:
        raise UnreadableText(f"{source}: binary data, not text") from None
    if _is_mostly_utf8(data):
        raise UnreadableText(
            f"{source}: not UTF-8 from byte {error.start} ({data[error.start]:#04x}), though most of it is: {_MEND}"
        ) from None
    if name := legacy_encoding(sample):
        raise UnreadableText(f"{source}: the text is in {name}, a legacy Vietnamese encoding: {_ADVICE}") from None
    text = unicodedata.normalize("NFC", data.decode("cp1258", "replace"))
    if "\ufffd" not in text and any(char in text for char in "đĐơƠưƯ") and _is_vietnamese(text):
        return text, "windows-1258"
    raise UnreadableText(
        f"{source}: not UTF-8 (byte {error.start} is {data[error.start]:#04x}) nor another known encoding: {_ADVICE}"
    ) from None


def _is_mostly_utf8(data: bytes) -> bool:
    """Tell broken UTF-8 from another encoding: most characters beyond ASCII still decode."""
    text = data.decode("utf-8", "replace")
    beyond_ascii = sum(not char.isascii() for char in text)
    return text.count("\ufffd") * 4 < beyond_ascii


def _is_vietnamese(text: str) -> bool:
    marks = sum(unicodedata.category(char) in ("So", "Sk", "Sc", "No", "Cc") and char not in "\n\r\t" for char in text)
    return identify(text) is Language.VIETNAMESE and marks < len(text) // 50
