"""The Flask application."""

from __future__ import annotations

import logging
from functools import cache

from flask import Flask

from model.versions import Versions
from service.settings import Settings
from service.web import docs, labels, models, predict, problems, request_log, retraining, status
from service.web.key_store import KeyStore
from service.web.live import LiveTagger
from service.web.metrics import Metrics
from service.web.services import EXTENSION, Services
from training.labels.store import open_store


def create_app(settings: Settings) -> Flask:
    """Return the application; its model is loaded, but follows the pointer only after `live.watch()`."""
    app = Flask("chude", static_folder=None)
    versions = Versions(settings.home)
    metrics = Metrics()
    live = LiveTagger(versions, logging.getLogger(request_log.LOGGER), metrics.count_refusal)
    app.extensions[EXTENSION] = Services(
        settings,
        versions,
        metrics,
        live,
        KeyStore(settings.home),
        cache(lambda: open_store(settings.home, settings.labels_url)),
    )
    request_log.register(app, metrics)
    problems.register(app)
    for module in (predict, status, models, labels, retraining):
        app.register_blueprint(module.blueprint)
    docs.register(app)
    return app
