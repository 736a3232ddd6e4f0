"""What a browser may do with an answer: its headers."""

from __future__ import annotations

from collections.abc import Mapping

DATA_HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
"""For data: a browser does not guess its type, does not run it and does not show it in a frame."""
PAGE_HEADERS: Mapping[str, str] = {
    **DATA_HEADERS,
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
}
"""For a page: scripts and styles are files of the package, and nothing else runs."""
