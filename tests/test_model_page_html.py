"""Pages of HTML: what structure says of links, bodies that are not there, and documents that are too complex."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from page_text import read_html

from model import NoArticle, PageTooComplex, TopicTagger
from model.document import Document
from model.page.content import content_of
from model.page.extract import ONLY_TITLE_AND_LEAD
from model.page.html import extract_html
from model.page.leftout import LINK_REASON, OTHER_REASON, blank
from model.page.source import MAX_TAGS

TITLE = "Làng nghề gốm mở lò nung đầu tiên sau trận lụt"
LEAD = "Sau ba tháng sửa sang, lò gốm lớn nhất làng đỏ lửa trở lại vào sáng thứ bảy trước sự chứng kiến của cả xóm."
BODY = [
    "Nước lụt hồi mùa thu làm sập hai lò nung và cuốn trôi toàn bộ số đất sét mà các gia đình phơi khô từ đầu năm.",
    "Thợ cả của làng kể rằng phải dựng lại vòm lò bằng gạch cũ, vì loại gạch chịu lửa mới chưa kịp chuyển về.",
    "Mẻ gốm đầu tiên gồm bốn trăm chiếc bình, một nửa được đặt trước bởi các quán trà ở thành phố lân cận.",
]
TEASERS = "".join(
    f'<div class="item"><h3><a href="/{n}">Cử tri vùng {n} xếp hàng bầu tổng thống từ sáng sớm</a></h3>'
    f"<p>Ủy ban bầu cử vùng {n} cho biết các điểm bỏ phiếu mở cửa đúng giờ và không có sự cố nào đáng kể.</p></div>"
    for n in range(30)
)


def document(body: str, head: str = "") -> str:
    meta = f'<meta name="description" content="{LEAD}">{head}'
    return f"<!DOCTYPE html><html><head><title>{TITLE} | Báo Mẫu</title>{meta}</head><body>{body}</body></html>"


def paragraphs(lines: list[str]) -> str:
    return "".join(f"<p>{line}</p>" for line in lines)


ARTICLE = f"<article><h1>{TITLE}</h1><p>{LEAD}</p>{paragraphs(BODY)}</article>"


def test_an_article_is_its_title_and_its_paragraphs() -> None:
    assert read_html(document(ARTICLE)).split("\n") == [TITLE, LEAD, *BODY]


def test_headlines_of_others_stay_in_the_text_and_are_marked() -> None:
    related = '<p><a href="/x">Cử tri hai nước đi bầu tổng thống</a></p>'
    extract = extract_html(document(f"<article><h1>{TITLE}</h1><p>{LEAD}</p>{related}{paragraphs(BODY)}</article>"))
    (part,) = extract.left_out
    assert extract.text[part.start : part.end] == "Cử tri hai nước đi bầu tổng thống"
    assert part.reason == LINK_REASON
    assert extract.text.split("\n") == [TITLE, LEAD, "Cử tri hai nước đi bầu tổng thống", *BODY]


def test_a_pointer_that_is_no_link_is_left_out() -> None:
    text = read_html(document(f"<article><h1>{TITLE}</h1>{paragraphs([LEAD, *BODY[:2]])}"
                              f"<p>&gt;&gt; Cử tri đi bầu tổng thống</p>{paragraphs(BODY[2:])}</article>"))  # fmt: skip
    assert "Cử tri" not in text
    assert BODY[2] in text


def test_links_inside_sentences_are_the_articles() -> None:
    linked = BODY[0].replace("đất sét", '<a href="/dat-set">đất sét</a>')
    html = document(f"<article><h1>{TITLE}</h1>{paragraphs([LEAD, linked, *BODY[1:]])}</article>")
    assert read_html(html).split("\n") == [TITLE, LEAD, *BODY]


def test_white_space_in_html_means_nothing() -> None:
    html = document(ARTICLE.replace(" ", "\n\t  "))
    assert read_html(html.replace("<p\n", "<p ")).split("\n") == [TITLE, LEAD, *BODY]


def test_the_lead_may_say_the_description_in_other_words_at_its_beginning() -> None:
    lead = f"(Báo Mẫu) - {LEAD}"
    html = document(f"<h1>{TITLE}</h1><div class=sapo>{lead}</div><div class=b>{paragraphs(BODY)}</div>")
    assert read_html(html).split("\n") == [TITLE, lead, *BODY]


@pytest.mark.parametrize("heading", ["", "<h1>Tin trong ngày</h1>"])
def test_a_listing_with_unlinked_teasers_is_refused(heading: str) -> None:
    html = f"<!DOCTYPE html><html><head><title>Báo Mẫu: tin nhanh</title></head><body>{heading}{TEASERS}</body></html>"
    with pytest.raises(NoArticle, match="no article in this page"):
        read_html(html)


def test_a_topic_page_is_refused_although_its_heading_fits() -> None:
    title = "Căng thẳng ở một vùng biển phía nam"
    html = f"<html><head><title>{title} | Báo Mẫu</title></head><body><h1>{title}</h1>{TEASERS}</body></html>"
    with pytest.raises(NoArticle, match="no article in this page"):
        read_html(html)


def test_of_a_page_without_its_body_only_title_and_lead_are_read(shipped: TopicTagger) -> None:
    html = document(f"<h1>{TITLE}</h1><p>{LEAD}</p><div>Đăng nhập để đọc tiếp</div><div>{TEASERS}</div>")
    extract = extract_html(html)
    assert blank(extract.text, extract.left_out).split("\n") == [TITLE, LEAD]
    assert extract.warnings == (ONLY_TITLE_AND_LEAD,)
    for result in (shipped.tag(html), shipped.explain(html), shipped.tag_many([BODY[0]] * 5 + [html])[-1]):
        assert result["tags"] == []
        assert result["warnings"][0].startswith("only-title-and-lead")


def test_the_lead_of_a_page_without_body_may_be_the_description() -> None:
    head = '<meta property="article:published_time" content="2025-05-05">'
    html = document(f"<h1>{TITLE}</h1><div>Đang tải</div><div>{TEASERS}</div>", head)
    assert read_html(html).split("\n") == [TITLE, LEAD]


@pytest.mark.parametrize("wrap", ["%s", "[%s]", '{"@graph": [{"@type": "WebPage"}, %s]}'])
def test_the_body_may_be_in_the_metadata(wrap: str) -> None:
    body = "\\n".join(BODY)
    article = '{"@type": ["NewsArticle"], "articleBody": "' + body + '"}'
    head = f'<script type="application/ld+json">{wrap % article}</script>'
    html = document(f"<h1>{TITLE}</h1><p>{LEAD}</p><div>{TEASERS}</div>", head)
    assert read_html(html).split("\n") == [TITLE, *BODY]
    assert read_html(document(ARTICLE, head)).split("\n") == [TITLE, LEAD, *BODY]


@pytest.mark.parametrize(
    "data", ["{", "[" * 10_000, '"x"', "null", '{"@type": 3}', '{"@type": "Article", "articleBody": 5}']
)
def test_bad_metadata_are_no_error(data: str) -> None:
    head = f'<script type="application/ld+json">{data}</script>'
    assert read_html(document(ARTICLE, head)).split("\n") == [TITLE, LEAD, *BODY]


def test_captions_are_read_and_other_lines_are_marked() -> None:
    figure = "<figure><img src=x><figcaption>Lò gốm trong đêm đầu tiên. Ảnh: An Bình</figcaption></figure>"
    html = document(f"<article><h1>{TITLE}</h1>{paragraphs([LEAD, *BODY[:2]])}{figure}"
                    f"<div class=share-box>Lưu lại bài này</div>{paragraphs(BODY[2:])}</article>")  # fmt: skip
    extract = extract_html(html)
    assert "Lò gốm trong đêm đầu tiên. Ảnh: An Bình" in blank(extract.text, extract.left_out)
    assert {part.reason for part in extract.left_out} <= {OTHER_REASON}
    assert "Lưu lại bài này" not in blank(extract.text, extract.left_out)


def test_what_is_left_out_of_one_field_stands_in_that_field() -> None:
    related = '<p><a href="/x">Cử tri hai nước đi bầu tổng thống</a></p>'
    body = document(f"<article><h1>{TITLE}</h1><p>{LEAD}</p>{related}{paragraphs(BODY)}</article>")
    content = content_of(Document(title="Đồ gốm", body=body), "auto")
    assert content.is_page
    assert list(content.left_out) == ["body"]
    (part,) = content.left_out["body"]
    assert content.extracted["body"][part.start : part.end] == "Cử tri hai nước đi bầu tổng thống"
    assert "Cử tri" not in content.document.body
    assert len(content.document.body) == len(content.extracted["body"])


def test_links_in_a_fragment_are_left_out_unless_they_are_most_of_it() -> None:
    related = '<ul><li><a href="/x">Cử tri hai nước đi bầu tổng thống</a></li></ul>'
    assert read_html(paragraphs(BODY[:1]) + related + paragraphs(BODY[1:])).split("\n")[1].strip() == ""
    assert read_html(related) == "Cử tri hai nước đi bầu tổng thống"


TOO_COMPLEX = {
    "paragraphs": "<p>a</p>" * 125_000,
    "spans": "<span>" * 166_000,
    "links": "".join(
        f'<div><a href="/bai-viet-{n}.html" title="{"x" * 70}">Một đề mục</a></div>' for n in range(20_000)
    ),
    "attributes": "<p " + " ".join(f'a{n}="1"' for n in range(100_000)) + ">x</p>",
    "attributes without values": "<p " + " ".join(f"a{n}" for n in range(100_000)) + ">x</p>",
    "attributes with > in them": "<p " + " ".join(f'a{n}=">"' for n in range(100_000)) + ">x</p>",
    "attributes without space": "<p " + "".join(f"a{n}=''" for n in range(100_000)) + ">x</p>",
    "depth": "<div>" * 2_000 + "x",
    "open tags": "<p>x</p><a " * 90_000,
}


@pytest.mark.parametrize("name", TOO_COMPLEX)
@pytest.mark.parametrize("start", ["<!doctype html><html><body>", ""])
def test_a_document_that_no_page_is_like_is_refused_at_once(name: str, start: str) -> None:
    began = time.process_time()
    with pytest.raises(PageTooComplex, match="the HTML has more than .* give the page of one article, or its text"):
        read_html(start + TOO_COMPLEX[name])
    assert time.process_time() - began < 5  # milliseconds; minutes without the limit


def test_too_complex_has_a_code_of_its_own(shipped: TopicTagger) -> None:
    results = shipped.tag_many([TOO_COMPLEX["paragraphs"], LEAD], errors="return")
    assert isinstance(results[0], PageTooComplex)
    assert results[0].code == "page-too-complex"
    assert isinstance(results[1], dict)


def test_the_limits_admit_a_page_with_thousands_of_tags() -> None:
    comments = "".join(f"<div class=c><b>Bạn đọc {n}</b><span>Hay</span></div>" for n in range(MAX_TAGS // 6))
    assert read_html(document(f"{ARTICLE}<section id=comments>{comments}</section>")).startswith(f"{TITLE}\n{LEAD}")


def test_code_in_a_script_is_no_tag() -> None:
    code = "for (i = 0; i<n; i += 1) { total = total + i / 2; name = 'x'; }\n" * 500
    assert read_html(document(f"<script>{code}</script>{ARTICLE}")).split("\n") == [TITLE, LEAD, *BODY]


TAGS = [
    f"<{name}>" for name in ("p", "/p", "/a", "h1", "/h1", "figure", "figcaption", "li", "article", "div", "!--", "--")
]
LINES = [LEAD, *BODY]
PIECES = st.sampled_from(
    [*TAGS, *map("<p>{}</p>".format, LINES), TITLE, "<a href='/x'>", "Tin liên quan", "chữ ", "\n"]
)


@given(st.lists(PIECES, max_size=25).map("".join))
def test_any_markup_gives_a_text_with_its_parts_or_an_error(body: str) -> None:
    try:
        extract = extract_html(document(body))
    except NoArticle:
        return
    done = 0
    for part in extract.left_out:
        assert done <= part.start < part.end <= len(extract.text)
        assert part.reason
        done = part.end
    assert blank(extract.text, extract.left_out).strip()
