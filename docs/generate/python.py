"""What Python code may import, out of the docstrings."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator

import model
from generate.markdown import noted_rows, paragraphs, table
from model import ChudeError, Tagging, TopicTagger


def methods() -> str:
    """Return the signature and the docstring of each public method of `TopicTagger`."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(TopicTagger))).body
    assert isinstance(tree, ast.ClassDef)
    sections = [f"### {name}\n\n```text\n{signature}\n```\n\n{said}\n" for name, signature, said in _public(tree)]
    return "\n".join(sections)


def _public(tree: ast.ClassDef) -> Iterator[tuple[str, str, str]]:
    for method in tree.body:
        if isinstance(method, ast.FunctionDef) and not method.name.startswith("_") and not _is_overload(method):
            arguments = [arg for arg in method.args.args if arg.arg not in ("self", "cls")]
            method.args.args = arguments
            returns = ast.unparse(method.returns) if method.returns else "None"
            signature = f"TopicTagger.{method.name}({ast.unparse(method.args)}) -> {returns}"
            yield method.name, signature, paragraphs(ast.get_docstring(method))


def _is_overload(method: ast.FunctionDef) -> bool:
    return any(isinstance(one, ast.Name) and one.id == "overload" for one in method.decorator_list)


def tagging() -> str:
    """Return the keys of a result."""
    return table(("key", "meaning"), noted_rows(Tagging))


def exceptions() -> str:
    """Return each exception that can be imported, with its base class and its code."""
    kinds = [getattr(model, name) for name in model.__all__]
    rows = [
        (f"`{kind.__name__}`", f"`{kind.__bases__[0].__name__}`", f"`{kind.code}`", paragraphs(kind.__doc__))
        for kind in kinds
        if isinstance(kind, type) and issubclass(kind, ChudeError)
    ]
    return table(("exception", "is a", "code", "when"), rows)
