"""The text of HTML, found in processes of their own: a page may keep one of those busy, but no thread of the service.

lxml and trafilatura hold the interpreter's lock for long stretches, and a thread cannot be ended. A process can be: it
is killed when a page takes too long, and another one takes its place.

    >>> ExtractionPool().extract("<p>Xin chào <b>các</b> bạn</p>").text
    'Xin chào các bạn'
"""

from __future__ import annotations

import logging
import resource
import signal
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from queue import LifoQueue
from threading import Lock

from model.errors import ChudeError, PageTooComplex, TextError
from model.page.extract import Extract
from model.page.html import extract_html
from service.web.faults import Fault

_CONTEXT = get_context("forkserver")
"""A process is forked from one without threads that has imported `_PRELOADED` and nothing else: that takes no time.

Both have the priority of the thread that reads the first page (`service.web.server.lanes`)."""
_PRELOADED = [__name__, "trafilatura", "lxml.html"]
_FEW_TAGS, _FEW_CHARS = 50, 20_000
"""HTML up to this size is read in the thread that asks: that takes a few milliseconds."""
_PROCESSES = 2
_CPU_LIMIT_S = 10
"""Seconds of processor time for a page, which do not pass faster on a busy machine.

The dearest HTML within the bounds of `model.page.source` takes two, on a slow machine six.
"""
_WALL_LIMIT_S = 60.0
_START_S = 60.0
_MAX_ADDRESS_SPACE = 1 << 30
"""In bytes; the dearest HTML within the bounds takes a third."""
_MAX_RESIDENT_KB = 1 << 18
"""A process that has ever used more ends after its page, as it keeps what it has freed."""
_ADVICE = "give the page of one article, or its text"


_OF_THE_PAGE = (-signal.SIGSEGV, -signal.SIGBUS, -signal.SIGABRT)
"""Exit codes of a process that failed over its page; anything else came from outside."""


class NoProcess(ChudeError):
    """No process can be started that would read HTML, or something ends them all."""

    code = "overloaded"


class ExtractionFailed(Exception):
    """A fault of ours in a process that reads HTML."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


Outcome = Extract | TextError | ExtractionFailed


class ExtractionPool:
    """Reads HTML in a few processes, each started when it is first needed. Safe to share between threads.

    Where this process forks before the first page, each side has processes of its own.
    """

    def __init__(
        self, processes: int = _PROCESSES, cpu_limit_s: int = _CPU_LIMIT_S, wall_limit_s: float = _WALL_LIMIT_S
    ) -> None:
        """Use at most `processes`; one is ended when its page takes longer, in processor time or by the clock."""
        self._cpu_limit_s, self._wall_limit_s = cpu_limit_s, wall_limit_s
        self._starting = Lock()
        self._places: LifoQueue[_Process | None] = LifoQueue()  # what was used last is used first
        for _ in range(processes):
            self._places.put(None)

    def extract(self, html: str) -> Extract:
        """Return what `model.page.html.extract_html` does; where there is much to read, wait for a process.

        Raises NoArticle; PageTooComplex, also where it takes too much time or memory; NoProcess.
        """
        if len(html) <= _FEW_CHARS and html.count("<") <= _FEW_TAGS:
            return extract_html(html)
        outcome = self._ask(html) or self._ask(html)  # the first process may have ended while it was idle
        if outcome is None:
            raise NoProcess("the processes that read HTML were ended from outside: send it again in a moment")
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def _ask(self, html: str) -> Outcome | None:
        """Return what a process makes of the HTML; None where the process was ended from outside."""
        process = self._places.get()
        try:
            if process is None or process.has_ended:
                process = self._start()
            return process.ask(html, self._wall_limit_s)
        except EOFError:  # it ended while it started
            return None
        finally:
            self._places.put(process)

    def _start(self) -> _Process:
        """Return a new process. Raises NoProcess, and EOFError where it ends at once."""
        with self._starting:
            try:
                return _Process(self._cpu_limit_s)
            except OSError as error:
                raise NoProcess(f"no process for HTML can be started ({error}): send it again in a moment") from None


class _Process:
    """One process that reads one page at a time."""

    def __init__(self, cpu_limit_s: int) -> None:
        """Start it. Raises OSError or EOFError."""
        _CONTEXT.set_forkserver_preload(_PRELOADED)
        self._connection, theirs = _CONTEXT.Pipe()
        self._process = _CONTEXT.Process(target=_serve, args=(theirs, cpu_limit_s), name="chude-html", daemon=True)
        try:
            self._process.start()
            theirs.close()
            if not self._connection.poll(_START_S):
                raise TimeoutError(f"it did not begin within {_START_S:g} s")
            self._connection.recv()
        except BaseException:
            self._connection.close()
            raise

    @property
    def has_ended(self) -> bool:
        """Tell whether it was found to have ended."""
        return self._connection.closed

    def ask(self, html: str, wall_limit_s: float) -> Outcome | None:
        """Return what it makes of the HTML, PageTooComplex after its time; None where it was ended from outside."""
        try:
            self._connection.send(html)
            if self._connection.poll(wall_limit_s):
                received: Outcome = self._connection.recv()
                return received
            self._process.kill()
            is_overdue = True
        except (EOFError, OSError):
            is_overdue = False
        self._process.join()
        self._connection.close()
        if is_overdue or self._process.exitcode == -signal.SIGXCPU:
            return PageTooComplex(f"the HTML takes too long to read: {_ADVICE}")
        if self._process.exitcode in _OF_THE_PAGE:
            return PageTooComplex(f"the HTML cannot be read: {_ADVICE}")
        return None


def _serve(connection: Connection, cpu_limit_s: int) -> None:
    """Read pages until the other side is gone (the process's main function)."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the service, which ends this process
    logging.disable()  # the libraries' warnings may quote a page
    resource.setrlimit(resource.RLIMIT_AS, (_MAX_ADDRESS_SPACE, _MAX_ADDRESS_SPACE))
    with suppress(EOFError, OSError):
        connection.send("ready")
        while (used := resource.getrusage(resource.RUSAGE_SELF)).ru_maxrss <= _MAX_RESIDENT_KB:
            html = connection.recv()
            resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + cpu_limit_s, -1))
            connection.send(_outcome(html))


def _outcome(html: str) -> Outcome:
    try:
        return extract_html(html)
    except TextError as error:
        return error
    except MemoryError:
        return PageTooComplex(f"the HTML takes too much memory: {_ADVICE}")
    except Exception as error:
        return ExtractionFailed(Fault.of(error))
