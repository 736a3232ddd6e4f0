"""The environment is read in one place, and whatever it lacks, the answer is clear; the shell completes commands."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from conftest import REPO
from serving import TIMEOUT_S

from service.environment import cache_folder, user_name

Chude = Callable[..., subprocess.CompletedProcess[str]]
BARE = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPO)}
NO_HOME = "chude: user 12345 has no home folder: set CHUDE_HOME to a folder for versions and labels\n"


def run_as_nobody(*arguments: object, environ: Mapping[str, str] = {}) -> subprocess.CompletedProcess[str]:  # noqa: B006
    """Run the program as a user that /etc/passwd does not have, with as good as no environment."""
    command = ["unshare", "--user", "--map-user=12345", sys.executable, "-m", "service", *map(str, arguments)]
    done = subprocess.run(command, env={**BARE, **environ}, capture_output=True, text=True, check=False)
    if "unshare" in done.stderr:
        pytest.skip(f"needs user namespaces: {done.stderr}")
    return done


def reads_environment(path: Path) -> bool:
    """Tell whether a module reads or writes variables of the process."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.ImportFrom) and node.module == "os" else []
        names += [node.attr] if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "os" else []
        if {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"} & set(names):
            return True
    return False


def test_one_module_knows_the_environment() -> None:
    paths = [path for folder in ("model", "training", "service") for path in sorted((REPO / folder).rglob("*.py"))]
    assert [path.relative_to(REPO).as_posix() for path in paths if reads_environment(path)] == ["model/environment.py"]


def test_without_a_home_the_shipped_model_tags(tmp_path: Path) -> None:
    article = tmp_path / "a.txt"
    article.write_text("Quân đội Syria mở chiến dịch mới ở Idlib.", encoding="utf-8")
    done = run_as_nobody("tag", article)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{article}: syria\n")


@pytest.mark.parametrize("command", ["models list", "keys list", "labels stats", "serve", "retrain", "tag --model x -"])
def test_without_a_home_what_keeps_files_asks_for_one(command: str) -> None:
    done = run_as_nobody(*command.split())
    assert (done.returncode, done.stdout, done.stderr) == (1, "", NO_HOME)


def test_labels_of_a_user_without_a_name(tmp_path: Path) -> None:
    records = tmp_path / "a.jsonl"
    records.write_text('{"text": "Giá gạo ở Mỹ", "tags": []}\n', encoding="utf-8")
    home = {"CHUDE_HOME": str(tmp_path / "home")}
    done = run_as_nobody("labels", "import", records, environ=home)
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 added" in done.stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files in the home folder of somebody else")
def test_what_root_makes_is_the_owners_of_the_home_folder(tmp_path: Path) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    home.mkdir()
    elsewhere.write_text("root's own", encoding="utf-8")
    os.link(elsewhere, home / "second-name")
    (home / "link").symlink_to(elsewhere)
    os.chown(home, 12345, 12346)
    records = tmp_path / "a.jsonl"
    records.write_text('{"text": "Giá gạo ở Mỹ", "tags": []}\n', encoding="utf-8")
    for arguments in (
        ["keys", "add", "desk"],
        ["labels", "import", records],
        ["topics", "set", "syria", "--threshold", "0.5"],
    ):
        command = [sys.executable, "-m", "service", *map(str, arguments)]
        subprocess.run(command, env={**BARE, "CHUDE_HOME": str(home)}, capture_output=True, check=True)
    made = {path.relative_to(home).as_posix() for path in home.rglob("*")}
    assert {"keys.json", "labels.sqlite", "topics.json", "live", "models"} <= made
    owners = {path: (path.lstat().st_uid, path.lstat().st_gid) for path in home.rglob("*")}
    not_given = {home / "second-name", home / "link"}
    assert {path for path, owner in owners.items() if owner != (12345, 12346)} == not_given
    assert elsewhere.stat().st_uid == 0


def test_who_labels() -> None:
    assert user_name({"LOGNAME": "lan", "USER": "minh"}) == "lan"
    assert user_name({"LOGNAME": "", "USER": "minh"}) == "minh"
    assert user_name({})


def test_the_cache_folder_is_chosen(tmp_path: Path) -> None:
    assert cache_folder({"CHUDE_CACHE": str(tmp_path)}) == tmp_path
    assert cache_folder({"CHUDE_CACHE": ""}) != Path()


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("chude la", {"labels"}),
        ("chude labels im", {"import"}),
        ("chude serve --max-t", {"--max-text-chars"}),
        ("chude ", {"tag", "batch", "serve", "labels", "models"}),
    ],
)
def test_the_shell_completes(words: str, completed: set[str]) -> None:
    asked = {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" ")), "_CHUDE_COMPLETE": "bash_complete"}
    done = subprocess.run(
        [sys.executable, "-m", "service"], env={**BARE, **asked}, capture_output=True, text=True, check=True
    )
    assert completed <= {line.removeprefix("plain,") for line in done.stdout.splitlines()}
    assert done.stderr == ""


def test_help_says_how_the_shell_completes(chude: Chude) -> None:
    assert 'eval "$(_CHUDE_COMPLETE=bash_source chude)"\n' in chude("--help").stdout
    source = {**BARE, "_CHUDE_COMPLETE": "bash_source"}
    script = subprocess.run([sys.executable, "-m", "service"], env=source, capture_output=True, text=True, check=True)
    assert "_CHUDE_COMPLETE=bash_complete" in script.stdout


@pytest.mark.parametrize(
    "after_s", [0, 0.1, 0.3, 0.8, 1.6, *(pytest.param(s, marks=pytest.mark.whole) for s in (0.05, 0.2, 0.5, 1.2))]
)
def test_ctrl_c_is_quiet_at_any_moment(tmp_path: Path, after_s: float) -> None:
    """Whatever the program is at by then: the time only spreads the moments.

    What Python does before the program's first line, which is to give up the traceback, is not ours.
    """
    begin = (
        "import signal; signal.signal(signal.SIGINT, signal.SIG_DFL); print('begun', flush=True); "
        "from service.__main__ import main; main()"
    )
    command = [sys.executable, "-c", begin, "serve", "--port", "0", "--workers", "1"]
    environ = {**BARE, "CHUDE_HOME": str(tmp_path)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "start_new_session": True}
    with subprocess.Popen(command, env=environ, **pipes) as process:  # type: ignore[call-overload]
        assert process.stdout.readline() == b"begun\n"
        time.sleep(after_s)
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=TIMEOUT_S)
    assert b"Traceback" not in err
    assert b"internal error" not in err
    assert process.returncode in (-signal.SIGINT, 0, 1)


def test_ctrl_c_ends_a_worker_that_has_just_begun(tmp_path: Path) -> None:
    """Ctrl-C comes while the first worker is forked; if that went past it, the service would wait for ten minutes."""
    command = [sys.executable, "-m", "service", "serve", "--port", "0", "--workers", "1", "--stop-timeout", "600"]
    environ = {**BARE, "CHUDE_HOME": str(tmp_path)}
    with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, start_new_session=True) as process:
        assert process.stderr is not None
        while b'"listening at ' not in process.stderr.readline():
            assert process.poll() is None
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.communicate(timeout=TIMEOUT_S)
        finally:
            process.kill()
    assert process.returncode == 0
