"""The path under which a proxy shows the service, as `X-Forwarded-Prefix` says it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~-]+)+/?\Z")
"""A path of plain segments: nothing that could name another host, as `//host` would."""


class Prefix:
    """Calls an application with the prefix as the place where it is mounted (SCRIPT_NAME of PEP 3333)."""

    def __init__(self, application: WSGIApplication) -> None:
        """Take the application, which sees paths without the prefix, as the proxy has taken it off."""
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request; a header that is no plain path is not read."""
        if (given := environ.get("HTTP_X_FORWARDED_PREFIX")) and _PREFIX.match(given):
            environ["SCRIPT_NAME"] = given.rstrip("/")
        return self._application(environ, start_response)
