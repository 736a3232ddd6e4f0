"""How many documents were tagged on each day, and with which tags: the counters of /metrics forget it at a restart.

Each process adds up its own day and writes it to a file of its own, `$CHUDE_HOME/counts/2026-11-26.<process>.json`, now
and then and at its end. Counts only: no text, and no word of one.
"""

from __future__ import annotations

import atexit
import logging
import os
import secrets
import threading
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec

from model import Tagging
from model.files import write_whole
from model.storage import make_home

_WRITE_EVERY_S = 30.0
_KEPT_DAYS = 400
_log = logging.getLogger("chude")


class Day(msgspec.Struct):
    """The counts of one day, in UTC."""

    documents: int = 0
    warned: int = 0
    """Documents with a warning."""
    tags: dict[str, int] = msgspec.field(default_factory=dict)

    def add(self, other: Day) -> None:
        """Add the counts of another process."""
        self.documents += other.documents
        self.warned += other.warned
        self.tags = dict(Counter(self.tags) + Counter(other.tags))


class DailyCounts:
    """The counts in one home folder."""

    def __init__(self, home: Path) -> None:
        """Use the folder `home`; a file is written once something was counted."""
        self._home, self._folder = home, home / "counts"
        self._lock = threading.Lock()
        self._process, self._token, self._written_at = 0, "", 0.0
        self._days: dict[str, Day] = {}
        self._is_written = True

    def count(self, taggings: Sequence[Tagging]) -> None:
        """Count tagged documents."""
        if not taggings:
            return
        given = Day(len(taggings), sum(bool(tagging.get("warnings")) for tagging in taggings))
        given.tags = dict(Counter(tag for tagging in taggings for tag in tagging["tags"]))
        with self._lock:
            if self._process != os.getpid():
                self._begin()
            self._days.setdefault(_today().isoformat(), Day()).add(given)
            self._is_written = False
            is_due = time.monotonic() - self._written_at > _WRITE_EVERY_S
            self._written_at = time.monotonic() if is_due else self._written_at
        if is_due:  # in a thread, so that the answer does not wait for the disk
            threading.Thread(target=self.write, name="daily-counts", daemon=True).start()

    def _begin(self) -> None:
        """Count for this process, which was forked from another one, or has just begun."""
        self._process, self._token, self._days = os.getpid(), secrets.token_hex(6), {}
        self._written_at = time.monotonic()
        atexit.register(self.write)

    def write(self) -> None:
        """Write what this process has counted since the last time. A refusal of the disk loses these counts alone."""
        with self._lock:
            if self._is_written or self._process != os.getpid():
                return
            days, self._is_written = {day: msgspec.json.encode(counts) for day, counts in self._days.items()}, True
            self._days = {day: counts for day, counts in self._days.items() if day == max(self._days)}
        try:
            make_home(self._home)
            self._folder.mkdir(exist_ok=True)
            for day, data in days.items():
                with write_whole(self._folder / f"{day}.{self._token}.json", private=True) as part:
                    part.write_bytes(data)
            self._forget()
        except Exception as error:  # whatever the disk says: tagging goes on
            _log.warning("the day's counts cannot be written: %s", type(error).__name__)

    def _forget(self) -> None:
        """Remove what is older than a year."""
        oldest = (_today() - timedelta(days=_KEPT_DAYS)).isoformat()
        for path in self._folder.glob("????-??-??.*.json"):
            if path.name < oldest:
                path.unlink(missing_ok=True)

    def days(self, count: int) -> dict[str, Day]:
        """Return the counts of all processes for the last `count` days, by date, the oldest first, without empty days.

        What another process has counted in the last half minute may be missing.
        """
        self.write()
        first = (_today() - timedelta(days=count - 1)).isoformat()
        found: dict[str, Day] = {}
        for path in sorted(self._folder.glob("????-??-??.*.json")):
            day = path.name[:10]
            if day < first:
                continue
            try:
                counts = msgspec.json.decode(path.read_bytes(), type=Day)
            except (OSError, msgspec.DecodeError) as error:
                _log.warning("%s cannot be read, and is left out: %s", path, type(error).__name__)
            else:
                found.setdefault(day, Day()).add(counts)
        return found


def _today() -> date:
    return datetime.now(UTC).date()
