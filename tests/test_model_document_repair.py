"""What is repaired in a text or passed over as no prose, and how offsets lead back to the text as given."""

from __future__ import annotations

import time

import pytest
from documents import ELECTION, RICE
from hypothesis import given, settings
from hypothesis import strategies as st
from test_model_scoring import TEXTS

from model import EmptyText, TopicTagger
from model.document import Document
from model.loading import Buffer
from model.page.content import Page, content_of
from model.page.html import Markup, markup_of
from model.scan.alphabet import NOTICED, SIGN, SYMBOL_OF
from model.scan.noise import has_noise
from model.scan.spelling import repair, repair_with_offsets


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
