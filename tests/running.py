"""Running the real program in a home of its own, and a file for it to read."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from texts import ARTICLE

_REPO = Path(__file__).parent.parent
Run = Callable[..., subprocess.CompletedProcess[str]]
PROGRAM = [sys.executable, "-m", "service"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def environ(home: Path, cache: Path) -> dict[str, str]:
    return {**os.environ, "CHUDE_HOME": str(home), "CHUDE_CACHE": str(cache), "PYTHONPATH": str(_REPO)}


@pytest.fixture
def run(environ: dict[str, str]) -> Run:
    """Run a command; it must end with the status that is expected, and without a traceback."""

    def run(*arguments: object, status: int = 0, stdin: str = "") -> subprocess.CompletedProcess[str]:
        command = [*PROGRAM, *map(str, arguments)]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, input=stdin)
        assert "Traceback" not in done.stderr
        assert done.returncode == status, done.stderr
        return done

    return run


@pytest.fixture
def article(tmp_path: Path) -> Path:
    path = tmp_path / "article.txt"
    path.write_text(ARTICLE, encoding="utf-8")
    return path
