"""The service's application in a folder that is thrown away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from flask import Flask

from service.settings import Settings
from service.web.app import create_app


@contextmanager
def application() -> Iterator[Flask]:
    """Yield the application with the shipped model, without any key, version or label."""
    with TemporaryDirectory() as folder:
        yield create_app(Settings(home=Path(folder)), {})
