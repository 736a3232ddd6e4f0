"""Every command and program in the documentation is run as it is written, and prints what the page shows."""

from __future__ import annotations

import doctest
import os
import sys
from pathlib import Path

import pytest
from conftest import REPO
from examples import code_blocks, run_steps, steps_of
from serving import free_port
from wheels import install_linked

PAGES = sorted(path.relative_to(REPO).as_posix() for path in [REPO / "README.md", *(REPO / "docs").rglob("*.md")])
FROM_THE_WHEEL = "docs/tutorial.md"
RUN = [page for page in PAGES if page != FROM_THE_WHEEL and any(steps_of((REPO / page).read_text(encoding="utf-8")))]


def make_program(path: Path, command: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
    path.chmod(0o755)


@pytest.fixture
def environ(tmp_path: Path, cache: Path) -> dict[str, str]:
    """An environment in which `chude` and `python` are this checkout's, with a home of its own."""
    make_program(tmp_path / "bin" / "chude", f"{sys.executable} -m service")
    make_program(tmp_path / "bin" / "python", sys.executable)
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("CHUDE_")},
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        "HOME": str(tmp_path / "user"),
        "USER": "lan",
        "LOGNAME": "lan",
        "CHUDE_HOME": str(tmp_path / "home"),
        "CHUDE_CACHE": str(cache),
        "PYTHONPATH": str(REPO),
        "COLUMNS": "120",
    }


@pytest.mark.parametrize("page", RUN)
def test_the_examples_of_a_page(page: str, environ: dict[str, str], tmp_path: Path) -> None:
    steps = list(steps_of((REPO / page).read_text(encoding="utf-8")))
    folder, port = tmp_path / "work", free_port()
    folder.mkdir()
    (folder / "seeds").symlink_to(REPO / "seeds")
    differences = run_steps(steps, folder, {**environ, "CHUDE_PORT": str(port)}, port)
    assert not differences, "\n".join(differences)


def test_the_tutorial_from_the_wheel(
    wheel: Path, environ: dict[str, str], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    programs = install_linked(wheel, tmp_path_factory.mktemp("tutorial") / "venv", extra="train")
    folder, port = tmp_path / "work", free_port()
    folder.mkdir()
    environ = {**environ, "PATH": f"{programs}:{os.environ['PATH']}", "CHUDE_PORT": str(port)}
    del environ["PYTHONPATH"]
    steps = list(steps_of((REPO / FROM_THE_WHEEL).read_text(encoding="utf-8")))
    differences = run_steps(steps, folder, environ, port)
    assert not differences, "\n".join(differences)


@pytest.mark.parametrize("page", PAGES)
def test_the_sessions_of_python_in_a_page(page: str) -> None:
    blocks = [block for block in code_blocks((REPO / page).read_text(encoding="utf-8")) if block.language == "pycon"]
    for block in blocks:
        test = doctest.DocTestParser().get_doctest(block.text, {}, page, page, block.line)
        results = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test)
        assert results.attempted > 0
        assert results.failed == 0
