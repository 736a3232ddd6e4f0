"""Retraining on the command line: what is learnt, what goes live, what is refused, and the way back."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import SEEDS
from retraining import TAG, write_records
from running import Run

from model.artifact import Artifact, load, save
from model.versions import Versions
from training.corpus.duplicates import text_digest
from training.corpus.examples import Example
from training.corpus.topics import Topic
from training.labels.additions import is_held_out
from training.labels.jobs import Jobs
from training.labels.store import open_store
from training.topics import Topics


@pytest.fixture
def held_out_examples(seed_examples: list[Example]) -> list[Example]:
    chosen = [example for example in seed_examples if is_held_out(text_digest(example.text))]
    return [replace(example, tags=example.tags & {TAG}) for example in chosen]


def test_retrain_list_roll_back_and_prune(
    run: Run,
    small: Artifact,
    small_home: Path,
    few_examples: list[Example],
    seed_examples: list[Example],
    held_out_examples: list[Example],
    tmp_path: Path,
) -> None:
    few = run("retrain", status=1)
    assert "too few to learn from" in few.stderr
    Topics(small_home).keep("syria", Topic(threshold=0.5))
    run("labels", "import", write_records(tmp_path / "good.jsonl", few_examples + held_out_examples))
    assert "it is live" in run("retrain").stdout
    versions = Versions(small_home)
    first = versions.live()
    assert {tag.slug: tag.threshold for tag in load(versions.folder(first)).tags}["syria"] == 0.5
    assert first not in (None, small.version)
    again = run("retrain").stdout
    assert again.startswith(f"nothing new since version {first}, which is live: the labels and the topics are those")
    assert (versions.live(), versions.before()) == (first, small.version)
    gate = json.loads(run("models", "show").stdout)["training"]["gate"]
    assert gate["accepted"]
    assert gate["reference"]["texts"] > 50
    learnt = [example for example in seed_examples if not is_held_out(text_digest(example.text))]
    run("labels", "import", write_records(tmp_path / "flipped.jsonl", learnt, flip=True))
    refused = run("retrain").stdout
    assert "syria is worse on your texts held out: F1 " in refused
    assert "it is not live" in refused
    assert versions.live() == first
    assert "(forced)" in run("retrain", "--force").stdout
    forced = versions.live()
    assert forced is not None
    assert load(versions.folder(forced)).training["gate"]["forced"] is True
    listed = run("models", "list").stdout.splitlines()
    assert listed[0].startswith(f"  {load().version}")
    assert any(line.startswith(f"< {first}") and line.endswith("accepted") for line in listed)
    assert any(line.startswith(f"* {forced}") for line in listed)
    assert run("models", "prune", "--keep", 0).stdout.startswith("1 removed")
    assert run("models", "rollback").stdout == f"{first} is live\n"
    assert run("models", "activate", load().version).stdout == f"{load().version} is live\n"
    assert "no such version" in run("models", "activate", "nope", status=1).stderr
    assert run("tag", SEEDS / "pages" / "04_syria_clean.txt", "--json", "--model", first).stdout.count(str(first)) == 1


def test_key_words_alone_make_a_topic_that_is_live(run: Run, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("mùa lúa\nngười\n", encoding="utf-8")
    added = run("topics", "add", "rice", "--keywords", tmp_path / "words.txt").stdout
    assert added == "rice is a topic, with 2 key words: `chude retrain` learns it, and better from labels\n"
    done = run("retrain").stdout
    assert "rice: learnt from 1 key word alone (not from người: too common in ordinary texts); no label says" in done
    assert "it is live" in done
    assert json.loads(run("tag", "--json", "--text", "-", stdin="Mùa lúa mới.\n").stdout)["tags"] == ["rice"]
    told = {tag["tag"]: tag["f1"] for tag in json.loads(run("models", "show").stdout)["tags"]}
    assert told["rice"] is None  # nobody knows, which is not 0
    assert told["syria"] > 0.9


def test_key_words_beside_labels_that_have_no_word_in_common(run: Run, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("mùa lúa\n", encoding="utf-8")
    run("topics", "add", "rice", "--keywords", tmp_path / "words.txt")
    (tmp_path / "labels.jsonl").write_text(
        '{"text": "Mùa lúa mới.", "tags": ["rice"]}\n{"text": "Trận cầu hay.", "tags": []}\n', encoding="utf-8"
    )
    run("labels", "import", tmp_path / "labels.jsonl")
    assert "rice: learnt from 1 text with it and 1 without it, and 1 key word" in run("retrain").stdout


def test_a_second_retraining_says_that_one_is_running(run: Run, home: Path) -> None:
    jobs = Jobs(open_store(home))
    job = jobs.begin("anna")
    with jobs.alive(job):
        second = run("retrain", status=1)
    assert "a retraining is running already, since 20" in second.stderr
    assert f"begun by anna on {os.uname().nodename} (process {os.getpid()})" in second.stderr
    assert jobs.get(job).state == "running"


def test_train_from_a_base(run: Run, small: Artifact, few_examples: list[Example], tmp_path: Path) -> None:
    data = write_records(tmp_path / "new.jsonl", few_examples)
    save(small, tmp_path / "base")
    done = run("train", data, "-o", tmp_path / "out", "--base", tmp_path / "base")
    assert f"learnt from {tmp_path / 'base'}: {TAG}; " in done.stdout
    assert load(tmp_path / "out").training["base"] == small.version
    assert "no such version" in run("train", data, "-o", tmp_path / "o2", "--base", "nope", status=1).stderr
