"""Weights and reference sets that somebody has made up: each artifact is refused as damaged, or works."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from crafting import ARRAYS, CONTENTS, WEIGHT_BYTES, Arrays, packed, works_or_is_refused
from hypothesis import given, settings
from hypothesis import strategies as st

from model import ArtifactDamaged
from model.artifact import (
    PRETRAINED,
    REFERENCE,
    AttachedFile,
    load,
)
from model.artifact.manifest import sha256
from training.fit import read_reference

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
