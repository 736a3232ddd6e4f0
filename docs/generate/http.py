"""The HTTP interface, out of the OpenAPI document that the service itself gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from generate.application import application
from generate.markdown import table

_ERRORS = "application/problem+json"


def _document() -> dict[str, Any]:
    with application() as app:
        document: dict[str, Any] = app.test_client().get("/openapi.json").get_json()
    return document


def endpoints() -> str:
    """Return a section for each operation."""
    sections = [
        _operation(method, path, operation)
        for path, methods in _document()["paths"].items()
        for method, operation in methods.items()
    ]
    return "\n".join(sections)


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> str:
    lines = [f"### {method.upper()} {path}", f"{operation['summary']}.{_key(operation)}"]
    if parameters := operation.get("parameters"):
        lines.append(table(("parameter", "in", "values", "meaning"), map(_parameter, parameters)).rstrip())
    if body := operation.get("requestBody"):
        lines.append(f"Body: {_content(body['content'])}.")
    lines += [f"Answer {status}: {_content(answer['content'])}." for status, answer in _answers(operation)]
    errors = [status for status, answer in operation["responses"].items() if _ERRORS in answer["content"]]
    if errors:
        lines.append(f"Errors: {', '.join(errors)}.")
    return "\n\n".join(lines) + "\n"


def _key(operation: Mapping[str, Any]) -> str:
    return " Needs a key." if operation.get("security") else ""


def _answers(operation: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for status, answer in operation["responses"].items():
        if _ERRORS not in answer["content"]:
            yield status, answer


def _parameter(parameter: Mapping[str, Any]) -> tuple[str, str, str, str]:
    values = ", ".join(f"`{value}`" for value in parameter["schema"].get("enum", ()))
    return f"`{parameter['name']}`", parameter["in"], values, parameter.get("description", "")


def _content(content: Mapping[str, Any]) -> str:
    return "; ".join(f"{media}: {_kind(item['schema'])}" for media, item in content.items())


def shapes() -> str:
    """Return a table of fields for each shape that bodies and answers have."""
    schemas = _document()["components"]["schemas"]
    return "\n".join(_shape(name, schema) for name, schema in schemas.items())


def _shape(name: str, schema: Mapping[str, Any]) -> str:
    required = schema.get("required", ())
    rows = [
        (f"`{field}`", _kind(of), "yes" if field in required else "", of.get("description", ""))
        for field, of in schema.get("properties", {}).items()
    ]
    head = f"### {name}\n\n{schema.get('description', '')}\n"
    return f"{head}\n{table(('field', 'kind', 'always there', 'meaning'), rows)}" if rows else head


def _kind(schema: Mapping[str, Any]) -> str:
    """Return a schema in words: "list of Record", "string or null"."""
    if reference := schema.get("$ref"):
        name = reference.rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if alternatives := schema.get("anyOf"):
        return " or ".join(dict.fromkeys(_kind(one) for one in alternatives))
    if "enum" in schema:
        return "one of " + ", ".join(f"`{value}`" for value in schema["enum"])
    kind = schema.get("type", "anything")
    if kind == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    if kind == "object" and isinstance(values := schema.get("additionalProperties"), Mapping):
        return f"object of {_kind(values)}"
    return str(kind)
