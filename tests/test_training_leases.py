"""Leases on the queue, agreement with the model, and taking labels back, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from processes import run_together

from model.document import Document
from training.corpus.duplicates import text_digest
from training.corpus.examples import Example
from training.labels.activity import agreement, count_labelled, decisions, take_back
from training.labels.keyword_hits import find_hits
from training.labels.leases import count_waiting, take_text
from training.labels.store import Labelling, LabelStore
from training.labels.suggestions import Suggestion, keep_queue

TEXTS = ["Bầu cử ở Syria", "Giá gạo tăng", "Ukraine bầu tổng thống"]


@pytest.fixture
def store(url: str) -> Iterator[LabelStore]:
    store = LabelStore(url)
    keep_queue(store, [Suggestion(f"q{n}", Document(text=text), "random", {}) for n, text in enumerate(TEXTS)])
    yield store
    store.engine.dispose()


def example(text: str, *tags: str) -> Example:
    return Example("x", Document(text=text), frozenset(tags))


def taken(store: LabelStore, holder: str, *skipped: str) -> str | None:
    lease = take_text(store, holder, skipped)
    return lease.suggestion.text if lease else None


def test_editors_get_different_texts_until_a_lease_ends(store: LabelStore) -> None:
    assert [taken(store, name) for name in ("an", "bình", "an")] == [TEXTS[0], TEXTS[1], TEXTS[0]]
    assert count_waiting(store, "an") == (3, 1)
    assert taken(store, "an", text_digest(TEXTS[0])) == TEXTS[2]
    assert taken(store, "chi") == TEXTS[0]  # what was passed over is free again
    assert taken(store, "dung") is None
    store.add([example(TEXTS[0], "syria")], Labelling("chi"))
    assert taken(store, "chi") is None
    assert count_waiting(store, "chi") == (2, 2)


def test_a_lease_that_has_ended_frees_its_text(store: LabelStore) -> None:
    assert take_text(store, "an", lease_s=-1)
    assert count_waiting(store, "bình") == (3, 0)
    assert taken(store, "bình") == TEXTS[0]


def test_key_words_choose_texts(store: LabelStore) -> None:
    hits = find_hits(store, ["bầu", "Giá  GẠO", "…"])
    assert (hits.n_texts, dict(hits.by_keyword)) == (3, {"bầu": 2, "Giá  GẠO": 1, "…": 0})
    assert find_hits(store, ["gạo"]).digests == [text_digest(TEXTS[1])]
    assert find_hits(store, ["gạ"]).digests == []  # a part of a word
    lease = take_text(store, "an", among=find_hits(store, ["ukraine"]).digests)
    assert lease is not None
    assert lease.suggestion.text == TEXTS[2]
    assert take_text(store, "bình", among=[]) is None


def take_in_a_process(url: str, holder: str) -> None:
    store = LabelStore(url)
    assert take_text(store, holder)
    store.engine.dispose()


def test_processes_that_take_at_once_get_different_texts(store: LabelStore, url: str) -> None:
    assert run_together(take_in_a_process, [(url, name) for name in ("an", "bình", "chi")]) == [0, 0, 0]
    assert count_waiting(store, "dung") == (3, 3)


def test_agreement_with_the_model(store: LabelStore) -> None:
    scores = {TEXTS[0]: {"syria": 0.9, "elections": 0.2}, TEXTS[1]: {"syria": 0.1, "elections": 0.6}}
    store.add([example(TEXTS[0], "syria"), example(TEXTS[1], "syria")], Labelling("an", "page", "v1"), scores)
    store.add([example(TEXTS[2], "ukraine")], Labelling("an"))  # without scores: nothing to agree with
    found = agreement(decisions(store, who="an"), lambda version: {"syria": 0.5, "elections": 0.5})
    assert (found.decisions, found.agreed) == (2, 1)
    assert (dict(found.added), dict(found.removed)) == ({"syria": 1}, {"elections": 1})
    assert count_labelled(store, 0, "an") == 3
    assert (count_labelled(store, 0, "bình"), count_labelled(store, 2e9 * 10, "an")) == (0, 0)


def test_only_ones_own_latest_labels_are_taken_back(store: LabelStore) -> None:
    store.add([example(TEXTS[0], "syria")], Labelling("an"))
    store.add([example(TEXTS[0], "elections")], Labelling("bình"))
    assert not take_back(store, TEXTS[0], "an")
    assert take_back(store, TEXTS[0], "bình")
    assert [e.tags for e in store.examples()] == [{"syria"}]
    assert take_back(store, TEXTS[0], "an")
    assert not take_back(store, TEXTS[0], "an")
    assert list(store.examples()) == []
    assert taken(store, "an") == TEXTS[0]
