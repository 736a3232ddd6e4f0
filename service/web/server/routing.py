"""Which lane a request takes: by what it asks for and what its body looks like, before anything is parsed."""

from __future__ import annotations

from enum import Enum, auto
from wsgiref.types import WSGIEnvironment

from service.web.server.lanes import Lane

_IN_LOOP = ("/healthz", "/readyz")
_STORE = ("/labels", "/queue", "/retrain")
_SMALL_BYTES = 65_536
"""Longest body of a quick request: its prose is tagged within 2 ms."""
_FEW_TAGS = 2
"""A body with more "<" may be HTML."""
_QUICK_WAITING, _WAITING = 1024, 64


class Cost(Enum):
    """What a request is likely to cost."""

    NOTHING = auto()
    """It is answered in the loop: whether the process is alive, and ready."""
    QUICK = auto()
    """One ordinary text."""
    BULK = auto()
    """Many texts, a long one, or explanations."""
    HTML = auto()
    """Pages, whose article is looked for."""
    STORE = auto()
    """The label store, which may be locked or far away."""
    FILES = auto()
    """Everything else."""


def cost_of(environ: WSGIEnvironment, body: bytes) -> Cost:
    """Return the cost of a request with a whole body."""
    path = environ["PATH_INFO"]
    if path in _IN_LOOP:
        return Cost.NOTHING
    if path.startswith(_STORE):
        return Cost.STORE
    if path != "/predict":
        return Cost.FILES
    if environ.get("CONTENT_TYPE", "").lower().startswith("text/html") or body.count(b"<") > _FEW_TAGS:
        return Cost.HTML
    return Cost.QUICK if len(body) <= _SMALL_BYTES and not environ["QUERY_STRING"] else Cost.BULK


class Lanes:
    """A lane for each cost."""

    def __init__(self, threads: int) -> None:
        """Answer `threads` requests of each cost at a time."""
        self._lanes: dict[Cost, Lane] = {
            cost: Lane(cost.name.lower(), threads=threads, waiting=_QUICK_WAITING if cost is Cost.QUICK else _WAITING)
            for cost in Cost
            if cost is not Cost.NOTHING
        }

    def choose(self, environ: WSGIEnvironment, body: bytes) -> Lane | None:
        """Return the lane of a request; None for one that the loop answers itself."""
        return self._lanes.get(cost_of(environ, body))
