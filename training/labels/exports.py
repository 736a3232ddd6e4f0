"""Which files an export of the store may replace: those that have nothing but what the store has."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from model.errors import DataError, Problem
from model.files import file_identity, is_written_in_place
from training.corpus.duplicates import text_digest
from training.corpus.examples import Example
from training.corpus.readers import read_records
from training.corpus.records import Record
from training.corpus.sources import find_sources
from training.corpus.writers import COLUMNS, writable_format
from training.labels.rows import restored
from training.labels.schema import sources
from training.labels.store import LabelStore


def check_replaceable(file: Path, store: LabelStore) -> None:
    """Raise DataError where a file that is there was imported, or has what the store does not have."""
    writable_format(file)
    if is_written_in_place(file) or not file.stat().st_size:
        return
    if reason := _reason(file, store):
        message = f"is there, and {reason}: choose another name, or replace it with --overwrite"
        raise DataError([Problem(str(file), 0, "", message)])


def _reason(file: Path, store: LabelStore) -> str | None:
    """Return why a file is no earlier export of the store; None where it is one."""
    with store.reading() as connection:
        imported = list(map(restored, connection.execute(select(sources.c.source)).scalars()))
    for name in imported:
        if file_identity(Path(name)) == file_identity(file) or file.resolve().is_relative_to(Path(name).resolve()):
            return f"was imported as {name}"
    for source in find_sources([str(file)], labelled=True):
        for record in source.records():
            if isinstance(record, Record) and (others := [name for name in record.fields if name not in KNOWN]):
                return f"has fields that are not in the store, such as {others[0]}"
    known = store.digests()
    for example in read_records([file]):
        if not isinstance(example, Example) or text_digest(example.text) not in known:
            return "has records that are not in the store"
    return None


KNOWN = frozenset((*COLUMNS, "annotations"))
"""Fields of an export; Label Studio's tasks have their tags in the last one."""
