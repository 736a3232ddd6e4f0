"""Labels of Label Studio, doccano, Prodigy and spaCy: what counts, what is left out, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from records import read_labelled, tags_of

from model.errors import Problem
from training.corpus.examples import Columns, Example


def annotation(*labels: object, field: str = "topics", kind: str = "choices", **facts: object) -> dict[str, object]:
    return {"result": [{"type": kind, "from_name": field, "to_name": "t", "value": {kind: list(labels)}}], **facts}


@pytest.mark.parametrize(
    ("fields", "tags"),
    [
        ({"label": ["syria", "ukraine"]}, ["syria", "ukraine"]),
        ({"labels": ["syria"]}, ["syria"]),
        ({"label": []}, []),
        ({"label": "syria#ukraine"}, ["syria", "ukraine"]),
        ({"cats": {"syria": 1.0, "ukraine": 0.49, "elections": 0.5}}, ["elections", "syria"]),
        ({"accept": ["syria"], "answer": "accept", "options": [{"id": "syria"}, {"id": "ukraine"}]}, ["syria"]),
        ({"accept": [], "answer": "accept"}, []),
        ({"label": "syria", "answer": "accept"}, ["syria"]),
        ({"label": "syria", "answer": "reject"}, []),
        ({"tags": ["syria"], "label": ["ukraine"]}, ["syria"]),
    ],
)
def test_labels_of_other_tools(tmp_path: Path, fields: dict[str, object], tags: list[str]) -> None:
    records, notes = read_labelled(tmp_path / "x.jsonl", [{"text": "Một bài", **fields}])
    assert (tags_of(records), notes) == ([tags], [])


def test_yes_or_no_records_of_one_text_are_one_example(tmp_path: Path) -> None:
    answers = [
        ("a", "syria", "accept"),
        ("b", "syria", "reject"),
        ("a", "ukraine", "accept"),
        ("a", "elections", "reject"),
    ]
    lines = [{"text": f"Bài {text}", "label": tag, "answer": answer} for text, tag, answer in answers]
    records, _ = read_labelled(tmp_path / "x.jsonl", lines)
    assert tags_of(records) == [["syria", "ukraine"], []]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"label": [[0, 5, "LOC"]]}, "label: labels parts of the text"),
        ({"label": [[0, 5, "LOC"]]}, "doccano: Document Classification"),
        ({"labels": [{"start": 0, "end": 5, "text": "Một b", "labels": ["LOC"]}]}, "labels: labels parts of the text"),
        ({"entities": [{"id": 1, "label": "LOC"}], "relations": []}, "entities: labels parts of the text"),
        ({"spans": [{"start": 0, "label": "LOC"}], "answer": "accept"}, "spans: labels parts of the text"),
        ({"annotations": [annotation("LOC", kind="labels")]}, 'annotations: has results of the type "labels" and none'),
        ({"cats": ["syria"]}, "cats: must be an object such as"),
        ({"label": "syria", "answer": "maybe"}, 'answer: must be "accept", "reject" or "ignore"'),
        ({"answer": "accept"}, "tags: is missing"),
    ],
)
def test_labels_of_other_tools_that_are_none(tmp_path: Path, fields: dict[str, object], message: str) -> None:
    (problem,), _ = read_labelled(tmp_path / "x.jsonl", [{"text": "Một bài", **fields}])
    assert message in str(problem)


def test_what_was_skipped_is_left_out_and_counted(tmp_path: Path) -> None:
    lines = [{"text": "a", "accept": ["syria"], "answer": answer} for answer in ("accept", "ignore", "reject")]
    records, notes = read_labelled(tmp_path / "x.jsonl", lines)
    assert tags_of(records) == [["syria"]]
    assert notes == [f"{tmp_path}/x.jsonl: 2 records without an answer are left out"]


def task(*annotations: object) -> dict[str, object]:
    return {"id": 4, "data": {"text": "Một bài"}, "annotations": list(annotations)}


@pytest.mark.parametrize(
    ("annotations", "tags"),
    [
        ([annotation("syria")], ["syria"]),
        ([annotation(["world", "syria"], ["ukraine"], kind="taxonomy")], ["syria", "ukraine"]),
        ([annotation("syria", ground_truth=True), annotation("ukraine")], ["syria"]),
        ([annotation("syria", updated_at="2024-05-02"), annotation("ukraine", updated_at="2024-05-01")], ["syria"]),
        ([annotation("syria"), annotation("ukraine")], ["ukraine"]),
        ([annotation("syria"), annotation("ukraine", was_cancelled=True)], ["syria"]),
        ([{"result": []}], []),
    ],
)
def test_the_annotation_that_counts(tmp_path: Path, annotations: list[object], tags: list[str]) -> None:
    records, notes = read_labelled(tmp_path / "x.json", [task(*annotations)])
    assert (tags_of(records), notes) == ([tags], [])
    assert [record.id for record in records if isinstance(record, Example)] == [4]


def test_tasks_without_an_annotation_are_left_out(tmp_path: Path) -> None:
    tasks = [task(annotation("syria")), task(), task(annotation("ukraine", was_cancelled=True))]
    records, notes = read_labelled(tmp_path / "x.json", tasks)
    assert tags_of(records) == [["syria"]]
    assert notes == [f"{tmp_path}/x.json: 2 records without an answer are left out"]


@pytest.mark.parametrize("kind", ["labels", "hypertextlabels", "relation", "rating"])
def test_a_project_that_labels_parts_of_texts_is_refused(tmp_path: Path, kind: str) -> None:
    spans = task(annotation("LOC", kind=kind))
    (problem,), _ = read_labelled(tmp_path / "x.json", [task({"result": []}), spans])
    assert f'x.json: annotations: has results of the type "{kind}" and none of "choices" or "taxonomy"' in str(problem)
    records, _ = read_labelled(tmp_path / "x.json", [task({"result": []}), spans, task(annotation("syria"))])
    assert tags_of(records) == [[], [], ["syria"]]


def test_one_of_several_fields_has_to_be_named(tmp_path: Path) -> None:
    mood = annotation("happy", field="mood")
    both = {"result": [*annotation("syria")["result"], *mood["result"]]}  # type: ignore[misc]
    tasks = [task(mood), task(both)]
    (problem,), _ = read_labelled(tmp_path / "x.json", tasks)
    assert "x.json: annotations: has labels in several fields, mood, topics: pick one" in str(problem)
    records, _ = read_labelled(tmp_path / "x.json", tasks, Columns(labels="topics"))
    assert tags_of(records) == [[], ["syria"]]
    (problem,), _ = read_labelled(tmp_path / "x.json", tasks, Columns(labels="topic"))
    assert "x.json: topic: is no field of these tasks: they have mood, topics" in str(problem)


@pytest.mark.parametrize("tasks", [[{"data": {"text": "a"}, "annotations": [5]}], [task({"result": 5})], [5], ["a"]])
def test_what_is_no_task_is_named(tmp_path: Path, tasks: list[object]) -> None:
    (problem,), _ = read_labelled(tmp_path / "x.json", tasks)
    assert isinstance(problem, Problem)
    assert "x.json" in str(problem)
