"""Texts of concurrent requests tagged together: a batch costs each text a quarter of what it costs alone.

Whatever requests the loop finds ready at the same time make up a batch. A text that is alone does not wait.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain

from gevent import get_hub
from gevent.hub import Waiter

from model import Tagging, TextError, TopicTagger
from model.document import Document
from service.web.metrics import Metrics

_MAX_TEXTS = 64
"""Most texts in a batch, so that the loop is soon back."""


class Batcher:
    """Tags documents for the greenlets of one loop with the tagger that `live` returns, and counts them."""

    def __init__(self, live: Callable[[], TopicTagger], metrics: Metrics) -> None:
        self._live, self._metrics = live, metrics
        self._queue: list[tuple[Document, Waiter]] = []

    def tag(self, document: Document) -> Tagging:
        """Return what the live tagger gives for the document, and raise what it raises."""
        waiter = Waiter()
        if not self._queue:
            get_hub().loop.run_callback(self._run)
        self._queue.append((document, waiter))
        tagging: Tagging = waiter.get()
        return tagging

    def _run(self) -> None:
        batch, self._queue = self._queue[:_MAX_TEXTS], self._queue[_MAX_TEXTS:]
        if self._queue:
            get_hub().loop.run_callback(self._run)
        results: Sequence[Tagging | Exception]
        try:
            results = self._tag_and_count([document for document, _ in batch])
        except Exception as error:
            results = [error] * len(batch)
        for (_, waiter), result in zip(batch, results, strict=True):
            if isinstance(result, Exception):
                waiter.throw(result)
            else:
                waiter.switch(result)

    def _tag_and_count(self, documents: list[Document]) -> list[Tagging | TextError]:
        results = self._live().tag_many(documents, errors="return")
        taggings = [result for result in results if not isinstance(result, TextError)]
        self._metrics.count_documents(taggings, sum(map(len, chain.from_iterable(documents))))
        return results
