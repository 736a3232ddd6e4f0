"""Label stores of every older schema become those of today, on SQLite and PostgreSQL, and nothing in them is lost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy
from hypothesis import given
from hypothesis import strategies as st
from processes import run_together
from sqlalchemy import Connection, Engine, inspect

from model.document import Document
from training.corpus.duplicates import text_digest
from training.labels import migrations, schema
from training.labels.additions import is_held_out
from training.labels.errors import StoreError
from training.labels.jobs import Jobs
from training.labels.migrations.versions.schema_4 import _teaser_of
from training.labels.store import Labelling, LabelStore
from training.labels.suggestions import waiting

# What chude created before it had alembic, statement by statement; the number is the table's own on each database.
SCHEMAS = {
    1: [
        "CREATE TABLE schema_versions (version INTEGER NOT NULL PRIMARY KEY)",
        "CREATE TABLE texts (digest VARCHAR(64) NOT NULL PRIMARY KEY, text TEXT NOT NULL, id TEXT NOT NULL, "
        "is_teaser INTEGER NOT NULL)",
        "CREATE TABLE labellings (number {serial} NOT NULL, digest VARCHAR(64) NOT NULL, tags TEXT NOT NULL, "
        "borderline TEXT NOT NULL, who TEXT NOT NULL, source TEXT NOT NULL, at FLOAT NOT NULL, model TEXT, "
        "scores TEXT, PRIMARY KEY (number), FOREIGN KEY(digest) REFERENCES texts (digest) ON DELETE CASCADE)",
        "CREATE INDEX labellings_of_text ON labellings (digest, number)",
    ],
    2: [
        "CREATE TABLE jobs (id VARCHAR(32) NOT NULL PRIMARY KEY, state VARCHAR(16) NOT NULL, host TEXT NOT NULL, "
        "pid INTEGER NOT NULL, started FLOAT NOT NULL, beat FLOAT NOT NULL, progress TEXT NOT NULL, log TEXT NOT NULL, "
        "result TEXT, running INTEGER UNIQUE)",
        "INSERT INTO jobs VALUES ('j1', 'done', 'here', 7, 1.5, 2.5, '', 'went well', '{{\"live\": true}}', NULL)",
    ],
    3: [
        "CREATE TABLE queue (digest VARCHAR(64) NOT NULL PRIMARY KEY, place INTEGER NOT NULL, id TEXT NOT NULL, "
        "text TEXT NOT NULL, why TEXT NOT NULL, scores TEXT NOT NULL)",
        "INSERT INTO queue VALUES ('d', 0, 'q1', 'Nên gắn nhãn bài này', 'random', '{{\"syria\": 0.5}}')",
    ],
}
# The text that was read, and whether it was a teaser; "Bầu cử sớm" comes with two labellings.
OLD_TEXTS = [
    ("Bầu cử sớm", 0),
    ("Tiêu đề\nĐoạn dẫn ở dưới", 1),
    ("Chỉ có tiêu đề", 1),
    ("Mưa\nMưa lớn ở miền Trung", 1),
    ("Thân bài\ncó hai dòng", 0),
    ("\nKhông có dòng đầu", 1),
    *((f"bài số {n}", n % 2) for n in range(1200)),
]


def make_old_store(url: str, version: int, texts: list[tuple[str, int]]) -> None:
    engine = sqlalchemy.create_engine(url)
    serial = "SERIAL" if engine.dialect.name == "postgresql" else "INTEGER"
    with engine.begin() as connection:
        for number in range(1, version + 1):
            for statement in SCHEMAS[number]:
                connection.exec_driver_sql(statement.format(serial=serial))
            connection.exec_driver_sql(f"INSERT INTO schema_versions VALUES ({number})")
        _fill(connection, texts)
    engine.dispose()


def _fill(connection: Connection, texts: list[tuple[str, int]]) -> None:
    rows = [{"digest": text_digest(text), "text": text, "id": f"id {text}", "teaser": teaser} for text, teaser in texts]
    connection.execute(sqlalchemy.text("INSERT INTO texts VALUES (:digest, :text, :id, :teaser)"), rows)
    labels = sqlalchemy.text(
        "INSERT INTO labellings (digest, tags, borderline, who, source, at, model, scores) "
        "VALUES (:digest, :tags, 'ukraine', 'me', 'old', 1.0, 'v1', '{\"syria\": 0.25}')"
    )
    connection.execute(labels, [{"digest": row["digest"], "tags": "syria"} for row in rows])
    connection.execute(labels, {"digest": rows[0]["digest"], "tags": "elections syria"})


def tables_of(engine: Engine) -> dict[str, list[tuple[str, bool]]]:
    found = inspect(engine)
    names = sorted(set(found.get_table_names()))
    return {name: sorted((c["name"], c["nullable"]) for c in found.get_columns(name)) for name in names}


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_store_of_an_older_schema_loses_nothing(url: str, version: int) -> None:
    make_old_store(url, version, OLD_TEXTS)
    store = LabelStore(url)
    examples = {example.id: example for example in store.examples()}
    assert len(examples) == len(OLD_TEXTS)
    for text, teaser in OLD_TEXTS:
        example = examples[f"id {text}"]
        assert (example.text, example.is_teaser) == (text, bool(teaser))
        assert text_digest(example.text) == text_digest(text)
        assert example.borderline == {"ukraine"}
    assert examples["id Tiêu đề\nĐoạn dẫn ở dưới"].document == Document("Tiêu đề", "Đoạn dẫn ở dưới")
    assert examples["id Bầu cử sớm"].tags == {"elections", "syria"}
    history = store.history("bầu cử sớm")
    assert [(row["who"], row["tags"], row["model"], row["scores"]) for row in history] == [
        ("me", "syria", "v1", {"syria": 0.25}),
        ("me", "elections syria", "v1", {"syria": 0.25}),
    ]
    assert store.stats().labellings == len(OLD_TEXTS) + 1
    assert store.stats().held_out == sum(is_held_out(text_digest(text)) for text, _ in OLD_TEXTS)
    if version > 1:
        job = Jobs(store).get("j1")
        assert (job.state, job.log, job.result, job.who) == ("done", ["went well"], {"live": True}, "")
    if version > 2:
        assert [(s.id, s.text, s.why, s.scores) for s in waiting(store, 5)] == [
            ("q1", "Nên gắn nhãn bài này", "random", {"syria": 0.5})
        ]
    again = store.add(examples.values(), Labelling("me", "again"))
    assert (again.added, again.changed, again.unchanged) == (0, 0, len(OLD_TEXTS))
    store.delete(["id Chỉ có tiêu đề"])
    assert store.history("Chỉ có tiêu đề") == []
    assert Jobs(store).begin("me")
    store.engine.dispose()


@pytest.mark.parametrize("version", [0, 1, 2, 3])
def test_every_way_leads_to_the_same_tables(url: str, version: int) -> None:
    if version:
        make_old_store(url, version, OLD_TEXTS[:1])
    store = LabelStore(url)
    tables = tables_of(store.engine)
    expected = {
        table.name: sorted((column.name, bool(column.nullable)) for column in table.columns)
        for table in schema.metadata.tables.values()
    }
    assert {name: tables[name] for name in expected} == expected
    assert set(tables) - set(expected) == {"alembic_version", "schema_versions"}
    indexes = {index["name"] for name in expected for index in inspect(store.engine).get_indexes(name)}
    assert {"labellings_of_text", "texts_held_out"} <= indexes
    keys = inspect(store.engine).get_foreign_keys("labellings")
    assert [(key["referred_table"], key["options"]) for key in keys] == [("texts", {"ondelete": "CASCADE"})]
    store.engine.dispose()


@given(st.text(alphabet="ab \n", min_size=1).filter(str.strip))
def test_a_teaser_that_is_put_back_reads_as_before(text: str) -> None:
    columns = _teaser_of(text)
    document = Document(title=columns["its_title"] or "", lead=columns["its_lead"] or "")
    assert document.read().text == text
    assert document.is_teaser


@pytest.mark.parametrize("version", [0, 1, 3])
def test_a_migration_that_fails_changes_nothing(url: str, version: int) -> None:
    if version:
        make_old_store(url, version, OLD_TEXTS[:3])
    engine = sqlalchemy.create_engine(url)
    with engine.begin() as connection:
        # In the way of the second migration, or of an index in the last one.
        connection.exec_driver_sql(
            "CREATE TABLE blocker (digest INTEGER)" if version > 1 else "CREATE TABLE jobs (id TEXT)"
        )
        if version > 1:
            connection.exec_driver_sql("CREATE INDEX texts_held_out ON blocker (digest)")
    before = tables_of(engine)
    with pytest.raises(StoreError, match="already exists"):
        LabelStore(url)
    assert tables_of(engine) == before
    if version:
        with engine.connect() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM labellings").scalar() == 4
            assert connection.exec_driver_sql("SELECT max(version) FROM schema_versions").scalar() == version
    engine.dispose()


@pytest.mark.parametrize(
    ("newer", "named"), [(str(migrations.LATEST + 1), str(migrations.LATEST + 1)), ("ab12", "ab12")]
)
def test_a_newer_store_is_refused_by_name(url: str, newer: str, named: str) -> None:
    store = LabelStore(url)
    with store.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{newer}'")
    store.engine.dispose()
    with pytest.raises(StoreError, match=f"has schema {named}, and this chude knows .*install a newer chude"):
        LabelStore(url)


def test_a_chude_before_alembic_refuses_the_store_by_its_number(url: str) -> None:
    store = LabelStore(url)
    with store.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT max(version) FROM schema_versions").scalar() == migrations.LATEST
    store.engine.dispose()


def open_and_read(url: str) -> None:
    store = LabelStore(url)
    assert len(list(store.examples())) == len(OLD_TEXTS)
    store.engine.dispose()


def test_processes_that_migrate_at_once(url: str) -> None:
    make_old_store(url, 3, OLD_TEXTS)
    assert run_together(open_and_read, [(url,)] * 3) == [0] * 3


def test_a_store_that_is_up_to_date_needs_no_alembic(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'labels.sqlite'}"
    LabelStore(address).engine.dispose()
    code = (
        "import sys; from training.labels.store import LabelStore; "
        f"LabelStore({address!r}).stats(); print('alembic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
