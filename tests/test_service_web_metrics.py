"""What the service counts at /metrics and writes into its log."""

from __future__ import annotations

import json
import logging
import math
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from texts import ELECTION, SYRIA

from model import TopicTagger
from service.web.key_store import KeyStore
from service.web.metrics import stability_index
from service.web.request_log import JsonFormatter


def test_metrics_add_up(client: FlaskClient, shipped: TopicTagger) -> None:
    client.post("/predict", json={"documents": [{"text": SYRIA}, {"text": SYRIA}, {"text": ELECTION}, {"text": "?"}]})
    client.post("/predict", json={"text": "Xyzzy qwrtp"})
    client.post("/predict", data=b"{", content_type="application/json")
    lines = dict(line.rsplit(" ", 1) for line in client.get("/metrics").text.splitlines() if not line.startswith("#"))
    version = f'version="{shipped.version}"'
    assert lines[f"chude_documents_total{{{version}}}"] == "4.0"
    assert lines[f'chude_tags_total{{tag="syria",{version}}}'] == "2.0"
    assert lines['chude_errors_total{code="empty-text"}'] == lines['chude_errors_total{code="bad-json"}'] == "1.0"
    assert lines['chude_requests_total{endpoint="/predict",status="200"}'] == "2.0"
    assert float(lines["chude_characters_total"]) == 2 * len(SYRIA) + len(ELECTION) + 1 + 11
    assert lines["chude_unknown_share"] == "0.25"
    assert lines['chude_tag_share{tag="syria"}'] == "0.5"
    training = {tag.slug: tag.support for tag in shipped.artifact.tags}["syria"] / shipped.artifact.training["examples"]
    expected = (0.5 - training) * math.log(0.5 / training) + (training - 0.5) * math.log(0.5 / (1 - training))
    assert float(lines['chude_tag_drift{tag="syria"}']) == pytest.approx(expected)
    assert lines[f"chude_model_info{{{version}}}"] == "1.0"
    assert float(lines["chude_model_age_seconds"]) > 0


def test_stability_index_by_hand() -> None:
    assert stability_index(0.5, 0.5) == 0
    assert stability_index(0.2, 0.1) == pytest.approx(0.1 * math.log(2) - 0.1 * math.log(8 / 9))
    assert math.isfinite(stability_index(0, 1))


def test_logs_have_no_text_and_no_key(client: FlaskClient, caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    key = KeyStore(tmp_path).add("desk")
    with caplog.at_level(logging.INFO, "chude"):
        headers = {"X-Request-ID": "desk-42", "Authorization": f"Bearer {key}"}
        answered = client.post("/predict?explain=1", json={"text": SYRIA}, headers=headers)
        client.post("/predict", data=f'{{"text": "{SYRIA}'.encode(), content_type="application/json")
        forged = client.get("/healthz", headers={"X-Request-ID": 'a" b'})
    assert answered.headers["X-Request-ID"] == "desk-42"
    assert re.fullmatch("[0-9a-f]{32}", forged.headers["X-Request-ID"])
    lines = [JsonFormatter().format(record) for record in caplog.records]
    fields = [json.loads(line) for line in lines]
    assert [entry["status"] for entry in fields] == [200, 400, 200]
    assert [entry["message"] for entry in fields][:2] == ["POST /predict: 200", "POST /predict: 400"]
    assert fields[0]["request_id"] == "desk-42"
    assert (fields[0]["documents"], fields[0]["tags"]) == (1, {"syria": 1})
    assert (fields[1]["error"], "documents" in fields[1]) == ("bad-json", False)
    assert "Idlib" not in str(lines)
    assert key not in str(lines)


@pytest.mark.parametrize("argument", [{"a": 1}, {}, None, 5, (1, 2), [Path("x")]])
def test_no_message_of_the_log_is_lost(argument: object) -> None:
    record = logging.LogRecord("gunicorn.error", logging.INFO, "", 0, "got %s", (argument,), None)
    assert json.loads(JsonFormatter().format(record))["message"] == f"got {argument}"
    record = logging.LogRecord("gunicorn.error", logging.INFO, "", 0, "a %(a)s", ({"a": 5},), None)
    assert json.loads(JsonFormatter().format(record))["message"] == "a 5"


def test_fields_of_a_log_record_come_with_its_message() -> None:
    record = logging.makeLogRecord({"msg": "hello", "path": Path("x"), "n": 3, "levelname": "ERROR"})
    line = json.loads(JsonFormatter().format(record))
    assert {name: line[name] for name in ("message", "level", "n")} == {"message": "hello", "level": "error", "n": 3}
    assert "x" in line["path"]
