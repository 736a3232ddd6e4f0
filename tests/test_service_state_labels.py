"""What the service says when its label store is damaged, busy, or away, and what it takes into it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from clients import client_of, detail_of, key_of
from flask.testing import FlaskClient
from texts import RECORD, SYRIA

from training.labels.store import LabelStore, open_store


def test_labels_of_a_damaged_store_are_no_half_answer(tmp_path: Path) -> None:
    client, key = client_of(tmp_path), key_of(tmp_path)
    several = {"examples": [{**RECORD, "text": f"{SYRIA} {n} " + "chữ " * 300} for n in range(20)]}
    assert client.post("/labels", json=several, headers=key).status_code == 201
    path = tmp_path / "labels.sqlite"
    store: LabelStore = client.application.extensions["chude"].store()
    store.engine.dispose()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(path.stat().st_size - 4096))
    assert "restore it from a copy" in detail_of(client.get("/labels", headers=key), 503, "store-damaged")
    assert "nothing is written" in detail_of(client.post("/labels", json=RECORD, headers=key), 503, "store-damaged")
    assert "restore it" in detail_of(client_of(tmp_path).get("/queue", headers=key), 503, "store-damaged")
    assert client.post("/predict", json={"text": SYRIA}).status_code == 200


def test_a_store_that_somebody_else_writes_into_answers_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.web.app.STORE_WAIT_S", 0.1)
    client, key, store = client_of(tmp_path), key_of(tmp_path), open_store(tmp_path)
    with store.writing():
        for answer in (client.post("/labels", json=RECORD, headers=key), client.post("/retrain", headers=key)):
            detail_of(answer, 503, "store-busy")
            assert answer.headers["Retry-After"] == "5"
        assert client.get("/labels", headers=key).status_code == 200
    assert client.post("/labels", json=RECORD, headers=key).status_code == 201
    store.engine.dispose()


@pytest.fixture
def on_postgres(tmp_path: Path, postgres: str) -> Iterator[tuple[FlaskClient, dict[str, str]]]:
    client = client_of(tmp_path, labels_url=postgres)
    yield client, key_of(tmp_path)
    store: LabelStore = client.application.extensions["chude"].store()
    with store.engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    store.engine.dispose()


def test_nul_in_a_text_is_kept_on_postgresql(on_postgres: tuple[FlaskClient, dict[str, str]]) -> None:
    client, key = on_postgres
    record = {"id": "a\0b", "text": f"{SYRIA}\0 Hết.", "tags": ["syria"], "evidence": {"syria": ["\0"]}}
    assert client.post("/labels", json=record, headers=key).status_code == 201
    assert json.loads(client.get("/labels", headers=key).data) == record


def test_connections_that_a_server_ends_are_made_again(on_postgres: tuple[FlaskClient, dict[str, str]]) -> None:
    client, key = on_postgres
    assert client.post("/labels", json=RECORD, headers=key).status_code == 201
    store: LabelStore = client.application.extensions["chude"].store()
    admin = sqlalchemy.create_engine(store.engine.url)
    with admin.connect() as connection:
        others = "WHERE pid <> pg_backend_pid() AND datname = current_database()"
        connection.exec_driver_sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity {others}")
    admin.dispose()
    assert client.get("/labels", headers=key).data.count(b"\n") == 1


def test_a_database_that_is_down_is_said(tmp_path: Path) -> None:
    client = client_of(tmp_path, labels_url="postgresql+psycopg://me:secret@127.0.0.1:1/labels")
    key = key_of(tmp_path)
    for answer in (
        client.get("/labels", headers=key),
        client.post("/labels", json=RECORD, headers=key),
        client.get("/queue", headers=key),
        client.post("/retrain", headers=key),
        client.get("/retrain/x", headers=key),
    ):
        assert "secret" not in detail_of(answer, 503, "bad-store")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"id": "x" * 2049}, 422, "bad-field"),
        ({"tags": ["x" * 65]}, 422, "bad-field"),
        ({"borderline": ["x" * 65]}, 422, "bad-field"),
        ({"evidence": {"x" * 65: ["a"]}}, 422, "bad-field"),
        ({"text": "chữ " * 300}, 413, "text-too-long"),
        ({"title": "chữ " * 150, "text": "chữ " * 150}, 413, "text-too-long"),
    ],
)
def test_labels_have_limits(tmp_path: Path, change: dict[str, Any], status: int, code: str) -> None:
    client, key = client_of(tmp_path, max_text_chars=1000), key_of(tmp_path)
    detail = detail_of(client.post("/labels", json={**RECORD, **change}, headers=key), status, code)
    assert len(detail) < 500
    assert client.post("/labels", json={**RECORD, "id": "x" * 2048, "tags": ["x" * 64]}, headers=key).status_code == 201
