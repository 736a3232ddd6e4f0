"""Labels and topics over HTTP: what is counted, warned of, refused, and kept."""

from __future__ import annotations

import json

import pytest
from clients import problem
from flask.testing import FlaskClient
from texts import ELECTION, SYRIA

from model import TopicTagger


@pytest.mark.parametrize(
    ("body", "pointer", "said"),
    [
        ([{"text": "a", "tags": []}], "", 'the body: must be {"text": "...", "tags": ["..."]}, or {"examples": ['),
        ("text", "", "the body: must be"),
        ({"documents": [{"text": "a", "tags": []}]}, "/text", 'there is documents; several are sent as {"examples": ['),
        ({"examples": {"text": "a"}}, "/examples", "/examples: must be an array, as in"),
        ({"examples": [{"text": "a", "tags": []}, 5]}, "/examples/1", "/examples/1: must be an object"),
        ({"examples": [{"text": "a", "tags": []}, {"lead": 5, "tags": []}]}, "/examples/1/lead", "must be a string"),
        ({"text": "a", "tags": ["Xy Ria"]}, "/tags", "'Xy Ria' is no tag"),
        ({"text": "a"}, "/tags", "/tags: is missing"),
        ({"text": "a", "tags": [], "id": [1]}, "/id", "/id: must be a string"),
    ],
)
def test_what_is_wrong_with_labels_is_named(
    client: FlaskClient, desk: dict[str, str], body: object, pointer: str, said: str
) -> None:
    refused = problem(client.post("/labels", json=body, headers=desk), 422)
    assert (refused["code"], refused["pointer"]) == ("bad-field", pointer)
    assert said in refused["detail"]
    assert client.get("/labels", headers=desk).data == b""


def test_labels_are_counted_and_keep_the_record(client: FlaskClient, desk: dict[str, str]) -> None:
    record = {"id": "n1", "title": "Bầu cử Mỹ", "lead": "Cử tri đi bầu.", "tags": "Bầu cử", "judged": "*"}
    several = {"examples": [record, {**record, "tags": []}, record]}
    assert client.post("/labels", json=record, headers=desk).get_json() == {"added": 1, "changed": 0, "unchanged": 0}
    assert client.post("/labels", json=several, headers=desk).get_json() == {
        "added": 0,
        "changed": 2,
        "unchanged": 1,
        "lost": {"elections": 1},
        "warnings": ["1 of 3 texts lose elections, which the live model gives"],
    }


def test_labels_say_what_they_take_away_and_which_tags_are_new(client: FlaskClient, desk: dict[str, str]) -> None:
    record = {"text": SYRIA, "tags": ["gaza"], "note": "xem lại", "evidence": {"gaza": ["Idlib"]}}
    first = client.post("/labels", json=record, headers=desk).get_json()
    assert "lost" not in first
    assert first["warnings"] == [
        "gaza is a new tag",
        "1 of 1 texts have syria from the live model, and no label of the same origin has it: it counts as not judged "
        '("judged": ["*"] takes it away)',
    ]
    both = {"examples": [{"text": ELECTION, "tags": ["syria", "ukrain"]}, record]}
    second = client.post("/labels", json=both, headers=desk).get_json()
    assert second["lost"] == {"syria": 1}
    assert second["warnings"][0] == "ukrain is a new tag: did you mean ukraine?"
    question = 'judged, or not looked at? use "judged": ["gaza", "ukrain"]'
    assert f"1 of 2 texts lose syria: {question}" in second["warnings"]
    exported = json.loads(client.get("/labels", headers=desk).data.splitlines()[0])
    assert (exported["note"], exported["evidence"]) == ("xem lại", {"gaza": ["Idlib"]})


def test_topics_over_http(client: FlaskClient, desk: dict[str, str], shipped: TopicTagger) -> None:
    new = {"tag": "gaza", "names": {"vi": "Dải Gaza"}, "keywords": ["dải gaza", "hamas"]}
    problem(client.post("/topics", json=new), 401)
    added = client.post("/topics", json=new, headers=desk)
    assert (added.status_code, added.get_json()["labels"], added.get_json()["threshold"]) == (201, 0, None)
    assert problem(client.post("/topics", json=new, headers=desk), 409)["code"] == "topic-exists"
    assert problem(client.post("/topics", json={"tag": "Gaza"}, headers=desk), 422)["code"] == "bad-topic"
    assert client.get("/topics").get_json()["not_learnt"] == [{**new, "description": ""}]
    client.post("/labels", json={"text": SYRIA, "tags": ["Dải Gaza", "syria"]}, headers=desk)
    assert client.get("/topics/gaza", headers=desk).get_json()["labels"] == 1
    changed = client.patch("/topics/syria", json={"threshold": 0.9, "description": "Nội chiến"}, headers=desk)
    assert changed.get_json()["version"] not in (None, shipped.version)
    live = {topic["tag"]: topic for topic in client.get("/topics").get_json()["topics"]}
    assert (live["syria"]["threshold"], live["syria"]["description"]) == (0.9, "Nội chiến")
    problem(client.patch("/topics/syria", json={"threshold": 1.5}, headers=desk), 422)
    renamed = client.post("/topics/syria/rename", json={"to": "syria-war"}, headers=desk).get_json()
    assert renamed["labels_changed"] == 1
    problem(client.post("/topics/syria/rename", json={"to": "x"}, headers=desk), 404)
    merged = client.post("/topics/syria-war/merge", json={"tags": ["gaza"]}, headers=desk).get_json()
    assert (merged["version"], merged["labels_changed"]) == (None, 1)
    assert client.delete("/topics/syria-war", headers=desk).get_json()["labels_changed"] == 1
    assert [topic["tag"] for topic in client.get("/topics").get_json()["topics"]] == [
        "arms-control",
        "elections",
        "ukraine",
    ]
