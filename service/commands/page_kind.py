"""The options that say what kind of text is read: one of them at most."""

from __future__ import annotations

import sys

import click

_KINDS = ("--html", "--page", "--text")


def check_one_kind() -> None:
    """Raise UsageError where the command line has several of the options: click would take the last one."""
    arguments = sys.argv[: sys.argv.index("--")] if "--" in sys.argv else sys.argv
    given = [kind for kind in _KINDS if kind in arguments]
    if len(given) > 1:
        raise click.UsageError(f"{' and '.join(given)} exclude each other: give one of them")
