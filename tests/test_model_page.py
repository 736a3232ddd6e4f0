"""The article out of a page: pages of our own writing by hand, and properties of any text."""

from __future__ import annotations

import json

import numpy as np
import pytest
from conftest import SEEDS
from hypothesis import example, given
from hypothesis import strategies as st
from page_text import read_html

from model import NoArticle, TopicTagger
from model.document import Document
from model.loading import Buffer
from model.page.article import find_article
from model.page.content import content_of
from model.page.html import Markup, markup_of
from model.page.leftout import COPY_REASON, LINK_REASON, NOISE_REASON, SECTION_REASON, SEE_ALSO_REASON
from model.page.lines import SIGNS_OF_PAGES
from model.page.signs import find_suspects, looks_like_a_page

PAGES = json.loads((SEEDS / "pages" / "tags.json").read_text(encoding="utf-8"))


def read_page(name: str) -> str:
    text = (SEEDS / "pages" / name).read_text(encoding="utf-8")
    return text if markup_of(text) is Markup.NONE else read_html(text)


@pytest.mark.parametrize("name", sorted(PAGES))
def test_pages_of_our_own_get_the_tags_of_their_article(shipped: TopicTagger, name: str) -> None:
    assert shipped.tag(read_page(name))["tags"] == sorted(PAGES[name])


def kept(name: str) -> list[str]:
    return [line.strip() for line in find_article(read_page(name)).text.split("\n") if line.strip()]


def test_what_is_kept_of_a_page_by_hand() -> None:
    lines = read_page("01_rice_with_teasers.txt").split("\n")
    assert kept("01_rice_with_teasers.txt") == [*lines[1:5], *lines[6:14]]
    lines = read_page("02_summit_body_twice.txt").split("\n")
    assert kept("02_summit_body_twice.txt") == [*lines[:7], lines[11]]
    lines = [line for line in read_page("03_election_lottery.txt").split("\n") if line]
    assert kept("03_election_lottery.txt") == [lines[0], lines[2], lines[6], lines[8], lines[9]]
    lines = read_page("06_list_before_article.txt").split("\n")
    assert kept("06_list_before_article.txt") == lines[5:11]
    lines = read_page("07_links_without_heading.txt").split("\n")
    assert kept("07_links_without_heading.txt") == lines[:5]
    assert kept("09_next_article_appended.txt") == read_page("09_next_article_appended.txt").split("\n")[:5]


@pytest.mark.parametrize("name", ["04_syria_clean.txt", "08_interview_clean.txt"])
def test_a_clean_article_is_kept_whole(name: str) -> None:
    assert find_article(read_page(name), force=True).left_out == ()


def test_reasons() -> None:
    page = (
        "Hai nước nối lại đàm phán hạt nhân\n10 giờ trước\nHai đoàn gặp nhau ở Geneva sáng nay.\nVòng tới là tháng 3.\n"
        "Xem thêm: Syria ngừng bắn\nTrang chủ\nHai đoàn gặp nhau ở Geneva sáng nay.\nBầu cử Pháp bước vào vòng hai\n"
        "Bầu cử Pháp bước vào vòng hai\nCử tri đi bầu...\nTin liên quan\nUkraine được mùa lúa mì\n"
    )
    article = find_article(page, force=True)
    assert [(page[part.start : part.end], part.reason) for part in article.left_out] == [
        ("10 giờ trước", NOISE_REASON),
        ("Xem thêm: Syria ngừng bắn", SEE_ALSO_REASON),
        ("Trang chủ", NOISE_REASON),
        ("Hai đoàn gặp nhau ở Geneva sáng nay.", COPY_REASON),
        ("Bầu cử Pháp bước vào vòng hai\nBầu cử Pháp bước vào vòng hai\nCử tri đi bầu...", LINK_REASON),
        ("Tin liên quan\nUkraine được mùa lúa mì", SECTION_REASON),
    ]


def test_a_pointer_in_a_short_article_is_left_out(shipped: TopicTagger) -> None:
    text = "Cà phê được mùa\nNông dân bán tại vườn với giá cao.\nXem thêm: Bầu cử Mỹ: hai ứng viên tranh luận lần cuối"
    assert shipped.tag(text)["tags"] == []
    assert shipped.tag(text, page="never")["tags"] == ["elections"]


LINES = st.sampled_from(
    [
        "Tin liên quan",
        "Xem thêm: A",
        "Một tiêu đề về bầu cử ở Pháp",
        "Ông nói như vậy.",
        "3 giờ trước",
        "",
        "  ",
        "© B",
        "a",
        ">> Hai nước họp",
        "Bầu cử ở hai nước (13/02/2005)",
        "Hai đoàn đàm phán gặp nhau ở Geneva lần đầu tiên trong năm nay",
        "Hai đoàn gặp nhau ở Geneva / Cử tri hai nước đi bầu tổng thống mới",
        "Một đoạn văn dài vừa đủ để là đoạn đầu của một bài báo nào đó về chuyện gạo nước ở đồng bằng sông Cửu Long.",
    ]
)


@given(st.one_of(st.lists(LINES, max_size=30).map("\n".join), st.text(max_size=200)))
def test_cutting_keeps_offsets_and_something(text: str) -> None:
    article = find_article(text, force=True)
    assert len(article.text) == len(text)
    assert bool(article.text.strip()) == bool(text.strip())
    left = np.zeros(len(text), bool)
    for part in article.left_out:
        assert not left[part.start : part.end].any()
        left[part.start : part.end] = True
    assert all(b == " " if out else a == b for a, b, out in zip(text, article.text, left, strict=True))
    assert find_article(article.text).text == article.text or article.left_out


SIGNS = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", " ", "\t", "\u00a0", "\u200b", "\U0001f600"]),
        st.sampled_from([*sorted(SIGNS_OF_PAGES), "Tags", "XEM THÊM", "Đọc Nhiều", "Kinh tế"]),
        st.sampled_from(["", ":", " gì đó", "\r", "\u2028"]),
    ),
)
PAGES_AND_TEXTS = st.lists(st.one_of(LINES, SIGNS, st.text(max_size=20)), max_size=12).map("\n".join)


@given(st.lists(PAGES_AND_TEXTS, min_size=1, max_size=4))
def test_no_page_is_passed_over_whatever_stands_beside_it(texts: list[str]) -> None:
    buffer = Buffer.of(texts)
    n_chars = np.array([len(text) for text in texts])
    suspects = find_suspects(buffer.codes, buffer.padded, buffer.text_starts, n_chars)
    assert {n for n, text in enumerate(texts) if looks_like_a_page(text)} <= set(suspects) <= set(range(len(texts)))


@pytest.mark.parametrize("sign", sorted(SIGNS_OF_PAGES))
@pytest.mark.parametrize("end", ["", "\n"])
def test_a_sign_in_the_last_line_is_seen_among_many_texts(sign: str, end: str) -> None:
    texts = ["Một", f"Một\n{sign}{end}", "Hai", "Ba\nBốn"]
    buffer = Buffer.of(texts)
    n_chars = np.array([len(text) for text in texts])
    assert find_suspects(buffer.codes, buffer.padded, buffer.text_starts, n_chars) == [1]


@given(st.lists(PAGES_AND_TEXTS, min_size=1, max_size=4))
@example(["", "", "", "Một tiêu đề về bầu cử ở Pháp\nCHIA SẺ"])
def test_texts_side_by_side_are_cut_as_each_one_alone(shipped: TopicTagger, texts: list[str]) -> None:
    cut = [find_article(text).text for text in texts]
    together = shipped.tag_many(texts, errors="return")
    alone = shipped.tag_many(cut, page="never", errors="return")
    plain = [not content_of(Document(text=text), "auto").extracted for text in texts]
    assert [str(result) for result, use in zip(together, plain, strict=True) if use] == [
        str(result) for result, use in zip(alone, plain, strict=True) if use
    ]


def test_explain_shows_what_was_left_out_and_can_be_switched_off(shipped: TopicTagger) -> None:
    page = read_page("01_rice_with_teasers.txt")
    result = shipped.explain(page)
    assert result["tags"] == result["evidence"] == []
    left_out = [page[part["start"] : part["end"]] for part in result["left_out"]]
    assert any("Syria: quân chính phủ" in part for part in left_out)
    whole = shipped.explain(page, page="never")
    assert {"elections", "syria"} <= set(whole["tags"])
    assert whole["left_out"] == []
    for e in whole["evidence"]:
        assert page[e["start"] : e["end"]] == e["sentence"]


FRONT_PAGE = (
    "<html><head><title>Báo Mẫu</title></head><body>"
    + "".join(f'<div><h2><a href="/{n}">Tin thứ {n} về bầu cử ở một nước</a></h2></div>' for n in range(40))
    + "</body></html>"
)
LOGIN_PAGE = (
    "<html><head><title>Đăng nhập</title></head><body><form><label>Tên</label><input name=u><input type=password>"
    "<button>Đăng nhập</button></form><p>Bạn chưa có tài khoản? Đăng ký ngay.</p></body></html>"
)


def test_a_page_that_is_too_short_is_told_from_one_without_prose(shipped: TopicTagger) -> None:
    short = (
        f"<html><head><title>Chiến sự</title></head><body><p>{'Quân đội tiến vào thành phố. ' * 3}</p></body></html>"
    )
    with pytest.raises(NoArticle, match=r"only 18 words, too few for one: page=never \(--text\) reads them"):
        shipped.tag(short)
    assert shipped.explain(short, page="never")
    with pytest.raises(NoArticle, match="only links, forms or short lines: give the page of one article"):
        shipped.tag(FRONT_PAGE)


@pytest.mark.parametrize("html", [FRONT_PAGE, LOGIN_PAGE, "<html></html>", "<html><body><p>a"])
def test_a_page_without_article_is_an_error(html: str) -> None:
    assert markup_of(html) is Markup.PAGE
    with pytest.raises(NoArticle, match="no article in this page"):
        read_html(html)


def test_an_html_page_gives_title_and_text() -> None:
    text = read_page("10_article.html")
    lines = text.split("\n")
    assert lines[0] == "Thanh sát viên trở lại bãi thử cũ"
    assert len(lines) == 4
    assert "Syria" not in text
