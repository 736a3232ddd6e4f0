"""The real service under gunicorn: load, signals, slow clients, model changes, two services, nginx."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from conftest import REPO
from load import get, post, run_load
from serving import TIMEOUT_S, Service, answer_of, free_port, running, wait_until, wait_until_ready

from model.activation import activate
from model.versions import Versions
from service.web.key_store import KeyStore
from training.fit.fitting import Fit

SYRIA = "Quân đội Syria mở chiến dịch mới ở Idlib sau khi lệnh ngừng bắn đổ vỡ."


Start = Callable[..., Service]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    from contextlib import ExitStack

    with ExitStack() as stack:
        yield lambda *options: stack.enter_context(
            running(tmp_path / "home", tmp_path / f"log-{time.monotonic_ns()}", *options)
        )


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


def statuses_of(service: Service, endpoint: str, n_requests: int) -> list[object]:
    """The statuses that were logged for a path, once there are so many."""

    def logged() -> list[object]:
        return [entry["status"] for entry in service.logged() if entry.get("endpoint") == endpoint]

    wait_until(lambda: len(logged()) >= n_requests)
    return logged()


def test_slow_and_broken_clients_do_not_stop_the_others(start: Start) -> None:
    service = start("--workers", 1, "--threads", 4, "--request-timeout", 3)
    whole = post("/predict", {"text": SYRIA})
    half = [service.connect() for _ in range(2)]
    for sock in half:
        sock.sendall(whole[:-5])
    header = service.connect()
    header.sendall(b"POST /predict HTTP/1.1\r\nHost:")
    for _ in range(3):  # half a body, and gone
        with service.connect() as gone:
            gone.sendall(whole[:-40])
    assert service.tags(SYRIA) == ["syria"]
    for sock in half:
        answer = answer_of(sock)
        assert (answer.status, json.loads(answer.read())["code"]) == (408, "request-timeout")
        sock.close()
    answer = answer_of(header)
    assert (answer.status, json.loads(answer.read())["code"]) == (408, "request-timeout")
    header.close()
    assert statuses_of(service, "refused", 3) == [408, 408, 408]
    assert statuses_of(service, "/predict", 1) == [200]


def test_hundreds_of_slow_clients_keep_nobody_waiting(start: Start) -> None:
    service = start("--workers", 1, "--threads", 2, "--request-timeout", 600)
    whole = post("/predict", {"text": SYRIA})
    slow = [service.connect() for _ in range(300)]
    for n, sock in enumerate(slow):
        sock.sendall((b"", whole[:20], whole[:-5])[n % 3])
    for _ in range(5):
        assert service.tags(SYRIA) == ["syria"]
        assert service.get("/topics").status_code == 200
    for sock in slow:
        sock.close()


def test_a_long_request_keeps_nobody_waiting(start: Start) -> None:
    service = start("--workers", 1, "--max-documents", 3000, "--max-body-bytes", 30_000_000)
    with service.connect() as sock:
        sock.sendall(post("/predict", {"documents": [{"text": f"{SYRIA} " * 60}] * 3000}))
        wait_until(lambda: "chude_characters" in service.get("/metrics").text)
        assert service.tags(SYRIA) == ["syria"]
        assert select.select([sock], [], [], 0)[0] == []
        answer = answer_of(sock)
        assert [result["tags"] for result in json.loads(answer.read())["results"]] == [["syria"]] * 3000


def test_large_bodies_that_come_slowly_hold_no_place(start: Start) -> None:
    service = start("--workers", 1, "--threads", 1, "--request-timeout", 600)
    large = post("/predict", {"text": f"{SYRIA} " * 1000})
    slow = [service.connect() for _ in range(40)]
    for sock in slow:
        sock.sendall(large[:-5])
    for _ in range(3):
        assert service.tags(f"{SYRIA} " * 1000) == ["syria"]
    slow[0].sendall(large[-5:])
    assert json.loads(answer_of(slow[0]).read())["tags"] == ["syria"]
    for sock in slow:
        sock.close()


def test_a_client_with_all_requests_at_hand_lets_others_go_first(start: Start) -> None:
    service = start("--workers", 1)
    with service.connect() as greedy:
        greedy.sendall(get("/healthz") * 2000)
        requests.get(f"{service.url}/healthz", timeout=TIMEOUT_S, headers={"X-Request-ID": "modest"})
        received = b""
        while received.count(b'"alive"') < 2000:
            received += greedy.recv(1 << 20)
    ids = [entry.get("request_id") for entry in service.logged() if entry.get("endpoint") == "/healthz"]
    assert len(ids) == 2001
    assert ids[-1] != "modest"


def test_a_client_that_does_not_take_its_answers_is_left(start: Start) -> None:
    service = start("--workers", 1, "--request-timeout", 1)
    n_asked = 1000  # 20 MB of answers, more than the kernel keeps
    received: list[bytes] = []

    def take_all(sock: socket.socket) -> None:
        while sum(part.count(b"HTTP/1.1 200 OK") for part in received) < n_asked:
            received.append(sock.recv(1 << 20))

    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.connect(("127.0.0.1", service.port))
        sock.sendall(get("/openapi.json") * n_asked)
        hung_up = select.poll()
        hung_up.register(sock, 0)  # errors are reported whether asked for or not
        assert hung_up.poll(TIMEOUT_S * 1000)
        sock.settimeout(TIMEOUT_S)
        with pytest.raises(ConnectionResetError, match="reset"):
            take_all(sock)
    assert [entry for entry in service.logged() if entry["level"] != "info"] == []


def test_a_stopping_service_hangs_up_on_idle_connections(start: Start) -> None:
    service = start("--workers", 2, "--stop-timeout", 600)
    with service.connect() as silent, requests.Session() as session:
        assert session.get(f"{service.url}/healthz", timeout=TIMEOUT_S).status_code == 200
        service.process.terminate()
        assert service.process.wait(TIMEOUT_S) == 0
        assert silent.recv(100) == b""
    assert [entry for entry in service.logged() if entry["level"] != "info"] == []


def test_labels_stream_out_of_threads(start: Start) -> None:
    service = start("--workers", 1, "--threads", 3)
    headers = {"Authorization": f"Bearer {KeyStore(service.home).add('desk')}"}
    examples = [{"id": f"n{n}", "text": f"{SYRIA} Bài số {n}.", "tags": ["syria"]} for n in range(350)]
    kept = requests.post(f"{service.url}/labels", json={"examples": examples}, headers=headers, timeout=TIMEOUT_S)
    assert kept.json() == {"added": 350, "changed": 0, "unchanged": 0}
    lines = requests.get(f"{service.url}/labels", headers=headers, timeout=TIMEOUT_S).text.splitlines()
    assert [json.loads(line) for line in lines] == examples


def test_a_body_in_chunks(start: Start) -> None:
    service = start("--max-body-bytes", 5000)
    chunks = iter([b'{"text": "', SYRIA.encode(), b'"}'])
    headers = {"Content-Type": "application/json"}
    chunked = requests.post(f"{service.url}/predict", data=chunks, headers=headers, timeout=TIMEOUT_S)
    assert chunked.json()["tags"] == ["syria"]
    head = b"POST /predict HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"
    with service.connect() as sock:
        sock.sendall(head + b"Transfer-Encoding: chunked\r\n\r\nno length\r\n")
        answer = answer_of(sock)
        assert (answer.status, json.loads(answer.read())["code"]) == (400, "bad-request")
    large = requests.post(f"{service.url}/predict", data=iter([b" " * 4000] * 4), headers=headers, timeout=TIMEOUT_S)
    assert (large.status_code, large.json()["code"]) == (413, "body-too-large")


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


def test_many_threads_get_their_own_results(start: Start) -> None:
    service = start("--workers", 1)
    texts = {"syria": SYRIA, "elections": "Cử tri Mỹ đi bầu tổng thống.", "ukraine": "Quân đội Ukraine phản công."}
    wrong: list[object] = []

    def ask(tag: str) -> None:
        with requests.Session() as session:
            for n in range(60):
                sent = {"text": texts[tag], "id": f"{tag}-{n}"}
                answer = session.post(f"{service.url}/predict", json=sent, timeout=TIMEOUT_S).json()
                if (answer["id"], answer["tags"]) != (sent["id"], [tag]):
                    wrong.append(answer)

    threads = [threading.Thread(target=ask, args=(tag,)) for tag in texts for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
