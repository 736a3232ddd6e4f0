"""The environment of the process: read once when a command starts, and handed on as a mapping.

No other module reads `os.environ` (tests/test_service_environment.py looks), so that what a function does depends on
nothing but its arguments.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from pathlib import Path

import click

from model.versions import platform_folder

_USER_NAMES = ("LOGNAME", "USER", "LNAME", "USERNAME")


def read_environment() -> Mapping[str, str]:
    """Return what the environment is now."""
    return dict(os.environ)


def environment() -> Mapping[str, str]:
    """Return the environment of the command that runs, which `service.cli.main` keeps as click's context object."""
    environ: Mapping[str, str] = click.get_current_context().obj
    return environ


def set_variable(name: str, value: str) -> None:
    """Set a variable for a library that reads it by itself."""
    os.environ[name] = value


def cache_folder(environ: Mapping[str, str]) -> Path | None:
    """Return `$CHUDE_CACHE`, by default the platform's folder of caches; None where the user has no home folder."""
    if chosen := environ.get("CHUDE_CACHE"):
        return Path(chosen)
    from platformdirs import user_cache_path

    return platform_folder(user_cache_path)


def user_name(environ: Mapping[str, str]) -> str:
    """Return who runs this process: the name in `environ`, or that of the user id, or "uid 12345" for one without."""
    if named := next((environ[name] for name in _USER_NAMES if environ.get(name)), ""):
        return named
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"
