"""The command line as a whole: wrong usage, broken models, what is imported, closed pipes, Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import REPO
from running import Run
from serving import TIMEOUT_S

from model import TopicTagger
from model.artifact.files import MANIFEST, save


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["tag", "--nonsense"], "No such option"),
        (["nonsense"], "No such command"),
        (["train", "a.jsonl"], "Missing option '-o'"),
        (["eval"], "Missing argument"),
        (["train", "a.jsonl", "-o", "x", "--jobs", "0"], "0 is not in the range"),
        (["train", "a.jsonl", "-o", "x", "--seed", "-1"], "-1 is not in the range"),
        (["check", "a.jsonl", "--jobs", "0"], "0 is not in the range"),
    ],
)
def test_wrong_usage_exits_with_2(chude: Run, arguments: list[str], message: str) -> None:
    done = chude(*arguments)
    assert done.returncode == 2
    assert message in done.stderr


def test_a_broken_model_is_a_message(chude: Run, article: Path, tmp_path: Path, seed_tagger: TopicTagger) -> None:
    assert "no such file" in chude("tag", article, "--model", tmp_path / "nowhere").stderr
    save(seed_tagger.artifact, tmp_path / "model")
    assert chude("tag", article, "--model", tmp_path / "model").returncode == 0
    with (tmp_path / "model" / MANIFEST).open("a") as file:
        file.write(" ")
    done = chude("tag", article, "--model", tmp_path / "model")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"chude: {tmp_path}/model: manifest.json was changed")


def test_tagging_imports_neither_scikit_learn_nor_scipy_nor_underthesea(article: Path) -> None:
    code = (
        "import sys; from service.cli import main\n"
        f"sys.argv = ['chude', 'tag', {str(article)!r}]\n"
        "try: main()\nexcept SystemExit: print(sorted({name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=REPO, check=True)
    modules = done.stdout.splitlines()[-1]
    assert "'numpy'" in modules
    for heavy in ("sklearn", "scipy", "underthesea", "joblib", "pyarrow", "rich", "matplotlib", "trafilatura"):
        assert f"'{heavy}'" not in modules


def test_a_reader_that_closes_the_pipe_is_no_error(article: Path) -> None:
    command = [sys.executable, "-m", "service", "tag", "--json", *([str(article)] * 3000)]
    environ = {**os.environ, "PYTHONPATH": str(REPO)}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ)
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline().startswith(b'{"id"')
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(timeout=TIMEOUT_S) == 0


def test_ctrl_c_is_a_message(tmp_path: Path) -> None:
    environ = {**os.environ, "PYTHONPATH": str(REPO)}
    command = [sys.executable, "-m", "service", "tag", "-"]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ
    )
    assert process.stdin is not None
    process.stdin.write(b"a " * 500_000)  # more than a pipe holds: when it is written, the program reads
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=TIMEOUT_S)
    assert (process.returncode, out, err) == (1, b"", b"chude: stopped\n")
