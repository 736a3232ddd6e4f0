"""Bytes to text: what is read, what is converted, what is refused and named."""

from __future__ import annotations

import contextlib
import unicodedata

import legacy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model import UnreadableText
from model.encoding import decode
from training.corpus.examples import Example


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_is_read(seed_examples: list[Example], encoding: str) -> None:
    for example in seed_examples[::10]:
        text, found = decode(example.text.encode(encoding), source="a.txt")
        assert text == example.text
        assert found.startswith(encoding.removesuffix("-sig"))


def test_windows_1258_is_converted(seed_examples: list[Example]) -> None:
    text = "\n".join(example.text for example in seed_examples[:30])
    converted, encoding = decode(legacy.windows_1258(text), source="a.txt")
    assert encoding == "windows-1258"
    assert converted == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize(("encode", "name"), [(legacy.tcvn3, "TCVN3"), (legacy.vni, "VNI")])
def test_other_legacy_encodings_are_named(seed_examples: list[Example], encode: object, name: str) -> None:
    for example in seed_examples[::5]:
        with pytest.raises(
            UnreadableText, match=f"a.txt: the text is in {name}, a legacy Vietnamese encoding: convert"
        ):
            decode(encode(example.text), source="a.txt")  # type: ignore[operator]
        disguised = encode(example.text).decode("latin-1").encode("utf-8")  # type: ignore[operator]
        with pytest.raises(UnreadableText, match=f"the text is in {name}, only saved as UTF-8"):
            decode(disguised, source="a.txt")


def test_western_languages_are_no_legacy_vietnamese() -> None:
    for text in (
        "Le président a déclaré que les élections auraient lieu à Genève après la fin de la guerre, où l'accord échoué",
        "El presidente dijo que las elecciones se celebrarán después de la guerra según la opinión del señor Muñoz",
        "Der Präsident erklärte, die Wahlen würden nach dem Krieg in Österreich und Köln durchgeführt, größer als je",
        "O presidente disse que não haverá eleições até o fim da guerra; a situação é de tensão e as negociações",
    ):
        assert decode(text.encode("utf-8"), source="a.txt") == (text, "utf-8")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"%PDF-1.7 ...", "a PDF file"),
        (b"PK\x03\x04\x00\x00", "a ZIP, Word or EPUB file"),
        (b"\x1f\x8b\x08\x00", "a gzip file"),
        (bytes(range(256)) * 20, "binary data"),
        (b"abc\0def" * 30, "binary data"),
        ("Les élections à Paris".encode("latin-1"), "not UTF-8"),
        ("cuộc bầu cử ở Syria".encode() + b"\xff", "not UTF-8 from byte 27"),
        (b"\xff\xfeB\xd8a", "broken at byte"),
    ],
)
def test_what_is_no_text_is_refused(data: bytes, what: str) -> None:
    with pytest.raises(UnreadableText, match=f"a.bin: .*{what}"):
        decode(data, source="a.bin")


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(UnreadableText):
        text, encoding = decode(data, source="x")
        assert encoding.startswith(("utf", "windows"))
        assert isinstance(text, str)
