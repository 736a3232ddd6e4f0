"""The label store on SQLite and on a real PostgreSQL: identity, history, atomicity, migrations, many writers."""

from __future__ import annotations

import itertools
import math
import subprocess
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from processes import run_together

from model import TopicTagger
from model.document import Document
from training.corpus.duplicates import text_digest
from training.corpus.examples import Example
from training.labels import schema
from training.labels.additions import is_held_out
from training.labels.errors import StoreError
from training.labels.job_progress import JobCancelled
from training.labels.jobs import JobRunning, Jobs, JobUnknown
from training.labels.store import LabelAmbiguous, Labelling, LabelStore, Stats, open_store
from training.labels.suggestions import keep_queue, suggest, waiting
from training.progress import Progress

T = TypeVar("T")
ME = Labelling(who="me", source="test", model="v1")


@pytest.fixture
def store(url: str) -> Iterator[LabelStore]:
    opened = LabelStore(url)
    yield opened
    opened.engine.dispose()


def example(text: str, *tags: str, borderline: tuple[str, ...] = ()) -> Example:
    return Example(f"id of {text}", Document(text=text), frozenset(tags), frozenset(borderline))


def test_the_latest_labelling_counts_and_every_one_is_kept(store: LabelStore) -> None:
    assert vars(store.add([example("Bầu cử Mỹ", "elections"), example("Giá gạo")], ME)) == {
        "added": 2,
        "changed": 0,
        "unchanged": 0,
        "refused": [],
        "lost": {},
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
    assert vars(store.add(twice, ME)) == {"added": 1, "changed": 1, "unchanged": 0, "refused": [], "lost": {}}
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


def test_one_job_at_a_time(store: LabelStore) -> None:
    jobs = Jobs(store)
    first = jobs.begin("anna")
    with pytest.raises(
        JobRunning, match=r"running already, since 20\d\d-.*, begun by anna on .*: wait for it, or stop it"
    ):
        jobs.begin("bert")
    assert jobs.get(first).who == "anna"
    assert jobs.cancel(first).state == "cancelled"
    jobs.end(first, "done")
    assert jobs.get(first).state == "cancelled"
    with pytest.raises(JobUnknown, match="no such job"):
        jobs.get("nope")
    assert jobs.begin()


def test_reading_a_dead_job_says_so_and_writes_nothing(store: LabelStore) -> None:
    jobs = Jobs(store)
    job = jobs.begin("anna")
    with store.engine.begin() as connection:
        connection.execute(schema.jobs.update().values(pid=2**22 - 1))  # no such process

    def rows() -> list[object]:
        with store.reading() as connection:
            return list(connection.execute(schema.jobs.select()))

    before = rows()
    assert (jobs.get(job).state, jobs.get(job).log) == (
        "failed",
        ["its process died before it was done: start it again"],
    )
    assert rows() == before
    jobs.bury_the_dead()
    assert rows() != before
    assert jobs.get(job).state == "failed"
    assert jobs.cancel(job).state == "failed"
    assert jobs.begin()


def test_a_running_job_shows_its_progress_and_ends_when_it_is_cancelled(store: LabelStore) -> None:
    jobs = Jobs(store)
    job = jobs.begin("anna")
    shown: list[str] = []

    def show(items: Iterable[T], what: str, total: int) -> Iterator[T]:
        shown.append(f"{what} of {total}")
        yield from items

    def work_until_cancelled(progress: Progress) -> None:
        for _ in progress(itertools.count(), "texts", 7):
            if jobs.get(job).progress.startswith("texts: "):
                jobs.cancel(job)

    with jobs.alive(job, show) as progress, pytest.raises(JobCancelled, match="was cancelled"):
        work_until_cancelled(progress)
    assert shown == ["texts of 7"]


def test_what_the_database_says_has_no_text_in_it(store: LabelStore) -> None:
    secret = "Bí mật"
    long_id = Example("x", Document(text=secret), frozenset(), frozenset())
    with store.engine.begin() as connection:
        schema.labellings.drop(connection)
    with pytest.raises(StoreError, match="refused") as failed:
        store.add([long_id], ME)
    assert secret not in str(failed.value)
    assert failed.value.__cause__ is None


def test_a_full_disk_is_said_and_the_old_state_stays(tmp_path: Path) -> None:
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", tmp_path], capture_output=True, check=False
    )
    if mount.returncode:
        pytest.skip("needs the right to mount a small tmpfs")
    try:
        store = open_store(tmp_path)
        store.add([example("Bầu cử", "elections")], ME)
        long = [example(f"{n} " + "chữ " * 2000) for n in range(400)]
        with pytest.raises(StoreError, match=r"nothing was changed: .*(full|disk)"):
            store.add(long, ME)
        assert [e.text for e in store.examples()] == ["Bầu cử"]
        store.engine.dispose()
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def test_addresses_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        LabelStore(f"sqlite:///{tmp_path / 'no' / 'labels.sqlite'}")
    with pytest.raises(StoreError, match=r"//me:\*\*\*@") as refused:
        LabelStore("postgresql+psycopg://me:secret@127.0.0.1:1/labels?connect_timeout=2")
    assert "secret" not in str(refused.value)
    with pytest.raises(StoreError, match="cannot be opened"):
        LabelStore("no database")


def test_the_queue_has_what_is_not_labelled_yet(store: LabelStore, shipped: TopicTagger) -> None:
    clear = ["Quân đội Syria mở chiến dịch ở Idlib.", "Giá gạo hôm nay tăng nhẹ ở miền Tây."]
    story = "Hai bên có thể bàn về bầu cử và vũ khí trong cuộc gặp sắp tới ở Geneva vào tuần sau, bản tin số"
    copies = [(f"w{n}", Document(text=f"{story} {n}.")) for n in range(10)]
    pool = [(f"c{n}", Document(text=text)) for n, text in enumerate(clear * 3)] + copies
    found = suggest(shipped, pool, set(), 3)
    assert sum(str(suggestion.id).startswith("w") for suggestion in found) == 1  # ten copies of one story
    assert len({suggestion.text for suggestion in found}) == 3
    assert found[-1].why == "random"
    assert not [s for s in suggest(shipped, pool, {text_digest(clear[0])}, 3) if s.text == clear[0]]
    keep_queue(store, found)
    assert waiting(store, 10) == found
    store.add([example(found[0].text)], ME)
    assert waiting(store, 10) == found[1:]


def test_the_most_uncertain_text_comes_first(shipped: TopicTagger, seed_examples: list[Example]) -> None:
    pool = [(e.id, e.document) for e in seed_examples]
    thresholds = {tag.slug: tag.threshold for tag in shipped.artifact.tags}

    def distance(text: str) -> float:
        pairs = [(score, thresholds[tag]) for tag, score in shipped.tag(text)["scores"].items()]
        return min(abs(math.log(p / (1 - p)) - math.log(t / (1 - t))) for p, t in pairs)

    first = suggest(shipped, pool, set(), 1)[0]
    assert distance(first.text) == pytest.approx(min(distance(document.read().text) for _, document in pool))
