"""The artifact: round trips, determinism, and everything that loading refuses."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from test_model_scoring import artifacts

from model import ArtifactDamaged, ArtifactError, ArtifactMissing, ArtifactTooNew, TopicTagger
from model.activation import activate, rollback
from model.artifact.artifact import Artifact
from model.artifact.files import MANIFEST, PRETRAINED, WEIGHTS, load, load_bytes, read_files, save, versioned
from model.errors import VersionError
from model.selftest import check_self_test
from model.versions import Versions
from training.corpus.examples import Example
from training.fit.reference import read_reference


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PRETRAINED, tmp_path / "artifact"))


def test_save_and_load_keep_scores_bit_for_bit(
    seed_tagger: TopicTagger, seed_examples: list[Example], tmp_path: Path
) -> None:
    saved = save(seed_tagger.artifact, tmp_path)
    texts = [example.text for example in seed_examples]
    assert TopicTagger.load(tmp_path).tag_many(texts) == seed_tagger.tag_many(texts)
    assert saved.version == seed_tagger.version


@given(artifacts())
def test_any_artifact_survives(artifact: Artifact) -> None:
    loaded = versioned(artifact)
    assert loaded.tags == artifact.tags
    assert loaded.terms == artifact.terms
    assert loaded.variants == artifact.variants
    for of in ("sentence_weights", "article_weights"):
        for part in ("indptr", "tag", "weight"):
            assert np.array_equal(getattr(getattr(loaded, of), part), getattr(getattr(artifact, of), part))
    assert versioned(loaded).version == loaded.version


def test_the_same_artifact_gives_the_same_bytes(seed_tagger: TopicTagger, tmp_path: Path) -> None:
    for name in ("a", "b"):
        save(seed_tagger.artifact, tmp_path / name)
    for file in (MANIFEST, WEIGHTS):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


@pytest.mark.parametrize("file", [MANIFEST, WEIGHTS])
def test_one_flipped_byte_is_noticed(folder: Path, file: str) -> None:
    whole = (folder / file).read_bytes()
    for at in [*range(0, len(whole), max(1, len(whole) // 150)), len(whole) - 2, len(whole) - 1]:
        data = bytearray(whole)
        data[at] ^= 0x01
        (folder / file).write_bytes(data)
        with pytest.raises(ArtifactError, match="artifact"):
            load(folder)


@pytest.mark.parametrize("file", [MANIFEST, WEIGHTS])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_file_cut_short_is_noticed(folder: Path, file: str, share: float) -> None:
    whole = (folder / file).read_bytes()
    (folder / file).write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(ArtifactDamaged, match="fit a new one"):
        load(folder)


def test_a_newer_format_is_named(folder: Path) -> None:
    contents = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    (folder / MANIFEST).write_text(json.dumps({**contents, "format": 2}), encoding="utf-8")
    with pytest.raises(ArtifactTooNew, match="format 2, but this chude reads formats up to 1"):
        load(folder)


def test_a_missing_folder_or_file_is_named(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(ArtifactMissing, match="no such file"):
        load(tmp_path / "nowhere")
    (folder / WEIGHTS).unlink()
    with pytest.raises(ArtifactMissing, match=WEIGHTS):
        load(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weight": np.nan}, "not finite"),
        ({"weight": np.inf}, "not finite"),
        ({"threshold": 1.5}, "threshold is not between"),
        ({"slope": -1.0}, "slope not positive"),
        ({"slug": "Not A Slug"}, "no slug"),
        ({"terms": ("hòa bình",)}, "do not fit"),
        ({"term": "hòa bình"}, "not in canonical spelling"),
        ({"term": "hoà  bình"}, "not in canonical spelling"),
    ],
)
def test_wrong_contents_are_refused(seed_tagger: TopicTagger, change: dict[str, object], message: str) -> None:
    artifact = seed_tagger.artifact
    if "weight" in change:
        spoilt = artifact.sentence_weights.weight.copy()
        spoilt[3] = change["weight"]
        wrong = replace(artifact, sentence_weights=replace(artifact.sentence_weights, weight=spoilt))
    elif "term" in change:
        wrong = replace(artifact, terms=(str(change["term"]), *artifact.terms[1:]))
    elif "terms" in change:
        wrong = replace(artifact, **change)  # type: ignore[arg-type]
    else:
        wrong = replace(artifact, tags=(replace(artifact.tags[0], **change), *artifact.tags[1:]))  # type: ignore[arg-type]
    with pytest.raises(ArtifactDamaged, match=message):
        versioned(wrong)


def test_loading_runs_no_code(folder: Path) -> None:
    np.savez(folder / WEIGHTS, terms=np.array([print], dtype=object), allow_pickle=True)
    with pytest.raises(ArtifactDamaged, match=WEIGHTS):
        load(folder)


def test_the_version_does_not_depend_on_what_was_loaded(folder: Path) -> None:
    whole = load(folder)
    tagged_with = load_bytes(*read_files(folder), source="two files")
    assert whole.reference is not None
    assert tagged_with.reference is not None
    assert (len(whole.reference.data) > 0, tagged_with.reference.data) == (True, b"")
    assert versioned(tagged_with).version == versioned(whole).version == whole.version
    with pytest.raises(ArtifactMissing, match="loaded without its reference.npz"):
        save(tagged_with, folder / "copy")


def test_a_lost_reference_set_is_no_hindrance_to_tagging_but_named_in_retraining(folder: Path) -> None:
    (folder / "reference.npz").unlink()
    assert TopicTagger.load(folder).tag("Bầu cử ở Syria")["tags"]
    with pytest.raises(ArtifactMissing, match="has lost its reference.npz: copy its whole folder again"):
        read_reference(load(folder))


def test_load_takes_a_folder_a_version_or_the_live_one(
    seed_tagger: TopicTagger, shipped: TopicTagger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {"CHUDE_HOME": str(tmp_path / "home")}
    versions = Versions(tmp_path / "home")
    assert TopicTagger.load(environ=environ).version == shipped.version
    version = versions.add(seed_tagger.artifact)
    assert TopicTagger.load(environ=environ).version == shipped.version
    assert TopicTagger.load(version, environ=environ).version == version
    activate(versions, version)
    assert TopicTagger.load(environ=environ).version == version
    monkeypatch.setenv("CHUDE_HOME", str(tmp_path / "home"))
    assert TopicTagger.load().version == version
    assert TopicTagger.load(shipped.version).version == shipped.version
    monkeypatch.chdir(tmp_path)
    save(seed_tagger.artifact, Path("mine"))
    assert TopicTagger.load("mine").version == TopicTagger.load(Path("mine")).version == version
    with pytest.raises(ArtifactMissing, match=r"nowhere.manifest\.json: no such file"):
        TopicTagger.load(Path("nowhere"))
    with pytest.raises(VersionError, match="nowhere: no such version in .*models list"):
        TopicTagger.load("nowhere")
    assert rollback(versions) == shipped.version


def test_a_version_that_fails_its_self_test_does_not_go_live(seed_tagger: TopicTagger, tmp_path: Path) -> None:
    artifact, versions = seed_tagger.artifact, Versions(tmp_path)
    assert artifact.self_test is not None
    for wrong, message in (
        (None, "has no self-test"),
        (replace(artifact.self_test, tags=("syria",)), r"tags its self-test with .*, not with \['syria'\]"),
        (replace(artifact.self_test, scores={}), "tags its self-test with"),
    ):
        spoilt = versions.add(replace(artifact, self_test=wrong))
        with pytest.raises(ArtifactDamaged, match=message):
            activate(versions, spoilt)
        assert versions.live() is None
    check_self_test(seed_tagger)


def test_a_version_is_on_the_disk_before_it_is_named(
    seed_tagger: TopicTagger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    before_naming: list[Path] = []
    fsync, rename = os.fsync, os.replace

    def record_sync(number: int) -> None:
        synced.append(Path(os.readlink(f"/proc/self/fd/{number}")))
        fsync(number)

    def record_rename(source: Path, target: Path) -> None:
        if target.name == "live":
            before_naming.extend(synced)
        rename(source, target)

    versions = Versions(tmp_path)
    version = versions.add(seed_tagger.artifact)
    monkeypatch.setattr(os, "fsync", record_sync)
    monkeypatch.setattr(os, "replace", record_rename)
    activate(versions, version)
    folder = tmp_path / "models" / version
    expected = {folder / name for name in (MANIFEST, WEIGHTS, "reference.npz")} | {folder, folder.parent, tmp_path}
    assert expected <= set(before_naming)
    assert any(path.name.startswith(".live-") for path in before_naming)
    assert [path.name for path in tmp_path.glob(".live*")] == []
