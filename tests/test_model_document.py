"""One document, one rule: what is read of it wherever it comes from, and where in its fields the evidence stands."""

from __future__ import annotations

import time
from typing import Any

import legacy
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_model_scoring import TEXTS

from model import EmptyText, NoArticle, TextError, TopicTagger, UnreadableText
from model.disguise import REPAIRED, disguised_legacy_encoding, fix_mojibake
from model.document import FIELDS, Document, FieldError
from model.loading import Buffer
from model.page.content import PAGES, Page, content_of
from model.page.html import Markup, markup_of, read_html
from model.scan.alphabet import NOTICED, SIGN, SYMBOL_OF
from model.scan.noise import addresses_and_markup, has_noise
from model.scan.plain_prose import blank
from model.scan.spelling import repair, repair_with_offsets

ELECTION = "Cử tri Ukraine đi bỏ phiếu bầu tổng thống mới, và quan sát viên quốc tế có mặt ở mọi tỉnh."
RICE = "Nông dân trong vùng bắt đầu thu hoạch lúa sớm hơn mọi năm vì trời nắng đẹp suốt hai tuần."
ARTICLE = (ELECTION + " " + RICE + "\n") * 3
PAGE = (
    f"<html><head><title>Bầu cử ở Ukraine</title></head><body><article><p>{ELECTION} {RICE}</p></article></body></html>"
)


def mojibake(text: str, encoding: str) -> str:
    data = text.encode()
    if encoding == "latin-1":
        return data.decode("latin-1")
    return "".join(bytes([n]).decode("cp1252") if n not in b"\x81\x8d\x8f\x90\x9d" else chr(n) for n in data)


def sentences(result: dict[str, Any]) -> list[str]:
    return [evidence["sentence"] for evidence in result["evidence"]]


# HTML, wherever it comes from


@pytest.mark.parametrize(
    "before",
    [
        "",
        "\ufeff",
        '<?xml version="1.0" encoding="utf-8"?>\n',
        "<!-- " + "bình luận " * 1000 + "-->\n<!-- hai -->",
        '\ufeff<?xml version="1.0"?><!-- a --><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0//EN">',
        '<meta charset="utf-8">',
        "HTTP/1.1 200 OK\nContent-Type: text/html\n\n",
    ],
)
@pytest.mark.parametrize("page", ["auto", "html", "always"])
def test_a_page_is_recognised_by_its_markup(shipped: TopicTagger, before: str, page: Page) -> None:
    expected = shipped.tag("Bầu cử ở Ukraine\n" + ELECTION + " " + RICE, page=page)
    assert shipped.tag(before + PAGE, page=page) == expected
    assert shipped.tag({"body": before + PAGE}, page=page) == expected


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (f'<p>{RICE}</p><img alt="Tổng thống Ukraine">', RICE),
        (f"{RICE}<br>{ELECTION}", f"{RICE}\n{ELECTION}"),
        ("Tổng thống <b>X</b> nói<br>Ông đi", "Tổng thống X nói\nÔng đi"),
        ("Tổng <i>th</i>ống nói\nrồi đi", "Tổng thống nói\nrồi đi"),
        ("<div>Một&nbsp;câu &#7845;y &amp; câu\n kia</div><ul><li>A<li>B</ul>", "Một\u00a0câu ấy & câu kia\nA\nB"),
        ('<script>var a = "Ukraine";</script><p>Xin chào</p><style>p {}</style>', "Xin chào"),
        ('<p title="bầu cử Ukraine">nếu a < b</p>', "nếu a < b"),
        ("<p></p>", ""),
    ],
)
def test_a_fragment_is_what_a_browser_shows(html: str, text: str) -> None:
    assert markup_of(html) is Markup.FRAGMENT
    assert read_html(html) == text


@pytest.mark.parametrize(
    "text",
    ["nếu a < b và b > c", "a <b và c> d", "Bài viết về <html> và <script> của trình duyệt", "x << y", "<", "1<2"],
)
def test_prose_with_a_stray_sign_is_no_html(shipped: TopicTagger, text: str) -> None:
    assert markup_of(text) is Markup.NONE
    assert content_of(Document(text=text), "auto").extracted == {}
    assert shipped.tag(f"{ELECTION} {text}")["tags"] == shipped.tag(ELECTION)["tags"]


@given(
    st.lists(st.one_of(st.sampled_from(["<", ">", "</", "p", "<p>", "=", '"', "&", "<!--", "-->", "<?"]), st.text()))
)
def test_no_text_is_refused_for_its_signs(pieces: list[str]) -> None:
    text = "".join(pieces)
    try:
        read_html(text)
    except NoArticle:
        assert markup_of(text) is Markup.PAGE


def test_the_four_kinds(shipped: TopicTagger) -> None:
    login = "<html><body><form><input name=u></form></body></html>"
    for page in ("auto", "html", "always"):
        with pytest.raises(NoArticle, match="^no article in this page"):
            shipped.tag(login, page=page)
    with pytest.raises(EmptyText, match="no word to read"):
        shipped.tag(login, page="never")
    assert shipped.explain("a &lt; b", page="html")["text"] == "a < b"
    with_link = f"{RICE}\nNông dân bán tại vườn với giá cao.\nXem thêm: Bầu cử Mỹ: hai ứng viên tranh luận lần cuối"
    given = {page: shipped.tag(with_link, page=page)["tags"] for page in PAGES}
    assert given == {"auto": [], "always": [], "never": ["elections"], "html": []}


@pytest.mark.parametrize("call", ["tag", "tag_many", "explain"])
def test_another_kind_is_refused(shipped: TopicTagger, call: str) -> None:
    message = "page must be one of 'auto', 'always', 'never', 'html', not 'sometimes'"
    for document in ("Bầu cử", {"text": "Bầu cử"}):
        run = {
            "tag": lambda d: shipped.tag(d, page="sometimes"),  # type: ignore[arg-type]
            "tag_many": lambda d: shipped.tag_many([d], page="sometimes"),  # type: ignore[call-overload]
            "explain": lambda d: shipped.explain(d, page="sometimes"),  # type: ignore[arg-type]
        }[call]
        with pytest.raises(ValueError, match=message):
            run(document)
    with pytest.raises(ValueError, match="errors must be one of 'raise', 'return', not 'ignore'"):
        shipped.tag_many([], errors="ignore")  # type: ignore[call-overload]


# What is no prose is no evidence


@pytest.mark.parametrize(
    "noise",
    [
        "https://bao.example/ukraine/bau-cu/1.html",
        "HTTP://bao.example/ukraine?bầu=cử&ukraine",
        "www.ukraine.example/bau-cu",
        "ukraine@ukraine.example",
        "mailto:bầu.cử@ukraine.example",
        "tel://ukraine",
        "<!-- Ukraine bầu cử -->",
        '&lt;img alt="bầu cử tổng thống Ukraine"&gt;',
        '&amp;lt;a href="/ukraine"&amp;gt;',
    ],
)
@pytest.mark.parametrize("page", ["auto", "never"])
def test_what_is_no_prose_is_no_evidence(shipped: TopicTagger, noise: str, page: Page) -> None:
    result = shipped.explain(f"{RICE} Xem {noise}. Trời đẹp.", page=page)
    plain = shipped.explain(f"{RICE} Xem. Trời đẹp.", page=page)
    assert (result["tags"], result["scores"]) == (plain["tags"], plain["scores"])
    with pytest.raises(EmptyText, match="no word to read"):
        shipped.tag(noise, page=page)


@pytest.mark.parametrize(
    ("text", "prose"),
    [
        ("B&#7847;u c&#x1EED; t&#7893;ng th&#7889;ng", "Bầu cử tổng thống"),
        ("B&acirc;&#768;u cử&nbsp;Mỹ", "Bầu cử\u00a0Mỹ"),
        ("&amp;#7847; &amp;amp;nbsp; AT&T R&D; &khong; &#0;", "ầ \u00a0 AT&T R&D; &khong; \ufffd"),
        ("<p>Nga</p>và<br>Mỹ", "\nNga\nvà\nMỹ"),
        ("xem (https://a.example/b_(c)). Rồi", "xem ( )). Rồi"),
        ("viết cho a.b@c.example, d@e", "viết cho  , d@e"),
        ("@nguoidung nói http:// và 29//6", "@nguoidung nói http:// và 29//6"),
    ],
)
def test_repair_by_hand(text: str, prose: str) -> None:
    assert repair(text) == prose


def test_offsets_lead_back_to_the_field_as_given(shipped: TopicTagger) -> None:
    text = "Xem https://a.example/ukraine. Cử tri Ukraine b&#7847;u t&#7893;ng th&#7889;ng&nbsp;mới."
    (evidence,) = [e for e in shipped.explain(text)["evidence"] if e["tag"] == "elections"]
    assert evidence["sentence"] == text[31:] == text[evidence["start"] : evidence["end"]]
    terms = {term["term"]: text[term["start"] : term["end"]] for term in evidence["terms"]}
    assert terms["bầu"] == "b&#7847;u"


def test_every_sign_is_a_gap_that_is_noticed() -> None:
    assert {int(SYMBOL_OF[ord(char)]) for char in NOTICED + "/"} == {SIGN}


NOISY = st.lists(
    st.one_of(
        st.sampled_from([*NOTICED, "//", "www.", "WWW.", "http://a", "&amp;", "a@b.vn", "á»", "Ä‘", "w", "/", "."]),
        TEXTS,
    ),
    max_size=8,
).map("".join)


@settings(max_examples=300)
@given(st.lists(NOISY, min_size=1, max_size=5))
def test_no_text_that_needs_a_look_is_passed_over(texts: list[str]) -> None:
    signs = Buffer.of(texts).signs()
    for n, text in enumerate(texts):
        assert n in signs.noise | signs.content or not has_noise(text)
        assert (
            n in signs.content or not content_of(Document(text=text), "auto" if "<" not in text else "never").extracted
        )
        assert n in signs.content or markup_of(text) is Markup.NONE
        assert n in signs.noise | signs.content | signs.marks or repair(text) == text


RUNS = {
    "marks of one class": lambda n: "a" + "\u0301" * n,
    "marks of two classes": lambda n: "a" + "\u0323\u0301" * (n // 2),
    "addresses": lambda n: "www.," * (n // 5),
    "schemes": lambda n: "://" * (n // 3),
    "comments": lambda n: "<!--" * (n // 4),
    "tags": lambda n: '<a x="' * (n // 6),
    "mailboxes": lambda n: "a" * (n // 2) + "@" + "a@" * (n // 4),
    "entities": lambda n: "&" + "amp;" * (n // 4),
}
"""Texts of n characters."""


@pytest.mark.parametrize("name", RUNS)
def test_repair_takes_time_in_proportion(name: str) -> None:
    def seconds(n_chars: int) -> float:
        text = RUNS[name](n_chars)
        began = time.process_time()
        repair(text)
        repair_with_offsets(text)
        return time.process_time() - began

    # Four times the text takes about four times as long; quadratic time would be 16 times.
    assert seconds(80_000) < 10 * seconds(20_000) + 0.5


def test_a_run_of_marks_counts_up_to_thirty() -> None:
    assert repair("a" + "\u0324" * 29 + "\u0301") == "á"
    assert repair("a" + "\u0324" * 30 + "\u0301") == "a"


# Encodings in disguise, other scripts


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_mojibake_is_repaired_and_named(shipped: TopicTagger, encoding: str) -> None:
    for document in (mojibake(ARTICLE, encoding), {"title": "Tin", "text": mojibake(ARTICLE, encoding)}):
        result = shipped.explain(document)
        assert result["text"] == ARTICLE
        assert result["tags"] == shipped.tag(ARTICLE)["tags"]
        assert result["warnings"] == [REPAIRED]
        assert shipped.tag(document)["warnings"] == [REPAIRED]


def test_mojibake_of_a_part_is_repaired() -> None:
    for part in ("“Tôi không biết”", "Đàm phán về vũ khí", "Bầu cử Mỹ", ELECTION):
        assert fix_mojibake(f"{ARTICLE}{mojibake(part, 'cp1252')} {RICE}") == f"{ARTICLE}{part} {RICE}"


@given(TEXTS)
def test_what_is_right_is_no_mojibake(text: str) -> None:
    assert fix_mojibake(f"{ELECTION} ĐÃ ĐẾN “Ừ” «má» HÀ {text}").startswith(f"{ELECTION} ĐÃ ĐẾN “Ừ” «má» HÀ")


@pytest.mark.parametrize(
    "text",
    [
        "Выборы президента Украины",
        "乌克兰总统选举",
        "การเลือกตั้งประธานาธิบดียูเครน",
        "انتخابات ٢٠١٦",
        "٢٠١٦",
        "Президент Украины Zelensky и НАТО (NATO) обсудили выборы",
    ],
)
def test_another_script_gets_no_tag_and_says_so(shipped: TopicTagger, text: str) -> None:
    for result in (shipped.tag(text), shipped.explain(text)):
        assert result["tags"] == []
        assert set(result["scores"].values()) == {0.0}
        assert "not Vietnamese" in result["warnings"][0]


# Records and errors


def test_one_bad_document_costs_no_other(shipped: TopicTagger) -> None:
    documents: list[Any] = [ELECTION, float("nan"), None, 5, {"text": 5}, {"url": "x"}, {"title": " "}, b"x", "", PAGE]
    results = shipped.tag_many(documents, errors="return")
    assert [type(result) for result in results] == [dict, *[FieldError] * 7, EmptyText, dict]
    assert "a text must be a string or a record such as" in str(results[1])
    assert str(results[1]).endswith("not float nan")
    assert str(results[4]) == "text: must be a string, not int 5"
    assert all(isinstance(result, TextError) and result.code for result in results[1:9])
    with pytest.raises(FieldError, match="^text 1: a text must be a string or a record"):
        shipped.tag_many(documents)
    with pytest.raises(FieldError, match="^text: must be a string, not int 5"):
        shipped.tag({"text": 5})
    with pytest.raises(UnreadableText, match="^a.txt:7: no"):
        raise UnreadableText("no").located("a.txt:7")


def test_what_is_left_out_is_told_by_field(shipped: TopicTagger) -> None:
    document = {"title": "Tin thời tiết\nTrang chủ", "body": f"Chia sẻ\n{RICE}\nTin liên quan\nUkraine bầu cử"}
    result = shipped.explain(document, page="always")
    left_out = [(part["field"], document[part["field"]][part["start"] : part["end"]]) for part in result["left_out"]]
    assert left_out == [("title", "Trang chủ"), ("body", "Chia sẻ"), ("body", "Tin liên quan\nUkraine bầu cử")]


def test_a_sentence_over_two_fields_stands_in_the_one_that_has_the_most_of_it(shipped: TopicTagger) -> None:
    document = {"title": "Cử tri Ukraine", "text": "bầu tổng thống mới trong cuộc bỏ phiếu hôm nay."}
    evidence = shipped.explain(document)["evidence"][0]
    assert (evidence["field"], evidence["sentence"]) == ("text", document["text"])
    assert {term["field"] for term in evidence["terms"]} == {"title", "text"}


HTML = st.sampled_from(
    [
        "{}",
        "<p>{}</p>",
        "{}<br>{}",
        "<b>{}</b>",
        '<a href="/bầu-cử">{}</a>',
        "{} https://a.example/ukraine",
        "{}&nbsp;{}",
    ]
)
VALUES = st.tuples(
    HTML, st.one_of(st.sampled_from([ELECTION, RICE, ARTICLE, PAGE, mojibake(ELECTION, "cp1252")]), TEXTS)
).map(lambda pair: pair[0].replace("{}", pair[1]).encode("utf-8", "replace").decode())
RECORDS = st.dictionaries(st.sampled_from(FIELDS), VALUES, min_size=1)


@settings(max_examples=200)
@given(RECORDS, st.sampled_from(PAGES))
def test_the_same_document_gives_the_same_whichever_way_it_comes(
    shipped: TopicTagger, record: dict[str, str], page: Page
) -> None:
    one, *others = shipped.tag_many([record, RICE, PAGE, record, ELECTION, RICE], page=page, errors="return")
    assert str(others[2]) == str(one)
    assert str(shipped.tag_many([record], page=page, errors="return")[0]) == str(one)
    if list(record) == ["text"] and record["text"].strip():
        assert str(shipped.tag_many([record["text"]], page=page, errors="return")[0]) == str(one)
    if isinstance(one, TextError):
        with pytest.raises(type(one)):  # noqa: PT011
            shipped.explain(record, page=page)
        return
    result: dict[str, Any] = dict(shipped.explain(record, page=page))
    assert {name: result[name] for name in one} == one
    for part in (*result["evidence"], *result["left_out"]):
        assert part["start"] < part["end"]
        text = result.get(part["field"], record[part["field"]])
        assert part.get("sentence", text[part["start"] : part["end"]]) == text[part["start"] : part["end"]]
    for part in (*result["evidence"], *result["context"]):
        for term in part["terms"]:
            text = result.get(term["field"], record[term["field"]])
            assert text[term["start"] : term["end"]].strip()
    assert np.isfinite(list(result["scores"].values())).all()


def test_windows_1258_that_was_read_as_windows_1252_is_named(shipped: TopicTagger) -> None:
    for text in (ELECTION, ARTICLE, RICE, ARTICLE.upper()):
        disguised = legacy.windows_1258(text).decode("cp1252", "replace")
        (result,) = shipped.tag_many([{"text": disguised}], errors="return")
        assert isinstance(result, UnreadableText)
        assert str(result).startswith("the text is in windows-1258, a legacy Vietnamese encoding, saved as Unicode")


@pytest.mark.parametrize("text", [RICE, ARTICLE, "Mẹ mua giò, quì xuống. GIÒ LỤA, QUÌ, ÒA, ỒN. Perché ciò è così più."])
def test_what_is_right_is_no_windows_1258(shipped: TopicTagger, text: str) -> None:
    assert disguised_legacy_encoding(text) is None
    assert isinstance(shipped.tag(text), dict)


def test_a_nul_in_a_text_is_dropped_and_named(shipped: TopicTagger) -> None:
    clean = shipped.tag(ELECTION)
    for text, warning in (
        (f"\0{ELECTION}", "one NUL character was dropped, the first at character 0"),
        (f"{ELECTION[:3]}\0{ELECTION[3:]}\0", "2 NUL characters were dropped, the first at character 3"),
        (f"<p>{ELECTION}\0</p>", "one NUL character was dropped"),
    ):
        for result in (shipped.tag(text), shipped.explain({"text": text})):
            assert (result["tags"], result["scores"]) == (clean["tags"], clean["scores"])
            assert [warning in said for said in result["warnings"]] == [True]


ADDRESSES = st.lists(
    st.sampled_from(
        ["bao", "ukraine", ".", ".vn", ".example", "/", ".html", " ", ":80", "www", "?", "@", "-", "ố", "A", "\u0301"]
    ),
    max_size=12,
).map("".join)


@given(ADDRESSES)
@settings(max_examples=500)
def test_addresses_are_found_as_the_specification_says(text: str) -> None:
    pieces, done = "", 0
    for start, end, new in addresses_and_markup(text):
        pieces, done = pieces + text[done:start] + new, end
    assert pieces + text[done:] == blank(text)
    signs = Buffer.of([RICE, text]).signs()
    assert 1 in signs.noise | signs.content or not has_noise(text)


@pytest.mark.parametrize(
    "address",
    [
        "bao.example/ukraine/x",
        "ukraine.example",
        "www.ukraine.vn",
        "Ukraine-News.com.vn",
        "ukraine.com.vn:8080/a?b=ukraine#ukraine",
        "/ukraine/x.html",
        "/ukraine.pdf",
        "ukraine-1.jpg",
        "tin.ukraine/x",
    ],
)
def test_addresses_without_a_scheme_are_no_evidence(shipped: TopicTagger, address: str) -> None:
    for text in (f"{RICE} Xem {address}.", f"{RICE} ({address}), rồi về.", f"{address}\n{RICE}"):
        assert has_noise(text)
        assert "ukraine" not in shipped.tag(text)["tags"]
        assert shipped.tag(text)["scores"] == shipped.tag(text.replace(address, " "))["scores"]


@pytest.mark.parametrize(
    "prose",
    [
        "TP.HCM",
        "U.S.",
        "3.000",
        "đồng.Ông",
        "v.v.",
        "km/h",
        "và/hoặc",
        "1/2",
        "xong.me nói",
        "tp.hcm",
        "A.B.C",
        "Ô.ng/bà",
    ],
)
def test_prose_with_periods_and_slashes_is_no_address(prose: str) -> None:
    assert not has_noise(f"{RICE} {prose} {RICE}")
    assert not has_noise(prose)
