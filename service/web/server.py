"""gunicorn around the application: the model is loaded once, before the workers are forked, and shared by them."""

from __future__ import annotations

import gc
import logging

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker

from model.memory import keep_freed_memory
from model.page.content import prepare
from service.settings import Settings
from service.web.app import create_app
from service.web.metrics import Metrics
from service.web.request_log import LOGGER, log_config
from service.web.worker import LoopWorker

_KEEP_ALIVE_S = 75
"""Longer than nginx keeps a connection to us, so that it is never us who close one that is being used."""


class Server(BaseApplication):
    """The service under gunicorn."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        super().__init__()

    def load_config(self) -> None:
        """Turn our settings into gunicorn's."""
        s = self.settings
        host = f"[{s.host}]" if ":" in s.host and not s.host.startswith("unix:") else s.host
        options = {
            "bind": host if host.startswith("unix:") else f"{host}:{s.port}",
            "workers": s.workers,
            "threads": s.threads,
            "worker_class": LoopWorker,
            "timeout": max(30, 2 * s.request_timeout_s),
            "graceful_timeout": s.stop_timeout_s,
            "keepalive": _KEEP_ALIVE_S,
            "preload_app": True,
            "proc_name": "chude",
            "logconfig_dict": log_config(),
            "when_ready": _say_where,
            "pre_fork": _freeze,
            "child_exit": _forget,
            "control_socket_disable": True,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Return the application, with everything imported that an answer may need."""
        prepare()
        keep_freed_memory()
        return create_app(self.settings)


def _say_where(arbiter: Arbiter) -> None:
    where = ", ".join(f"http://{sock}" if "://" not in str(sock) else str(sock) for sock in arbiter.LISTENERS)
    logging.getLogger(LOGGER).info("listening at %s", where)


def _freeze(arbiter: Arbiter, worker: Worker) -> None:
    """Keep the garbage collector from touching, and so copying, what the workers share."""
    gc.collect()
    gc.freeze()


def _forget(arbiter: Arbiter, worker: Worker) -> None:
    Metrics.forget_process(worker.pid)
