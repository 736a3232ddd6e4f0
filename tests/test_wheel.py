"""The wheel in an empty folder: what the base install does, and what it says of the parts that it lacks."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from conftest import REPO, SEEDS
from serving import free_port, wait_until_ready
from wheels import install_linked, make_venv

SYRIA = "Quân đội Syria mở chiến dịch mới ở Idlib sau khi lệnh ngừng bắn đổ vỡ."
BASE_MEGABYTES = 300
"""Most that a fresh venv of the base install may take: it was 794 MB when everything was in it, 273 MB after."""
_FILE = re.compile(r'(?:href|src)="(static/[^"]+)"')
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def base(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel in a venv with only the base's libraries, linked to this environment's: nothing is downloaded."""
    return install_linked(wheel, tmp_path_factory.mktemp("base") / "venv")


@pytest.fixture
def run(base: Path, tmp_path: Path) -> Run:
    return runner(base, tmp_path)


def runner(binaries: Path, folder: Path) -> Run:
    """Return a function that runs the installed program in `folder`."""

    def run(*arguments: object, status: int = 0) -> subprocess.CompletedProcess[str]:
        environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "CHUDE_HOME": str(folder / "home")}
        command = [str(binaries / "chude"), *map(str, arguments)]
        done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
        assert "Traceback" not in done.stdout + done.stderr
        assert done.returncode == status, done.stderr
        return done

    return run


def check_base(run: Run, binaries: Path, folder: Path) -> None:
    """Tag, batch, label and serve."""
    (folder / "article.txt").write_text(SYRIA, encoding="utf-8")
    began = time.monotonic()
    assert run("tag", "article.txt").stdout.startswith("article.txt: syria\n")
    print(f"chude tag took {time.monotonic() - began:.2f} s")
    (folder / "news.jsonl").write_text(json.dumps({"id": "one", "text": SYRIA}) + "\n", encoding="utf-8")
    run("batch", "news.jsonl", "-o", "tags.jsonl", "--jobs", 2)
    assert json.loads((folder / "tags.jsonl").read_text(encoding="utf-8").splitlines()[-1])["tags"] == ["syria"]
    assert "253 added" in run("labels", "import", SEEDS / "articles.jsonl").stdout
    port = free_port()
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "CHUDE_HOME": str(folder / "home")}
    command = [str(binaries / "chude"), "serve", "--port", str(port), "--workers", "1"]
    log = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, cwd=folder, env=environ, **log) as service:  # type: ignore[call-overload]
        wait_until_ready(port)
        answer = requests.post(f"http://127.0.0.1:{port}/predict", json={"text": SYRIA}, timeout=60)
        page = requests.post(f"http://127.0.0.1:{port}/", data={"text": SYRIA}, timeout=60)
        files = [requests.get(f"http://127.0.0.1:{port}/{name}", timeout=60) for name in re.findall(_FILE, page.text)]
        service.send_signal(signal.SIGTERM)
    assert answer.json()["tags"] == ["syria"]
    assert "Chủ đề: Syria" in page.text
    assert [file.status_code for file in files] == [200, 200, 200]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("train", SEEDS / "articles.jsonl", "-o", "model"), "pip install 'chude[train]'"),
        (("eval", SEEDS / "articles.jsonl"), "pip install 'chude[train]'"),
        (("check", SEEDS / "articles.jsonl"), "pip install 'chude[train]'"),
        (("retrain",), "pip install 'chude[train]'"),
        (("models", "export", "--sklearn", "model.joblib"), "pip install 'chude[train]'"),
        (("batch", "news.jsonl", "-o", "tags.parquet"), "pip install 'chude[parquet]'"),
        (("batch", "news.parquet", "-o", "tags.jsonl"), "pip install 'chude[parquet]'"),
        (("train", "news.parquet", "-o", "model"), "pip install 'chude["),
        (("batch", "news.jsonl", "-o", "tags.jsonl", "--dask", "tcp://127.0.0.1:1"), "pip install 'chude[cluster]'"),
    ],
)
def test_what_lacks_says_what_to_install(run: Run, tmp_path: Path, arguments: tuple[object, ...], message: str) -> None:
    (tmp_path / "news.jsonl").write_text(json.dumps({"text": SYRIA}) + "\n", encoding="utf-8")
    (tmp_path / "news.parquet").write_bytes(b"PAR1" + bytes(8) + b"PAR1")
    said = run(*arguments, status=1).stderr
    assert message in said
    assert "is not installed" in said
    assert len(said.strip().splitlines()) == 1


def test_a_postgresql_store_says_what_to_install(base: Path, tmp_path: Path) -> None:
    environ = {"PATH": os.environ["PATH"], "CHUDE_LABELS_URL": "postgresql+psycopg://nobody@127.0.0.1:1/labels"}
    command = [base / "chude", "labels", "stats"]
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "psycopg" in done.stderr
    assert "[postgres]'" in done.stderr


def test_the_base_install_tags_batches_and_serves(run: Run, base: Path, tmp_path: Path) -> None:
    check_base(run, base, tmp_path)


def test_the_wheel_owns_its_three_import_names(base: Path, tmp_path: Path) -> None:
    code = (
        "import importlib.metadata as m, model, training, service, pathlib\n"
        "owners = m.packages_distributions()\n"
        "print({name: owners[name] for name in ('model', 'training', 'service')})\n"
        "print(sorted(p.name for p in (pathlib.Path(model.__file__).parent / 'pretrained').iterdir()))"
    )
    done = subprocess.run([base / "python", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    owners, files = done.stdout.splitlines()
    assert owners == str({name: ["chude"] for name in ("model", "training", "service")})
    assert files == str(["MODEL_CARD.md", "background.npz", "manifest.json", "reference.npz", "weights.npz"])
    size = sum(path.stat().st_size for path in (REPO / "model" / "pretrained").iterdir())
    assert size < 2_000_000


@pytest.mark.whole
@pytest.mark.parametrize("extras", ["", "[train,parquet]"])
def test_a_real_install(wheel: Path, tmp_path: Path, extras: str) -> None:
    libraries = make_venv(tmp_path / "venv")
    binaries = tmp_path / "venv" / "bin"
    subprocess.run([binaries / "pip", "install", "--quiet", f"{wheel}{extras}"], check=True, capture_output=True)
    megabytes = sum(path.stat().st_size for path in files_in(libraries)) / 1e6
    print(f"chude{extras} takes {megabytes:.0f} MB")
    run = runner(binaries, tmp_path)
    check_base(run, binaries, tmp_path)
    if extras:
        assert "version" in run("train", SEEDS / "articles.jsonl", "-o", "model").stdout
        run("batch", "news.jsonl", "-o", "tags.parquet")
        return
    assert megabytes < BASE_MEGABYTES
    missing = run("train", SEEDS / "articles.jsonl", "-o", "model", status=1)
    assert "pip install 'chude[train]'" in missing.stderr


def files_in(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
