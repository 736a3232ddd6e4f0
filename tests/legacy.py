"""Encoders for the Vietnamese legacy encodings, written from their code charts, to make test input with."""

from __future__ import annotations

import unicodedata

_TCVN3 = {
    "à": 0xB5, "ả": 0xB6, "ã": 0xB7, "á": 0xB8, "ạ": 0xB9, "ă": 0xA8, "ằ": 0xBB, "ẳ": 0xBC, "ẵ": 0xBD, "ắ": 0xBE,
    "ặ": 0xC6, "â": 0xA9, "ầ": 0xC7, "ẩ": 0xC8, "ẫ": 0xC9, "ấ": 0xCA, "ậ": 0xCB, "đ": 0xAE, "è": 0xCC, "ẻ": 0xCE,
    "ẽ": 0xCF, "é": 0xD0, "ẹ": 0xD1, "ê": 0xAA, "ề": 0xD2, "ể": 0xD3, "ễ": 0xD4, "ế": 0xD5, "ệ": 0xD6, "ì": 0xD7,
    "ỉ": 0xD8, "ĩ": 0xDC, "í": 0xDD, "ị": 0xDE, "ò": 0xDF, "ỏ": 0xE1, "õ": 0xE2, "ó": 0xE3, "ọ": 0xE4, "ô": 0xAB,
    "ồ": 0xE5, "ổ": 0xE6, "ỗ": 0xE7, "ố": 0xE8, "ộ": 0xE9, "ơ": 0xAC, "ờ": 0xEA, "ở": 0xEB, "ỡ": 0xEC, "ớ": 0xED,
    "ợ": 0xEE, "ù": 0xEF, "ủ": 0xF1, "ũ": 0xF2, "ú": 0xF3, "ụ": 0xF4, "ư": 0xAD, "ừ": 0xF5, "ử": 0xF6, "ữ": 0xF7,
    "ứ": 0xF8, "ự": 0xF9, "ỳ": 0xFA, "ỷ": 0xFB, "ỹ": 0xFC, "ý": 0xFD, "ỵ": 0xFE, "Đ": 0xA7,
}  # fmt: skip
_TONES = "\u0300\u0301\u0303\u0309\u0323"
_VNI_TONE = dict(zip("\u0301\u0300\u0309\u0303\u0323", "ùøûõï", strict=True))
_VNI_HAT = dict(zip(["", *"\u0301\u0300\u0309\u0303\u0323"], "âáàåãä", strict=True))
_VNI_BREVE = dict(zip(["", *"\u0301\u0300\u0309\u0303\u0323"], "êéèúüë", strict=True))
_VNI_I = dict(zip("\u0301\u0300\u0309\u0303\u0323", "íìæóò", strict=True))


def tcvn3(text: str) -> bytes:
    """Encode, capitals with marks as their small letters (the font TCVN3 puts them in another file)."""
    return b"".join(
        bytes([_TCVN3[char]]) if char in _TCVN3 else bytes([_TCVN3.get(char.lower(), ord(char) % 256)]) for char in text
    )


def windows_1258(text: str) -> bytes:
    encoded = b""
    for char in unicodedata.normalize("NFC", text):
        parts = unicodedata.normalize("NFD", char)
        tone = "".join(part for part in parts if part in _TONES)
        base = unicodedata.normalize("NFC", "".join(part for part in parts if part not in _TONES))
        try:
            encoded += char.encode("cp1258")
        except UnicodeEncodeError:
            encoded += (base + tone).encode("cp1258", "replace")
    return encoded


def vni(text: str) -> bytes:
    encoded = ""
    for char in text:
        base, *marks = unicodedata.normalize("NFD", char)
        if char in "đĐ":
            encoded += "ñ" if char == "đ" else "Ñ"
            continue
        if "\u031b" in marks:
            base = {"o": "ô", "u": "ö", "O": "Ô", "U": "Ö"}[base]
        tone = next((mark for mark in marks if mark in _TONES), "")
        if "\u0302" in marks:
            encoded += base + _VNI_HAT[tone]
        elif "\u0306" in marks:
            encoded += base + _VNI_BREVE[tone]
        elif base in "iI" and tone:
            encoded += _VNI_I[tone]
        else:
            encoded += base + (_VNI_TONE[tone] if tone else "")
    return encoded.encode("latin-1", "replace")
