"""POST /predict: what comes back for texts, pages, records and several documents, as Python gives it."""

from __future__ import annotations

import json
from typing import Any

import legacy
import pytest
from conftest import SEEDS
from flask.testing import FlaskClient
from texts import ELECTION, SYRIA

from model import TopicTagger


def test_one_text_is_tagged_as_in_python(client: FlaskClient, shipped: TopicTagger) -> None:
    assert client.post("/predict", json={"text": SYRIA}).get_json() == shipped.tag(SYRIA)
    assert client.post("/predict", json={"text": SYRIA, "id": 7}).get_json() == {"id": 7, **shipped.tag(SYRIA)}
    titled = client.post("/predict", json={"text": SYRIA, "title": " Bầu cử Mỹ "}).get_json()
    assert titled == shipped.tag(f"Bầu cử Mỹ\n{SYRIA}")
    assert titled["tags"] == ["elections", "syria"]
    assert client.post("/predict", json={"text": SYRIA, "title": SYRIA[:12]}).get_json() == shipped.tag(SYRIA)


def test_plain_text_and_html(client: FlaskClient, shipped: TopicTagger) -> None:
    plain = client.post("/predict", data=SYRIA.encode(), content_type="text/plain; charset=utf-8")
    assert plain.get_json() == shipped.tag(SYRIA)
    wide = client.post("/predict", data=SYRIA.encode("utf-16"), content_type="text/plain; charset=UTF-16")
    assert wide.get_json() == shipped.tag(SYRIA)
    html = next(SEEDS.glob("pages/*.html")).read_bytes()
    tags = json.loads((SEEDS / "pages" / "tags.json").read_text(encoding="utf-8"))
    answer = client.post("/predict?explain=1", data=html, content_type="text/html").get_json()
    assert answer["tags"] == tags[next(SEEDS.glob("pages/*.html")).name]
    for evidence in answer["evidence"]:
        assert answer["text"][evidence["start"] : evidence["end"]] == evidence["sentence"]


def test_explain_counts_in_the_fields_that_were_sent(client: FlaskClient) -> None:
    sent = {"title": "  Bầu cử tổng thống Mỹ ", "text": f"{SYRIA} Hết."}
    answer = client.post("/predict?explain=1", json=sent).get_json()
    assert answer["tags"] == ["elections", "syria"]
    where = {evidence["tag"]: evidence["field"] for evidence in answer["evidence"]}
    assert where == {"elections": "title", "syria": "text"}
    for part in [*answer["evidence"], *answer["context"]]:
        for term in part["terms"]:
            assert sent[term["field"]][term["start"] : term["end"]].lower() == term["term"]


def test_a_record_is_read_by_the_one_rule(client: FlaskClient, shipped: TopicTagger) -> None:
    parts = {"title": "Bầu cử Mỹ", "lead": "Cử tri đi bầu tổng thống.", "body": SYRIA}
    whole = shipped.tag("\n".join(parts.values()))
    assert client.post("/predict", json=parts).get_json() == whole
    assert client.post("/predict", json={**parts, "text": None, "url": "u", "n": [{}]}).get_json() == whole
    for name, value in parts.items():
        assert client.post("/predict", json={name: value}).get_json() == shipped.tag(value)
    bad = {"documents": [parts, parts, parts, {"title": "Bầu cử", "lead": 5, "body": SYRIA}]}
    error = client.post("/predict", json=bad).get_json()["results"][3]["error"]
    assert (error["code"], error["pointer"]) == ("bad-field", "/documents/3/lead")
    assert error["message"] == "/documents/3/lead: must be a string, not int 5"


@pytest.mark.parametrize("identity", ["a", "", "7", 7, 0, -5, 2**64 - 1, -(2**63), 1.5, 1.0])
def test_an_id_keeps_its_type(client: FlaskClient, identity: str | float) -> None:
    for path in ("/predict", "/predict?explain=1"):
        answer = client.post(path, json={"documents": [{"text": SYRIA, "id": identity}, {"text": 5, "id": identity}]})
        ids = [result["id"] for result in answer.get_json()["results"]]
        assert [(type(one), one) for one in ids] == [(type(identity), identity)] * 2


def test_a_long_field_that_was_not_read_is_named(client: FlaskClient) -> None:
    crawled = {"url": "https://bao.example/1", "title": "Bầu cử Mỹ", "content": f"{SYRIA} " * 9}
    for path in ("/predict", "/predict?explain=1"):
        answer = client.post(path, json={"documents": [crawled, {**crawled, "text": "Cử tri đi bầu tổng thống Mỹ."}]})
        one, other = (result["warnings"] for result in answer.get_json()["results"])
        n_chars = 9 * (len(SYRIA) + 1)
        assert one == [f'read: title; not read: content ({n_chars} characters): send it as "text"']
        assert other[0].startswith("read: title, text; not read: content")
    assert "warnings" not in client.post("/predict", json={**crawled, "body": f"{SYRIA} " * 2}).get_json()
    assert "warnings" not in client.post("/predict", json={**crawled, "content": "Xem thêm tin"}).get_json()


def test_pages_are_forced_as_everywhere(client: FlaskClient, shipped: TopicTagger) -> None:
    page = (SEEDS / "pages" / "01_rice_with_teasers.txt").read_text(encoding="utf-8")
    tags = {}
    for forced in ("auto", "always", "never"):
        answers = [
            client.post(f"/predict?page={forced}", json={"text": page}),
            client.post(f"/predict?page={forced}", data=page.encode(), content_type="text/plain"),
        ]
        for answer in answers:
            assert answer.get_json() == shipped.tag(page, page=forced)
        tags[forced] = answers[0].get_json()["tags"]
    assert tags == {"auto": [], "always": [], "never": ["elections", "syria", "ukraine"]}
    html = f"<html><body><p>{SYRIA}</p><p>{ELECTION}</p></body></html>"
    found = client.post("/predict", data=html.encode(), content_type="text/html").get_json()
    assert found["tags"] == ["elections", "syria", "ukraine"]
    assert client.post("/predict?page=html", json={"text": html}).get_json() == found
    several = client.post("/predict?page=html&explain=1", json={"documents": [{"text": html, "id": 1}]}).get_json()
    for evidence in several["results"][0]["evidence"]:
        assert several["results"][0]["text"][evidence["start"] : evidence["end"]] == evidence["sentence"]
    raw = client.post("/predict?page=never", data=html.encode(), content_type="text/html").get_json()
    assert raw == shipped.tag(html, page="never")


HTML = f"<!DOCTYPE html><html><body><article><h1>Tin</h1><p>{SYRIA}</p><p>{ELECTION}</p></article></body></html>"


@pytest.mark.parametrize("query", ["", "page=auto", "page=always", "page=never", "page=html"])
@pytest.mark.parametrize(
    "record",
    [
        {"text": SYRIA},
        {"title": " Bầu cử Mỹ ", "lead": ELECTION, "body": f"{SYRIA} Hết."},
        {"text": HTML},
        {"title": "Bầu cử <b>Mỹ</b>", "text": HTML},
    ],
)
def test_tags_and_evidence_are_those_of_python(
    client: FlaskClient, shipped: TopicTagger, record: dict[str, str], query: str
) -> None:
    page: Any = query.removeprefix("page=") or "auto"
    assert client.post(f"/predict?{query}", json=record).get_json() == shipped.tag(record, page=page)
    explained = client.post(f"/predict?explain=1&{query}", json=record).get_json()
    assert explained == shipped.explain(record, page=page)
    read = {**record, **{field: explained[field] for field in record if field in explained}}
    for evidence in explained["evidence"]:
        assert read[evidence["field"]][evidence["start"] : evidence["end"]] == evidence["sentence"]
    several = client.post(f"/predict?explain=1&{query}", json={"documents": [record]}).get_json()
    assert several["results"] == [explained]


def test_html_is_recognised_however_it_comes(client: FlaskClient) -> None:
    answers = [
        client.post("/predict", json={"text": HTML}),
        client.post("/predict", data=HTML.encode(), content_type="text/plain"),
        client.post("/predict", data=HTML.encode(), content_type="text/html"),
    ]
    assert [answer.get_json()["tags"] for answer in answers] == [["elections", "syria", "ukraine"]] * 3
    assert answers[0].get_json() == answers[1].get_json()


def test_what_was_converted_is_said(client: FlaskClient) -> None:
    answer = client.post("/predict", data=legacy.windows_1258(SYRIA), content_type="text/plain").get_json()
    assert (answer["tags"], answer["warnings"]) == (["syria"], ["converted from windows-1258"])


def test_documents_are_answered_one_by_one(client: FlaskClient, shipped: TopicTagger) -> None:
    documents = [{"id": "a", "text": SYRIA}, {"id": 2, "text": None}, {"text": "..."}, 5, {"lead": [ELECTION]}]
    documents += [{"text": "a" * 50_001}, {"id": "z", "text": "b\ud800"}, {"text": ELECTION}]  # type: ignore[list-item]
    answer = client.post(
        "/predict", data=json.dumps({"documents": documents}), content_type="application/json"
    ).get_json()
    results = answer["results"]
    assert answer["model"] == shipped.version
    assert results[0] == {"id": "a", **shipped.tag(SYRIA)}
    assert results[7] == shipped.tag(ELECTION)
    assert [result.get("error", {}).get("code") for result in results] == [
        None,
        "bad-field",
        "empty-text",
        "bad-field",
        "bad-field",
        "text-too-long",
        "bad-field",
        None,
    ]
    pointers = [result.get("error", {}).get("pointer") for result in results]
    assert pointers[1] == "/documents/1/text"
    assert pointers[3] == "/documents/3"
    assert pointers[4] == "/documents/4/lead"
    assert pointers[6] == "/documents/6/text"
    assert (results[1]["id"], results[6]["id"]) == (2, "z")
    assert client.post("/predict", json={"documents": []}).get_json() == {"model": shipped.version, "results": []}
