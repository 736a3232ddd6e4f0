"""Bytes to text: what is read, what is converted, what is refused and named."""

from __future__ import annotations

import contextlib
import unicodedata

import legacy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model import TopicTagger, UnreadableText
from model.encoding import Decoded, decode
from training.corpus.examples import Example


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_is_read(seed_examples: list[Example], encoding: str) -> None:
    for example in seed_examples[::10]:
        decoded = decode(example.text.encode(encoding), source="a.txt")
        assert (decoded.text, decoded.warnings) == (example.text, ())
        assert decoded.encoding.startswith(encoding.removesuffix("-sig"))


def test_windows_1258_is_converted(seed_examples: list[Example]) -> None:
    text = "\n".join(example.text for example in seed_examples[:30])
    assert decode(legacy.windows_1258(text), source="a.txt") == Decoded(
        unicodedata.normalize("NFC", text), "windows-1258", ("converted from windows-1258",)
    )


def test_a_text_too_short_to_tell_windows_1258_is_told_so() -> None:
    text = "Cử tri đi bầu tổng thống ở Ukraine vào hôm qua ạ"
    assert len(text) == 48
    with pytest.raises(UnreadableText, match="too short to tell another encoding: convert it to UTF-8 first"):
        decode(legacy.windows_1258(f"{text}."), source="a.txt")
    assert decode(legacy.windows_1258(f"{text} ."), source="a.txt").text == f"{text} ."


@pytest.mark.parametrize(("encode", "name"), [(legacy.tcvn3, "TCVN3"), (legacy.vni, "VNI")])
def test_other_legacy_encodings_are_named(
    shipped: TopicTagger, seed_examples: list[Example], encode: object, name: str
) -> None:
    for example in seed_examples[::5]:
        with pytest.raises(
            UnreadableText, match=f"a.txt: the text is in {name}, a legacy Vietnamese encoding: convert"
        ):
            decode(encode(example.text), source="a.txt")  # type: ignore[operator]
        disguised = encode(example.text).decode("latin-1")  # type: ignore[operator]
        with pytest.raises(UnreadableText, match=f"^the text is in {name}, a legacy Vietnamese encoding, saved as Uni"):
            shipped.tag(decode(disguised.encode("utf-8"), source="a.txt").text)
        with pytest.raises(UnreadableText, match=f"^the text is in {name}, a legacy Vietnamese encoding, saved as Uni"):
            shipped.explain({"title": "Tin", "text": disguised})


def test_western_languages_are_no_legacy_vietnamese(shipped: TopicTagger) -> None:
    for text in (
        "Le président a déclaré que les élections auraient lieu à Genève après la fin de la guerre, où l'accord échoué",
        "El presidente dijo que las elecciones se celebrarán después de la guerra según la opinión del señor Muñoz",
        "Der Präsident erklärte, die Wahlen würden nach dem Krieg in Österreich und Köln durchgeführt, größer als je",
        "« Le président », a-t-il dit, « est élu » ; « à Genève » : « la 2ª région », « l’été » et « le 3º été »",
        "O presidente disse que não haverá eleições até o fim da guerra; a situação é de tensão e as negociações",
    ):
        assert decode(text.encode("utf-8"), source="a.txt") == Decoded(text, "utf-8")
        assert shipped.tag(text)["tags"] == []


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"%PDF-1.7 ...", "a PDF file"),
        (b"PK\x03\x04\x00\x00", "a ZIP, Word or EPUB file"),
        (b"\x1f\x8b\x08\x00", "a gzip file"),
        (bytes(range(256)) * 20, "binary data"),
        (b"abc\0def" * 30, "binary data"),
        ("Les élections à Paris".encode("latin-1"), "not UTF-8"),
        (b"\xff\xfeB\xd8a", "not utf-16-le from byte 2"),
        (("ầửởộ abc".encode() + b"\xff") * 5, "not utf-8 from byte 16"),
    ],
)
def test_what_is_no_text_is_refused(data: bytes, what: str) -> None:
    with pytest.raises(UnreadableText, match=f"a.bin: .*{what}"):
        decode(data, source="a.bin")


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(UnreadableText):
        decoded = decode(data, source="x")
        assert decoded.encoding.startswith(("utf", "windows"))
        assert "\0" not in decoded.text


SENTENCE = "Cử tri Ukraine đi bỏ phiếu bầu tổng thống mới, và quan sát viên quốc tế có mặt ở mọi tỉnh."


def test_one_bad_byte_or_nul_does_not_cost_the_text() -> None:
    data = (SENTENCE * 3).encode()
    broken = decode(data + b"\xff" + data, source="a.txt")
    assert broken.text == f"{SENTENCE * 3}\ufffd{SENTENCE * 3}"
    assert broken.warnings[0].startswith(f"one character is not utf-8, the first at byte {len(data)} (0xff)")
    twice = decode(b"\xff\xfe" + f"{SENTENCE}".encode("utf-16-le") + b"\0\xd8a\0" + b"\0\xd8a\0", source="a.txt")
    assert twice.warnings[0].startswith("2 characters are not utf-16-le, the first at byte 182 ")
    nul = decode(data + b"\0" + data, source="a.txt")
    assert nul.text == SENTENCE * 6
    assert nul.warnings == (f"one NUL character was dropped, the first at character {len(SENTENCE) * 3}",)


@pytest.mark.parametrize(
    "head",
    [
        '<html><head><meta charset="windows-1258"></head><body>',
        "<html><head><meta http-equiv=Content-Type content='text/html; charset=windows-1258'></head><body>",
        '<?xml version="1.0" encoding="windows-1258"?><html><body>',
    ],
)
def test_a_declared_encoding_is_tried_before_guessing(head: str) -> None:
    page = head + f'<div class="menu"><a href="/tin-moi/trang-1.html">A</a></div>{"<br>" * 50}<p>{SENTENCE}</p></body>'
    decoded = decode(legacy.windows_1258(page), source="a.html")
    assert decoded == Decoded(page, "windows-1258", ("converted from windows-1258",))
    assert decode(page.encode(), source="a.html") == Decoded(page, "utf-8")  # UTF-8 is never anything else


def test_a_declared_encoding_that_cannot_be_read_is_passed_over() -> None:
    for name in ("utf-7", "rot13", "idna", "no-such-thing", "big5-x"):
        with pytest.raises(UnreadableText, match="not UTF-8"):
            decode(f'<meta charset="{name}"><p>'.encode() + b"\xe9" * 3, source="a.html")
    assert decode(b"<meta charset=iso-8859-1><p>\xe9t\xe9 \x93a\x94", source="a.html").text.endswith("été “a”")
