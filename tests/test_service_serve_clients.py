"""The real service and its clients: slow, broken, greedy, many at once; none keeps another waiting."""

from __future__ import annotations

import json
import select
import socket
import threading

import pytest
import requests
from load import get, post
from serving import TIMEOUT_S, Service, Start, answer_of, wait_until
from texts import SYRIA

from service.web.key_store import KeyStore


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
