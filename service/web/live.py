"""The live model of one process: follows the pointer file, and keeps the old model when the new one is broken."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from model.artifact.files import load
from model.errors import ArtifactError
from model.selftest import check_self_test
from model.tagger import TopicTagger
from model.versions import Versions

_LOOK_EVERY_S = 0.25
_RETRY_LOOKS = 40


class LiveTagger:
    """Holds the tagger of the live version. `refresh` may run in one thread while others read `tagger`."""

    def __init__(self, versions: Versions, log: logging.Logger, on_refusal: Callable[[], None]) -> None:
        """Load the live version, if it can be loaded; `on_refusal` is called whenever a version is refused."""
        self._versions = versions
        self._log = log
        self._on_refusal = on_refusal
        self._tagger: TopicTagger | None = None
        self._refused: str | None = None
        self._looks = 0
        self.problem: ArtifactError | None = None
        """Why the version that the pointer names is not the one that answers."""
        self.refresh()

    @property
    def is_empty(self) -> bool:
        """Tell whether no version could be loaded yet."""
        return self._tagger is None

    @property
    def tagger(self) -> TopicTagger:
        """Return the tagger. Raises ArtifactError when none could be loaded yet."""
        if self._tagger is None:
            raise self.problem or ArtifactError("no model is loaded yet")
        return self._tagger

    def refresh(self) -> None:
        """Take the version that the pointer names, if it is another one and passes its self-test."""
        self._looks += 1
        wanted = None
        try:
            wanted = self._versions.live() or ""
            if self._tagger and wanted in (self._tagger.version, self._pointed):
                self.problem = None
                return
            if wanted == self._refused and self._looks % _RETRY_LOOKS:
                return
            tagger = TopicTagger(load(self._versions.folder(wanted or None)))
            if wanted and tagger.version != wanted:
                raise ArtifactError(f"{self._versions.folder(wanted)} holds version {tagger.version}")
            check_self_test(tagger)
        except ArtifactError as error:
            self._refuse(wanted, error)
        else:
            self._log.info("version %s is live", tagger.version)
            self._tagger, self._pointed, self._refused, self.problem = tagger, wanted, None, None

    def _refuse(self, wanted: str | None, error: ArtifactError) -> None:
        self.problem = error
        if wanted != self._refused or self._looks == 1:
            self._refused = wanted
            serving = f"version {self._tagger.version} goes on" if self._tagger else "no version serves"
            self._log.error("a version was refused, %s: %s", serving, error)
            self._on_refusal()

    def watch(self) -> None:
        """Look at the pointer four times a second from now on, in a thread of its own."""
        self.refresh()
        threading.Thread(target=self._watch, name="live-model", daemon=True).start()

    def _watch(self) -> None:
        pause = threading.Event()
        while not pause.wait(_LOOK_EVERY_S):
            try:
                self.refresh()
            except Exception as error:
                self._log.error("the live version cannot be looked up: %s", type(error).__name__)

    _pointed: str | None = None
    """What the pointer said when the tagger was loaded: "" while it names nothing."""
