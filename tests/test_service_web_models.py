"""The live version and who may change it: topics, versions, keys, and a version that cannot be loaded."""

from __future__ import annotations

from pathlib import Path

import pytest
from clients import problem
from flask import Flask
from flask.testing import FlaskClient
from texts import SYRIA

from model import TopicTagger
from model.activation import activate
from model.artifact.artifact import Artifact
from model.artifact.files import PRETRAINED
from model.versions import Versions
from service.settings import Settings
from service.web.app import create_app
from service.web.key_store import KeyStore


def test_topics(client: FlaskClient, shipped: TopicTagger) -> None:
    answer = client.get("/topics").get_json()
    assert answer["model"] == shipped.version
    assert [topic["tag"] for topic in answer["topics"]] == ["arms-control", "elections", "syria", "ukraine"]
    assert answer["topics"][2]["names"] == {"vi": "Syria", "en": "Syria"}
    assert all(0 < topic["threshold"] < 1 and topic["support"] > 700 for topic in answer["topics"])


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
