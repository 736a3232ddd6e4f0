"""`chude tag` as a user meets it: tags, records, explanations, and a message for each text it cannot read."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import legacy
import pytest
from conftest import SEEDS
from running import Run
from texts import ARTICLE

from model import TopicTagger


def test_tag_prints_tags(chude: Run, article: Path) -> None:
    done = chude("tag", article)
    assert done.returncode == 0
    assert done.stdout.splitlines()[0] == f"{article}: elections, ukraine"
    assert done.stderr == ""


def test_tag_reads_standard_input(chude: Run, article: Path) -> None:
    for arguments in (("tag",), ("tag", "-")):
        assert chude(*arguments, stdin=ARTICLE.encode()).stdout.startswith("-: elections, ukraine\n")


def test_tag_json_is_a_record_a_line(chude: Run, article: Path, shipped: TopicTagger) -> None:
    done = chude("tag", "--json", article, article)
    first, second = map(json.loads, done.stdout.splitlines())
    assert first == second == {"id": str(article), **shipped.tag(ARTICLE)}


def test_tag_explain_shows_what_carried_the_tags(chude: Run, article: Path) -> None:
    record = json.loads(chude("tag", "--json", "--explain", article).stdout)
    assert {evidence["tag"] for evidence in record["evidence"]} == {"elections", "ukraine"}
    for evidence in record["evidence"]:
        assert ARTICLE[evidence["start"] : evidence["end"]] == evidence["sentence"]
    text = chude("tag", "--explain", article).stdout
    assert "Cử tri Ukraine đi bỏ phiếu" in text
    assert "from the whole article" in text


def test_an_article_on_something_else_has_no_tag(chude: Run, tmp_path: Path) -> None:
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
    chude: Run, article: Path, tmp_path: Path, data: bytes, message: str
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
def test_other_unicode_encodings_are_read(chude: Run, tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(ARTICLE.encode(encoding))
    assert chude("tag", path).stdout.startswith(f"{path}: elections, ukraine\n")


def test_windows_1258_is_converted_with_a_warning(chude: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(legacy.windows_1258(ARTICLE))
    done = chude("tag", path)
    assert done.returncode == 0
    assert done.stdout.startswith(f"{path}: elections, ukraine\n")
    assert "converted from windows-1258" in done.stderr


def test_plain_letters_and_other_languages_are_warned_of(chude: Run, tmp_path: Path) -> None:
    letters = unicodedata.normalize("NFD", ARTICLE.replace("đ", "d").replace("Đ", "D")).encode("ascii", "ignore")
    done = chude("tag", "-", stdin=letters)
    assert done.returncode == 0
    assert "no Vietnamese diacritics: its scores are unreliable" in done.stderr
    done = chude(
        "tag", "--json", stdin=b"The presidential election in Ukraine was held amid a war over the whole east of it"
    )
    assert json.loads(done.stdout)["tags"] == []
    assert "not Vietnamese" in done.stderr


def test_missing_files_and_folders_are_messages(chude: Run, article: Path, tmp_path: Path) -> None:
    done = chude("tag", tmp_path / "nowhere.txt", tmp_path, article)
    assert done.returncode == 1
    assert "nowhere.txt: cannot be read: No such file" in done.stderr
    assert f"{tmp_path}: a folder: name the files in it" in done.stderr
    assert done.stdout.startswith(f"{article}: ")


def test_pages_and_html(chude: Run, tmp_path: Path) -> None:
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
