"""One document, one rule: the same result whichever way it comes, and where in its fields the evidence stands."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from documents import ARTICLE, ELECTION, PAGE, RICE, mojibake
from hypothesis import given, settings
from hypothesis import strategies as st
from test_model_scoring import TEXTS

from model import EmptyText, TextError, TopicTagger, UnreadableText
from model.document import FIELDS, FieldError
from model.page.content import PAGES, Page


def test_one_bad_document_costs_no_other(shipped: TopicTagger) -> None:
    documents: list[Any] = [ELECTION, float("nan"), None, 5, {"text": 5}, {"url": "x"}, {"title": " "}, b"x", "", PAGE]
    results = shipped.tag_many(documents, errors="return")
    assert [type(result) for result in results] == [dict, *[FieldError] * 7, EmptyText, dict]
    assert "a text must be a string or a record such as" in str(results[1])
    assert str(results[1]).endswith("not float nan")
    assert str(results[4]) == "text: must be a string, not int 5"
    assert all(isinstance(result, TextError) and result.code for result in results[1:9])
    with pytest.raises(FieldError, match="^text 1: a text must be a string or a record"):
        shipped.tag_many(documents)
    with pytest.raises(FieldError, match="^text: must be a string, not int 5"):
        shipped.tag({"text": 5})
    with pytest.raises(UnreadableText, match="^a.txt:7: no"):
        raise UnreadableText("no").located("a.txt:7")


def test_what_is_left_out_is_told_by_field(shipped: TopicTagger) -> None:
    document = {"title": "Tin thời tiết\nTrang chủ", "body": f"Chia sẻ\n{RICE}\nTin liên quan\nUkraine bầu cử"}
    result = shipped.explain(document, page="always")
    left_out = [(part["field"], document[part["field"]][part["start"] : part["end"]]) for part in result["left_out"]]
    assert left_out == [("title", "Trang chủ"), ("body", "Chia sẻ"), ("body", "Tin liên quan\nUkraine bầu cử")]


def test_a_sentence_over_two_fields_stands_in_the_one_that_has_the_most_of_it(shipped: TopicTagger) -> None:
    document = {"title": "Cử tri Ukraine", "text": "bầu tổng thống mới trong cuộc bỏ phiếu hôm nay."}
    evidence = shipped.explain(document)["evidence"][0]
    assert (evidence["field"], evidence["sentence"]) == ("text", document["text"])
    assert {term["field"] for term in evidence["terms"]} == {"title", "text"}


HTML = st.sampled_from(
    [
        "{}",
        "<p>{}</p>",
        "{}<br>{}",
        "<b>{}</b>",
        '<a href="/bầu-cử">{}</a>',
        "{} https://a.example/ukraine",
        "{}&nbsp;{}",
    ]
)
VALUES = st.tuples(
    HTML, st.one_of(st.sampled_from([ELECTION, RICE, ARTICLE, PAGE, mojibake(ELECTION, "cp1252")]), TEXTS)
).map(lambda pair: pair[0].replace("{}", pair[1]).encode("utf-8", "replace").decode())
RECORDS = st.dictionaries(st.sampled_from(FIELDS), VALUES, min_size=1)


@settings(max_examples=200)
@given(RECORDS, st.sampled_from(PAGES))
def test_the_same_document_gives_the_same_whichever_way_it_comes(
    shipped: TopicTagger, record: dict[str, str], page: Page
) -> None:
    one, *others = shipped.tag_many([record, RICE, PAGE, record, ELECTION, RICE], page=page, errors="return")
    assert str(others[2]) == str(one)
    assert str(shipped.tag_many([record], page=page, errors="return")[0]) == str(one)
    if list(record) == ["text"] and record["text"].strip():
        assert str(shipped.tag_many([record["text"]], page=page, errors="return")[0]) == str(one)
    if isinstance(one, TextError):
        with pytest.raises(type(one)):  # noqa: PT011
            shipped.explain(record, page=page)
        return
    result: dict[str, Any] = dict(shipped.explain(record, page=page))
    assert {name: result[name] for name in one} == one
    for part in (*result["evidence"], *result["left_out"]):
        assert part["start"] < part["end"]
        text = result.get(part["field"], record[part["field"]])
        assert part.get("sentence", text[part["start"] : part["end"]]) == text[part["start"] : part["end"]]
    for part in (*result["evidence"], *result["context"]):
        for term in part["terms"]:
            text = result.get(term["field"], record[term["field"]])
            assert text[term["start"] : term["end"]].strip()
    assert np.isfinite(list(result["scores"].values())).all()
