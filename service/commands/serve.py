"""`chude serve`: the HTTP service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

import click

from model.environment import set_variable
from service.environment import environment
from service.settings import Settings, is_of_kubernetes, option_of
from service.web.metrics_folder import metrics_folder

_HELP = {
    "host": "Address to listen on.",
    "port": "Port to listen on; 0 takes a free one.",
    "workers": "Processes.",
    "threads": "Requests of each costly kind that a process answers at a time.",
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
            option = option_of(field.name)
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
    environ = environment()
    settings = Settings.from_environ(environ, **chosen)
    for warning in _warnings(settings, environ):
        click.echo(f"chude: warning: {warning}", err=True)
    with metrics_folder() as folder:
        set_variable("PROMETHEUS_MULTIPROC_DIR", str(folder))  # prometheus_client looks when it is imported
        from service.web.server import serve

        serve(settings, environ, folder)
    return 0


def _warnings(settings: Settings, environ: Mapping[str, str]) -> Iterator[str]:
    """Yield what is doubtful about the settings."""
    from service.web.key_store import KeyStore

    if is_of_kubernetes("CHUDE_PORT", environ):
        yield (
            f"the variable CHUDE_PORT={environ['CHUDE_PORT']} is what Kubernetes sets for a service called chude, "
            f"and is ignored: the port is {settings.port}; choose another with --port"
        )
    if not settings.is_local and not KeyStore(settings.home).names():
        yield (
            f"{settings.host} can be reached from other machines, and there is no key: anyone can tag, and nobody can "
            "label or retrain; make one with `chude keys add NAME`"
        )
