"""The command line as a user meets it: the real program, its output, its messages and exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import unicodedata
from collections.abc import Callable
from pathlib import Path

import legacy
import pytest
from conftest import REPO, SEEDS

from model import TopicTagger
from model.artifact.files import MANIFEST, save
from training.corpus.examples import Example
from training.fit.fitting import Fit

Chude = Callable[..., "subprocess.CompletedProcess[str]"]
ARTICLE = (
    "Ukraine bầu tổng thống giữa chiến sự\nCử tri Ukraine đi bỏ phiếu bầu tổng thống trong khi giao tranh ở Donetsk "
    "vẫn tiếp diễn.\nỦy ban bầu cử trung ương nói kết quả sẽ có vào thứ hai."
)


@pytest.fixture
def article(tmp_path: Path) -> Path:
    path = tmp_path / "article.txt"
    path.write_text(ARTICLE, encoding="utf-8")
    return path


def test_tag_prints_tags(chude: Chude, article: Path) -> None:
    done = chude("tag", article)
    assert done.returncode == 0
    assert done.stdout.splitlines()[0] == f"{article}: elections, ukraine"
    assert done.stderr == ""


def test_tag_reads_standard_input(chude: Chude, article: Path) -> None:
    for arguments in (("tag",), ("tag", "-")):
        assert chude(*arguments, stdin=ARTICLE.encode()).stdout.startswith("-: elections, ukraine\n")


def test_tag_json_is_a_record_a_line(chude: Chude, article: Path, shipped: TopicTagger) -> None:
    done = chude("tag", "--json", article, article)
    first, second = map(json.loads, done.stdout.splitlines())
    assert first == second == {"id": str(article), **shipped.tag(ARTICLE)}


def test_tag_explain_shows_what_carried_the_tags(chude: Chude, article: Path) -> None:
    record = json.loads(chude("tag", "--json", "--explain", article).stdout)
    assert {evidence["tag"] for evidence in record["evidence"]} == {"elections", "ukraine"}
    for evidence in record["evidence"]:
        assert ARTICLE[evidence["start"] : evidence["end"]] == evidence["sentence"]
    text = chude("tag", "--explain", article).stdout
    assert "Cử tri Ukraine đi bỏ phiếu" in text
    assert "from the whole article" in text


def test_an_article_on_something_else_has_no_tag(chude: Chude, tmp_path: Path) -> None:
    path = tmp_path / "rice.txt"
    path.write_text("Giá gạo xuất khẩu tăng\nNông dân miền Tây phấn khởi vì được mùa được giá.", encoding="utf-8")
    assert chude("tag", path).stdout.splitlines()[0] == f"{path}: no tag"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the text is empty"),
        (b"  \n\n", "the text is empty"),
        (b"bau cu " * 1_600_000, "characters, and 2,000,000 is the limit"),
        (bytes(range(256)) * 10, "binary data"),
        (legacy.tcvn3(ARTICLE), "TCVN3"),
        (legacy.vni(ARTICLE), "VNI"),
        (b"%PDF-1.4 \x00", "a PDF file"),
    ],
)
def test_bad_text_is_a_message_and_the_others_go_on(
    chude: Chude, article: Path, tmp_path: Path, data: bytes, message: str
) -> None:
    bad = tmp_path / "bad.txt"
    bad.write_bytes(data)
    done = chude("tag", bad, article)
    assert done.returncode == 1
    assert done.stderr.startswith(f"chude: {bad}: ")
    assert message in done.stderr
    assert done.stdout.startswith(f"{article}: elections, ukraine\n")
    error, record = map(json.loads, chude("tag", "--json", bad, article).stdout.splitlines())
    assert error["id"] == str(bad)
    assert message in error["error"]["message"]
    assert record["tags"] == ["elections", "ukraine"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig"])
def test_other_unicode_encodings_are_read(chude: Chude, tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(ARTICLE.encode(encoding))
    assert chude("tag", path).stdout.startswith(f"{path}: elections, ukraine\n")


def test_windows_1258_is_converted_with_a_warning(chude: Chude, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(legacy.windows_1258(ARTICLE))
    done = chude("tag", path)
    assert done.returncode == 0
    assert done.stdout.startswith(f"{path}: elections, ukraine\n")
    assert "converted from windows-1258" in done.stderr


def test_plain_letters_and_other_languages_are_warned_of(chude: Chude, tmp_path: Path) -> None:
    letters = unicodedata.normalize("NFD", ARTICLE.replace("đ", "d").replace("Đ", "D")).encode("ascii", "ignore")
    done = chude("tag", "-", stdin=letters)
    assert done.returncode == 0
    assert "no Vietnamese diacritics: its scores are unreliable" in done.stderr
    done = chude(
        "tag", "--json", stdin=b"The presidential election in Ukraine was held amid a war over the whole east of it"
    )
    assert json.loads(done.stdout)["tags"] == []
    assert "not Vietnamese" in done.stderr


def test_missing_files_and_folders_are_messages(chude: Chude, article: Path, tmp_path: Path) -> None:
    done = chude("tag", tmp_path / "nowhere.txt", tmp_path, article)
    assert done.returncode == 1
    assert "nowhere.txt: cannot be read: No such file" in done.stderr
    assert f"{tmp_path}: a folder: name the files in it" in done.stderr
    assert done.stdout.startswith(f"{article}: ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["tag", "--nonsense"], "No such option"),
        (["nonsense"], "No such command"),
        (["train", "a.jsonl"], "Missing option '-o'"),
        (["eval"], "Missing argument"),
        (["train", "a.jsonl", "-o", "x", "--jobs", "0"], "0 is not in the range"),
        (["train", "a.jsonl", "-o", "x", "--seed", "-1"], "-1 is not in the range"),
        (["check", "a.jsonl", "--jobs", "0"], "0 is not in the range"),
    ],
)
def test_wrong_usage_exits_with_2(chude: Chude, arguments: list[str], message: str) -> None:
    done = chude(*arguments)
    assert done.returncode == 2
    assert message in done.stderr


def test_a_broken_model_is_a_message(chude: Chude, article: Path, tmp_path: Path, seed_tagger: TopicTagger) -> None:
    assert "no such file" in chude("tag", article, "--model", tmp_path / "nowhere").stderr
    save(seed_tagger.artifact, tmp_path / "model")
    assert chude("tag", article, "--model", tmp_path / "model").returncode == 0
    with (tmp_path / "model" / MANIFEST).open("a") as file:
        file.write(" ")
    done = chude("tag", article, "--model", tmp_path / "model")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"chude: {tmp_path}/model: manifest.json was changed")


def test_train_then_tag_and_eval(chude: Chude, article: Path, tmp_path: Path) -> None:
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


def test_train_refuses_a_folder_of_something_else(chude: Chude, tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("dear")
    done = chude("train", SEEDS / "articles.jsonl", "-o", tmp_path)
    assert done.returncode == 2
    assert "not empty and no artifact" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["letters.txt"]


def test_train_names_the_broken_line(chude: Chude, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(
        '{"text": "a", "tags": []}\n{"text": "b", "tags": []}\n{"text": "c", "tags": "Á"}\n', encoding="utf-8"
    )
    done = chude("train", path, "-o", tmp_path / "o")
    assert done.returncode == 1
    assert done.stderr.startswith(f"chude: {path}:3: tags: 'Á' is no tag")
    assert not (tmp_path / "o").exists()


def test_eval_names_tags_it_does_not_know(chude: Chude, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps({"text": ARTICLE, "tags": ["ukraine", "economy"]}), encoding="utf-8")
    done = chude("eval", path)
    assert done.returncode == 0
    assert "doesn't know these tags of the data, they are not counted: economy" in done.stderr


def test_compare_measures_other_systems(chude: Chude, tmp_path: Path) -> None:
    data, figures = SEEDS / "articles.jsonl", tmp_path / "m.json"
    done = chude("eval", data, "--compare", data, "--topics", SEEDS / "topics.toml", "--json", figures)
    assert done.returncode == 0, done.stderr
    comparison = json.loads(figures.read_text())["comparison"]
    assert list(comparison)[:3] == ["chude", "key-word rules", "scikit-learn TF-IDF + logistic regression"]
    scores = {n: r["all"]["all decisions"]["macro"]["f1"] for n, r in comparison.items() if not isinstance(r, str)}
    assert scores["scikit-learn TF-IDF + logistic regression"] > 0.9  # fitted on what it is measured on
    assert scores["key-word rules"] < 0.95


def test_check_lists_everything_at_once(chude: Chude, tmp_path: Path, seed_examples: list[Example]) -> None:
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


def test_check_points_at_a_wrong_label(
    chude: Chude, tmp_path: Path, seed_fit: Fit, seed_examples: list[Example]
) -> None:
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


def test_the_seeds_pass_their_own_check(chude: Chude) -> None:
    done = chude("check", SEEDS / "articles.jsonl", "--topics", SEEDS / "topics.toml")
    assert done.returncode == 0
    assert "duplicates" not in done.stdout
    assert "too few" not in done.stdout


def test_tagging_imports_neither_scikit_learn_nor_scipy_nor_underthesea(article: Path) -> None:
    code = (
        "import sys; from service.cli import main\n"
        f"sys.argv = ['chude', 'tag', {str(article)!r}]\n"
        "try: main()\nexcept SystemExit: print(sorted({name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=REPO, check=True)
    modules = done.stdout.splitlines()[-1]
    assert "'numpy'" in modules
    for heavy in ("sklearn", "scipy", "underthesea", "joblib", "pyarrow", "rich", "matplotlib", "trafilatura"):
        assert f"'{heavy}'" not in modules


def test_a_reader_that_closes_the_pipe_is_no_error(article: Path) -> None:
    command = [sys.executable, "-m", "service", "tag", "--json", *([str(article)] * 3000)]
    environ = {**os.environ, "PYTHONPATH": str(REPO)}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ)
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline().startswith(b'{"id"')
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(timeout=60) == 0


def test_ctrl_c_is_a_message(tmp_path: Path) -> None:
    environ = {**os.environ, "PYTHONPATH": str(REPO)}
    command = [sys.executable, "-m", "service", "tag", "-"]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ
    )
    time.sleep(1.5)
    process.send_signal(2)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (1, b"", b"chude: stopped\n")


def test_pages_and_html(chude: Chude, tmp_path: Path) -> None:
    page, html = SEEDS / "pages" / "01_rice_with_teasers.txt", SEEDS / "pages" / "10_article.html"
    assert chude("tag", page, html).stdout.count("no tag") == 1
    assert f"{page}: no tag" in chude("tag", page).stdout
    assert f"{page}: elections, syria" in chude("tag", "--text", page).stdout
    explained = chude("tag", "--explain", "--page", page).stdout
    assert "left out [662-675]: section of other articles" in explained
    assert f"{html}: arms-control" in chude("tag", html).stdout
    assert "-: arms-control" in chude("tag", stdin=html.read_bytes()).stdout
    renamed = tmp_path / "page.txt"
    renamed.write_bytes(html.read_bytes())
    assert f"{renamed}: arms-control" in chude("tag", "--html", renamed).stdout
    done = chude("tag", "-", stdin=b"<!DOCTYPE html><html><body><a href='/'>Trang</a></body></html>")
    assert done.returncode == 1
    assert "-: no article in this page" in done.stderr
