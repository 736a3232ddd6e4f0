"""What the service does when the files of its versions are not what they were."""

from __future__ import annotations

import fcntl
import logging
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from clients import client_of, detail_of, key_of
from texts import SYRIA

from model import TopicTagger
from model.activation import activate
from model.artifact import PRETRAINED, Artifact, load, versioned
from model.errors import ArtifactDamaged
from model.versions import Versions
from service.settings import Settings
from service.web.app import create_app


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
        assert "live" in detail_of(answer, 503, "storage-failed")
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
