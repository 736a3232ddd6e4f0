"""`chude keys`: who may write."""

from __future__ import annotations

import click

from model.versions import home_folder
from service.environment import environment
from service.web.key_store import KeyStore


@click.group("keys")
def command() -> None:
    """Make and revoke the keys that writing endpoints ask for."""


@command.command("add")
@click.argument("name")
def add(name: str) -> int:
    """Make a key for NAME and print it: it is shown only this once."""
    click.echo(KeyStore(home_folder(environment())).add(name))
    click.echo("chude: keep it now: only its hash is stored. Send it as Authorization: Bearer KEY", err=True)
    return 0


@command.command("list")
def show() -> int:
    """Print who has a key, and since when."""
    for name, made in sorted(KeyStore(home_folder(environment())).names().items()):
        click.echo(f"{name}\t{made}")
    return 0


@command.command("revoke")
@click.argument("name")
def revoke(name: str) -> int:
    """Make the key of NAME worthless, at once."""
    KeyStore(home_folder(environment())).revoke(name)
    return 0
