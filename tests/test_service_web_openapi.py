"""The description of the service: its page, who may read it, and that every answer keeps to it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig

from service.settings import Settings
from service.web.app import create_app
from service.web.key_store import KeyStore


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


def check_cases(strategy: Any, headers: dict[str, str], n_examples: int) -> None:
    @settings(max_examples=n_examples, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
    @given(strategy)
    def validate(case: Any) -> None:
        case.call_and_validate(headers=headers)

    validate()


def test_contract(tmp_path: Path) -> None:
    check_contract(tmp_path, n_examples=20, n_simple=7)


@pytest.mark.whole
def test_contract_with_more_examples(tmp_path: Path) -> None:
    check_contract(tmp_path, n_examples=60, n_simple=20)


def check_contract(tmp_path: Path, n_examples: int, n_simple: int) -> None:
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
            is_simple = operation.path.startswith("/topics") or not can_be_wrong
            check_cases(strategy, {"Authorization": f"Bearer {key}"}, n_simple if is_simple else n_examples)
    assert len(seen) == 23
