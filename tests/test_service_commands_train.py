"""`chude train`, `eval` and `check` as a user meets them: files, figures, and what is wrong with the data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import SEEDS
from running import Run
from texts import ARTICLE

from model import TopicTagger
from training.corpus.examples import Example
from training.fit.fitting import Fit


def test_train_then_tag_and_eval(chude: Run, article: Path, tmp_path: Path) -> None:
    model = tmp_path / "model"
    done = chude("train", SEEDS / "articles.jsonl", "-o", model, "--topics", SEEDS / "topics.toml")
    assert done.returncode == 0, done.stderr
    assert "arms-control" in done.stdout
    assert TopicTagger.load(model).artifact.tags[0].names == {"vi": "Kiểm soát vũ khí", "en": "Arms control"}
    assert chude("tag", article, "--model", model).stdout.startswith(f"{article}: elections, ukraine\n")
    card = tmp_path / "CARD.md"
    card.write_text("Above\n<!-- figures: written by chude eval --card -->\nold\n<!-- end of figures -->\nBelow\n")
    arguments = ("--model", model, "--json", tmp_path / "m.json", "--report", tmp_path / "report", "--card", card)
    done = chude("eval", SEEDS / "articles.jsonl", *arguments)
    assert done.returncode == 0, done.stderr
    figures = json.loads((tmp_path / "m.json").read_text())["figures"]["all"]["all decisions"]
    assert figures["records"] == 253
    assert json.loads((tmp_path / "report" / "metrics.json").read_text())["figures"]["all"]["all decisions"] == figures
    report = (tmp_path / "report" / "report.md").read_text(encoding="utf-8")
    assert "## Worst false negatives" in report
    for plot in ("precision_recall.png", "reliability.png"):
        assert (tmp_path / "report" / plot).read_bytes().startswith(b"\x89PNG")
    text = card.read_text(encoding="utf-8")
    assert text.startswith("Above\n")
    assert text.endswith("Below\n")
    assert "old" not in text
    assert f"{figures['macro']['f1']:.3f}" in text


def test_train_refuses_a_folder_of_something_else(chude: Run, tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("dear")
    done = chude("train", SEEDS / "articles.jsonl", "-o", tmp_path)
    assert done.returncode == 2
    assert "not empty and no artifact" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["letters.txt"]


def test_train_names_the_broken_line(chude: Run, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(
        '{"text": "a", "tags": []}\n{"text": "b", "tags": []}\n{"text": "c", "tags": "Á"}\n', encoding="utf-8"
    )
    done = chude("train", path, "-o", tmp_path / "o")
    assert done.returncode == 1
    assert done.stderr.startswith(f"chude: {path}:3: tags: 'Á' is no tag")
    assert not (tmp_path / "o").exists()


def test_eval_names_tags_it_does_not_know(chude: Run, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps({"text": ARTICLE, "tags": ["ukraine", "economy", "electoins"]}), encoding="utf-8")
    done = chude("eval", path)
    assert done.returncode == 0
    assert "they are not counted: economy, electoins (did you mean elections?)\n" in done.stderr


def test_eval_prints_a_slice_once_and_no_figures_of_a_tag_without_texts(chude: Run, tmp_path: Path) -> None:
    """There is an article alone, and no decision is borderline: four tables would be the same."""
    path, report = tmp_path / "x.jsonl", tmp_path / "report"
    path.write_text(json.dumps({"text": ARTICLE, "tags": ["ukraine", "elections"]}), encoding="utf-8")
    done = chude("eval", path, "--report", report)
    assert done.stdout.count("macro-F1 95 % interval") == 1
    rows = {cells[0]: cells[1:] for line in done.stdout.splitlines() if (cells := line.split())}
    assert rows["syria"][:5] == ["0", "-", "-", "-", "-"]
    assert rows["ukraine"][:4] == ["1", "1.000", "1.000", "1.000"]
    written = (report / "report.md").read_text(encoding="utf-8")
    assert written.count("| **macro** |") == 1
    assert "| syria | 0 | - | - | - |  | - | 0." in written


def test_compare_measures_other_systems(chude: Run, tmp_path: Path) -> None:
    data, figures = SEEDS / "articles.jsonl", tmp_path / "m.json"
    done = chude("eval", data, "--compare", data, "--topics", SEEDS / "topics.toml", "--json", figures)
    assert done.returncode == 0, done.stderr
    comparison = json.loads(figures.read_text())["comparison"]
    assert list(comparison)[:3] == ["chude", "key-word rules", "scikit-learn TF-IDF + logistic regression"]
    scores = {n: r["all"]["all decisions"]["macro"]["f1"] for n, r in comparison.items() if not isinstance(r, str)}
    assert scores["scikit-learn TF-IDF + logistic regression"] > 0.9  # fitted on what it is measured on
    assert scores["key-word rules"] < 0.95


def test_check_lists_everything_at_once(chude: Run, tmp_path: Path, seed_examples: list[Example]) -> None:
    body = next(e for e in seed_examples if len(e.text.split()) > 60)
    near = body.text.replace("địa phương", "sở tại", 1) + " Tin do phóng viên thường trú gửi về."
    records = [{"text": e.text, "tags": sorted(e.tags)} for e in seed_examples]
    lines = [
        *map(json.dumps, records),  # 1 to 253
        '{"text": "Bài viết về chiến sự hôm qua ở miền đông của nước này", "tags": ["Ukriane"]}',  # 254
        '{"text": "Bài viết về chiến sự hôm kia ở miền đông của nước này", "tags": ["ukriane"]}',  # 255
        '{"text": "dở dang',  # 256
        json.dumps({"text": records[1]["text"].upper(), "tags": []}),  # 257
        json.dumps({"text": records[2]["text"], "tags": records[2]["tags"]}),  # 258
        '{"text": "Ngắn quá", "tags": []}',  # 259
        '{"text": "", "tags": []}',  # 260
    ]

    def title_of(number: int) -> str:
        return " ".join(records[number]["text"].split())[:60] + "..."

    path, other = tmp_path / "x.jsonl", tmp_path / "y.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    other.write_text(json.dumps({"text": near, "tags": sorted(body.tags)}), encoding="utf-8")
    done = chude("check", path, other)
    assert done.returncode == 1
    for expected in (
        f"{path}:254: tags: 'Ukriane' is no tag: use a-z, digits and single hyphens, such as 'arms-control'; "
        "did you mean ukraine?",
        f"{path}:255: tags: unknown tag 'ukriane'; did you mean ukraine?",
        f"{path}:256: not JSON",
        f"{path}:260: text: is empty",
        f'{path}:2 "{title_of(1)}" [syria] and {path}:257 "{title_of(1).upper()}" []',
        f'{path}:3 "{title_of(2)}" and {path}:258 "{title_of(2)}"',
        f'{path}:259 "Ngắn quá"',
        f'and {other}:1 "{body.text[:20]}',
    ):
        assert expected in done.stdout, done.stdout
    assert (
        "ukriane                   1  too few to fit: 1 with it, 257 without it, 10 of each are needed" in done.stdout
    )
    assert "Problems: 4" in done.stdout
    assert "Exact duplicates: 1" in done.stdout


def test_check_points_at_a_wrong_label(chude: Run, tmp_path: Path, seed_fit: Fit, seed_examples: list[Example]) -> None:
    records = [{"id": e.id, "text": e.text, "tags": sorted(e.tags)} for e in seed_examples]
    sure = records[int(seed_fit.out_of_fold[:, seed_fit.tags.index("ukraine")].argmax())]
    sure["tags"].remove("ukraine")
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    done = chude("check", path)
    assert done.returncode == 0
    beginning = " ".join(str(sure["text"]).split())[:60]
    assert (
        f'{path}:{records.index(sure) + 1} ({sure["id"]}) "{beginning}...": lacks ukraine, probability 0.9'
        in done.stdout
    )


@pytest.mark.whole
def test_the_seeds_pass_their_own_check(chude: Run) -> None:
    done = chude("check", SEEDS / "articles.jsonl", "--topics", SEEDS / "topics.toml")
    assert done.returncode == 0
    assert "duplicates" not in done.stdout
    assert "too few" not in done.stdout
