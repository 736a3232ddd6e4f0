"""Small pages of our own wording, one fault each that real pages had: what is read of each of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from page_text import read_html

from model import NoArticle, TopicTagger
from model.page.article import find_article
from model.page.html import Markup, markup_of
from model.page.leftout import COPY_REASON, LINK_REASON, MENU_REASON, NOISE_REASON, SEE_ALSO_REASON

PAGES = Path(__file__).parent / "pages"


def page(name: str) -> str:
    return (PAGES / name).read_text(encoding="utf-8")


def kept(name: str) -> list[str]:
    """Return the lines that are read."""
    text = page(name)
    article = read_html(text) if markup_of(text) is Markup.PAGE else find_article(text).text
    return [line.strip() for line in article.split("\n") if line.strip()]


def left_out(name: str) -> list[tuple[str, str]]:
    text = page(name)
    return [(text[part.start : part.end], part.reason) for part in find_article(text).left_out]


def test_headlines_behind_the_lead_are_left_out() -> None:
    lines = page("r1_related_behind_lead.txt").split("\n")
    assert kept("r1_related_behind_lead.txt") == [lines[0], lines[3], *lines[5:]]
    assert left_out("r1_related_behind_lead.txt") == [
        (lines[1], NOISE_REASON),
        (lines[2], COPY_REASON),
        (lines[4], LINK_REASON),
    ]


def test_a_single_headline_behind_the_lead_is_left_out() -> None:
    lines = page("r1b_single.txt").split("\n")
    assert kept("r1b_single.txt") == [*lines[:2], *lines[3:]]


@pytest.mark.parametrize("name", ["r1c.html", "r1d.html"])
def test_links_behind_the_lead_are_left_out_of_html(shipped: TopicTagger, name: str) -> None:
    lines = kept(name)
    assert len(lines) == 6
    assert lines[1].startswith("Một máy bay huấn luyện của không quân rơi")
    result = shipped.explain(page(name))
    assert result["tags"] == []
    (part,) = result["left_out"]
    assert part["field"] == "text"
    assert part["reason"] == LINK_REASON
    assert result["text"][part["start"] : part["end"]].startswith("Quân đội Syria giành lại thị trấn")
    assert result["text"][part["start"] : part["end"]].endswith("phi cơ xâm phạm không phận")


def test_a_listing_is_refused(shipped: TopicTagger) -> None:
    with pytest.raises(NoArticle, match="no article in this page"):
        read_html(page("r2_listing.html"))
    with pytest.raises(NoArticle, match="no article in this page"):
        shipped.explain(page("r2_listing.html"))


def test_a_gallery_is_read_whole(shipped: TopicTagger) -> None:
    assert kept("r3_gallery.txt") == page("r3_gallery.txt").split("\n")
    assert shipped.tag(page("r3_gallery.txt"))["tags"] == ["elections"]
    lines = kept("r3_gallery.html")
    assert len(lines) == 22  # the title, the lead, ten pictures with two lines each
    assert all("\n" not in line and "  " not in line for line in lines)
    assert lines[1].startswith("Phiên chợ hoa lớn nhất thành phố")
    assert lines[-1].endswith("ba ngày cao điểm.")


@pytest.mark.parametrize("name", ["r4_lead_outside.html", "r9_prolog.html"])
def test_the_lead_outside_the_body_is_read(shipped: TopicTagger, name: str) -> None:
    assert kept(name)[:-1] == page("r4_same_in_article.txt").split("\n")
    assert shipped.tag(page(name))["tags"] == ["elections"]


def test_an_article_with_a_paragraph_twice_loses_no_lead() -> None:
    lines = page("r4_same_in_article.txt").split("\n")
    assert kept("r4_same_in_article.txt")[:5] == lines[:5]


def test_a_menu_is_left_out(shipped: TopicTagger) -> None:
    lines = page("r5_menu.txt").split("\n")
    assert kept("r5_menu.txt") == lines[26:]
    assert left_out("r5_menu.txt") == [("\n".join(lines[:26]), MENU_REASON)]
    assert shipped.tag(page("r5_menu.txt"))["tags"] == []


def test_the_name_of_a_section_in_the_menu_takes_no_title() -> None:
    lines = page("r6_section_in_menu.txt").split("\n")
    assert kept("r6_section_in_menu.txt") == lines[8:]


def test_a_photo_line_that_stands_twice_is_a_caption(shipped: TopicTagger) -> None:
    lines = page("r10_double_captions.txt").split("\n")
    assert kept("r10_double_captions.txt") == [*lines[:3], *lines[4:6], lines[7]]
    assert shipped.tag(page("r10_double_captions.txt"))["tags"] == ["elections"]


def test_pointers_are_left_out(shipped: TopicTagger) -> None:
    lines = page("r11_pointers.txt").split("\n")
    assert kept("r11_pointers.txt") == lines[:6]
    assert left_out("r11_pointers.txt") == [("\n".join(lines[6:]), SEE_ALSO_REASON)]
    assert shipped.tag(page("r11_pointers.txt"))["tags"] == []


def test_share_buttons_and_copyrights_of_pictures_are_left_out() -> None:
    lines = page("r12_bbc.txt").split("\n")
    assert kept("r12_bbc.txt") == [lines[0], *lines[6:]]


def test_every_page_has_its_test() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    assert [path.name for path in PAGES.iterdir() if f'"{path.name}"' not in source] == []
