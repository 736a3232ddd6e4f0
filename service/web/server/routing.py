"""Which lane a request takes: by what it asks for and what its body looks like, before anything is parsed."""

from __future__ import annotations

from enum import Enum, auto
from wsgiref.types import WSGIEnvironment

from service.web.server.lanes import Lane

_IN_LOOP = ("/healthz", "/readyz")
_STORE = ("/labels", "/queue", "/retrain", "/correct", "/learn", "/watch", "/topics/")
_QUICK_BYTES = 16_384
"""Longest body of a request that the loop answers itself: ordinary prose of that length is tagged in half a
millisecond, the worst that can be made up in a few. Threads for these would halve the rate: numpy lets go of the
interpreter's lock at each of its short calls."""
_FEW_TAGS = 2
"""A body with more "<" may be HTML, and must not be read in the loop."""
_ESCAPED = rb"\u003"
"""How "<" may be written in JSON."""
_COMPUTING = 2
"""Threads that compute share the interpreter: several get no more done than one, and each keeps the loop waiting."""
_NICENESS = 5
"""Of threads that compute: whenever the loop has something to do, it comes first."""
_WAITING = 64
"""How many requests may wait for the threads of a lane."""


class Cost(Enum):
    """What a request is likely to cost."""

    QUICK = auto()
    """It is answered in the loop: one ordinary text, or whether the process is alive and ready."""
    BULK = auto()
    """Many texts, a long one, or explanations."""
    HTML = auto()
    """Pages of HTML, in which the article is looked for; and what is sent to the editor's page, which may have some."""
    STORE = auto()
    """The label store, which may be locked or far away."""
    FILES = auto()
    """Everything else."""


def cost_of(environ: WSGIEnvironment, body: bytes) -> Cost:
    """Return the cost of a request with a whole body."""
    path = environ["PATH_INFO"]
    if path in _IN_LOOP:
        return Cost.QUICK
    if path.startswith(_STORE):
        return Cost.STORE
    if path == "/" and environ["REQUEST_METHOD"] == "POST":
        return Cost.HTML
    if path != "/predict":
        return Cost.FILES
    if (
        environ.get("CONTENT_TYPE", "").lower().startswith("text/html")
        or body.count(b"<") + body.count(_ESCAPED) > _FEW_TAGS
    ):
        return Cost.HTML
    return Cost.QUICK if len(body) <= _QUICK_BYTES and not environ["QUERY_STRING"] else Cost.BULK


class Lanes:
    """A lane for each cost."""

    def __init__(self, threads: int) -> None:
        """Answer `threads` requests of each cost at a time, but at most two of those that do nothing but compute."""
        self._lanes = {
            Cost.BULK: Lane("bulk", threads=min(threads, _COMPUTING), waiting=_WAITING, niceness=_NICENESS),
            Cost.HTML: Lane("html", threads=threads, waiting=_WAITING, niceness=_NICENESS),
            Cost.STORE: Lane("store", threads=threads, waiting=_WAITING),
            Cost.FILES: Lane("files", threads=threads, waiting=_WAITING),
        }

    def choose(self, environ: WSGIEnvironment, body: bytes) -> Lane | None:
        """Return the lane of a request; None for one that the loop answers itself."""
        cost = cost_of(environ, body)
        return None if cost is Cost.QUICK else self._lanes[cost]
