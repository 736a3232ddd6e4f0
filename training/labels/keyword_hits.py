"""Which texts of the queue have the key words of a topic: where a new topic's first labels are looked for.

>>> pattern = Keywords(["Dải Gaza", "hamas"])
>>> sorted(pattern.found_in("Giao tranh ở dải Gaza: HAMAS bác tin.")), pattern.found_in("Giá gạo tăng")
(['Dải Gaza', 'hamas'], set())
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from model.errors import TextError
from model.page.content import prose_of
from model.page.html import Extractor, extract_html
from model.scan.spelling import normalise
from training.labels.rows import document_of
from training.labels.schema import queue
from training.labels.schema import texts as labelled_texts
from training.labels.store import LabelStore


class Keywords:
    """Words and phrases to look for, as whole words, whatever their case and the place of their tone marks."""

    def __init__(self, keywords: Iterable[str]) -> None:
        """Take key words as they are written; those without a letter or digit are never found."""
        self._patterns = {
            keyword: re.compile(rf"(?<!\S){re.escape(words)}(?!\S)")
            for keyword in keywords
            if (words := normalise(keyword))
        }

    def found_in(self, text: str) -> set[str]:
        """Return the key words that stand in a text."""
        words = normalise(text)
        return {keyword for keyword, pattern in self._patterns.items() if pattern.search(words)}


@dataclass(frozen=True)
class QueueHits:
    """The texts of the queue that have some key word."""

    n_texts: int
    """Texts that wait for a label."""
    by_keyword: Mapping[str, int]
    """How many of them have each key word."""
    digests: Sequence[str]
    """Those that have at least one, in the order of the queue."""
    others: Sequence[str]
    """Those that have none."""


def find_hits(store: LabelStore, keywords: Sequence[str], extract: Extractor = extract_html) -> QueueHits:
    """Look for key words in every text of the queue that has no label yet; `extract` turns HTML into text."""
    wanted, counts = Keywords(keywords), Counter(dict.fromkeys(keywords, 0))
    hits: list[str] = []
    others: list[str] = []
    unlabelled = queue.c.digest.not_in(select(labelled_texts.c.digest))
    with store.reading() as connection:
        for row in connection.execute(select(queue).where(unlabelled).order_by(queue.c.place)):
            try:
                found = wanted.found_in(prose_of(document_of(row), extract))
            except TextError:
                found = set()
            counts.update(found)
            (hits if found else others).append(row.digest)
    return QueueHits(len(hits) + len(others), dict(counts), hits, others)
