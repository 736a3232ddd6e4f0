"""What the views work with, made once by `create_app`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from flask import current_app

from model.page.html import Extractor
from model.versions import Versions
from service.settings import Settings
from service.web.daily_counts import DailyCounts
from service.web.key_store import KeyStore
from service.web.live import LiveTagger
from service.web.metrics import Metrics
from training.labels.store import LabelStore

EXTENSION = "chude"


@dataclass(frozen=True)
class Services:
    """The parts of one process of the service."""

    settings: Settings
    environ: Mapping[str, str]
    """Environment for processes that the service starts."""
    versions: Versions
    metrics: Metrics
    daily: DailyCounts
    live: LiveTagger
    extract: Extractor
    """Turns HTML into text, in processes that can be ended."""
    keys: KeyStore
    store: Callable[[], LabelStore]
    """Opens the label store at the first call in a process, so that workers never share a connection."""


def services() -> Services:
    """Return the parts of the application that answers the current request."""
    return cast(Services, current_app.extensions[EXTENSION])
