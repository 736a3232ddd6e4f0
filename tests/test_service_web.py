"""The service's answers, through Flask's client: what is tagged, what is refused, what is counted and logged."""

from __future__ import annotations

import json
import logging
import math
import re
from pathlib import Path
from typing import Any

import legacy
import pytest
import schemathesis
from conftest import SEEDS
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig

from model import TopicTagger
from model.activation import activate
from model.artifact.artifact import Artifact
from model.artifact.files import PRETRAINED
from model.errors import SettingError
from model.versions import Versions
from service.settings import Settings
from service.web.app import create_app
from service.web.key_store import KeyStore
from service.web.metrics import stability_index
from service.web.request_log import JsonFormatter
from training.fit.fitting import Fit

SYRIA = "Quân đội Syria mở chiến dịch mới ở Idlib sau khi lệnh ngừng bắn đổ vỡ."
ELECTION = "Ukraine bầu tổng thống giữa chiến sự, hơn ba mươi ứng viên tranh cử."


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    return create_app(Settings(home=tmp_path, max_body_bytes=200_000, max_documents=20, max_text_chars=50_000), {})


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def problem(response: Any, status: int) -> dict[str, Any]:
    assert response.status_code == status
    assert response.content_type == "application/problem+json"
    body: dict[str, Any] = json.loads(response.data)
    assert body["status"] == status
    assert body["request_id"] == response.headers["X-Request-ID"]
    return body


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


@pytest.mark.parametrize(
    ("body", "status", "code", "pointer"),
    [
        (b'{"text": "a", "text": "b"}', 400, "bad-json", "/text"),
        (b'{"text": "a", "text": "\\u0022\\u0022\\u0022\\u0022"}', 400, "bad-json", "/text"),
        (b'{"documents": [{"text": "a"}, {"text": {"b": 1, "b": 2}}]}', 400, "bad-json", "/documents/1/text/b"),
        (b'{"text": NaN}', 400, "bad-json", "/text"),
        (b'{"documents": [Infinity]}', 400, "bad-json", "/documents/0"),
        (b'{"text": "\\ud800"}', 422, "bad-field", "/text"),
        (b'{"text": 5}', 422, "bad-field", "/text"),
        (b'{"text": "a", "title": []}', 422, "bad-field", "/title"),
        (b'{"txt": "a"}', 422, "bad-field", "/text"),
        (b'{"text": "", "title": " "}', 422, "bad-field", "/title"),
        (b'{"text": "a", "id": true}', 422, "bad-field", "/id"),
        (b'{"text": "a", "id": 1e400}', 422, "bad-field", "/id"),
        (b'{"text": "a", "id": 36893488147419103232}', 422, "bad-field", "/id"),
        (b'{"text": "a", "id": "\\udc00"}', 422, "bad-field", "/id"),
        (b'{"text": "a", "a~/b": 1, "a~/b": 2}', 400, "bad-json", "/a~0~1b"),
        (b'{"documents": {}}', 422, "bad-field", "/documents"),
        (b'{"documents": [], "model": 1}', 422, "bad-field", "/model"),
        (b'{"documents": [%s]}' % b",".join([b'{"text": "a"}'] * 21), 413, "too-many-documents", "/documents"),
        (b"[]", 422, "bad-field", ""),
        (b'{"text": "..."}', 422, "empty-text", None),
        (b'{"text": "%s"}' % (b"a " * 25_001), 413, "text-too-long", None),
        (b"", 400, "bad-json", None),
        (b'{"text": "a"', 400, "bad-json", None),
        (b'{"text": "\xff"}', 400, "not-utf-8", None),
        (b"[" * 17 + b"]" * 17, 400, "json-too-deep", None),
        (b"[" * 90_000, 400, "json-too-deep", None),
        (b'{"text": %s}' % (b"1" * 5000), 400, "bad-json", None),
        (b" " * 200_001, 413, "body-too-large", None),
    ],
)
def test_bad_bodies(client: FlaskClient, body: bytes, status: int, code: str, pointer: str | None) -> None:
    found = problem(client.post("/predict", data=body, content_type="application/json"), status)
    assert (found["code"], found.get("pointer")) == (code, pointer)


@pytest.mark.parametrize(
    ("headers", "status", "said"),
    [
        ({}, 415, "no Content-Type"),
        ({"Content-Type": "application/xml"}, 415, "send application/json"),
        ({"Content-Type": "application/json; charset=latin-1"}, 415, "charset latin-1"),
        ({"Content-Type": "text/plain; charset=klingon"}, 415, "charset klingon"),
        ({"Content-Type": "text/plain", "Content-Encoding": "gzip"}, 415, "compressed"),
    ],
)
def test_bad_headers(client: FlaskClient, headers: dict[str, str], status: int, said: str) -> None:
    assert said in problem(client.post("/predict", data=b'{"text": "a"}', headers=headers), status)["detail"]


def test_bad_charsets_and_pages(client: FlaskClient) -> None:
    broken = client.post("/predict", data=b"\xff\xff", content_type="text/plain; charset=utf-8")
    assert "no utf-8 from byte 0" in problem(broken, 400)["detail"]
    tcvn3 = client.post("/predict", data=b"%PDF-1.4 ...", content_type="text/plain")
    assert "PDF" in problem(tcvn3, 415)["detail"]
    front = client.post("/predict", data=b"<html><body><a href=x>A</a></body></html>", content_type="text/html")
    assert problem(front, 422)["code"] == "no-article"


def test_paths_methods_and_parameters(client: FlaskClient) -> None:
    assert "/openapi.json" in problem(client.get("/nothing"), 404)["detail"]
    wrong = client.get("/predict")
    assert "POST" in problem(wrong, 405)["detail"]
    assert wrong.headers["Allow"] == "OPTIONS, POST"
    refused = client.post("/predict?threshold=0.5", json={"text": SYRIA})
    assert "compare the scores yourself" in problem(refused, 422)["detail"]
    for query, said in (
        ("explain=maybe", "explain must be one of 1, true, 0, false, not 'maybe'"),
        ("page=sometimes", "page must be one of auto, always, never, html, not 'sometimes'"),
        ("page=auto&page=never", "page is both auto and never"),
        ("pages=auto", "only explain and page"),
    ):
        assert said in problem(client.post(f"/predict?{query}", json={"text": SYRIA}), 422)["detail"]


def test_topics(client: FlaskClient, shipped: TopicTagger) -> None:
    answer = client.get("/topics").get_json()
    assert answer["model"] == shipped.version
    assert [topic["tag"] for topic in answer["topics"]] == ["arms-control", "elections", "syria", "ukraine"]
    assert answer["topics"][2]["names"] == {"vi": "Syria", "en": "Syria"}
    assert all(0 < topic["threshold"] < 1 and topic["support"] > 700 for topic in answer["topics"])


@pytest.fixture(scope="module")
def other(seed_fit: Fit) -> Artifact:
    return seed_fit.artifact


def test_a_version_is_made_live_with_a_key(app: Flask, client: FlaskClient, other: Artifact, tmp_path: Path) -> None:
    versions = Versions(tmp_path)
    version = versions.add(other)
    path = f"/models/{version}/activate"
    refused = problem(client.post(path), 403)
    assert "chude keys add" in refused["detail"]
    key = KeyStore(tmp_path).add("desk")
    assert client.post(path).headers["WWW-Authenticate"] == 'Bearer realm="chude"'
    problem(client.post(path, headers={"Authorization": "Bearer chude_wrong"}), 401)
    allowed = {"Authorization": f"Bearer {key}"}
    shipped = client.get("/topics").get_json()["model"]
    assert client.post(path, headers=allowed).get_json() == {"live": version, "before": shipped}
    assert client.post("/predict", json={"text": SYRIA}).get_json()["model"] == version
    listed = client.get("/models").get_json()
    assert (listed["live"], listed["before"]) == (version, shipped)
    assert [(entry["version"], entry["live"], entry["shipped"]) for entry in listed["versions"]] == [
        (shipped, False, True),
        (version, True, False),
    ]
    assert problem(client.post("/models/nope/activate", headers=allowed), 404)["code"] == "unknown-version"
    (tmp_path / "models" / version / "weights.npz").write_bytes(b"PK")
    client.post(f"/models/{shipped}/activate", headers=allowed)
    damaged = problem(client.post(path, headers=allowed), 409)
    assert "not the file that the manifest was written for" in damaged["detail"]
    KeyStore(tmp_path).revoke("desk")
    problem(client.post(path, headers=allowed), 403)


def test_reading_can_need_a_key(tmp_path: Path) -> None:
    client = create_app(Settings(home=tmp_path, require_key=True), {}).test_client()
    key = KeyStore(tmp_path).add("reader")
    for path in ("/topics", "/metrics", "/models"):
        problem(client.get(path), 401)
        assert client.get(path, headers={"Authorization": f"Bearer {key}"}).status_code == 200
    problem(client.post("/predict", json={"text": SYRIA}), 401)
    assert client.get("/healthz").status_code == client.get("/readyz").status_code == 200


def test_keys_are_stored_hashed(tmp_path: Path) -> None:
    store = KeyStore(tmp_path)
    key = store.add("desk")
    kept = (tmp_path / "keys.json").read_text(encoding="ascii")
    assert key.removeprefix("chude_") not in kept
    assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600
    assert (store.owner(key), store.owner(key + "x"), store.owner("")) == ("desk", None, None)


def test_without_a_model_it_is_alive_but_not_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even the shipped version can be loaded."""
    monkeypatch.setattr("model.versions.PRETRAINED", tmp_path / "nowhere")
    monkeypatch.setattr("service.web.live.PRETRAINED", tmp_path / "nowhere")
    client = create_app(Settings(home=tmp_path), {}).test_client()
    assert client.get("/healthz").status_code == 200
    for answer in (client.get("/readyz"), client.get("/topics"), client.post("/predict", json={"text": SYRIA})):
        found = problem(answer, 503)
        assert (found["code"], "nowhere" in found["detail"]) == ("no-model", True)
    metrics = client.get("/metrics").text
    assert "chude_refused_versions_total 1.0" in metrics
    assert "chude_model_degraded 1.0" in metrics


def test_a_broken_version_is_refused_and_the_old_one_goes_on(app: Flask, other: Artifact, tmp_path: Path) -> None:
    client, live = app.test_client(), app.extensions["chude"].live
    versions = Versions(tmp_path)
    version = versions.add(other)
    activate(versions, version)
    weights = tmp_path / "models" / version / "weights.npz"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-1])
    shipped = TopicTagger.load(PRETRAINED).version
    for _ in range(3):
        live.refresh()
        assert client.post("/predict", json={"text": SYRIA}).get_json()["model"] == shipped
    assert "chude_refused_versions_total 1.0" in client.get("/metrics").text
    weights.write_bytes(whole)
    for _ in range(41):
        live.refresh()
    assert client.get("/readyz").get_json() == {"status": "ready", "model": version}


def test_metrics_add_up(client: FlaskClient, shipped: TopicTagger) -> None:
    client.post("/predict", json={"documents": [{"text": SYRIA}, {"text": SYRIA}, {"text": ELECTION}, {"text": "?"}]})
    client.post("/predict", json={"text": "Xyzzy qwrtp"})
    client.post("/predict", data=b"{", content_type="application/json")
    lines = dict(line.rsplit(" ", 1) for line in client.get("/metrics").text.splitlines() if not line.startswith("#"))
    version = f'version="{shipped.version}"'
    assert lines[f"chude_documents_total{{{version}}}"] == "4.0"
    assert lines[f'chude_tags_total{{tag="syria",{version}}}'] == "2.0"
    assert lines['chude_errors_total{code="empty-text"}'] == lines['chude_errors_total{code="bad-json"}'] == "1.0"
    assert lines['chude_requests_total{endpoint="/predict",status="200"}'] == "2.0"
    assert float(lines["chude_characters_total"]) == 2 * len(SYRIA) + len(ELECTION) + 1 + 11
    assert lines["chude_unknown_share"] == "0.25"
    assert lines['chude_tag_share{tag="syria"}'] == "0.5"
    training = {tag.slug: tag.support for tag in shipped.artifact.tags}["syria"] / shipped.artifact.training["examples"]
    expected = (0.5 - training) * math.log(0.5 / training) + (training - 0.5) * math.log(0.5 / (1 - training))
    assert float(lines['chude_tag_drift{tag="syria"}']) == pytest.approx(expected)
    assert lines[f"chude_model_info{{{version}}}"] == "1.0"
    assert float(lines["chude_model_age_seconds"]) > 0


def test_stability_index_by_hand() -> None:
    assert stability_index(0.5, 0.5) == 0
    assert stability_index(0.2, 0.1) == pytest.approx(0.1 * math.log(2) - 0.1 * math.log(8 / 9))
    assert math.isfinite(stability_index(0, 1))


def test_logs_have_no_text_and_no_key(client: FlaskClient, caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    key = KeyStore(tmp_path).add("desk")
    with caplog.at_level(logging.INFO, "chude"):
        headers = {"X-Request-ID": "desk-42", "Authorization": f"Bearer {key}"}
        answered = client.post("/predict?explain=1", json={"text": SYRIA}, headers=headers)
        client.post("/predict", data=f'{{"text": "{SYRIA}'.encode(), content_type="application/json")
        forged = client.get("/healthz", headers={"X-Request-ID": 'a" b'})
    assert answered.headers["X-Request-ID"] == "desk-42"
    assert re.fullmatch("[0-9a-f]{32}", forged.headers["X-Request-ID"])
    lines = [JsonFormatter().format(record) for record in caplog.records]
    fields = [json.loads(line) for line in lines]
    assert [entry["status"] for entry in fields] == [200, 400, 200]
    assert [entry["message"] for entry in fields][:2] == ["POST /predict: 200", "POST /predict: 400"]
    assert fields[0]["request_id"] == "desk-42"
    assert (fields[0]["documents"], fields[0]["tags"]) == (1, {"syria": 1})
    assert (fields[1]["error"], "documents" in fields[1]) == ("bad-json", False)
    assert "Idlib" not in str(lines)
    assert key not in str(lines)


@pytest.mark.parametrize("argument", [{"a": 1}, {}, None, 5, (1, 2), [Path("x")]])
def test_no_message_of_the_log_is_lost(argument: object) -> None:
    record = logging.LogRecord("gunicorn.error", logging.INFO, "", 0, "got %s", (argument,), None)
    assert json.loads(JsonFormatter().format(record))["message"] == f"got {argument}"
    record = logging.LogRecord("gunicorn.error", logging.INFO, "", 0, "a %(a)s", ({"a": 5},), None)
    assert json.loads(JsonFormatter().format(record))["message"] == "a 5"


def test_fields_of_a_log_record_come_with_its_message() -> None:
    record = logging.makeLogRecord({"msg": "hello", "path": Path("x"), "n": 3, "levelname": "ERROR"})
    line = json.loads(JsonFormatter().format(record))
    assert {name: line[name] for name in ("message", "level", "n")} == {"message": "hello", "level": "error", "n": 3}
    assert "x" in line["path"]


@pytest.fixture
def desk(tmp_path: Path) -> dict[str, str]:
    return {"Authorization": f"Bearer {KeyStore(tmp_path).add('desk')}"}


@pytest.mark.parametrize(
    ("body", "pointer", "said"),
    [
        ([{"text": "a", "tags": []}], "", 'the body: must be {"text": "...", "tags": ["..."]}, or {"examples": ['),
        ("text", "", "the body: must be"),
        ({"documents": [{"text": "a", "tags": []}]}, "/text", 'there is documents; several are sent as {"examples": ['),
        ({"examples": {"text": "a"}}, "/examples", "/examples: must be an array, as in"),
        ({"examples": [{"text": "a", "tags": []}, 5]}, "/examples/1", "/examples/1: must be an object"),
        ({"examples": [{"text": "a", "tags": []}, {"lead": 5, "tags": []}]}, "/examples/1/lead", "must be a string"),
        ({"text": "a", "tags": ["Xy Ria"]}, "/tags", "'Xy Ria' is no tag"),
        ({"text": "a"}, "/tags", "/tags: is missing"),
        ({"text": "a", "tags": [], "id": [1]}, "/id", "/id: must be a string"),
    ],
)
def test_what_is_wrong_with_labels_is_named(
    client: FlaskClient, desk: dict[str, str], body: object, pointer: str, said: str
) -> None:
    refused = problem(client.post("/labels", json=body, headers=desk), 422)
    assert (refused["code"], refused["pointer"]) == ("bad-field", pointer)
    assert said in refused["detail"]
    assert client.get("/labels", headers=desk).data == b""


def test_labels_are_counted_and_keep_the_record(client: FlaskClient, desk: dict[str, str]) -> None:
    record = {"id": "n1", "title": "Bầu cử Mỹ", "lead": "Cử tri đi bầu.", "tags": "Bầu cử", "judged": "*"}
    several = {"examples": [record, {**record, "tags": []}, record]}
    assert client.post("/labels", json=record, headers=desk).get_json() == {"added": 1, "changed": 0, "unchanged": 0}
    assert client.post("/labels", json=several, headers=desk).get_json() == {
        "added": 0,
        "changed": 2,
        "unchanged": 1,
        "lost": {"elections": 1},
        "warnings": ["1 of 3 texts lose elections, which the live model gives"],
    }


def test_labels_say_what_they_take_away_and_which_tags_are_new(client: FlaskClient, desk: dict[str, str]) -> None:
    record = {"text": SYRIA, "tags": ["gaza"], "note": "xem lại", "evidence": {"gaza": ["Idlib"]}}
    first = client.post("/labels", json=record, headers=desk).get_json()
    assert "lost" not in first
    assert first["warnings"] == [
        "gaza is a new tag",
        "1 of 1 texts have syria from the live model, and no label of the same origin has it: it counts as not judged "
        '("judged": ["*"] takes it away)',
    ]
    both = {"examples": [{"text": ELECTION, "tags": ["syria", "ukrain"]}, record]}
    second = client.post("/labels", json=both, headers=desk).get_json()
    assert second["lost"] == {"syria": 1}
    assert second["warnings"][0] == "ukrain is a new tag: did you mean ukraine?"
    question = 'judged, or not looked at? use "judged": ["gaza", "ukrain"]'
    assert f"1 of 2 texts lose syria: {question}" in second["warnings"]
    exported = json.loads(client.get("/labels", headers=desk).data.splitlines()[0])
    assert (exported["note"], exported["evidence"]) == ("xem lại", {"gaza": ["Idlib"]})


def test_topics_over_http(client: FlaskClient, desk: dict[str, str], shipped: TopicTagger) -> None:
    new = {"tag": "gaza", "names": {"vi": "Dải Gaza"}, "keywords": ["dải gaza", "hamas"]}
    problem(client.post("/topics", json=new), 401)
    added = client.post("/topics", json=new, headers=desk)
    assert (added.status_code, added.get_json()["labels"], added.get_json()["threshold"]) == (201, 0, None)
    assert problem(client.post("/topics", json=new, headers=desk), 409)["code"] == "topic-exists"
    assert problem(client.post("/topics", json={"tag": "Gaza"}, headers=desk), 422)["code"] == "bad-topic"
    assert client.get("/topics").get_json()["not_learnt"] == [{**new, "description": ""}]
    client.post("/labels", json={"text": SYRIA, "tags": ["Dải Gaza", "syria"]}, headers=desk)
    assert client.get("/topics/gaza", headers=desk).get_json()["labels"] == 1
    changed = client.patch("/topics/syria", json={"threshold": 0.9, "description": "Nội chiến"}, headers=desk)
    assert changed.get_json()["version"] not in (None, shipped.version)
    live = {topic["tag"]: topic for topic in client.get("/topics").get_json()["topics"]}
    assert (live["syria"]["threshold"], live["syria"]["description"]) == (0.9, "Nội chiến")
    problem(client.patch("/topics/syria", json={"threshold": 1.5}, headers=desk), 422)
    renamed = client.post("/topics/syria/rename", json={"to": "syria-war"}, headers=desk).get_json()
    assert renamed["labels_changed"] == 1
    problem(client.post("/topics/syria/rename", json={"to": "x"}, headers=desk), 404)
    merged = client.post("/topics/syria-war/merge", json={"tags": ["gaza"]}, headers=desk).get_json()
    assert (merged["version"], merged["labels_changed"]) == (None, 1)
    assert client.delete("/topics/syria-war", headers=desk).get_json()["labels_changed"] == 1
    assert [topic["tag"] for topic in client.get("/topics").get_json()["topics"]] == [
        "arms-control",
        "elections",
        "ukraine",
    ]


def test_swagger_page_comes_from_the_package(client: FlaskClient) -> None:
    assert client.get("/docs", headers={"Host": "evil.example"}).headers["Location"] == "docs/"
    page = client.get("/docs/", headers={"Host": "evil.example"})
    assert "http" not in page.text
    assert "evil" not in page.text
    names = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(names) >= 4
    for name in names:
        with client.get(f"/docs/{name}") as response:
            assert response.status_code == 200
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert "<script>" not in page.text


def test_browsers_may_neither_guess_nor_frame(client: FlaskClient) -> None:
    for path in ("/docs/", "/healthz", "/openapi.json", "/nothing"):
        headers = client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_the_api_document_needs_a_key_where_reading_does(tmp_path: Path) -> None:
    app = create_app(Settings(home=tmp_path, require_key=True), {})
    key = KeyStore(tmp_path).add("desk")
    for path in ("/docs/", "/openapi.json"):
        assert app.test_client().get(path).status_code == 401
        assert app.test_client().get(path, headers={"Authorization": f"Bearer {key}"}).status_code == 200


def test_settings_come_from_the_environment_and_options(tmp_path: Path) -> None:
    environ = {"CHUDE_HOME": str(tmp_path), "CHUDE_PORT": "81", "CHUDE_REQUIRE_KEY": "yes", "CHUDE_THREADS": "3"}
    settings = Settings.from_environ(environ, threads=5, host=None)
    assert (settings.port, settings.require_key, settings.threads, settings.host) == (81, True, 5, "127.0.0.1")
    beside_a_service = {**environ, "CHUDE_PORT": "tcp://10.0.0.1:8000"}
    assert Settings.from_environ(beside_a_service).port == 8000
    assert Settings.from_environ(beside_a_service, port=82).port == 82
    for name, value in (
        ("CHUDE_PORT", "x"),
        ("CHUDE_PORT", "http://10.0.0.1:8000"),
        ("CHUDE_THREADS", "tcp://10.0.0.1:8000"),
        ("CHUDE_PORT", "70000"),
        ("CHUDE_WORKERS", "0"),
        ("CHUDE_REQUIRE_KEY", "?"),
    ):
        with pytest.raises(SettingError, match=name):
            Settings.from_environ({name: value})


BODY = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["text", "title", "id", "documents", "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(BODY)
def test_any_json_is_answered(client: FlaskClient, value: object) -> None:
    response = client.post("/predict", data=json.dumps(value), content_type="application/json")
    assert response.status_code in (200, 400, 413, 422)
    json.loads(response.data)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=60),
    st.sampled_from(["application/json", "text/plain", "text/html", "text/plain; charset=utf-16"]),
)
def test_any_bytes_are_answered(client: FlaskClient, body: bytes, kind: str) -> None:
    response = client.post("/predict", data=body, content_type=kind)
    assert response.status_code in (200, 400, 413, 415, 422)


def check_cases(strategy: Any, headers: dict[str, str], n_examples: int) -> None:
    @settings(max_examples=n_examples, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
    @given(strategy)
    def validate(case: Any) -> None:
        case.call_and_validate(headers=headers)

    validate()


def test_contract(tmp_path: Path) -> None:
    """Answers keep to /openapi.json, whatever is sent, and what it does not allow is refused."""
    key = KeyStore(tmp_path).add("tests")
    accepted = [
        "2xx",
        "401",
        "403",
        "404",
        "409",
        "413",
        "415",
        "422",
    ]  # a schema cannot say that a text has a word in it
    config = SchemathesisConfig.from_dict({"checks": {"positive_data_acceptance": {"expected-statuses": accepted}}})
    api = schemathesis.openapi.from_wsgi("/openapi.json", create_app(Settings(home=tmp_path), {}), config=config)
    seen = []
    for result in api.get_all_operations():
        operation = result.ok()
        seen.append(operation.label)
        can_be_wrong = bool(operation.body)
        for mode in [GenerationMode.POSITIVE, *([GenerationMode.NEGATIVE] if can_be_wrong else [])]:
            strategy = operation.as_strategy(generation_mode=mode)
            if mode is GenerationMode.NEGATIVE:  # whatever stands in a body of text is a text
                strategy = strategy.filter(lambda case: case.media_type == "application/json")
            n_examples = 20 if operation.path.startswith("/topics") or not can_be_wrong else 60
            check_cases(strategy, {"Authorization": f"Bearer {key}"}, n_examples=n_examples)
    assert len(seen) == 23
