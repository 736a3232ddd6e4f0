"""Text that was decoded as something that it is not: UTF-8, windows-1258, TCVN3 or VNI read as cp1252 or Latin-1.

UTF-8 (mojibake) can be undone. The others, which would be read as words that nobody wrote, are named.
"""

from __future__ import annotations

import re

from model.scan.alphabet import NOTICED

REPAIRED = "the text was UTF-8 that had been read in another encoding (mojibake): it was repaired"
"""A warning."""
ADVICE = "convert it to UTF-8 first (UniKey's toolkit and LibreOffice do that)"

_SAMPLE = 20_000
_MIN_SHARE = 0.98
_UNDEFINED = b"\x81\x8d\x8f\x90\x9d"
_HIGH_CHARS = "".join(chr(n) if n in _UNDEFINED else bytes([n]).decode("cp1252") for n in range(0x80, 0x100))
_CONTINUATIONS = {*_HIGH_CHARS[:0x40], *map(chr, range(0x80, 0xC0))}
_ANY = "".join(map(re.escape, sorted(_CONTINUATIONS)))
_NOTICED = "".join(map(re.escape, sorted({*NOTICED} & _CONTINUATIONS)))
_SIGN = f"á»[{_ANY}]|áº[{_NOTICED}]|Æ[{_ANY}]|[ÃÄÂÅ][{_NOTICED}]|â€"
"""What Vietnamese letters and quotation marks become; one character in each is in `NOTICED`."""
_MAY_BE_SIGN = re.compile(f"[Æ€{_NOTICED}]")
_LETTER = f"á[º»][{_ANY}]|[ÆÄ][{_ANY}]|[ÃÂÅ][{_NOTICED}\xa0]|â€[{_ANY}]"
_BYTE_OF = {ord(char): n for n, char in enumerate(_HIGH_CHARS, 0x80)}
_TONE_OF_1258 = re.compile("(?<=[a-zàáâãèéêíóôõùúý])[ÌÒÞ]|(?<=[aâãeêoôõyý])[ìò]|(?<=[AÂÃEÊOÔÕYÝ])[ÌÒÞ]")
"""Four of the five tone marks of windows-1258, read as cp1252, behind letters that no Vietnamese word has before them.

"giò" and "quì" are words, so that a small "ò" or "ì" counts behind fewer letters than the others.
"""
_FEWEST_TONES = 2
_SHARE_OF_TONES = 1 / 8
"""Tone marks per word from which a text is windows-1258; Vietnamese prose has one in every second or third word."""
_CERTAIN = 3
"""A text with at least so many signs has mojibake, even where ftfy finds most of the text right."""
_TCVN3 = re.compile(rb"[\xa8-\xaa\xac-\xba\xbc-\xbe]")
"""Without the letters that are quotation marks elsewhere."""
_VNI_TONES = re.compile(
    rb"(?<=[AEIOUYaeiouy\xd4\xd6\xf4\xf6])[\xd5\xd8\xd9\xdb\xcf\xf5\xf8\xf9\xfb\xef\xe2\xea\xe1\xe0]"
)
_HIGH = re.compile(rb"[\x80-\xff]")


def fix_mojibake(text: str) -> str:
    """Return the text with what was UTF-8 read as cp1252 or Latin-1 repaired, all of it or parts of it."""
    n_signs = len(re.findall(_SIGN, text)) if _MAY_BE_SIGN.search(text) else 0
    if not n_signs:
        return text
    from ftfy import TextFixerConfig, fix_encoding

    # ftfy takes "Ã " for an "à" that lost its byte A0: in Vietnamese capitals ("ĐÃ ĐẾN") that is right as it stands.
    config = TextFixerConfig(decode_inconsistent_utf8=n_signs >= _CERTAIN)
    fixed: str = fix_encoding(text, config)
    return re.sub(_LETTER, _decode_letter, fixed) if n_signs >= _CERTAIN or fixed != text else fixed


def without_nul(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the text without NUL characters, and a warning where there were any."""
    if not (n_nul := text.count("\0")):
        return text, ()
    dropped = "one NUL character was" if n_nul == 1 else f"{n_nul:,} NUL characters were"
    return text.replace("\0", ""), (f"{dropped} dropped, the first at character {text.index(chr(0))}",)


def mend(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the text without NUL characters and with its mojibake repaired, and a warning for each."""
    whole, warnings = without_nul(text)
    fixed = fix_mojibake(whole)
    return fixed, warnings if fixed == whole else (*warnings, REPAIRED)


def _decode_letter(match: re.Match[str]) -> str:
    try:
        return bytes(_BYTE_OF.get(ord(char), ord(char)) for char in match.group()).decode()
    except UnicodeDecodeError:
        return match.group()


def disguised_legacy_encoding(text: str) -> str | None:
    """Name the legacy encoding of text that was read as Latin-1 or cp1252 ("Toång thoáng"), if it is one."""
    sample = text[:_SAMPLE]
    for charset in ("cp1252", "latin-1"):
        data = sample.encode(charset, "ignore")
        if len(data) >= _MIN_SHARE * len(sample):
            return legacy_encoding(data) or ("windows-1258" if _is_windows_1258(sample) else None)
    return None


def _is_windows_1258(sample: str) -> bool:
    """Tell whether text has the tone marks of windows-1258, read as letters, behind its vowels: "TôÒng" for "Tổng"."""
    n_tones = len(_TONE_OF_1258.findall(sample))
    return n_tones >= _FEWEST_TONES and n_tones >= _SHARE_OF_TONES * len(sample.split())


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
