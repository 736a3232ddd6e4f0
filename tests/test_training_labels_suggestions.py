"""The texts to label next: what is chosen, in which order, and what waits in the queue."""

from __future__ import annotations

import math

import pytest
from labelling import ME, example

from model import TopicTagger
from model.document import Document
from training.corpus.duplicates import text_digest
from training.corpus.examples import Example
from training.labels.store import LabelStore
from training.labels.suggestions import keep_queue, suggest, waiting


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
