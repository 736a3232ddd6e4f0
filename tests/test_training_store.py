"""The label store on SQLite and on a real PostgreSQL: identity, history, atomicity, many writers."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from labelling import ME, example
from processes import run_together

from model.document import Document
from training.corpus.duplicates import text_digest
from training.corpus.examples import Example
from training.labels import schema
from training.labels.additions import is_held_out
from training.labels.store import LabelAmbiguous, Labelling, LabelStore, Stats


def test_the_latest_labelling_counts_and_every_one_is_kept(store: LabelStore) -> None:
    assert vars(store.add([example("Bầu cử Mỹ", "elections"), example("Giá gạo")], ME)) == {
        "added": 2,
        "changed": 0,
        "unchanged": 0,
        "refused": [],
        "lost": {},
        "warnings": {},
    }
    again = store.add(
        [example("bầu  cử: MỸ", "elections", "syria"), example("Giá gạo")], ME, {"bầu  cử: MỸ": {"syria": 0.4}}
    )
    assert (again.added, again.changed, again.unchanged) == (0, 1, 1)
    store.add([example(unicodedata.normalize("NFD", "Bầu cử Mỹ"), borderline=("syria",))], Labelling("other", "later"))
    assert [(e.text, set(e.tags), set(e.borderline)) for e in store.examples()] == [
        ("Giá gạo", set(), set()),
        ("Bầu cử Mỹ", set(), {"syria"}),
    ]
    history = store.history("Bầu cử Mỹ")
    assert [(row["who"], row["tags"], row["model"]) for row in history] == [
        ("me", "elections", "v1"),
        ("me", "elections syria", "v1"),
        ("other", "", None),
    ]
    assert [row["scores"] for row in history] == [None, {"syria": 0.4}, None]
    held_out = sum(is_held_out(row["digest"]) for row in (history[0], store.history("Giá gạo")[0]))
    assert store.stats() == Stats(texts=2, held_out=held_out, labellings=4, tags={})
    assert [e.text for e in store.last_labelled(1)] == ["Bầu cử Mỹ"]
    assert [e.text for e in store.last_labelled(5)] == ["Giá gạo", "Bầu cử Mỹ"]
    assert store.delete(["id of Giá gạo", "nobody"]) == 1
    assert [e.text for e in store.examples()] == ["Bầu cử Mỹ"]
    assert store.history("Giá gạo") == []


def test_an_example_comes_out_as_it_came_in(store: LabelStore) -> None:
    evidence = {"elections": ("Bầu cử sớm ở tỉnh.", "Cử tri đi bỏ phiếu.")}
    given = [
        Example(7, Document(title="Bầu cử sớm", text="Trời mưa cả ngày."), frozenset({"elections"}), evidence=evidence),
        Example("7", Document(title="Chỉ có tiêu đề"), frozenset()),
        Example(1.5, Document("Tiêu đề", "Đoạn dẫn", "", "Thân bài"), frozenset(), frozenset({"syria"})),
        Example("n4", Document(title="Trùng", lead=" ", text="Trùng lặp từ đầu"), frozenset({"a", "b"})),
        Example(2**60 + 1, Document(text="<p>Một trang</p>\nvà hơn nữa"), frozenset()),
    ]
    store.add(given, ME)
    kept = list(store.examples())
    assert kept == given
    assert [type(example.id) for example in kept] == [type(example.id) for example in given]
    assert [example.is_teaser for example in kept] == [False, True, False, False, False]
    with store.reading() as connection:
        rows = list(connection.execute(schema.texts.select()))
    assert {row.digest for row in rows} == {text_digest(example.text) for example in given}
    columns = {row.id: (row.title, row.lead, row.text, row.body) for row in rows if row.id_is_number}
    assert columns["7"] == ("Bầu cử sớm", None, "Trời mưa cả ngày.", None)
    with pytest.raises(LabelAmbiguous, match=r'7: 2 texts have this id: name one by its digest: [0-9a-f]{16} "'):
        store.delete(["n4", "7"])
    assert store.stats().texts == 5
    assert store.delete([text_digest("Chỉ có tiêu đề")[:16], "nobody"]) == 1
    assert store.delete(["7"]) == 1


def test_places_in_files_of_one_name_are_ids_apart(store: LabelStore) -> None:
    def line_of(text: str) -> Example:
        return Example("a.csv:1", Document(text=text), frozenset(), file="a.csv", line=1)

    store.add([line_of("một")], ME)
    store.add([line_of("hai")], ME)
    assert store.add([line_of("hai")], ME).unchanged == 1
    assert [example.id for example in store.examples()] == ["a.csv:1", f"a.csv:1#{text_digest('hai')[:8]}"]
    assert store.delete(["a.csv:1"]) == 1
    assert [example.text for example in store.examples()] == ["hai"]


fields = st.text(st.characters(codec=None), max_size=8)
slugs = st.sampled_from(["syria", "arms-control", "elections"])
examples = st.builds(
    Example,
    id=st.one_of(fields, st.integers(), st.floats(allow_nan=False, allow_infinity=False)),
    document=st.builds(Document, fields, fields, fields, fields).filter(lambda document: document.fields),
    tags=st.frozensets(slugs),
    borderline=st.frozensets(slugs),
    evidence=st.dictionaries(slugs, st.lists(fields, min_size=1).map(tuple)),
)


@given(st.lists(examples, unique_by=lambda example: text_digest(example.text)))
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_goes_into_the_store_comes_out(store: LabelStore, given_examples: list[Example]) -> None:
    with store.writing() as connection:
        connection.execute(schema.labellings.delete())
        connection.execute(schema.texts.delete())
    store.add(given_examples, ME)
    kept = list(store.examples())
    assert kept == given_examples
    assert [(type(e.id), e.text, e.is_teaser) for e in kept] == [
        (type(e.id), e.text, e.is_teaser) for e in given_examples
    ]


def test_a_text_that_comes_again_in_more_fields(store: LabelStore) -> None:
    apart = Document(title="Bầu cử sớm", text="Trời mưa cả ngày.")
    joined = Document(text=apart.read().text)
    assert vars(store.add([Example("a", joined, frozenset({"elections"}))], ME))["added"] == 1
    assert vars(store.add([Example("b", apart, frozenset({"elections"}))], ME))["changed"] == 1
    assert vars(store.add([Example("c", joined, frozenset({"elections"}))], ME))["unchanged"] == 1
    assert vars(store.add([Example("c", joined, frozenset())], ME))["changed"] == 1
    assert list(store.examples()) == [Example("a", apart, frozenset())]
    assert len(store.history(joined.text)) == 2
    twice = [Example("d", Document(text="Nắng\nấm"), frozenset()), Example("e", Document("Nắng", "ấm"), frozenset())]
    assert vars(store.add(twice, ME)) == {
        "added": 1,
        "changed": 1,
        "unchanged": 0,
        "refused": [],
        "lost": {},
        "warnings": {},
    }
    assert list(store.examples())[-1] == Example("d", Document("Nắng", "ấm"), frozenset())


def test_evidence_stays_with_a_tag_that_stays(store: LabelStore) -> None:
    text = Document(text="Bầu cử ở Syria. Bom rơi.")

    def labelled(*tags: str, **evidence: tuple[str, ...]) -> Example:
        return Example("x", text, frozenset(tags), evidence=evidence)

    store.add([labelled("elections", "syria", elections=("Bầu cử ở Syria.",), syria=("Bom rơi.",))], ME)
    assert store.add([labelled("elections", "syria")], ME).unchanged == 1
    assert store.add([labelled("syria")], ME).changed == 1
    assert [e.evidence for e in store.examples()] == [{"syria": ("Bom rơi.",)}]
    assert store.add([labelled("syria", syria=("Bầu cử ở Syria.",))], ME).changed == 1
    assert [e.evidence for e in store.examples()] == [{"syria": ("Bầu cử ở Syria.",)}]
    assert len(store.history(text.text)) == 3


def test_one_text_twice_in_one_import(store: LabelStore) -> None:
    changes = store.add([example("Bầu cử", "elections"), example("bầu cử", "syria")], ME)
    assert (changes.added, changes.changed) == (1, 1)
    assert [set(e.tags) for e in store.examples()] == [{"syria"}]


def test_an_import_is_all_or_nothing(store: LabelStore) -> None:
    def failing() -> Iterator[Example]:
        yield from (example(f"bài {n}") for n in range(1200))
        raise ValueError("the file ends badly")

    with pytest.raises(ValueError, match="ends badly"):
        store.add(failing(), ME)
    assert list(store.examples()) == []


def test_a_tenth_is_held_out(store: LabelStore) -> None:
    store.add([example(f"bài số {n}") for n in range(2000)], ME)
    kept, held_out = list(store.examples(held_out=False)), list(store.examples(held_out=True))
    assert len(kept) + len(held_out) == 2000
    assert 150 < len(held_out) < 250


def write_labels(url: str, writer: int) -> None:
    store = LabelStore(url)
    for n in range(10):
        store.add([example(f"bài {n} của {writer}", "syria"), example(f"bài chung {n}", f"tag-{writer}")], ME)
    store.engine.dispose()


def test_eight_writers_lose_nothing(url: str) -> None:
    """The first of them makes the tables while the others wait for it."""
    assert run_together(write_labels, [(url, n) for n in range(8)]) == [0] * 8
    store = LabelStore(url)
    assert store.stats().texts == 8 * 10 + 10
    assert store.stats().labellings == 8 * 10 * 2
    for n in range(10):
        assert {row["tags"] for row in store.history(f"bài chung {n}")} == {f"tag-{k}" for k in range(8)}
    store.engine.dispose()


@pytest.mark.parametrize(
    "text", ["có\0ở giữa", "\0 đầu", "một \ud83d nửa", "\udfff\ud800 hai", "\ufdd0 và \ufdd00000", "\ufdd0fdd0"]
)
def test_what_a_database_cannot_keep_comes_out_as_it_came_in(store: LabelStore, text: str) -> None:
    given_examples = [
        Example(f"{text}{name}", Document(**{name: f"{name} bầu cử {text}"}), frozenset({"a"}), evidence={"a": (text,)})
        for name in ("title", "lead", "text", "body")
    ]
    if "\ud83d" in text or "\ud800" in text:
        given_examples = [Example(text, Document(text="bầu cử"), frozenset({"a"}), evidence={"a": (text,)})]
    store.add(given_examples, Labelling(who=text, source=text))
    assert list(store.examples()) == given_examples
    assert store.delete([str(given_examples[0].id)]) == 1
