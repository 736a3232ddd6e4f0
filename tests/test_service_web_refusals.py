"""Requests that are refused: which status, which code, which field; and no body at all that is not answered."""

from __future__ import annotations

import json

import pytest
from clients import problem
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from texts import SYRIA


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
