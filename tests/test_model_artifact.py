"""The artifact: round trips, determinism, and everything that loading refuses."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from test_model_scoring import artifacts

from model import ArtifactDamaged, ArtifactError, ArtifactMissing, ArtifactTooNew, TopicTagger
from model.artifact.files import MANIFEST, PRETRAINED, WEIGHTS, Artifact, load, save
from training.corpus.examples import Example


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
    loaded = artifact.with_version()
    assert loaded.tags == artifact.tags
    assert loaded.terms == artifact.terms
    assert loaded.variants == artifact.variants
    for of in ("sentence_weights", "article_weights"):
        for part in ("indptr", "tag", "weight"):
            assert np.array_equal(getattr(getattr(loaded, of), part), getattr(getattr(artifact, of), part))
    assert loaded.with_version().version == loaded.version


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
        wrong.with_version()


def test_loading_runs_no_code(folder: Path) -> None:
    np.savez(folder / WEIGHTS, terms=np.array([print], dtype=object), allow_pickle=True)
    with pytest.raises(ArtifactDamaged, match=WEIGHTS):
        load(folder)
