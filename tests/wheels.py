"""The wheel, and environments that it is installed in without a download."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

_REPO = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", folder, _REPO]
    subprocess.run(command, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return path


def requirements(wheel: Path) -> list[Requirement]:
    """Return what a wheel needs; what an extra brings has the extra's name in its marker."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        lines = archive.read(name).decode().splitlines()
    return [Requirement(line.partition(": ")[2]) for line in lines if line.startswith("Requires-Dist: ")]


def closure(needed: Iterable[Requirement], extra: str = "") -> set[str]:
    """Return the names of the distributions that requirements bring, with an extra or without, down to the last one."""
    seen: set[tuple[str, str]] = set()
    queue = [(requirement, extra) for requirement in needed]
    while queue:
        requirement, extra = queue.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        for part in ("", *requirement.extras):
            if (requirement.name, part) not in seen:
                seen.add((requirement.name, part))
                theirs = distribution(requirement.name).requires or ()
                queue += [(Requirement(line), part) for line in theirs]
    return {name for name, _ in seen}


def make_venv(folder: Path) -> Path:
    """Make an empty venv, and return its folder of libraries."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True, capture_output=True)
    return next((folder / "lib").glob("python*")) / "site-packages"


def install_linked(wheel: Path, venv: Path, extra: str = "") -> Path:
    """Install the wheel into a new venv, with links to this environment's libraries; return its folder of programs."""
    libraries = make_venv(venv)
    pip = [venv / "bin" / "pip", "install", "--no-deps", "--no-index", "--quiet", wheel]
    subprocess.run(pip, check=True, capture_output=True)
    link_libraries(requirements(wheel), libraries, extra)
    return venv / "bin"


def link_libraries(needed: Iterable[Requirement], libraries: Path, extra: str = "") -> None:
    """Link what requirements bring of this environment's libraries into a folder."""
    for name in closure(needed, extra):
        for file in distribution(name).files or ():
            top = Path(str(file)).parts[0]
            if top not in ("..", "__pycache__") and not (libraries / top).exists():
                (libraries / top).symlink_to(Path(str(distribution(name).locate_file(top))))
