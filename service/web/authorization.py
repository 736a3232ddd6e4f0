"""Which views need a key, and whether a request has one."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import request

from service.web.problems import RequestError
from service.web.services import services

P = ParamSpec("P")
R = TypeVar("R")
_MAKE_ONE = "make one with `chude keys add NAME` on the server"


def check_key() -> str:
    """Return the name of the request's key. Raises RequestError 403 when there are no keys, 401 for a wrong one."""
    store = services().keys
    if not store.names():
        raise RequestError(403, "no-keys", f"this needs a key, and there is none yet: {_MAKE_ONE}")
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    name = store.owner(key.strip()) if scheme.lower() == "bearer" else None
    if name is None:
        error = RequestError(401, "key-needed", f"send the header Authorization: Bearer KEY; {_MAKE_ONE}")
        error.headers["WWW-Authenticate"] = 'Bearer realm="chude"'
        raise error
    return name


def needs_key(view: Callable[P, R]) -> Callable[P, R]:
    """Let a view answer only to requests with a key."""

    @wraps(view)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        check_key()
        return view(*args, **kwargs)

    checked.__dict__["needs_key"] = True
    return checked


def reading(view: Callable[P, R]) -> Callable[P, R]:
    """Let a view answer without a key, unless the settings ask for one."""

    @wraps(view)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        if services().settings.require_key:
            check_key()
        return view(*args, **kwargs)

    return checked
