"""One line of JSON for each request: who asked what, how it went, how long it took. Never a text, never a key."""

from __future__ import annotations

import logging
import re
import time

import msgspec
from flask import Flask, Response, request

from service.web.metrics import Metrics
from service.web.request_state import current_state

REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}\Z")
"""What a client may call its request."""
_OF_EVERY_RECORD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
LOGGER = "chude"


class JsonFormatter(logging.Formatter):
    """Writes a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line: time, level, message, and the fields that were given as `extra`."""
        line = {
            "time": self.formatTime(record),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **{name: value for name, value in record.__dict__.items() if name not in _OF_EVERY_RECORD},
        }
        if record.exc_info and record.exc_info[0]:
            line["exception"] = record.exc_info[0].__name__
        return msgspec.json.encode(line, enc_hook=repr).decode()

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
        "loggers": {
            LOGGER: handlers,
            "gunicorn.error": handlers,
            "uvicorn.error": {**handlers, "level": "WARNING"},
            "trafilatura": {"level": "CRITICAL"},
        },
    }


def register(app: Flask, metrics: Metrics) -> None:
    """Give every request an id, log it and count it."""
    log = logging.getLogger(LOGGER)

    @app.before_request
    def begin() -> None:
        state, given = current_state(), request.environ.get("HTTP_X_REQUEST_ID", "")
        if REQUEST_ID.match(given):
            state.id = given

    @app.after_request
    def end(response: Response) -> Response:
        state = current_state()
        seconds = time.perf_counter() - state.began
        endpoint = request.url_rule.rule if request.url_rule else "unknown"
        response.headers["X-Request-ID"] = state.id
        metrics.count_request(endpoint, response.status_code, seconds, state.error_code)
        if log.isEnabledFor(logging.INFO):
            line: dict[str, object] = {
                "request_id": state.id,
                "method": request.method,
                "endpoint": endpoint,
                "status": response.status_code,
                "ms": round(seconds * 1000, 2),
                "error": state.error_code,
                **vars(state.counts),
            }
            given = {name: value for name, value in line.items() if value}
            log.info("%s %s: %s", request.method, endpoint, response.status_code, extra=given)
        return response
