"""Formats: what is written is what is read, by us and by others."""

from __future__ import annotations

import csv
import tempfile
import warnings
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from records import read, values, write

from model.document import Document
from training.corpus.examples import Example
from training.corpus.readers import read_examples
from training.corpus.records import Record
from training.corpus.writers import as_record, write_examples

ODD_TEXTS = [
    "một\rhai",
    "một\r\nhai",
    "một\nhai",
    'nói: "hai"',
    '"',
    "a\tb\nc\td",
    "a;b,c|d",
    " hai ",
    "=1+1",
    "_x000D_",
]
TEXTS = st.text(st.sampled_from("aă \t\r\n\",;|'=\\<_x0D😀\u2028\x0b\x1c"), min_size=1, max_size=12) | st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Cn"]), min_size=1, max_size=20
)
WORDS = TEXTS.filter(lambda text: text.strip() != "")
TAGS = st.frozensets(st.sampled_from(["syria", "arms-control", "x"]), max_size=3)
DOCUMENTS = st.builds(Document, WORDS | st.just(""), WORDS | st.just(""), WORDS, WORDS | st.just(""))
SENTENCES = st.lists(TEXTS, min_size=1, max_size=2).map(tuple)
EVIDENCE = st.dictionaries(st.sampled_from(["syria", "x"]), SENTENCES, max_size=2)
IDS = WORDS | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False, allow_infinity=False)
EXAMPLES = st.lists(
    st.builds(
        lambda judged, *fields: Example(*fields).judged_only(judged),
        st.none() | TAGS | st.just({"*"}),
        *(IDS, DOCUMENTS, TAGS, TAGS, st.just(""), st.just(0), EVIDENCE, st.none(), WORDS | st.just("")),
    ).filter(lambda example: example.judged != frozenset()),
    min_size=1,
    max_size=4,
)


@pytest.mark.parametrize("name", ["x.jsonl", "x.csv", "x.tsv", "x.parquet", "x.xlsx", "x.json"])
@given(examples=EXAMPLES)
@example(examples=[Example(f"i{text}", Document(text=f"x{text}x"), frozenset()) for text in ODD_TEXTS])
@example(
    examples=[Example("1", Document(text="a\n2\tb\n3\tc"), frozenset()), Example("2", Document(text="d"), frozenset())]
)
def test_records_read_back_are_the_same(name: str, examples: list[Example]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        assert write_examples(examples, path) == len(examples)
        again = read_examples([path])
    for one, other in zip(examples, again, strict=True):
        assert as_record(one) | {"id": ""} == as_record(other) | {"id": ""}
        if name == "x.xlsx" and not isinstance(one.id, str):
            assert float(other.id) == pytest.approx(float(one.id), rel=1e-14)  # Excel has 15 digits
        else:
            assert str(other.id) == str(one.id) or other.id == one.id
        if name in ("x.jsonl", "x.json"):
            assert type(one.id) is type(other.id)


@given(examples=EXAMPLES)
def test_fasttext_keeps_the_words_and_tags(examples: list[Example]) -> None:
    tagged = [*examples, Example("last", Document(text="một"), frozenset({"syria"}))]
    with tempfile.TemporaryDirectory() as folder:
        write_examples(tagged, Path(folder) / "x.txt")
        again = read_examples([Path(folder) / "x.txt"])
    assert [(one.text.split(), one.tags) for one in tagged] == [(one.text.split(), one.tags) for one in again]


@pytest.mark.parametrize("name", ["x.csv", "x.tsv"])
@pytest.mark.parametrize("bom", [False, True])
def test_other_programs_read_the_tables_that_we_write(tmp_path: Path, name: str, bom: bool) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import duckdb
        import pandas
    path = tmp_path / name
    rows = [[f"i{n}", f"x{text}x", "syria"] for n, text in enumerate(ODD_TEXTS)]
    write(path, ["id", "text", "tags"], rows, bom=bom)
    delimiter = "," if name == "x.csv" else "\t"
    assert values(read(path)) == rows
    with path.open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file, delimiter=delimiter, strict=True))[1:] == rows
    assert pandas.read_csv(path, sep=delimiter, dtype=str).to_numpy().tolist() == rows
    table = duckdb.read_csv(str(path), sep=delimiter, header=True, all_varchar=True, quotechar='"', escapechar='"')
    assert [list(row) for row in table.fetchall()] == rows


@pytest.mark.parametrize("name", ["x.csv", "x.tsv", "x.jsonl", "x.parquet", "x.xlsx"])
def test_cells_of_every_kind(tmp_path: Path, name: str) -> None:
    columns = ["id", "tags", "score", "flag", "more"]
    rows = [["a", ["syria", "x"], 0.25, True, {"k": [1]}], [7, [], 2, False, None], ["c", None, None, None, [1, 2]]]
    write(tmp_path / name, columns, rows)
    got = [record.fields for record in read(tmp_path / name) if isinstance(record, Record)]
    assert [str(fields["id"]) for fields in got] == ["a", "7", "c"]
    assert [float(str(fields["score"])) for fields in got[:2]] == [0.25, 2.0]
    nested = name == "x.jsonl"
    assert got[0]["more"] == ({"k": [1]} if nested else '{"k":[1]}')
    assert got[0]["tags"] == (["syria", "x"] if name in ("x.jsonl", "x.parquet") else "syria x")
