"""The first page without a browser: what is read, marked, said, refused, and sent back as a file."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from pathlib import Path

import pytest
import python_calamine
from conftest import SEEDS
from flask.testing import FlaskClient

from model.disguise import REPAIRED
from model.page import leftout
from model.page.extract import ONLY_TITLE_AND_LEAD
from model.tagger import _WARNINGS, NO_KNOWN_TERM
from service.settings import Settings
from service.web.app import create_app
from service.web.key_store import KeyStore
from service.web.page.catalogue import catalogue
from service.web.page.marked_text import Sentence, Weighed, mark

SYRIA = "Quân đội Syria mở chiến dịch mới ở Idlib sau khi lệnh ngừng bắn đổ vỡ."
ELECTION = "Ukraine bầu tổng thống giữa chiến sự, hơn ba mươi ứng viên tranh cử."
HOSTILE = "<img src=x onerror=alert(1)>\"'><script>alert(1)</script>"


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    return create_app(Settings(home=tmp_path, max_documents=3, max_body_bytes=300_000), {}).test_client()


def csv_file(*rows: tuple[str, str]) -> bytes:
    file = io.StringIO()
    csv.writer(file).writerows([("id", "text"), *rows])
    return file.getvalue().encode()


def test_runs_are_the_whole_text_with_its_tags_and_terms() -> None:
    text = "Syria bầu cử. Hết. Menu"
    first = Sentence(0, 13, "syria", (Weighed(0, 5, "syria", 2.0), Weighed(6, 9, "bầu", 0.1)))
    second = Sentence(0, 13, "elections", (Weighed(6, 12, "bầu cử", 1.5),))
    runs = list(mark(text, [first, second], [(19, 23, "menu")]))
    assert [(run.tags, run.reason) for run in runs] == [(("syria", "elections"), ""), ((), ""), ((), "menu")]
    pieces = [piece for run in runs for piece in run.pieces]
    assert "".join(piece.text for piece in pieces) == text
    noted = {piece.text: [(n.tag, n.term) for n in piece.notes] for piece in pieces if piece.notes}
    assert noted == {"Syria": [("syria", "syria")], "bầu cử": [("syria", "bầu"), ("elections", "bầu cử")]}


def test_what_the_model_says_is_said_in_vietnamese() -> None:
    say = catalogue("vi")
    reasons = [value for name, value in vars(leftout).items() if name.endswith("_REASON")]
    assert len(reasons) >= 7
    for english in [*reasons, *_WARNINGS.values(), NO_KNOWN_TERM, REPAIRED, ONLY_TITLE_AND_LEAD]:
        assert say.translated(english) != english
        assert catalogue("en").translated(english) == english
    assert say.translated("converted from windows-1258") == "đã chuyển từ bảng mã windows-1258"
    assert (say.number(1234.5, 1), catalogue("en").number(1234.5, 1)) == ("1.234,5", "1,234.5")


def test_both_languages_have_every_message() -> None:
    vietnamese, english = catalogue("vi").messages, catalogue("en").messages
    assert vietnamese.keys() == english.keys()
    for key, message in vietnamese.items():
        names = re.findall(r"\{(\w+)\}", message)
        assert set(names) <= {*re.findall(r"\{(\w+)\}", english[key]), "detail"}, key


def test_the_form_answers_without_scripts(client: FlaskClient) -> None:
    page = client.get("/").text
    assert 'method="post" action="./"' in page
    answer = client.post("/", data={"text": SYRIA}).text
    assert '<h2 id="result-heading">Chủ đề: Syria</h2>' in answer
    assert "syria: +" in answer
    assert SYRIA in answer  # in the form, to be changed
    english = client.post("/?lang=en", data={"text": SYRIA}).text
    assert "Topics: Syria" in english
    assert client.post("/", data={"text": " "}).status_code == 422
    assert "Chưa có bài" in client.post("/", data={"text": ""}).text


def test_files_are_read_by_their_kind(client: FlaskClient) -> None:
    page = SEEDS / "pages" / "03_election_lottery.txt"
    answer = client.post("/", data={"file": (page.open("rb"), page.name)}).text
    assert 'class="left-out"' in answer
    assert "[bỏ qua: dẫn sang bài khác]" in answer
    table = client.post("/", data={"file": (io.BytesIO(csv_file(("a", SYRIA), ("b", ""))), "n.csv")}).text
    assert 'data-tags="syria"' in table
    assert "text trống: một bài cần ít nhất một từ" in table
    several = [(io.BytesIO(text.encode()), name) for text, name in ((SYRIA, "1.txt"), (ELECTION, "2.txt"))]
    both = client.post("/", data={"file": several}).text
    assert 'data-tags="syria"' in both
    assert 'data-tags="ukraine elections"' in both or 'data-tags="elections ukraine"' in both


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("n.docx", b"PK", "n.docx: không đọc được loại tệp này"),
        ("n.csv.gz", b"", "n.csv.gz: không đọc được loại tệp này"),
        ("n.txt", b"%PDF-1.7", "n.txt: đây là a PDF file"),
        ("n.csv", csv_file(*[("a", SYRIA)] * 4), "có hơn 3 dòng"),
        ("n.csv", b"id,text\n", "dưới tên các cột không có dòng nào"),
        ("n.xlsx", b"PK\3\4 no", "không phải sổ Excel"),
        (f"{HOSTILE}.docx", b"", "&lt;img src=x onerror=alert(1)&gt;"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(client: FlaskClient, name: str, data: bytes, said: str) -> None:
    answer = client.post("/", data={"file": (io.BytesIO(data), name)})
    assert answer.status_code in (400, 413, 415, 422)
    assert said in answer.text
    assert "<img" not in answer.text


def test_a_workbook_that_unpacks_to_gigabytes_is_refused(client: FlaskClient) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 20_000_000)
    data = packed.getvalue().replace((20_000_000).to_bytes(4, "little"), (20_000).to_bytes(4, "little"))
    answer = client.post("/", data={"file": (io.BytesIO(data), "bomb.xlsx")})
    assert "quá lớn khi giải nén" in answer.text


def test_tables_come_back_as_files(client: FlaskClient) -> None:
    rows = csv_file(("=1+1", SYRIA), ("-5", "x " * 20_000))
    as_csv = client.post("/", data={"file": (io.BytesIO(rows), "n.csv"), "download": "csv"})
    first, second = csv.DictReader(io.StringIO(as_csv.data.decode("utf-8-sig")))
    assert (first["id"], first["tags"], first["text"]) == ("'=1+1", "syria", SYRIA)
    assert float(first["score_syria"]) > 0.5
    assert (second["id"], second["tags"]) == ("-5", "")
    as_xlsx = client.post("/", data={"file": (io.BytesIO(rows), "n.csv"), "download": "xlsx"})
    sheet = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(as_xlsx.data)).get_sheet_by_index(0).to_python()
    assert sheet[0][:3] == ["id", "text", "tags"]
    assert sheet[1][:3] == ["=1+1", SYRIA, "syria"]
    assert str(sheet[2][1]).endswith("...")


def test_pages_have_the_strict_policy_and_no_cookies(client: FlaskClient) -> None:
    for path in ("/", "/docs/"):
        answer = client.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "Set-Cookie" not in answer.headers
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", answer.text)
        assert not re.findall(r'(?:href|src|action)="(?:/|https?:)', answer.text)


def test_a_prefix_is_honoured_where_it_is_a_path(client: FlaskClient) -> None:
    for given, server in (("/tin/tuc/", "/tin/tuc"), ("//evil.example", "/"), ("/a b", "/")):
        document = client.get("/openapi.json", headers={"X-Forwarded-Prefix": given}).get_json()
        assert document["servers"] == [{"url": server}]


def test_reading_with_a_key_alone_says_so(tmp_path: Path) -> None:
    client = create_app(Settings(home=tmp_path, require_key=True), {}).test_client()
    key = KeyStore(tmp_path).add("desk")
    assert client.get("/").status_code == 200
    refused = client.post("/", data={"text": SYRIA})
    assert (refused.status_code, "Cần có khoá" in refused.text) == (401, True)
    assert client.post("/", data={"text": SYRIA}, headers={"Authorization": f"Bearer {key}"}).status_code == 200
