"""Manifests that somebody has made up and signed: each artifact is refused as damaged, or works."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from crafting import CONTENTS, MANIFEST_BYTES, WEIGHT_BYTES, works_or_is_refused

from model import ArtifactDamaged
from model.artifact import (
    MANIFEST,
    PRETRAINED,
    WEIGHTS,
    load,
    load_bytes,
    read_manifest,
)
from model.artifact.manifest import sha256, sign


def test_the_artifact_that_is_spoilt_below_works() -> None:
    assert works_or_is_refused(CONTENTS, WEIGHT_BYTES)


def places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if place:
        yield place
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(inner, (*place, key))


PLACES = [place for place in places(CONTENTS) if place[0] != "digest"]
VALUES: list[Any] = [
    None, True, False, 0, 1, -1, 0.5, -2.5, 1e308, -1e308, 5e-324, 2**63, 10**400, "", "syria", "No Slug", "a" * 65,
    "x" * 100_000, "../../etc", "\0", [], [[]], ["syria"], {}, {"syria": 0.5}, {"a": None}, [None], "٣", "é" * 9,
]  # fmt: skip


@pytest.mark.parametrize("place", PLACES, ids=lambda place: ".".join(map(str, place)))
def test_one_field_is_another_one_or_missing(place: tuple[Any, ...]) -> None:
    missing = object()
    for value in [*VALUES, missing]:
        contents = copy.deepcopy(CONTENTS)
        *outer, last = place
        owner: Any = contents
        for key in outer:
            owner = owner[key]
        if value is missing:
            del owner[last]
        else:
            owner[last] = value
        works_or_is_refused(contents, WEIGHT_BYTES)


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("tags", 0, "threshold"), None, r"tags\[0\]\.threshold must be a finite number, not NoneType None"),
        (("tags", 0, "slope"), 1e300, "a weight or other number is not finite, or above 1,000,000"),
        (("tags", 1, "support"), 10**400, r"tags\[1\]\.support must be a whole number|no finite number of 64 bits"),
        (("self_test", "scores"), [], r"self_test\.scores must be an object, not list"),
        (("files", WEIGHTS), "0" * 63, r"files\.weights\.npz must be a string like"),
        (("version",), "../x", r"version must be a string like"),
        (("training", "examples"), "many", r"training\.examples must be a whole number from 0, not str 'many'"),
    ],
)
def test_the_field_is_named(place: tuple[Any, ...], value: object, message: str) -> None:
    contents = copy.deepcopy({name: value for name, value in CONTENTS.items() if name != "digest"})
    owner: Any = contents
    for key in place[:-1]:
        owner = owner[key]
    owner[place[-1]] = value
    with pytest.raises(ArtifactDamaged, match=message):
        load_bytes(sign(contents), WEIGHT_BYTES, source="crafted")


@pytest.mark.parametrize(
    "text",
    [
        b"", b"[]", b"5", b"null", b"{}", b"[" * 100_000, b'{"a":' * 100_000, b"\xff", b'{"format": NaN}',
        b'{"format": true}', b'{"format": "1"}', b'{"format": %s}' % (b"9" * 5000), b'{"format": 0}',
    ],
    ids=range(13),
)  # fmt: skip
def test_what_is_no_manifest_at_all(text: bytes) -> None:
    with pytest.raises(ArtifactDamaged, match="cut short or damaged"):
        load_bytes(text, WEIGHT_BYTES, source="crafted")


def test_numbers_that_json_does_not_have_and_half_characters_are_refused() -> None:
    for old, new in (
        (b'"f1": 0.5', b'"f1": NaN'),
        (b'"f1": 0.5', b'"f1": 1e999'),
        (b'"vi": "syria"', b'"vi": "\\ud800"'),
    ):
        unsigned = MANIFEST_BYTES.replace(CONTENTS["digest"].encode(), b"0" * 64).replace(old, new)
        signed = unsigned.replace(b"0" * 64, sha256(unsigned).encode())
        with pytest.raises(ArtifactDamaged, match="crafted: manifest.json"):
            load_bytes(signed, WEIGHT_BYTES, source="crafted")


def test_a_file_that_is_too_large_or_no_file_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / MANIFEST).open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(ArtifactDamaged, match=r"manifest\.json is no file of at most"):
        load(tmp_path)


def test_the_manifest_alone_says_what_a_version_is() -> None:
    manifest, artifact = read_manifest(PRETRAINED), load()
    assert (manifest.version, manifest.tags, manifest.metrics) == (artifact.version, artifact.tags, artifact.metrics)
