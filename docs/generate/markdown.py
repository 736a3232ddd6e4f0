"""Tables and text in Markdown, and the docstrings that Python itself does not keep."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table, with a newline behind it."""
    lines = [head, ["---"] * len(head), *([_cell(cell) for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def paragraphs(docstring: str | None) -> str:
    """Return a docstring without its indentation, each paragraph on one line."""
    text = inspect.cleandoc(docstring or "")
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def field_notes(kind: type) -> dict[str, str]:
    """Return the docstring of each field of a class: the string that stands below the field."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(tree, ast.ClassDef)
    notes: dict[str, str] = {}
    for field, below in zip(tree.body, [*tree.body[1:], None], strict=True):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            notes[field.target.id] = _string(below)
    return notes


def _string(statement: ast.stmt | None) -> str:
    """Return the string that a statement is, empty if it is none."""
    match statement:
        case ast.Expr(value=ast.Constant(value=str(text))):
            return " ".join(text.split())
    return ""


def noted_rows(kind: type) -> list[tuple[str, str]]:
    """Return the fields of a class with their meaning; those without a docstring stand beside the field above."""
    rows: list[tuple[str, str]] = []
    for name, note in field_notes(kind).items():
        if note or not rows:
            rows.append((f"`{name}`", note))
        else:
            rows[-1] = (f"{rows[-1][0]}, `{name}`", rows[-1][1])
    return rows
