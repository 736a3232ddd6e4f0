"""What the tests of the label store write into it: a labelled text, who labelled it, a file, a change of a job."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from model.document import Document
from training.corpus.examples import Example
from training.labels import schema
from training.labels.store import Labelling, LabelStore

ME = Labelling(who="me", source="test", model="v1")


def example(text: str, *tags: str, borderline: tuple[str, ...] = ()) -> Example:
    return Example(f"id of {text}", Document(text=text), frozenset(tags), frozenset(borderline))


def change_job(store: LabelStore, job: str, **values: object) -> None:
    with store.writing() as connection:
        connection.execute(schema.jobs.update().where(schema.jobs.c.id == job).values(**values))


def write_lines(path: Path, *records: object) -> Path:
    lines = [json.dumps(record, ensure_ascii=False) for record in records]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def parse_lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]
