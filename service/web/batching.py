"""Texts of concurrent requests tagged together: a batch costs each text a quarter of what it costs alone.

The first thread that finds no batch under way takes all texts that are waiting, tags them, and hands the results out;
those that come meanwhile make up the next batch. A text that is alone does not wait.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from model.errors import TextError
from model.tagger import Tagging, TopicTagger

_MAX_CHARS = 20_000
"""Longer texts gain nothing from company, and would keep it waiting."""


class _Waiting:
    """A text, and where its result comes."""

    __slots__ = ("done", "result", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.result: Tagging | TextError | Exception | None = None
        self.done = threading.Lock()
        self.done.acquire()


class Batcher:
    """Tags texts for many threads with the tagger that `live` returns."""

    def __init__(self, live: Callable[[], TopicTagger]) -> None:
        self._live = live
        self._queue: list[_Waiting] = []
        self._queue_lock = threading.Lock()
        self._running = threading.Lock()

    def tag(self, text: str) -> Tagging:
        """Return what the live tagger's `tag` returns for the text, and raise what it raises."""
        if len(text) > _MAX_CHARS:
            return self._live().tag(text)
        waiting = _Waiting(text)
        with self._queue_lock:
            self._queue.append(waiting)
            leads = len(self._queue) == 1
        if leads:
            with self._running:
                self._run()
        waiting.done.acquire()
        if isinstance(waiting.result, Exception):
            raise waiting.result
        assert waiting.result is not None
        return waiting.result

    def _run(self) -> None:
        with self._queue_lock:
            batch, self._queue = self._queue, []
        try:
            results = self._live().tag_many([waiting.text for waiting in batch], errors="return")
            for waiting, result in zip(batch, results, strict=True):
                waiting.result = result
        except Exception as error:
            for waiting in batch:
                waiting.result = error
        for waiting in batch:
            waiting.done.release()
