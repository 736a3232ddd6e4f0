"""What holds for the repository as a whole: documents, public names, seeds, and the wheel in an empty folder."""

from __future__ import annotations

import ast
import doctest
import importlib
import json
import re
import subprocess
import tomllib
from itertools import combinations
from pathlib import Path

import pytest
from conftest import REPO, SEEDS

import model
from training.corpus.examples import Example
from training.corpus.readers import read_examples

TAGS = ("arms-control", "elections", "syria", "ukraine")


MODULES = [
    ".".join(path.relative_to(REPO).with_suffix("").parts).removesuffix(".__init__")
    for folder in ("model", "training", "service")
    for path in sorted((REPO / folder).rglob("*.py"))
    if "\n>>> " in path.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_in_docstrings(module: str) -> None:
    results = doctest.testmod(importlib.import_module(module), optionflags=doctest.ELLIPSIS)
    assert results.attempted > 0
    assert results.failed == 0


def test_public_names() -> None:
    assert model.__all__ == [
        "ArtifactDamaged",
        "ArtifactError",
        "ArtifactMissing",
        "ArtifactTooNew",
        "ChudeError",
        "DataError",
        "EmptyText",
        "FitError",
        "NoArticle",
        "PageTooComplex",
        "Tagging",
        "TextError",
        "TextTooLong",
        "TopicTagger",
        "UnreadableText",
    ]


def test_no_file_is_longer_than_250_lines() -> None:
    for folder in ("model", "training", "service", "tests", "docs"):
        for path in (REPO / folder).rglob("*.py"):
            assert len(path.read_text(encoding="utf-8").splitlines()) <= 250, path


def test_the_tests_that_decisions_name_are_there() -> None:
    tests = {
        node.name
        for path in (REPO / "tests").glob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    }
    decisions = sorted((REPO / "docs" / "decisions").glob("*.md"))
    assert decisions
    for path in decisions:
        assert set(re.findall(r"\btest_\w+\b(?!\.py)", path.read_text(encoding="utf-8"))) <= tests, path.name


def test_the_model_does_not_know_the_four_names() -> None:
    """No string is one of the tags; an example in a docstring or a message is a longer one."""
    for folder in ("model", "training", "service"):
        for path in (REPO / folder).rglob("*.py"):
            nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            assert not [node.lineno for node in nodes if isinstance(node, ast.Constant) and node.value in TAGS], path


def test_the_seeds_cover_tags_combinations_and_traps(seed_examples: list[Example]) -> None:
    assert len(seed_examples) >= 240
    seen = {tuple(sorted(example.tags)) for example in seed_examples}
    assert seen >= {combination for n in range(5) for combination in combinations(TAGS, n)}
    assert sum(not example.tags for example in seed_examples) > 60
    card = (SEEDS / "DATA_CARD.md").read_text(encoding="utf-8")
    for tag in TAGS:
        assert f"| {tag} | {sum(tag in example.tags for example in seed_examples)} |" in card
    assert f"{len(seed_examples)} short Vietnamese articles" in card
    topics = tomllib.loads((SEEDS / "topics.toml").read_text(encoding="utf-8"))
    assert sorted(topics) == list(TAGS)
    assert all(table["vi"] and table["en"] and table["keywords"] for table in topics.values())


@pytest.mark.parametrize("name", ["contrasts", "terms"])
def test_the_texts_of_our_own_that_the_model_learns_from_are_as_the_data_card_says(name: str) -> None:
    examples = read_examples([SEEDS / f"{name}.jsonl"])
    counts = [
        sum(tag in example.tags for example in examples) for tag in ("elections", "arms-control", "syria", "ukraine")
    ]
    counts.append(sum(not example.tags for example in examples))
    rows = (SEEDS / "DATA_CARD.md").read_text(encoding="utf-8").splitlines()
    (row,) = [row for row in rows if row.startswith(f"| `{name}.jsonl` | {len(examples)} |")]
    assert row.endswith(f"| {' | '.join(map(str, counts))} |")
    assert len({example.document.title for example in examples}) == len(examples)
    assert {tag for example in examples for tag in example.tags} <= set(TAGS)


def test_the_seed_pages_have_tags() -> None:
    tags = json.loads((SEEDS / "pages" / "tags.json").read_text(encoding="utf-8"))
    pages = sorted(path.name for path in (SEEDS / "pages").glob("*") if path.name != "tags.json")
    assert pages == sorted(tags)
    assert len(pages) >= 5
    assert {tag for given in tags.values() for tag in given} <= set(TAGS)


def word_runs(text: str, n_words: int = 12) -> set[str]:
    words = "".join(char if char.isalnum() else " " for char in text.lower()).split()
    return {" ".join(words[i : i + n_words]) for i in range(len(words) - n_words + 1)}


def test_no_sentence_of_the_shared_data_is_in_the_repository(shared: Path) -> None:
    import gzip

    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=REPO, capture_output=True, check=True)
    files = [REPO / name for name in listed.stdout.decode().splitlines() if Path(name).suffix not in (".npz", ".png")]
    mine = {run for path in files if path.exists() for run in word_runs(path.read_text(encoding="utf-8"))}
    for name in ("train", "dev"):
        with gzip.open(shared / "data" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            for line in lines:
                record = json.loads(line)
                assert not word_runs(" ".join(record[part] for part in ("title", "lead", "body"))) & mine, record["id"]
    for page in (shared / "seeds").glob("*.txt"):
        assert not word_runs(page.read_text(encoding="utf-8")) & mine, page.name
