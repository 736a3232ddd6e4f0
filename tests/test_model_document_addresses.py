"""Web addresses in a text: found as the specification says, no evidence for a tag, and never found in prose."""

from __future__ import annotations

import pytest
from documents import RICE
from hypothesis import given, settings
from hypothesis import strategies as st

from model import TopicTagger
from model.loading import Buffer
from model.scan.noise import addresses_and_markup, has_noise
from model.scan.plain_prose import blank

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
