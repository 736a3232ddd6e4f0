"""The Flask application."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from flask import Flask, Response

from model.versions import Versions
from service.settings import Settings
from service.web import problems, request_log
from service.web.daily_counts import DailyCounts
from service.web.extraction import ExtractionPool
from service.web.key_store import KeyStore
from service.web.live import LiveTagger
from service.web.metrics import Metrics
from service.web.page import BLUEPRINTS as PAGES
from service.web.policy import DATA_HEADERS
from service.web.prefix import Prefix
from service.web.services import EXTENSION, Services
from service.web.views import (
    api_document,
    editing,
    labelling,
    model_versions,
    prediction,
    retraining,
    status,
    topics,
)
from training.labels.store import open_store

STORE_WAIT_S = 5.0
"""How long a request waits for those who are writing into the label store."""


def create_app(settings: Settings, environ: Mapping[str, str], metrics_folder: Path | None = None) -> Flask:
    """Return the application; its model is loaded, but follows the pointer only after `live.watch()`.

    Processes that the service starts get `environ`. Several workers count together in `metrics_folder`.
    """
    app = Flask("chude", static_folder=None)
    app.config["MAX_FORM_MEMORY_SIZE"] = settings.max_body_bytes  # the server has counted the body already
    app.wsgi_app = Prefix(app.wsgi_app)  # type: ignore[method-assign]
    versions = Versions(settings.home)
    daily = DailyCounts(settings.home)
    metrics = Metrics(metrics_folder, daily)
    extract = ExtractionPool().extract
    live = LiveTagger(versions, logging.getLogger(request_log.LOGGER), metrics.count_refusal, extract)
    app.extensions[EXTENSION] = Services(
        settings,
        environ,
        versions,
        metrics,
        daily,
        live,
        extract,
        KeyStore(settings.home),
        cache(lambda: open_store(settings.home, settings.labels_url, STORE_WAIT_S)),
    )
    request_log.register(app, metrics)
    problems.register(app)
    for module in (prediction, status, topics, model_versions, labelling, editing, retraining, api_document):
        app.register_blueprint(module.blueprint)
    for blueprint in PAGES:
        app.register_blueprint(blueprint)
    app.after_request(_protect)
    return app


def _protect(response: Response) -> Response:
    """Give an answer that has no headers of a page those of data."""
    for name, value in DATA_HEADERS.items():
        response.headers.setdefault(name, value)
    return response
