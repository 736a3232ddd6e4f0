"""The real service: signals, workers that end, model changes under load, two services, settings, nginx."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from conftest import REPO
from load import get, post, run_load
from serving import TIMEOUT_S, Start, answer_of, free_port, running, wait_until, wait_until_ready
from texts import SYRIA

from model.activation import activate
from model.versions import Versions
from training.fit.fitting import Fit


@pytest.mark.parametrize("n_sentences", [1, 2000])
def test_a_request_in_flight_is_finished_on_sigterm(start: Start, n_sentences: int) -> None:
    service = start("--workers", 1)
    whole = post("/predict", {"text": f"{SYRIA} " * n_sentences})
    with service.connect() as sock:
        sock.sendall(get("/healthz"))  # once it is answered, the worker has the connection
        assert answer_of(sock).read()
        sock.sendall(whole[:-5])
        service.process.send_signal(signal.SIGTERM)
        wait_until(lambda: any("term" in str(entry.get("message")) for entry in service.logged()))
        sock.sendall(whole[-5:])
        answer = answer_of(sock)
        assert (answer.status, json.loads(answer.read())["tags"]) == (200, ["syria"])
    assert service.process.wait(TIMEOUT_S) == 0
    with pytest.raises(ConnectionRefusedError, match="refused"):
        service.connect()


def test_a_stopping_service_hangs_up_on_idle_connections(start: Start) -> None:
    service = start("--workers", 2, "--stop-timeout", 600)
    with service.connect() as silent, requests.Session() as session:
        assert session.get(f"{service.url}/healthz", timeout=TIMEOUT_S).status_code == 200
        service.process.terminate()
        assert service.process.wait(TIMEOUT_S) == 0
        assert silent.recv(100) == b""
    assert [entry for entry in service.logged() if entry["level"] != "info"] == []


def test_a_killed_worker_is_replaced(start: Start) -> None:
    service = start("--workers", 2, "--threads", 4)
    first = set(service.workers())
    killed: list[int] = []

    def kill_once(elapsed: float) -> None:
        if elapsed > 1 and not killed:
            killed.append(service.workers()[0])
            os.kill(killed[0], signal.SIGKILL)

    load = run_load(service.port, [post("/predict", {"text": SYRIA})], connections=16, seconds=4, meanwhile=kill_once)
    assert set(load.statuses) == {200}
    assert load.broken <= 16  # what the killed worker had in its hands
    wait_until(lambda: len(service.workers()) == 2)
    assert killed[0] in first - set(service.workers())


def test_counts_are_those_of_all_workers(start: Start) -> None:
    service = start("--workers", 2, "--threads", 2)
    load = run_load(service.port, [post("/predict", {"text": SYRIA})], connections=8, seconds=1)
    answered = load.statuses[200]
    for _ in range(4):
        lines = requests.get(
            f"{service.url}/metrics", timeout=TIMEOUT_S, headers={"Connection": "close"}
        ).text.splitlines()
        values = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        assert float(values['chude_requests_total{endpoint="/predict",status="200"}']) == answered
        assert [float(v) for name, v in values.items() if name.startswith("chude_documents_total")] == [answered]
        assert float(values['chude_request_seconds_count{endpoint="/predict"}']) == answered
        assert values['chude_tag_share{tag="syria"}'] == "1.0"


def test_twenty_model_changes_under_load_fail_nothing(start: Start, seed_fit: Fit) -> None:
    service = start("--workers", 2)
    versions = Versions(service.home)
    both = [versions.add(seed_fit.artifact), requests.get(f"{service.url}/readyz", timeout=TIMEOUT_S).json()["model"]]
    changes: list[str] = []
    answered: list[str] = [""]

    def note(body: bytes) -> bytes:
        answered[0] = json.loads(body)["model"]
        return answered[0].encode()

    def change(elapsed: float) -> None:
        if len(changes) < 20 and (not changes or answered[0] == changes[-1]):
            changes.append(both[len(changes) % 2])
            activate(versions, changes[-1])

    load = run_load(
        service.port,
        [post("/predict", {"text": SYRIA})],
        connections=64,
        until=lambda: len(changes) == 20 and answered[0] == changes[-1],
        meanwhile=change,
        key=note,
    )
    assert (set(load.statuses), load.broken) == ({200}, 0)
    assert load.bodies == {version.encode() for version in both}


def live_at(url: str) -> object:
    """The version with which some worker answers."""
    return requests.get(f"{url}/readyz", timeout=TIMEOUT_S).json()["model"]


def test_two_services_on_one_home(start: Start, seed_fit: Fit) -> None:
    one, two = start("--workers", 1), start("--workers", 2)
    version = Versions(one.home).add(seed_fit.artifact)
    add = [sys.executable, "-m", "service", "keys", "add", "desk"]
    environ = {**os.environ, "CHUDE_HOME": str(one.home), "PYTHONPATH": str(REPO)}
    key = subprocess.run(add, env=environ, capture_output=True, text=True, check=True).stdout.strip()
    headers = {"Authorization": f"Bearer {key}"}
    activated = requests.post(f"{one.url}/models/{version}/activate", headers=headers, timeout=TIMEOUT_S)
    assert activated.json()["live"] == version
    for service in (one, two):
        wait_until(lambda url=service.url: {live_at(url) for _ in range(8)} == {version})  # type: ignore[misc]


def test_a_warning_without_keys_beyond_this_machine(start: Start) -> None:
    service = start("--host", "0.0.0.0", "--workers", 1)
    assert "there is no key" in service.log.read_text(encoding="utf-8")
    assert "chude keys add" in service.log.read_text(encoding="utf-8")


def test_wrong_settings_are_named(chude: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    refused = chude("serve", "--port", "70000")
    assert (refused.returncode, refused.stderr) == (1, "chude: --port must be at most 65535, not 70000\n")
    assert chude("serve", "--workers", "none").returncode == 2
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        busy = chude("serve", "--port", taken.getsockname()[1])
        place = f"127.0.0.1, port {taken.getsockname()[1]}"
        advice = "choose with --host and --port"
        assert (busy.returncode, busy.stdout) == (1, "")
        assert busy.stderr == f"chude: cannot listen at {place}: Address already in use: {advice}\n"
    nowhere = chude("serve", "--host", "nowhere.invalid")
    assert nowhere.returncode == 1
    assert "chude: cannot listen at nowhere.invalid, port 8000: " in nowhere.stderr


def test_the_port_of_a_kubernetes_service_is_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHUDE_PORT", "tcp://10.0.0.1:8000")
    with running(tmp_path / "home", tmp_path / "log", "--workers", 1) as service:
        warning = service.log.read_text(encoding="utf-8").splitlines()[0]
    assert warning.startswith("chude: warning: the variable CHUDE_PORT=tcp://10.0.0.1:8000 is what Kubernetes sets")
    assert f"the port is {service.port}" in warning


NGINX = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; events {{}}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; client_max_body_size 10m;
  upstream chude {{ server 127.0.0.1:{port}; keepalive 16; }}
  server {{
    listen 127.0.0.1:{front};
    location / {{
      proxy_pass http://chude; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header X-Request-ID $request_id;
    }}
  }}
}}
"""


@pytest.fixture(scope="session")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Debian's nginx: the installed one, or its package, unpacked into a folder."""
    if found := shutil.which("nginx"):
        return found
    folder = tmp_path_factory.mktemp("nginx")
    got = (
        subprocess.run(["apt-get", "download", "nginx"], cwd=folder, capture_output=True, check=False)
        if shutil.which("apt-get")
        else None
    )
    packages = list(folder.glob("*.deb"))
    if got is None or not packages:
        pytest.skip("needs nginx, which is neither installed nor to be had from apt")
    subprocess.run(["dpkg", "-x", packages[0], folder], check=True)
    program = folder / "usr" / "sbin" / "nginx"
    if subprocess.run([program, "-v"], capture_output=True, check=False).returncode:
        pytest.skip("needs nginx, whose package does not run here without others")
    return str(program)


def test_behind_nginx(start: Start, nginx: str, tmp_path: Path) -> None:
    service = start("--workers", 2, "--request-timeout", 600)
    front = free_port()
    config = tmp_path / "nginx.conf"
    config.write_text(NGINX.format(folder=tmp_path, port=service.port, front=front), encoding="utf-8")
    proxy = subprocess.Popen([nginx, "-c", config, "-p", tmp_path], stderr=subprocess.PIPE)
    try:
        wait_until_ready(front)
        load = run_load(front, [post("/predict", {"text": SYRIA}), get("/healthz")], connections=32, seconds=3)
        assert (set(load.statuses), load.broken) == ({200}, 0)
        answer = requests.post(f"http://127.0.0.1:{front}/predict", json={"text": SYRIA}, timeout=TIMEOUT_S)
        assert answer.json()["tags"] == ["syria"]
        assert answer.headers["X-Request-ID"] in {entry.get("request_id") for entry in service.logged()}
        # nginx takes the slow client's half body, and we never see it
        slow = [socket.create_connection(("127.0.0.1", front)) for _ in range(100)]
        for sock in slow:
            sock.sendall(post("/predict", {"text": SYRIA})[:-5])
        assert requests.get(f"http://127.0.0.1:{front}/healthz", timeout=TIMEOUT_S).status_code == 200
        for sock in slow:
            sock.close()
    finally:
        proxy.terminate()
        proxy.communicate()
