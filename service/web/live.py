"""The live model of one process: follows the pointer file, and answers with another version while that is broken."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from model.activation import load_checked
from model.artifact import MANIFEST, PRETRAINED
from model.errors import ArtifactError, ArtifactMissing, NoModel
from model.page.html import Extractor
from model.tagger import TopicTagger
from model.versions import Versions

_LOOK_EVERY_S = 0.25
_RETRY_LOOKS = 40


@dataclass(frozen=True)
class Refusal:
    """Why the version that the pointer names is not the one that answers."""

    version: str | None
    """None where the pointer names none: it cannot be read, or the shipped version is live."""
    reason: str


class LiveTagger:
    """Holds the tagger of the live version. `refresh` may run in one thread while others read `tagger`.

    A version that is refused does not end the service: the one that has answered until now goes on. At the start that
    is the version which was live before, or else the shipped one.
    """

    def __init__(
        self,
        versions: Versions,
        log: logging.Logger,
        on_refusal: Callable[[], None],
        extract: Extractor,
    ) -> None:
        """Load the live version, or another one; `on_refusal` is called whenever the live version is refused.

        `extract` turns the HTML of texts that are tagged into text.
        """
        self._extract = extract
        self._versions = versions
        self._log = log
        self._on_refusal = on_refusal
        self._tagger: TopicTagger | None = None
        self._looks = 0
        self.refusal: Refusal | None = None
        """What is wrong with the live version; None while it answers."""
        self.made_at = 0.0
        """When the version that answers was stored, in seconds since 1970."""
        self.refresh()

    @property
    def is_empty(self) -> bool:
        """Tell whether no version could be loaded yet."""
        return self._tagger is None

    @property
    def tagger(self) -> TopicTagger:
        """Return the tagger. Raises NoModel when none could be loaded yet."""
        if self._tagger is None:
            reason = self.refusal.reason if self.refusal else "none was loaded yet"
            raise NoModel(f"no version of the model can be loaded: {reason}")
        return self._tagger

    def refresh(self) -> None:
        """Take the version that the pointer names, if it is another one and passes its self-test."""
        self._looks += 1
        live = None
        try:
            live = self._versions.live()
            if self._tagger and (live or "") in (self._tagger.version, self._pointed):
                self.refusal = None
                return
            if self.refusal and self.refusal.version == live and self._looks % _RETRY_LOOKS:
                return
            folder = self._versions.folder(live)
            tagger = load_checked(folder, live, self._extract)
        except ArtifactError as error:
            self._refuse(Refusal(live, str(error)))
        else:
            self._log.info("version %s is live", tagger.version)
            self._take(tagger, folder)
            self._pointed, self.refusal = live or "", None

    def _take(self, tagger: TopicTagger, folder: Path) -> None:
        self._tagger = tagger
        with suppress(OSError):
            self.made_at = (folder / MANIFEST).stat().st_mtime

    def _refuse(self, refusal: Refusal) -> None:
        is_new = self.refusal is None or self.refusal.version != refusal.version
        self.refusal = refusal
        if self._tagger is None:
            self._fall_back(refusal)
        if is_new:
            serving = f"version {self._tagger.version} answers" if self._tagger else "no version answers"
            self._log.error("a version was refused, %s: %s", serving, refusal.reason)
            self._on_refusal()

    def _fall_back(self, refusal: Refusal) -> None:
        """Take the version that was live before the refused one, or else the shipped one, if one of them works."""
        for version in self._others():
            if version is None or version != refusal.version:
                with suppress(ArtifactError):
                    folder = self._versions.folder(version) if version else PRETRAINED
                    self._take(load_checked(folder, version, self._extract), folder)
                    return

    def _others(self) -> Iterator[str | None]:
        with suppress(ArtifactMissing):
            yield self._versions.before()
        yield None

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
