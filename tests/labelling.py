"""What the tests of the label store write into it: a labelled text, who labelled it, a change of a job."""

from __future__ import annotations

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
