"""gunicorn starts, watches and stops the worker processes; the model is loaded before they are forked, and shared."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker
from uvicorn_worker import UvicornWorker

from model.errors import ChudeError
from model.memory import keep_freed_memory
from model.page.content import prepare
from service.settings import Settings
from service.web.app import create_app
from service.web.request_log import LOGGER, log_config
from service.web.server.connection import Connection, Limits
from service.web.server.front import HEAD_BYTES, Front
from service.web.server.refusals import Refusals
from service.web.server.routing import Lanes
from service.web.services import EXTENSION, Services

_BACKLOG = 2048
_LOOK_EVERY_S = 0.5
_KEEP_ALIVE_S = 75
"""Longer than nginx keeps a connection to us, so that it is never us who close one that is being used."""
_SWITCH_S = 0.0005
"""A thread that computes hands the interpreter over after so long; a request waits for that many times."""
_FIRST_BYTE_S = 10.0
_LAST_WORDS_S = 0.5
_LINGER_S = 4.0
_LINGER_BODIES = 10
"""How many bodies of the largest size a refused client may go on sending."""


class AddressError(ChudeError):
    """The service cannot listen at its address."""

    code = "bad-address"


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens at an address, or at `unix:PATH`. Raises AddressError."""
    is_path = host.startswith("unix:")
    address: Any = host.removeprefix("unix:") if is_path else (host, port)
    family = socket.AF_UNIX if is_path else socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        if is_path:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(address)
        sock.bind(address)
        sock.listen(_BACKLOG)
    except OSError as error:
        sock.close()
        place = host if is_path else f"{host}, port {port}"
        raise AddressError(f"cannot listen at {place}: {error.strerror}: choose with --host and --port") from None
    return sock


class ServingWorker(UvicornWorker):
    """gunicorn's worker class that runs uvicorn; its connections are `Connection`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)  # gunicorn says when workers come and go
        supervisor: Supervisor = self.app
        self._services = supervisor.services
        settings = supervisor.settings
        limits = Limits(
            first_byte_s=min(_FIRST_BYTE_S, settings.request_timeout_s),
            request_s=settings.request_timeout_s,
            head_bytes=HEAD_BYTES,
            last_words_s=_LAST_WORDS_S,
            linger_s=_LINGER_S,
            linger_bytes=_LINGER_BODIES * settings.max_body_bytes,
        )
        self.config.http = partial(Connection, limits=limits, refusals=supervisor.refusals)
        self.config.timeout_graceful_shutdown = settings.stop_timeout_s

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop as at SIGTERM: the supervisor passes SIGINT on as SIGQUIT, which uvicorn does not listen to."""
        os.kill(os.getpid(), signal.SIGTERM)

    CONFIG_KWARGS = {
        "loop": "asyncio",
        "lifespan": "on",
        "ws": "none",
        "access_log": False,
        "server_header": False,
        "proxy_headers": False,
    }

    def init_process(self) -> None:
        """Begin to follow the live model, and the supervisor, in this process."""
        self.init_signals()  # the handlers that were forked with it are the supervisor's, and would swallow a SIGTERM
        keep_freed_memory()
        sys.setswitchinterval(_SWITCH_S)
        self._services.live.watch()
        threading.Thread(target=_end_with, args=(self.ppid,), name="supervisor", daemon=True).start()
        super().init_process()


class Supervisor(BaseApplication):
    """gunicorn with our settings around one listening socket, given by its descriptor."""

    services: Services
    refusals: Refusals

    def __init__(self, settings: Settings, environ: Mapping[str, str], descriptor: int, metrics: Path) -> None:
        """Take the environment for processes that the service starts, and the folder in which all workers count."""
        self.settings, self._environ, self._descriptor, self._metrics = settings, environ, descriptor, metrics
        super().__init__()

    def load_config(self) -> None:
        """Turn our settings into gunicorn's."""
        options = {
            "bind": f"fd://{self._descriptor}",
            "workers": self.settings.workers,
            "worker_class": ServingWorker,
            "timeout": max(30, 2 * self.settings.request_timeout_s),
            "graceful_timeout": self.settings.stop_timeout_s,
            "keepalive": _KEEP_ALIVE_S,
            "backlog": _BACKLOG,
            "preload_app": True,
            "proc_name": "chude",
            "logconfig_dict": log_config(),
            "when_ready": _say_where,
            "pre_fork": _freeze,
            "post_fork": _heed_signals,
            "control_socket_disable": True,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Front:
        """Return the ASGI application, with everything imported that an answer may need."""
        prepare()
        app = create_app(self.settings, self._environ, self._metrics)
        self.services = app.extensions[EXTENSION]
        self.refusals = Refusals(self.services.metrics)
        return Front(app, Lanes(self.settings.threads), self.settings, self.services.daily.write)


def serve(settings: Settings, environ: Mapping[str, str], folder: Path) -> None:
    """Serve until told to stop; workers count in `folder`. Raises AddressError before anything is loaded."""
    descriptor = listen(settings.host, settings.port).detach()  # gunicorn closes it
    Supervisor(settings, environ, descriptor, folder).run()


def _say_where(arbiter: Arbiter) -> None:
    where = ", ".join(f"http://{sock}" if "://" not in str(sock) else str(sock) for sock in arbiter.LISTENERS)
    logging.getLogger(LOGGER).info("listening at %s", where)


def _end_with(supervisor_pid: int) -> None:
    """Stop this worker when its supervisor is gone: it would hold the address, and nobody would watch it."""
    while os.getppid() == supervisor_pid:
        time.sleep(_LOOK_EVERY_S)
    os.kill(os.getpid(), signal.SIGTERM)


def _heed_signals(arbiter: Arbiter, worker: Worker) -> None:
    """End a new worker that is told to stop before it listens to signals.

    It begins with the supervisor's handlers, which put a signal into a queue that nobody reads in a worker: the
    supervisor would wait for this worker until the stop timeout is over.
    """
    for number in arbiter.SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    while not arbiter.SIG_QUEUE.empty():
        if arbiter.SIG_QUEUE.get_nowait() in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
            sys.exit(0)


def _freeze(arbiter: Arbiter, worker: Worker) -> None:
    """Keep the garbage collector from touching, and so copying, what the workers share."""
    gc.collect()
    gc.freeze()
