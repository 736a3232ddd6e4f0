"""Every error with a code, out of the code that raises it, with the cause and the cure that docs/errors.toml has."""

from __future__ import annotations

import ast
import importlib
import tomllib
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

from generate.markdown import table
from model.errors import ChudeError
from service.web.problems import STATUS_OF

_REPO = Path(__file__).parent.parent.parent
_CURES = _REPO / "docs" / "errors.toml"
_OF_HTTP = {"not-found": 404, "method-not-allowed": 405, "internal-error": 500}
"""Codes that `service.web.problems` makes of werkzeug's own errors, and of errors that nobody foresaw."""
_CALLS = {"RequestError": (0, 1), "Refusal": (0, 1)}
"""Where the status and the code stand among the arguments of what is raised for one request."""


def error_table() -> str:
    """Return each code with its HTTP status, cause and cure. Raises KeyError where errors.toml lacks one."""
    cures = tomllib.loads(_CURES.read_text(encoding="utf-8"))
    statuses = codes()
    if unknown := sorted(cures.keys() ^ statuses.keys()):
        raise KeyError(f"{_CURES.name} and the code do not have the same errors: {', '.join(unknown)}")
    rows = [
        (f"`{code}`", ", ".join(map(str, sorted(statuses[code]))), cures[code]["cause"], cures[code]["cure"])
        for code in sorted(statuses)
    ]
    return table(("code", "HTTP", "cause", "cure"), rows)


def codes() -> dict[str, set[int]]:
    """Return every code, with the statuses that it comes with over HTTP."""
    statuses: dict[str, set[int]] = {code: {status} for code, status in _OF_HTTP.items()}
    sources = {path: path.read_text(encoding="utf-8") for path in _modules()}
    for path, source in sources.items():
        if "    code = " in source:
            importlib.import_module(".".join(path.relative_to(_REPO).with_suffix("").parts))
    for kind in _subclasses(ChudeError):
        if "code" in kind.__dict__:
            statuses.setdefault(kind.code, set()).update(_statuses_of(kind))
    for source in sources.values():
        for status, code in _raised(ast.parse(source)):
            statuses.setdefault(code, set()).add(status)
    return statuses


def _modules() -> Iterator[Path]:
    for folder in ("model", "training", "service"):
        yield from sorted((_REPO / folder).rglob("*.py"))


def _statuses_of(kind: type[ChudeError]) -> Iterator[int]:
    """Yield the HTTP status of a class of errors, where it or a base of it has one of its own."""
    named = next(base for base in kind.__mro__ if base in STATUS_OF)
    if named is not ChudeError:
        yield STATUS_OF[named]


def _subclasses(kind: type[ChudeError]) -> Iterator[type[ChudeError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _subclasses(child)


def _raised(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the status and code of each `RequestError` and `Refusal` that is written out in a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _CALLS:
            status, code = (node.args[place] for place in _CALLS[node.func.id] if place < len(node.args))
            if isinstance(code, ast.Constant) and isinstance(code.value, str):
                yield _status(status), code.value


def _status(node: ast.expr) -> int:
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return node.value
    assert isinstance(node, ast.Attribute)
    return int(HTTPStatus[node.attr])
