"""Spelling and sentences: cases worked out by hand, and properties."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.reading import split_sentences
from model.scan import plain
from model.scan.alphabet import LETTERS
from model.scan.spelling import normalise, repair, repair_with_offsets, spellings


def test_the_alphabet_is_the_vietnamese_one() -> None:
    assert set(LETTERS) == plain.LETTERS - set("0123456789")
    assert len(LETTERS) == 93


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("hoà bình", "hòa bình"),
        ("thuỷ điện", "thủy điện"),
        ("loè loẹt", "lòe lọet"),
        ("quý", "qúy"),
        ("hoàn toàn", "hòan tòan"),
        ("Đức", "Ðức"),
        ("đường", "ðường"),
        ("Đà Nẵng", "ĐÀ NẴNG"),
        ("Erdoğan", "ERDOGAN"),
        ("Ａｓｓａｄ", "assad"),
        ("bầu\u00a0cử", "bầu  cử"),
        ("bầ\u200bu cử", "bầu cử"),
        ("“bầu cử”", '"bầu cử"'),
        ("ngoại giao", unicodedata.normalize("NFD", "ngoại giao")),
        ("b\u00adầu cử", "bầu cử"),
    ],
)
def test_the_same_words(one: str, other: str) -> None:
    assert normalise(one) == normalise(other)
    assert split_sentences(one) == split_sentences(other)


@pytest.mark.parametrize(("one", "other"), [("má", "mà"), ("mã", "mạ"), ("đo", "do"), ("ở", "y"), ("ma", "má")])
def test_different_words(one: str, other: str) -> None:
    assert normalise(one) != normalise(other) != ""


def test_normalise_by_hand() -> None:
    assert normalise("  Ông HÒA, ở   TP.HCM: “thỏa thuận” 29.6… ß 中 ") == "ông hoà ở tp hcm thoả thuận 29 6"


@given(st.text())
def test_normalise_is_idempotent(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@given(st.text(st.sampled_from("hoàáảãạòóỏõọuỳýỷỹỵùúủũụaeyqt"), min_size=1, max_size=8))
def test_spellings_are_the_ones_that_normalise_back(word: str) -> None:
    canonical = normalise(word)
    every = spellings(canonical)
    assert word in every
    assert {normalise(spelling) for spelling in every} == {canonical}
    assert len(every) == len(set(every))


@given(st.text(st.sampled_from("aeoâưhĐ\u0301\u0300\u0323\u0302\u200b\u00ad x😀"), max_size=30))
def test_repair_offsets(text: str) -> None:
    repaired, offsets = repair_with_offsets(text)
    assert repaired == repair(text) == plain.clean(text)
    assert len(offsets) == len(repaired) + 1
    assert offsets[-1] == len(text)
    assert (offsets[1:] >= offsets[:-1]).all()


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Ông A. B. C đến Tp. Hồ Chí Minh gặp TS. Nam.", 1),
        ("Hôm 29.6 hai bên gặp nhau. Giá là 10.000 đồng.", 2),
        ("Theo VOV.VN, hội đàm kéo dài. Sau đó họ ăn trưa.", 2),
        ("quan hệ hai bên.Nhà lãnh đạo Nga nói", 2),
        ("“Tôi không biết!” ông nói. “Thật vậy.” Rồi ông đi.", 3),
        ("- Giảm vũ khí\n- Rút quân\n• Bầu cử", 3),
        ("Một dòng bị ngắt\ngiữa chừng vì hẹp", 1),
        ("Một tiêu đề\nMột câu khác", 2),
        ("Một tiêu đề\n\nđoạn sau", 2),
        ("Chờ đã... rồi sao? Không biết…", 2),
        ("Năm 2016. Ông đắc cử.", 2),
        ("\n\n  \n", 0),
    ],
)
def test_sentences_by_hand(text: str, count: int) -> None:
    assert len(split_sentences(text)) == count
