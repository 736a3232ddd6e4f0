"""The command line, out of click."""

from __future__ import annotations

from collections.abc import Iterator

import click

from generate.markdown import paragraphs, table
from service.cli import cli


def walk(group: click.Group, name: str = "chude") -> Iterator[tuple[str, click.Command]]:
    """Yield every command and group with the words that call it."""
    context = click.Context(group)
    for part in group.list_commands(context):
        command = group.get_command(context, part)
        assert command is not None
        yield f"{name} {part}", command
        if isinstance(command, click.Group):
            yield from walk(command, f"{name} {part}")


def command_pages() -> str:
    """Return a section for each command: how it is called, what it does, its options."""
    return "\n".join(_section(name, command) for name, command in walk(cli))


def _section(name: str, command: click.Command) -> str:
    level = "#" * (name.count(" ") + 1)
    parts = [f"{level} {name}", paragraphs(_help(command))]
    if not isinstance(command, click.Group):
        usage = " ".join(command.collect_usage_pieces(click.Context(command)))
        parts.insert(1, f"```text\n{name} {usage}\n```")
        rows = [_row(option) for option in command.params if isinstance(option, click.Option) and not option.hidden]
        if rows:
            parts.append(table(("option", "meaning", "default"), rows).rstrip())
    return "\n\n".join(parts) + "\n"


def _help(command: click.Command) -> str:
    return (command.help or "").replace("\b", "")


def _row(option: click.Option) -> tuple[str, str, str]:
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    if not option.is_flag:
        names += f" {_value(option)}"
    said, _, default = (option.help or "").partition(" [default: ")
    return names, said, _default(option) or default.rstrip("]")


def _value(option: click.Option) -> str:
    if isinstance(option.type, click.Choice):
        return "*" + ", ".join(map(str, option.type.choices)) + "*"
    return f"*{option.type.name.upper().removesuffix(' RANGE')}*"


def _default(option: click.Option) -> str:
    if option.name == "jobs":
        return "the number of cores"
    if not option.show_default or option.default is None or option.is_flag:
        return "required" if option.required else ""
    return f"`{option.default}`"
