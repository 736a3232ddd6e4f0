"""The one place that reads the variables of the process; everything else takes them as a mapping."""

from __future__ import annotations

import os
from collections.abc import Mapping


def read_environment() -> Mapping[str, str]:
    """Return what the environment is now."""
    return dict(os.environ)


def set_variable(name: str, value: str) -> None:
    """Set a variable for a library that reads it by itself."""
    os.environ[name] = value
