"""Texts in another encoding or script than they seem to be: repaired or named, and given no tag for it."""

from __future__ import annotations

import legacy
import pytest
from documents import ARTICLE, ELECTION, RICE, mojibake
from hypothesis import given
from test_model_scoring import TEXTS

from model import TopicTagger, UnreadableText
from model.disguise import REPAIRED, disguised_legacy_encoding, fix_mojibake


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_mojibake_is_repaired_and_named(shipped: TopicTagger, encoding: str) -> None:
    for document in (mojibake(ARTICLE, encoding), {"title": "Tin", "text": mojibake(ARTICLE, encoding)}):
        result = shipped.explain(document)
        assert result["text"] == ARTICLE
        assert result["tags"] == shipped.tag(ARTICLE)["tags"]
        assert result["warnings"] == [REPAIRED]
        assert shipped.tag(document)["warnings"] == [REPAIRED]


def test_mojibake_of_a_part_is_repaired() -> None:
    for part in ("“Tôi không biết”", "Đàm phán về vũ khí", "Bầu cử Mỹ", ELECTION):
        assert fix_mojibake(f"{ARTICLE}{mojibake(part, 'cp1252')} {RICE}") == f"{ARTICLE}{part} {RICE}"


@given(TEXTS)
def test_what_is_right_is_no_mojibake(text: str) -> None:
    assert fix_mojibake(f"{ELECTION} ĐÃ ĐẾN “Ừ” «má» HÀ {text}").startswith(f"{ELECTION} ĐÃ ĐẾN “Ừ” «má» HÀ")


@pytest.mark.parametrize(
    "text",
    [
        "Выборы президента Украины",
        "乌克兰总统选举",
        "การเลือกตั้งประธานาธิบดียูเครน",
        "انتخابات ٢٠١٦",
        "٢٠١٦",
        "Президент Украины Zelensky и НАТО (NATO) обсудили выборы",
    ],
)
def test_another_script_gets_no_tag_and_says_so(shipped: TopicTagger, text: str) -> None:
    for result in (shipped.tag(text), shipped.explain(text)):
        assert result["tags"] == []
        assert set(result["scores"].values()) == {0.0}
        assert "not Vietnamese" in result["warnings"][0]


def test_windows_1258_that_was_read_as_windows_1252_is_named(shipped: TopicTagger) -> None:
    for text in (ELECTION, ARTICLE, RICE, ARTICLE.upper()):
        disguised = legacy.windows_1258(text).decode("cp1252", "replace")
        (result,) = shipped.tag_many([{"text": disguised}], errors="return")
        assert isinstance(result, UnreadableText)
        assert str(result).startswith("the text is in windows-1258, a legacy Vietnamese encoding, saved as Unicode")


@pytest.mark.parametrize("text", [RICE, ARTICLE, "Mẹ mua giò, quì xuống. GIÒ LỤA, QUÌ, ÒA, ỒN. Perché ciò è così più."])
def test_what_is_right_is_no_windows_1258(shipped: TopicTagger, text: str) -> None:
    assert disguised_legacy_encoding(text) is None
    assert isinstance(shipped.tag(text), dict)
