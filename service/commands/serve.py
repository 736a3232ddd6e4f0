"""`chude serve`: the HTTP service."""

from __future__ import annotations

import os
import tempfile
from dataclasses import fields
from typing import Any

import click

from service.settings import Settings

_HELP = {
    "host": "Address to listen on.",
    "port": "Port to listen on; 0 takes a free one.",
    "workers": "Processes.",
    "threads": "Long requests that a process answers at a time.",
    "request_timeout_s": "Seconds that a client has to send a request.",
    "stop_timeout_s": "Seconds that running requests have to finish when the service stops.",
    "max_body_bytes": "Largest request.",
    "max_documents": "Most documents in a request.",
    "max_text_chars": "Longest text of a document.",
    "max_json_depth": "Deepest nesting of arrays and objects in a request.",
    "require_key": "Ask for a key for reading, too.",
}


def _options(command: click.Command) -> click.Command:
    """Add an option for each setting."""
    for field in fields(Settings):
        if field.name not in ("home", "labels_url"):
            option = f"--{field.name.removesuffix('_s').replace('_', '-')}"
            kind: dict[str, Any] = {"is_flag": True, "default": None} if field.type == "bool" else {}
            kind |= {"type": int} if field.type == "int" else {}
            shown = "" if field.type == "bool" else f" [default: {field.default}]"
            command.params.append(click.Option([option, field.name], help=_HELP[field.name] + shown, **kind))
    return command


@_options
@click.command("serve")
def command(**chosen: Any) -> int:
    """Serve the live model over HTTP until it is told to stop.

    Each option can be set in the environment as well, such as CHUDE_PORT.
    """
    settings = Settings.from_environ(os.environ, **chosen)
    from service.web.key_store import KeyStore

    if not settings.is_local and not KeyStore(settings.home).names():
        click.echo(
            f"chude: warning: {settings.host} can be reached from other machines, and there is no key: anyone can tag, "
            "and nobody can label or retrain; make one with `chude keys add NAME`",
            err=True,
        )
    with tempfile.TemporaryDirectory(prefix="chude-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder  # read when prometheus_client is imported
        from service.web.server import Server

        Server(settings).run()
    return 0
