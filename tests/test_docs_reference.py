"""The documentation has everything that there is, and nothing that there is not."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import fields

import click
import pytest
from conftest import REPO

import model
from model.document import FIELDS
from model.page.content import PAGES
from service.cli import cli
from service.settings import Settings
from training.corpus.registry import FORMATS

DOCS = {path: path.read_text(encoding="utf-8") for path in [REPO / "README.md", *(REPO / "docs").rglob("*.md")]}
CURRENT = "\n".join(text for path, text in DOCS.items() if path.parent.name not in ("decisions", "notes"))
"""What is said of chude as it is; decisions may name what is gone."""
REFERENCE = {path.stem: text for path, text in DOCS.items() if path.parent.name == "reference"}
SOURCES = [path for folder in ("model", "training", "service") for path in (REPO / folder).rglob("*.py")]


def test_the_generated_parts_are_up_to_date() -> None:
    pages = [path for path, text in DOCS.items() if "[[[cog" in text]
    command = [sys.executable, "-m", "cogapp", "--check", "-I", "docs", "-p", "import cog, generate", *map(str, pages)]
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"run `make reference`: {done.stdout}{done.stderr}"


def commands(group: click.Group, name: str = "chude") -> Iterator[tuple[str, click.Command]]:
    """Yield every command, with those of its groups, by the words that call it."""
    context = click.Context(group)
    for part in group.list_commands(context):
        command = group.get_command(context, part)
        assert command is not None
        yield f"{name} {part}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{name} {part}")


def test_every_command_and_option_has_its_place() -> None:
    for name, command in commands(cli):
        section = re.split(r"\n#+ ", REFERENCE["commands"].partition(f"# {name}\n")[2])[0]
        assert section, name
        for parameter in command.params:
            if isinstance(parameter, click.Option) and not parameter.hidden:
                assert all(f"`{option}`" in section for option in parameter.opts), (name, parameter.opts)


def test_no_page_names_a_command_or_option_that_is_not_there() -> None:
    known = {name: {option for p in command.params for option in p.opts} for name, command in commands(cli)}
    anywhere = {"--help", "--version", *(option for options in known.values() for option in options)}
    called = re.findall(r"(?:^\$ |`)(chude [^`\n]*)", CURRENT, re.M)
    assert len(called) > 50
    for call in called:
        words = re.split(r"[|<>&]|\d>", call)[0].split()
        name = next((" ".join(words[:n]) for n in (3, 2) if " ".join(words[:n]) in known), None)
        assert name or words[1] in ("…", "--help", "--version"), call
        used = {word.partition("=")[0].rstrip(",.;:") for word in words if re.match(r"--?[a-z]", word)}
        assert used <= (known[name] if name else set()) | {"--help", "--version"}, call
    for option in re.findall(r"`(--[a-z-]+)", CURRENT):
        assert option in anywhere, option


def test_every_setting_is_there_and_no_other() -> None:
    words = {
        word for path in SOURCES for word in re.findall(r"\bCHUDE_[A-Z_]*[A-Z]\b", path.read_text(encoding="utf-8"))
    }
    settings = {f"CHUDE_{field.name.upper()}" for field in fields(Settings)} | words - {"CHUDE_COMPLETE"}
    assert all(f"`{setting}`" in REFERENCE["settings"] for setting in settings)
    assert set(re.findall(r"\bCHUDE_[A-Z_]*[A-Z]\b", CURRENT)) <= settings


def test_every_format_field_and_kind_of_text_is_there() -> None:
    for format in FORMATS.values():
        assert all(f"`{suffix}`" in REFERENCE["formats"] for suffix in format.suffixes), format.name
    assert all(f"`{field}`" in REFERENCE["formats"] for field in FIELDS)
    assert all(f"`{page}`" in REFERENCE["formats"] for page in PAGES)


def test_every_extra_is_named_and_no_other() -> None:
    project = tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = set(re.findall(r"(?:chude|\.)\[([a-z,-]+)\]'", CURRENT))
    assert {extra for names in named for extra in names.split(",")} == set(project["optional-dependencies"])


def test_every_public_name_and_no_other_is_there() -> None:
    assert all(f"`{name}`" in REFERENCE["python"] or f"## {name}" in REFERENCE["python"] for name in model.__all__)
    imported = {
        name.strip()
        for names in re.findall(r"^from model import (.+)$", CURRENT, re.M)
        for name in names.split(",")
        if names != "…"
    }
    assert imported <= set(model.__all__)


def test_no_error_code_or_metric_is_named_that_is_not_there() -> None:
    codes = set(re.findall(r"^\| `([a-z-]+)` \| ", REFERENCE["errors"], re.M))
    metrics = set(re.findall(r"^\| `(chude_[a-z_]+)` \| ", REFERENCE["metrics"], re.M))
    assert len(codes) > 40
    assert len(metrics) > 10
    named = set(re.findall(r"\b[45]\d\d `([a-z-]+)`|error `([a-z-]+)`|code=\"([a-z-]+)\"", CURRENT))
    assert {code for groups in named for code in groups if code} <= codes
    rules = (REPO / "docs" / "guides" / "chude-alerts.yml").read_text(encoding="utf-8")
    assert {name.removesuffix("_bucket") for name in re.findall(r"chude_[a-z_]+", CURRENT + rules)} <= metrics


def test_every_code_in_a_class_stands_in_the_table_of_errors() -> None:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                for line in node.body:
                    match line:
                        case ast.Assign(targets=[ast.Name(id="code")], value=ast.Constant(value=str(code))):
                            is_root = node.name == "ChudeError"
                            assert is_root or f"| `{code}` | " in REFERENCE["errors"], (path.name, node.name)


def test_every_endpoint_is_there() -> None:
    for path in (REPO / "service" / "web" / "views").glob("*.py"):
        for method, rule in re.findall(r'@blueprint\.(get|post|delete)\("([^"]+)"\)', path.read_text(encoding="utf-8")):
            shown = re.sub(r"<(?:[a-z]+:)?([a-z]+)>", r"{\1}", rule)
            is_page = rule == "/" or rule.startswith("/docs") or rule == "/openapi.json"
            assert is_page or f"### {method.upper()} {shown}\n" in REFERENCE["http"], rule


def test_prometheus_takes_the_alert_rules() -> None:
    if shutil.which("promtool") is None:
        pytest.skip("needs promtool, which Debian has in the package prometheus")
    command = ["promtool", "check", "rules", REPO / "docs" / "guides" / "chude-alerts.yml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_readme_is_short() -> None:
    assert len((REPO / "README.md").read_bytes()) <= 5000


@pytest.mark.parametrize("page", [path.relative_to(REPO).as_posix() for path in DOCS])
def test_files_that_a_page_names_are_there(page: str) -> None:
    """Names such as `model/tagger.py`, in text and drawings; decisions may name what is gone."""
    if "/decisions/" in page or "/notes/" in page:
        return
    for name in re.findall(r"\b((?:model|training|service|tests|seeds)/[\w/-]+\.\w+)", DOCS[REPO / page]):
        assert (REPO / name).exists(), name
