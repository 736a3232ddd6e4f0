"""The options that say how labelled records are read: the same for each command that reads some."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from model.errors import Problem

Command = Callable[..., int]
_SHOWN_LINES = 5
"""How many lines with the same problem are named one by one; the others are counted."""


def column_options(command: Command) -> Command:
    """Give a command the parameter `columns`, made of the options that say how its records are read."""

    @functools.wraps(command)
    def with_columns(
        *args: Any, text_column: str | None, id_column: str, label_field: str, judged: tuple[str, ...], **options: Any
    ) -> int:
        from training.corpus.examples import Columns

        columns = Columns(text_column, id_column, label_field, _judged(judged))
        return command(*args, columns=columns, **options)

    for option in reversed(_OPTIONS):
        with_columns = option(with_columns)
    return with_columns


TEXT_COLUMN_HELP = "The only field to read as the text; by default 'title', 'lead', 'text' and 'body', in this order."
_OPTIONS = (
    click.option("--text-column", help=TEXT_COLUMN_HELP),
    click.option("--id-column", default="id", show_default=True, help="Field that names the text."),
    click.option(
        "--label-field",
        default="",
        help="Field of the tags, in Label Studio too; by default 'tags', or that of the tool it comes from.",
    ),
    click.option(
        "--judged",
        multiple=True,
        metavar="TAG,...|all",
        help="Tags that were decided on for records without a field 'judged'; other tags count as undecided.",
    ),
)


def _judged(given: tuple[str, ...]) -> frozenset[str] | None:
    """Return the tags in the values of --judged; None where it was not given. Raises BadParameter."""
    from training.corpus.label_fields import EVERY_TAG, parse_tags
    from training.corpus.vocabulary import BadTag

    if not given:
        return None
    tags = [tag for value in given for tag in re.split(r"[,;|\s]+", value) if tag]
    if tags == ["all"]:
        return frozenset({EVERY_TAG})
    try:
        return parse_tags(tags)
    except BadTag as error:
        raise click.BadParameter(str(error), param_hint="--judged") from None


def lines_of(problems: Iterable[Problem]) -> Iterator[str]:
    """Yield a line for each kind of problem in a file, with the lines that have it: a slip made throughout is one."""
    groups: dict[tuple[str, str, str], list[Problem]] = {}
    for problem in problems:
        groups.setdefault((problem.file, problem.field, problem.message), []).append(problem)
    for first, *others in groups.values():
        shown = ", ".join(str(problem.line) for problem in others[:_SHOWN_LINES])
        more = f" and {len(others) - _SHOWN_LINES:,} more" if len(others) > _SHOWN_LINES else ""
        yield f"{first}; the same in line {shown}{more}" if others else str(first)


def notify(line: str) -> None:
    """Print a note to standard error."""
    click.echo(f"chude: {line}", err=True)


def n_of(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural where it is not one: "1 record", "2,000 records"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
