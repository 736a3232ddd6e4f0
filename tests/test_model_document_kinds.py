"""Plain text or HTML: how each is recognised, what is read of it, and how a kind is forced."""

from __future__ import annotations

import pytest
from documents import ELECTION, PAGE, RICE
from hypothesis import given
from hypothesis import strategies as st
from page_text import read_html

from model import EmptyText, NoArticle, TopicTagger
from model.document import Document
from model.page.content import PAGES, Page, content_of
from model.page.html import Markup, markup_of


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
