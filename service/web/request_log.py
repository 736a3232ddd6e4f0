"""One line of JSON a request: who asked what, how it went, how long it took. Never a text, never a key."""

from __future__ import annotations

import logging
import re
import time
import uuid

import msgspec
from flask import Flask, Response, g, request

from service.web.metrics import Metrics

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}\Z")
LOGGER = "chude"


class JsonFormatter(logging.Formatter):
    """Writes a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line: time, level, and the message, or the fields that the record came with."""
        fields = record.args if isinstance(record.args, dict) else {"message": record.getMessage()}
        line = {"time": self.formatTime(record), "level": record.levelname.lower(), **fields}
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__
        return msgspec.json.encode(line).decode()

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        """Return the time in UTC, ISO 8601 with milliseconds."""
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z"


def log_config() -> dict[str, object]:
    """Return the logging set-up of the service: everything to standard error, in one form."""
    handlers = {"handlers": ["stderr"], "level": "INFO", "propagate": False}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "service.web.request_log.JsonFormatter"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stderr"}},
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {LOGGER: handlers, "gunicorn.error": handlers, "trafilatura": {"level": "CRITICAL"}},
    }


def register(app: Flask, metrics: Metrics) -> None:
    """Give every request an id, log it and count it."""
    log = logging.getLogger(LOGGER)

    @app.before_request
    def begin() -> None:
        given = request.environ.get("HTTP_X_REQUEST_ID", "")
        g.began = time.perf_counter()
        g.request_id = given if _REQUEST_ID.match(given) else uuid.uuid4().hex
        g.error = None
        g.counts = {}

    @app.after_request
    def end(response: Response) -> Response:
        seconds = time.perf_counter() - g.began
        endpoint = request.url_rule.rule if request.url_rule else "unknown"
        response.headers["X-Request-ID"] = g.request_id
        metrics.count_request(endpoint, response.status_code, seconds, g.error)
        if log.isEnabledFor(logging.INFO):
            fields = {
                "request_id": g.request_id,
                "method": request.method,
                "endpoint": endpoint,
                "status": response.status_code,
                "ms": round(seconds * 1000, 2),
                **g.counts,
            }
            if g.error:
                fields["error"] = g.error
            log.info("%(status)s", fields)
        return response
