"""The settings of the service, out of their class."""

from __future__ import annotations

from dataclasses import MISSING, fields

from generate.markdown import field_notes, table
from service.settings import PREFIX, Settings, option_of

_NO_OPTION = ("home", "labels_url")


def setting_table() -> str:
    """Return the settings with their options, variables, defaults and meanings."""
    notes = field_notes(Settings)
    rows = [
        (
            "" if field.name in _NO_OPTION else f"`{option_of(field.name)}`",
            f"`{PREFIX}{field.name.upper()}`",
            _shown(field.default),
            notes[field.name],
        )
        for field in fields(Settings)
    ]
    return table(("option of `chude serve`", "variable", "default", "meaning"), rows)


def _shown(value: object) -> str:
    if value is MISSING or value == "":
        return ""
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"`{value:,}`" if isinstance(value, int) and value >= 10_000 else f"`{value}`"
