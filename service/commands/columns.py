"""The options that say how the fields of labelled records are called: the same for each command that reads some."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def column_options(command: F) -> F:
    """Give a command the parameters `text_column`, `id_column` and `label_field`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


TEXT_COLUMN_HELP = "The only field to read as the text; by default 'title', 'lead', 'text' and 'body', in this order."
_OPTIONS = (
    click.option("--text-column", help=TEXT_COLUMN_HELP),
    click.option("--id-column", default="id", show_default=True, help="Field that names the text."),
    click.option(
        "--label-field", default="", help="Field of the tags, in Label Studio too; by default 'tags' or what is there."
    ),
)


def notify(line: str) -> None:
    """Show a line that is no fault."""
    click.echo(f"chude: {line}", err=True)


def n_of(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural where it is not one: "1 record", "2,000 records"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
