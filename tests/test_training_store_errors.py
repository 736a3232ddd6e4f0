"""What the label store says of its database: full, busy, damaged or not there, and no word of a text."""

from __future__ import annotations

import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy
from labelling import ME, example

from model.document import Document
from training.corpus.examples import Example
from training.labels import schema
from training.labels.errors import StoreBusy, StoreDamaged, StoreError, StoreFull, store_error
from training.labels.jobs import Jobs
from training.labels.store import LabelStore, open_store


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


@pytest.fixture
def impatient(url: str) -> Iterator[LabelStore]:
    LabelStore(url).engine.dispose()
    store = LabelStore(url, wait_s=0.2)
    yield store
    store.engine.dispose()


def test_who_waits_for_another_writer_is_told_to_come_again(url: str, impatient: LabelStore) -> None:
    """On SQLite for any writer, on PostgreSQL for one that adds the same text or changes the same job."""
    writer, job = LabelStore(url), Jobs(impatient).begin("anna")
    with writer.writing() as connection:
        connection.execute(sqlalchemy.text("UPDATE jobs SET progress = 'x'"))
        with pytest.raises(StoreBusy, match="nothing was changed: .*try again in a moment") as busy:
            Jobs(impatient).end(job, "done")
        assert (busy.value.code, busy.value.retry_after_s) == ("store-busy", 5)
        assert Jobs(impatient).get(job).state == "running"
    Jobs(impatient).end(job, "done")
    assert Jobs(impatient).get(job).state == "done"
    writer.engine.dispose()


def test_who_finds_all_connections_in_use_is_told_to_come_again(impatient: LabelStore) -> None:
    inside, leave = threading.Barrier(16), threading.Event()

    def read() -> None:
        with impatient.reading() as connection:
            connection.execute(sqlalchemy.text("SELECT 1")).scalar()
            inside.wait()
            leave.wait()

    threads = [threading.Thread(target=read) for _ in range(15)]
    for thread in threads:
        thread.start()
    inside.wait()
    with pytest.raises(StoreBusy, match="all connections are in use"):
        impatient.stats()
    leave.set()
    for thread in threads:
        thread.join()
    assert impatient.stats().texts == 0


class _FromPostgres(Exception):
    def __init__(self, sqlstate: str | None) -> None:
        super().__init__("what the server said\nDETAIL: Bí mật")
        self.sqlstate = sqlstate


def _from_sqlite(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("what SQLite said")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (_FromPostgres("55P03"), StoreBusy),
        (_FromPostgres("53300"), StoreBusy),
        (_FromPostgres("53100"), StoreFull),
        (_FromPostgres("XX001"), StoreDamaged),
        (_FromPostgres("57P01"), StoreError),
        (_FromPostgres(None), StoreError),
        (_from_sqlite(sqlite3.SQLITE_BUSY_SNAPSHOT), StoreBusy),
        (_from_sqlite(sqlite3.SQLITE_FULL), StoreFull),
        (_from_sqlite(sqlite3.SQLITE_CORRUPT_INDEX), StoreDamaged),
        (_from_sqlite(sqlite3.SQLITE_IOERR_READ), StoreError),
        (sqlite3.ProgrammingError("closed"), StoreError),
    ],
)
def test_each_error_of_a_database_has_its_kind(said: Exception, kind: type[StoreError]) -> None:
    error = store_error(sqlalchemy.exc.OperationalError("SELECT 'Bí mật'", {"text": "Bí mật"}, said), "it failed")
    assert type(error) is kind
    assert "Bí mật" not in str(error)
    assert str(error).startswith("it failed: ")
