"""What the service says and does when its files or its database are not what they were."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from flask import Flask
from flask.testing import FlaskClient

from model import TopicTagger
from model.activation import activate
from model.artifact import PRETRAINED, Artifact, load, versioned
from model.errors import ArtifactDamaged, StorageError, StorageFull
from model.versions import Versions
from service.settings import Settings
from service.web.app import create_app
from service.web.key_store import KeyFileError, KeyStore
from training.fit.fitting import Fit
from training.labels.store import LabelStore, open_store

SYRIA = "Quân đội Syria mở chiến dịch mới ở Idlib sau khi lệnh ngừng bắn đổ vỡ."
RECORD = {"id": "n1", "text": SYRIA, "tags": ["syria"]}


@pytest.fixture(scope="module")
def other(seed_fit: Fit) -> Artifact:
    return seed_fit.artifact


@pytest.fixture
def versions(tmp_path: Path) -> Versions:
    return Versions(tmp_path)


def client_of(home: Path, **settings: Any) -> FlaskClient:
    return create_app(Settings(home=home, **settings), {}).test_client()


def key_of(home: Path) -> dict[str, str]:
    return {"Authorization": f"Bearer {KeyStore(home).add('desk')}"}


def problem(response: Any, status: int, code: str) -> str:
    assert response.status_code == status, response.data
    assert response.content_type == "application/problem+json"
    body = json.loads(response.data)
    assert (body["status"], body["code"]) == (status, code)
    detail: str = body["detail"]
    return detail


def spoil_manifest(folder: Path) -> None:
    (folder / "manifest.json").write_bytes(b"{")


def remove_manifest(folder: Path) -> None:
    (folder / "manifest.json").unlink()


def cut_weights(folder: Path) -> None:
    os.truncate(folder / "weights.npz", 100)


def exchange(folder: Path) -> None:
    for path in PRETRAINED.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())


@pytest.mark.parametrize("damage", [spoil_manifest, remove_manifest, cut_weights, exchange])
def test_a_bad_live_version_makes_a_restart_fall_back_to_the_one_before(
    tmp_path: Path, versions: Versions, other: Artifact, damage: Any, caplog: pytest.LogCaptureFixture
) -> None:
    older = versions.add(other)
    newer = versions.add(versioned(replace(other, metrics={"of": "another one"})))
    activate(versions, older)
    activate(versions, newer)
    damage(tmp_path / "models" / newer)
    with caplog.at_level(logging.ERROR, "chude"):
        client = client_of(tmp_path)
    assert f"a version was refused, version {older} answers: " in caplog.text
    ready = client.get("/readyz")
    answer = ready.get_json()
    assert ready.status_code == 200
    assert (answer["status"], answer["model"], answer["refused"]) == ("degraded", older, newer)
    assert newer in answer["reason"]
    assert client.post("/predict", json={"text": SYRIA}).get_json()["model"] == older
    assert client.get("/topics").get_json()["model"] == older
    metrics = client.get("/metrics").text
    assert "chude_refused_versions_total 1.0" in metrics
    assert "chude_model_degraded 1.0" in metrics
    assert f'chude_model_info{{version="{older}"}} 1.0' in metrics


def test_it_falls_back_to_the_shipped_version(tmp_path: Path, versions: Versions, other: Artifact) -> None:
    version = versions.add(other)
    activate(versions, version)
    spoil_manifest(tmp_path / "models" / version)
    client = client_of(tmp_path)
    assert client.get("/readyz").get_json()["model"] == load().version
    assert client.get("/models").status_code == 200


@pytest.mark.parametrize("pointer", [b"", b"\n", b"\xff\xfe", b"../../etc\n", b"\0\n", b"a" * 5000, None])
def test_a_damaged_pointer_is_no_outage_and_is_mended_by_activating(
    tmp_path: Path, versions: Versions, other: Artifact, pointer: bytes | None
) -> None:
    version = versions.add(other)
    if pointer is None:
        (tmp_path / "live").mkdir()
    else:
        (tmp_path / "live").write_bytes(pointer)
    client, key = client_of(tmp_path), key_of(tmp_path)
    ready = client.get("/readyz").get_json()
    assert (ready["status"], ready["model"]) == ("degraded", load().version)
    answer = client.post(f"/models/{version}/activate", headers=key)
    if pointer is None:
        assert "live" in problem(answer, 503, "storage-failed")
        return
    assert answer.get_json()["live"] == version
    assert client.get("/readyz").get_json() == {"status": "ready", "model": version}
    assert "chude_model_degraded 0.0" in client.get("/metrics").text


def test_a_version_that_is_mended_answers_again(tmp_path: Path, versions: Versions, other: Artifact) -> None:
    version = versions.add(other)
    activate(versions, version)
    manifest = tmp_path / "models" / version / "manifest.json"
    whole = manifest.read_bytes()
    manifest.write_bytes(whole[:-1])
    app = create_app(Settings(home=tmp_path), {})
    live = app.extensions["chude"].live
    assert app.test_client().get("/readyz").get_json()["status"] == "degraded"
    manifest.write_bytes(whole)
    for _ in range(41):
        live.refresh()
    assert app.test_client().get("/readyz").get_json() == {"status": "ready", "model": version}


def test_metrics_do_not_need_the_folder_of_the_version(tmp_path: Path, versions: Versions, other: Artifact) -> None:
    version = versions.add(other)
    activate(versions, version)
    client = client_of(tmp_path)
    (tmp_path / "models" / version).rename(tmp_path / "moved")
    assert client.get("/metrics").status_code == 200


def test_a_damaged_folder_is_replaced_when_its_version_is_made_again(
    tmp_path: Path, versions: Versions, other: Artifact
) -> None:
    version = versions.add(other)
    cut_weights(tmp_path / "models" / version)
    assert versions.add(other) == version
    activate(versions, version)
    assert [path.name for path in (tmp_path / "models").iterdir()] == [version]


def test_versions_are_listed_by_their_manifests_alone(tmp_path: Path, versions: Versions, other: Artifact) -> None:
    version = versions.add(other)
    client = client_of(tmp_path)
    before = client.get("/models").get_json()
    (tmp_path / "models" / version / "weights.npz").unlink()
    assert client.get("/models").get_json() == before
    assert [entry["tags"] for entry in before["versions"]][1] == [tag.slug for tag in other.tags]
    spoil_manifest(tmp_path / "models" / version)
    assert [entry["version"] for entry in client.get("/models").get_json()["versions"]] == [load().version]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A home folder on a disk of two megabytes."""
    home = tmp_path / "disk"
    home.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", home], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("needs the right to mount a small tmpfs")
    yield home
    subprocess.run(["umount", "--lazy", home], check=True)


def fill(disk: Path) -> Path:
    """Take all the space that is left."""
    path = disk / "filling"
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"0" * 4096)
        except OSError:
            return path


def test_a_full_disk_is_said_and_changes_nothing(small_disk: Path, other: Artifact) -> None:
    versions, key = Versions(small_disk), key_of(small_disk)
    version = versions.add(other)
    client = client_of(small_disk)
    assert client.post("/labels", json=RECORD, headers=key).status_code == 201
    filling = fill(small_disk)
    text = {**RECORD, "text": "chữ " * 4000}
    assert "no space" in problem(client.post(f"/models/{version}/activate", headers=key), 507, "disk-full")
    assert "nothing was changed" in problem(client.post("/labels", json=text, headers=key), 507, "disk-full")
    assert problem(client.post("/retrain", headers=key), 507, "disk-full")
    with pytest.raises(StorageFull, match="no space is left"):
        KeyStore(small_disk).add("other")
    assert client.get("/readyz").get_json() == {"status": "ready", "model": load().version}
    assert client.get("/labels", headers=key).data.count(b"\n") == 1
    filling.unlink()
    assert list(KeyStore(small_disk).names()) == ["desk"]
    assert client.post(f"/models/{version}/activate", headers=key).status_code == 200
    store: LabelStore = client.application.extensions["chude"].store()
    store.engine.dispose()


@pytest.mark.parametrize(
    "contents",
    [b"", b"[]", b"5", b'{"desk": 5}', b'{"desk": {}}', b'{"desk": {"sha256": "\xc3\xa9", "made": "x"}}', b"\xff",
     b"[" * 100_000, b'{"desk": {"sha256": null, "made": "x"}}', None],
)  # fmt: skip
def test_an_odd_key_file_is_said(tmp_path: Path, contents: bytes | None) -> None:
    client = client_of(tmp_path, require_key=True)
    if contents is None:
        (tmp_path / "keys.json").mkdir()
    else:
        (tmp_path / "keys.json").write_bytes(contents)
    for answer in (client.get("/topics", headers={"Authorization": "Bearer chude_x"}), client.post("/labels", json={})):
        assert "keys.json" in problem(answer, 503, "bad-keys")
    with pytest.raises(KeyFileError, match=r"keys\.json"):
        KeyStore(tmp_path).add("desk")


def test_keys_are_on_the_disk_and_for_their_user_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    fsync = os.fsync

    def record_sync(number: int) -> None:
        synced.append(Path(os.readlink(f"/proc/self/fd/{number}")))
        fsync(number)

    monkeypatch.setattr(os, "fsync", record_sync)
    home = tmp_path / "home"
    store = KeyStore(home)
    store.add("desk")
    assert synced[0] == tmp_path  # where the home folder was made
    assert synced[1].name.startswith(".keys.json-")
    assert synced[-1] == home
    assert home.stat().st_mode & 0o777 == 0o700
    (home / "keys.json").chmod(0o644)
    assert KeyStore(home).names()
    assert (home / "keys.json").stat().st_mode & 0o777 == 0o600


def test_a_home_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder", encoding="ascii")
    for home in (tmp_path / "file", tmp_path / "file" / "home"):
        with pytest.raises(StorageError, match="see to the file and who may use it"):
            KeyStore(home).add("desk")
        with pytest.raises(StorageError, match="see to the file and who may use it"):
            open_store(home)


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
    assert "restore it from a copy" in problem(client.get("/labels", headers=key), 503, "store-damaged")
    assert "nothing is written" in problem(client.post("/labels", json=RECORD, headers=key), 503, "store-damaged")
    assert "restore it" in problem(client_of(tmp_path).get("/queue", headers=key), 503, "store-damaged")
    assert client.post("/predict", json={"text": SYRIA}).status_code == 200


def test_a_store_that_somebody_else_writes_into_answers_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.web.app.STORE_WAIT_S", 0.1)
    client, key, store = client_of(tmp_path), key_of(tmp_path), open_store(tmp_path)
    with store.writing():
        for answer in (client.post("/labels", json=RECORD, headers=key), client.post("/retrain", headers=key)):
            problem(answer, 503, "store-busy")
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
        assert "secret" not in problem(answer, 503, "bad-store")


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
    detail = problem(client.post("/labels", json={**RECORD, **change}, headers=key), status, code)
    assert len(detail) < 500
    assert client.post("/labels", json={**RECORD, "id": "x" * 2048, "tags": ["x" * 64]}, headers=key).status_code == 201


def test_an_error_of_a_file_has_the_status_of_its_kind(tmp_path: Path) -> None:
    app: Flask = create_app(Settings(home=tmp_path), {})
    errors = {"full": OSError(28, "No space left", "x"), "denied": PermissionError(13, "Permission denied", "x")}
    app.add_url_rule("/fails/<how>", view_func=lambda how: (_ for _ in ()).throw(errors[how]))
    client = app.test_client()
    assert problem(client.get("/fails/full"), 507, "disk-full").startswith("x: no space is left")
    assert problem(client.get("/fails/denied"), 503, "storage-failed").startswith("x: Permission denied")


def test_python_refuses_what_the_service_goes_around(tmp_path: Path, versions: Versions, other: Artifact) -> None:
    version = versions.add(other)
    activate(versions, version)
    spoil_manifest(tmp_path / "models" / version)
    environ = {"CHUDE_HOME": str(tmp_path)}
    with pytest.raises(ArtifactDamaged, match=f"the live version cannot be used: .*{version}.*`chude models rollback`"):
        TopicTagger.load(environ=environ)
    with pytest.raises(ArtifactDamaged, match=version) as raised:
        TopicTagger.load(version, environ=environ)
    assert "rollback" not in str(raised.value)


def test_what_killed_writers_left_is_removed(tmp_path: Path, versions: Versions, other: Artifact) -> None:
    left, written = tmp_path / "models" / ".part-left", tmp_path / "models" / ".part-written"
    for clean in (lambda: versions.add(other), lambda: versions.prune(1)):
        for folder in (left, written):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "manifest.json").touch()
        number = os.open(written, os.O_RDONLY)
        fcntl.flock(number, fcntl.LOCK_EX)  # as a writer has it
        clean()
        os.close(number)
        assert (left.exists(), written.exists()) == (False, True)
