"""What the service says when the disk is full, and when keys or folders are not what they should be."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from clients import client_of, detail_of, key_of
from flask import Flask
from texts import RECORD

from model.artifact import Artifact, load
from model.errors import StorageError, StorageFull
from model.versions import Versions
from service.settings import Settings
from service.web.app import create_app
from service.web.key_store import KeyFileError, KeyStore
from training.labels.store import LabelStore, open_store


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
    assert "no space" in detail_of(client.post(f"/models/{version}/activate", headers=key), 507, "disk-full")
    assert "nothing was changed" in detail_of(client.post("/labels", json=text, headers=key), 507, "disk-full")
    assert detail_of(client.post("/retrain", headers=key), 507, "disk-full")
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
        assert "keys.json" in detail_of(answer, 503, "bad-keys")
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


def test_an_error_of_a_file_has_the_status_of_its_kind(tmp_path: Path) -> None:
    app: Flask = create_app(Settings(home=tmp_path), {})
    errors = {"full": OSError(28, "No space left", "x"), "denied": PermissionError(13, "Permission denied", "x")}
    app.add_url_rule("/fails/<how>", view_func=lambda how: (_ for _ in ()).throw(errors[how]))
    client = app.test_client()
    assert detail_of(client.get("/fails/full"), 507, "disk-full").startswith("x: no space is left")
    assert detail_of(client.get("/fails/denied"), 503, "storage-failed").startswith("x: Permission denied")
