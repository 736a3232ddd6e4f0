"""Flask's client of the service: an empty home for each test, a key, versions, and what a refusal says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from model.artifact import Artifact
from model.versions import Versions
from service.settings import Settings
from service.web.app import create_app
from service.web.key_store import KeyStore
from training.fit.fitting import Fit


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    return create_app(Settings(home=tmp_path, max_body_bytes=200_000, max_documents=20, max_text_chars=50_000), {})


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def client_of(home: Path, **settings: Any) -> FlaskClient:
    return create_app(Settings(home=home, **settings), {}).test_client()


def key_of(home: Path) -> dict[str, str]:
    """Return the headers of somebody who may write."""
    return {"Authorization": f"Bearer {KeyStore(home).add('desk')}"}


@pytest.fixture
def desk(tmp_path: Path) -> dict[str, str]:
    return key_of(tmp_path)


@pytest.fixture
def versions(tmp_path: Path) -> Versions:
    return Versions(tmp_path)


@pytest.fixture(scope="module")
def other(seed_fit: Fit) -> Artifact:
    """Another version than the shipped one."""
    return seed_fit.artifact


def problem(response: Any, status: int) -> dict[str, Any]:
    """Return the body of an error, which must have this status and be in the form of RFC 9457."""
    assert response.status_code == status
    assert response.content_type == "application/problem+json"
    body: dict[str, Any] = json.loads(response.data)
    assert body["status"] == status
    assert body["request_id"] == response.headers["X-Request-ID"]
    return body


def detail_of(response: Any, status: int, code: str) -> str:
    """Return the sentence of an error that must have this status and code."""
    body = problem(response, status)
    assert body["code"] == code
    return str(body["detail"])
