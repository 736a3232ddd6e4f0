"""What the tests share: the seed corpus, a model fitted on it, the shipped model, and where ../shared is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from model import TopicTagger
from model.artifact.files import PRETRAINED
from training.corpus.examples import Example
from training.corpus.readers import read_examples
from training.fit.fitting import Fit, FitOptions, fit_examples

pytest_plugins = ["serving", "browsing", "clients", "databases", "retraining", "running", "wheels"]
REPO = Path(__file__).parent.parent
SEEDS = REPO / "seeds"
SHARED = REPO.parent / "shared"

settings.register_profile("chude", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("chude")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real labelled news, which is not on a user's machine."""
    if not SHARED.is_dir():
        if os.environ.get("CHUDE_REQUIRE_SHARED"):
            pytest.fail("../shared is missing, although CHUDE_REQUIRE_SHARED says that it is here")
        pytest.skip("needs ../shared with the real labelled articles, which exists only where chude is developed")
    return SHARED


@pytest.fixture(scope="session")
def seed_examples() -> list[Example]:
    return read_examples([SEEDS / "articles.jsonl"])


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def seed_fit(seed_examples: list[Example], cache: Path) -> Fit:
    return fit_examples(seed_examples, FitOptions(cache=cache))


@pytest.fixture(scope="session")
def shipped() -> TopicTagger:
    return TopicTagger.load(PRETRAINED)


@pytest.fixture(scope="session")
def seed_tagger(seed_fit: Fit) -> TopicTagger:
    return TopicTagger(seed_fit.artifact)


@pytest.fixture(scope="session")
def chude(cache: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the real program; returns its exit code and what it wrote."""

    def run(*arguments: object, stdin: bytes = b"", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "service", *map(str, arguments)]
        environ = {**os.environ, "CHUDE_CACHE": str(cache), "CHUDE_HOME": str(cache / "home"), "PYTHONPATH": str(REPO)}
        done = subprocess.run(command, input=stdin, capture_output=True, env=environ, cwd=cwd, check=False)
        out, err = done.stdout.decode("utf-8"), done.stderr.decode("utf-8")
        assert "Traceback" not in out + err
        return subprocess.CompletedProcess(command, done.returncode, out, err)

    return run


@pytest.fixture(scope="session")
def batch_records(seed_examples: list[Example]) -> list[dict[str, Any]]:
    texts = [example.text for example in seed_examples]
    return [{"id": f"r{n}", "text": texts[n % len(texts)], "n": n} for n in range(6000)]


@pytest.fixture(scope="session")
def batch_source(batch_records: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("batch") / "in.jsonl"
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in batch_records), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def batch_expected(batch_records: list[dict[str, Any]], shipped: TopicTagger) -> list[dict[str, Any]]:
    results = shipped.tag_many(record["text"] for record in batch_records)
    return [{"id": record["id"], **result} for record, result in zip(batch_records, results, strict=True)]
