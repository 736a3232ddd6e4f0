"""Artifacts that somebody has made up and signed: each is refused as damaged, or works."""

from __future__ import annotations

import copy
import io
import json
import tracemalloc
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model import ArtifactDamaged, ArtifactTooNew, TopicTagger
from model.artifact import (
    MANIFEST,
    PRETRAINED,
    REFERENCE,
    WEIGHTS,
    Artifact,
    AttachedFile,
    Tag,
    load,
    load_bytes,
    read_manifest,
)
from model.artifact.files import _serialise
from model.artifact.manifest import sha256, sign
from model.selftest import check_self_test, with_self_test
from model.weights import SparseWeights
from training.fit import read_reference

TEXT = "Cử tri đi bầu cử ở Syria, hòa bình. Hoà bình đến muộn!"
Json = dict[str, Any]
Arrays = dict[str, np.ndarray[Any, Any]]


def small_artifact() -> Artifact:
    terms = ("bầu cử", "cử", "hoà bình", "syria", "ông")
    dense = np.array([[2.5, -1.0], [0.5, 0.0], [0.0, -0.25], [-1.0, 4.0], [0.0, 0.0]])
    tags = tuple(Tag(slug, 0.5, 1.5, -1.0, 12, 0.9, {"vi": slug}) for slug in ("elections", "syria"))
    weights = SparseWeights.of(dense)
    training = {"examples": 40, "base": "0123456789ab", "gate": {"accepted": True}, "options": {"folds": [1, 2.5]}}
    return with_self_test(
        Artifact(tags, terms, {"hoà": ("hòà",)}, weights, weights, np.ones(5), training, {"f1": 0.5}, {"numpy": "2"})
    )


MANIFEST_BYTES, WEIGHT_BYTES = _serialise(small_artifact())
CONTENTS: Json = json.loads(MANIFEST_BYTES)
with np.load(io.BytesIO(WEIGHT_BYTES)) as stored:
    ARRAYS: Arrays = dict(stored)


def packed(arrays: Arrays, *, compressed: bool = False) -> bytes:
    buffer = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def works_or_is_refused(contents: Json, weights: bytes) -> bool:
    """Sign the contents and load them; tell whether the artifact works. Anything but ArtifactDamaged is raised."""
    contents = {name: value for name, value in contents.items() if name != "digest"}
    if isinstance(files := contents.get("files"), dict) and files.get(WEIGHTS) == CONTENTS["files"][WEIGHTS]:
        contents["files"] = {**files, WEIGHTS: sha256(weights)}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            artifact = load_bytes(sign(contents), weights, source="crafted")
            tagger = TopicTagger(artifact)
            check_self_test(tagger)
        except (ArtifactDamaged, ArtifactTooNew):
            return False
        for result in tagger.tag_many([TEXT, f"{TEXT} " * 300], page="never"):
            assert all(0 <= score <= 1 for score in result["scores"].values())
        tagger.explain(TEXT)
    shown = {"training": artifact.training, "metrics": artifact.metrics, "names": [t.names for t in artifact.tags]}
    assert msgspec.json.decode(msgspec.json.encode(shown)) == shown
    return True


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


INTEGERS = [-1, 1, 2, 5, 2**31 - 1, -(2**31), 2**62, -(2**63), 2**63 - 1]


def changed_arrays(name: str) -> Iterator[Any]:
    array = ARRAYS[name]
    yield from (array[:-1], array[:0], np.append(array, array), array[::-1], array.reshape(1, -1), array[0])
    for dtype in ("?", "i1", "<i8", ">i4", "<u8", "<f2", "<f4", "<f8", ">f8", "<c16", "U3", "S2", "M8[s]", "V4"):
        yield np.zeros(array.shape, dtype)
    if array.dtype.kind in "if":
        for value in INTEGERS if array.dtype.kind == "i" else [np.nan, np.inf, -np.inf, 1e308, -1e308, 2.0**15, 1e-310]:
            for at in (0, array.size // 2, array.size - 1):
                wide = array.astype(np.int64 if array.dtype.kind == "i" else np.float64)
                wide[at] = value
                yield wide
        yield array.astype(np.complex128)
        yield array + 0.5
    else:
        for text in (
            "",
            "\n",
            " ",
            "a",
            "a\na",
            "\n" * 9,
            "hoà bình\nhoà  bình",
            "x" * 40,
            "Ông",
            "\ufffe",
            "oà " * 3,
            ".",
        ):
            yield np.frombuffer(text.encode(), np.uint8)
        yield np.frombuffer(b"\xff\xfe", np.uint8)


@pytest.mark.parametrize("name", sorted(ARRAYS))
def test_one_array_is_another_one_or_missing(name: str) -> None:
    for array in changed_arrays(name):
        works_or_is_refused(CONTENTS, packed({**ARRAYS, name: np.asarray(array)}))
    assert not works_or_is_refused(CONTENTS, packed({other: ARRAYS[other] for other in ARRAYS if other != name}))


def test_differences_of_an_index_that_overflow_are_no_way_around_the_checks() -> None:
    indptr = ARRAYS["sentence_indptr"].astype(np.int64)
    indptr[1:3] = [2**63 - 1, -(2**63)]
    assert not works_or_is_refused(CONTENTS, packed({**ARRAYS, "sentence_indptr": indptr}))


@settings(max_examples=200)
@given(st.sampled_from(sorted(ARRAYS)), st.data())
def test_any_bytes_in_an_array(name: str, data: st.DataObject) -> None:
    array = ARRAYS[name]
    size = data.draw(st.sampled_from([array.nbytes, array.nbytes, array.itemsize * 3, 0]))
    contents = data.draw(st.binary(min_size=size, max_size=size))
    works_or_is_refused(CONTENTS, packed({**ARRAYS, name: np.frombuffer(contents, array.dtype)}))


@settings(max_examples=300)
@given(st.data())
def test_any_byte_of_the_zip_file(data: st.DataObject) -> None:
    spoilt = bytearray(WEIGHT_BYTES)
    for _ in range(data.draw(st.integers(1, 4))):
        spoilt[data.draw(st.integers(0, len(spoilt) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.sampled_from([len(spoilt), len(spoilt), len(spoilt) // 2]))
    works_or_is_refused(CONTENTS, bytes(spoilt[:end]))


def test_a_small_file_never_takes_much_memory() -> None:
    bomb = packed({**ARRAYS, "idf": np.zeros(50_000_000)}, compressed=True)
    assert len(bomb) < 1_000_000
    tracemalloc.start()
    try:
        assert not works_or_is_refused(CONTENTS, bomb)
        assert tracemalloc.get_traced_memory()[1] < 10 * len(bomb) + 10_000_000
    finally:
        tracemalloc.stop()


def test_spellings_that_multiply_are_refused() -> None:
    variants = "\n".join(f"{word} {' '.join(f'{word}{n:x}' for n in range(400))}" for word in ("bầu", "cử"))
    arrays = {**ARRAYS, "variants": np.frombuffer(variants.encode(), np.uint8)}
    assert not works_or_is_refused(CONTENTS, packed(arrays))


def test_a_huge_shape_in_a_header_is_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(WEIGHT_BYTES)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"(5,)", b"(99,)" if "idf" in name else b"(5,)"))
    assert not works_or_is_refused(CONTENTS, buffer.getvalue())


def test_a_file_that_is_too_large_or_no_file_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / MANIFEST).open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(ArtifactDamaged, match=r"manifest\.json is no file of at most"):
        load(tmp_path)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK",
        packed({}),
        packed({"terms": np.zeros(3)}),
        packed(dict(np.load(PRETRAINED / REFERENCE)), compressed=True),
    ],
    ids=["empty", "cut", "no array", "another type", "compressed"],
)
def test_a_crafted_reference_set_is_refused(data: bytes) -> None:
    with pytest.raises(ArtifactDamaged, match=r"reference\.npz: "):
        read_reference(replace(load(), reference=AttachedFile(sha256(data), data or b" ")))


def spoilt_references() -> Iterator[Arrays]:
    with np.load(PRETRAINED / REFERENCE) as file:
        arrays: Arrays = dict(file)
    for name, array in arrays.items():
        is_text = name in ("terms", "tags")
        yield {**arrays, name: array[:1] if is_text else array[:-1]}
        if name != "labels":
            yield {**arrays, name: np.full(array.shape, 255 if is_text else 60_000, array.dtype)}
    yield {**arrays, "n_sentences": np.full(1000, -1, np.int32)}
    yield {**arrays, "n_sentences": np.full(1000, 2**31 - 1, np.int32)}
    yield {**arrays, "tags": np.frombuffer(b"\xff", np.uint8)}


def test_a_reference_set_whose_arrays_do_not_fit_is_refused() -> None:
    for arrays in spoilt_references():
        with pytest.raises(ArtifactDamaged, match=r"reference\.npz: "):
            read_reference(replace(load(), reference=AttachedFile.of(packed(arrays))))


def test_the_manifest_alone_says_what_a_version_is() -> None:
    manifest, artifact = read_manifest(PRETRAINED), load()
    assert (manifest.version, manifest.tags, manifest.metrics) == (artifact.version, artifact.tags, artifact.metrics)
