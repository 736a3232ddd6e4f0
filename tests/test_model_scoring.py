"""The fast scan and score against the plain reference, on any text and any artifact."""

from __future__ import annotations

import math
import unicodedata
from fractions import Fraction
from pathlib import Path

import hypothesis
import numpy as np
import pytest
import reference
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp

from model import EmptyText, TextTooLong, TopicTagger, UnreadableText
from model.artifact import Artifact, Tag
from model.document import Document
from model.pooling import Grouping, log_sum_exp
from model.reading import split_sentences
from model.scan import plain
from model.scan.spelling import normalise
from model.tagger import MAX_TEXT_CHARS, NO_KNOWN_TERM
from model.weights import Occurrences, SparseWeights, fixed_point
from training.corpus.examples import Example
from training.corpus.readers import read_examples

VOCABULARY = """
    syria ukraine nga mỹ hoà hòa hoả thủy thuỷ quý qúy bầu cử vũ khí 2016 29 6 đàm phán ở a b tp Tp TS ông Nga Zelensky
    washingtonpostcompany donaudampfschifffahrtsgesellschaft Đức ĐỨC Ðức Erdoğan xã hội chủ nghĩa
"""
WORDS = VOCABULARY.split()
GLUE = (
    " ", " ", " ", ", ", ". ", ".", "\n", "\n\n", "! ", "? ", "… ", '." ', ") ", "-", "\u200b", "\u00a0", "\u2029",
    " https://bao.example/ukraine/1.html ", "www.bao.example ", " a.b@bao.example ", "&amp;", "&nbsp;", "&#7845;",
    "&#769;", "&lt;p&gt;", "</b>", "<!-- syria -->", '<img alt="Ukraine">', "/", "@", "<", "&", "\u0301" * 40,
    "\u0301", "😀", "\ufeff", "\r\n", "...", ". \t", "\u00ad", "ß", "\ud800", "中文",
)  # fmt: skip
TEXTS = st.one_of(
    st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(GLUE)), max_size=40).map(
        lambda pairs: "".join(word + glue for word, glue in pairs)
    ),
    st.text(max_size=60),
)
FLOATS = st.floats(-20, 20, allow_nan=False)


def sparse(rows: list[dict[int, float]], n_tags: int) -> SparseWeights:
    counts = [len(row) for row in rows]
    return SparseWeights(
        np.cumsum([0, *counts]),
        np.array([tag for row in rows for tag in sorted(row)], np.int64),
        fixed_point(np.array([row[tag] for row in rows for tag in sorted(row)], np.float64)),
        n_tags,
    )


@st.composite
def artifacts(draw: st.DrawFn) -> Artifact:
    words = st.sampled_from(sorted({normalise(word) for word in WORDS if len(word) <= 24}))
    terms = draw(st.lists(st.lists(words, min_size=1, max_size=4).map(" ".join), max_size=12, unique=True))
    n_tags = draw(st.integers(1, 5))
    weights = st.lists(
        st.dictionaries(st.integers(0, n_tags - 1), FLOATS, max_size=n_tags), min_size=len(terms), max_size=len(terms)
    )
    tags = tuple(
        Tag(f"tag-{n}", 0.5, draw(st.floats(0.1, 2)), draw(FLOATS), 10, 0.5, {"vi": f"thẻ {n}"}) for n in range(n_tags)
    )
    variants = draw(st.sampled_from([{}, {"mỹ": ("mĩ", "my")}, {"quý": ("quí",)}]))
    by_sentence, by_article = (sparse(draw(weights), n_tags) for _ in range(2))
    return Artifact(tags, tuple(terms), variants, by_sentence, by_article, np.ones(len(terms)))


@settings(max_examples=300)
@given(artifacts(), st.lists(TEXTS, min_size=1, max_size=4))
def test_scores_equal_the_reference(artifact: Artifact, texts: list[str]) -> None:
    tagger = TopicTagger(artifact)
    for text, result in zip(texts, tagger.tag_many(texts, page="never", errors="return"), strict=True):
        if not any(map(str.isalnum, plain.clean(text))):
            assert isinstance(result, EmptyText)
        elif not isinstance(result, dict):
            assert isinstance(result, UnreadableText)  # looks like TCVN3 or VNI
        elif "warnings" not in result:  # another language scores 0
            assert list(result["scores"].values()) == pytest.approx(
                reference.probabilities(text, artifact), rel=1e-9, abs=1e-12
            )


@settings(max_examples=400)
@given(TEXTS)
def test_sentences_equal_the_reference(text: str) -> None:
    assert split_sentences(text) == [" ".join(words) for words in plain.sentences(text)]


@pytest.mark.parametrize("word", [*sorted(plain.ABBREVIATIONS), "A", "Đ", "tin"])
def test_the_full_stop_of_an_abbreviation_ends_no_sentence(word: str) -> None:
    parts = 2 if word == "tin" else 1
    assert len(split_sentences(f"Ông {word.capitalize()}. Nguyễn nói.")) == parts


def test_dev_scores_equal_the_reference(shipped: TopicTagger, shared: Path) -> None:
    examples = read_examples([shared / "data" / "dev.jsonl.gz"])[::12]
    for example, result in zip(examples, shipped.tag_many([e.text for e in examples], page="never"), strict=True):
        expected = reference.probabilities(example.text, shipped.artifact)
        assert list(result["scores"].values()) == pytest.approx(expected, abs=1e-9)


@given(
    st.lists(st.dictionaries(st.integers(0, 2), FLOATS, max_size=3), min_size=1, max_size=8),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 7)), min_size=1, max_size=30),
)
def test_sums_of_distinct_terms(rows: list[dict[int, float]], pairs: list[tuple[int, int]]) -> None:
    weights = sparse(rows, 3)
    pairs = [(row, term % len(rows)) for row, term in pairs]
    row, term = (np.array(column, np.int64) for column in zip(*pairs, strict=True))
    expected = [
        [float(sum(Fraction(weights.dense[t, tag]) for r, t in set(pairs) if r == n)) for tag in range(3)]
        for n in range(4)
    ]
    for n_rows in (4, 100_000):  # few rows are multiplied out, many looked up
        assert weights.sums(Occurrences(row, term, n_rows, len(rows)))[:4].tolist() == expected


@pytest.mark.parametrize("kind", ["sentence_weights", "article_weights"])
def test_a_term_of_one_of_the_models_is_known(shipped: TopicTagger, kind: str) -> None:
    weights, other = shipped.artifact.sentence_weights, shipped.artifact.article_weights
    if kind == "article_weights":
        weights, other = other, weights
    term = shipped.artifact.terms[np.flatnonzero((weights.n_entries > 0) & (other.n_entries == 0))[0]]
    filler = "Ồ ố ộ ỗ ổ"
    known, unknown = shipped.tag_many([f"{filler} {term}", filler])
    assert NO_KNOWN_TERM not in known.get("warnings", [])
    assert NO_KNOWN_TERM in unknown["warnings"]


def test_log_sum_exp_stays_a_number() -> None:
    scores = np.array([[0.0], [math.log(3.0)], [5000.0], [-5000.0]])
    assert log_sum_exp(scores, np.array([0, 2, 3]))[:, 0].tolist() == pytest.approx([math.log(4.0), 700.0, -700.0])


@given(st.lists(st.lists(st.floats(-600, 600), min_size=1, max_size=5), min_size=1, max_size=5))
def test_log_sum_exp_and_its_gradient(articles: list[list[float]]) -> None:
    article = np.repeat(np.arange(len(articles)), [len(scores) for scores in articles])
    scores = np.array([score for scores in articles for score in scores])
    grouping = Grouping(article)
    value, share = grouping.log_sum_exp(scores)
    assert value == pytest.approx([logsumexp(own) for own in articles], rel=1e-13, abs=1e-13)
    assert np.array_equal(value, log_sum_exp(scores, grouping.first))
    step = 1e-4
    for n in range(scores.size):  # the share is the gradient
        moved = [grouping.log_sum_exp(scores + step * sign * (np.arange(scores.size) == n))[0] for sign in (1, -1)]
        assert ((moved[0] - moved[1]) / (2 * step))[article[n]] == pytest.approx(share[n], abs=1e-6)


@settings(max_examples=60)
@given(artifacts(), st.lists(TEXTS, min_size=1, max_size=6))
def test_tag_equals_tag_many(artifact: Artifact, texts: list[str]) -> None:
    tagger = TopicTagger(artifact)
    together = tagger.tag_many(texts, errors="return")
    assert [str(result) for result in together] == [
        str(result) for text in texts for result in tagger.tag_many([text], errors="return")
    ]


def test_tag_equals_tag_many_over_blocks(shipped: TopicTagger, seed_examples: list[Example]) -> None:
    texts = [example.text for example in seed_examples] * 10
    assert sum(map(len, texts)) > (1 << 18)
    assert shipped.tag_many(texts)[::7] == [shipped.tag(text) for text in texts[::7]]


@given(TEXTS.filter(lambda t: bool(plain.sentences(t)) and t.isprintable()))
@hypothesis.example("A\uac00")  # a letter of Hangul is two characters in NFD
def test_nfc_and_nfd_score_the_same(seed_tagger: TopicTagger, text: str) -> None:
    forms = [unicodedata.normalize(form, text) for form in ("NFC", "NFD")]
    composed, decomposed = seed_tagger.tag_many(forms, page="never", errors="return")
    assume(isinstance(composed, dict))  # or it looks like TCVN3
    assert isinstance(decomposed, dict)
    assert (composed["tags"], composed["scores"]) == (decomposed["tags"], decomposed["scores"])


def test_nfd_article_scores_as_nfc(shipped: TopicTagger, seed_examples: list[Example]) -> None:
    for example in seed_examples[:40]:
        assert shipped.tag(unicodedata.normalize("NFD", example.text)) == shipped.tag(example.text)


def test_thresholds_reproduce(shipped: TopicTagger, seed_examples: list[Example]) -> None:
    thresholds = {tag.slug: tag.threshold for tag in shipped.artifact.tags}
    for result in shipped.tag_many(example.text for example in seed_examples):
        assert result["tags"] == [tag for tag in shipped.tags if result["scores"][tag] >= thresholds[tag]]
        assert result["model"] == shipped.version


def test_a_str_in_place_of_a_list_is_refused(shipped: TopicTagger) -> None:
    for one in ("bầu cử", {"text": "bầu cử"}, Document(text="bầu cử")):
        with pytest.raises(TypeError, match="takes a list of texts or records, not one of them"):
            shipped.tag_many(one)  # type: ignore[call-overload]


def test_empty_and_long_texts(shipped: TopicTagger) -> None:
    for empty in ("", "  \n", "!!! …", "\u200b"):
        with pytest.raises(EmptyText, match="empty"):
            shipped.tag(empty)
    with pytest.raises(TextTooLong, match="2,000,000 is the limit"):
        shipped.tag("a " * MAX_TEXT_CHARS)
    outcome = shipped.tag_many(["Bầu cử Mỹ", "", "a" * (MAX_TEXT_CHARS + 1), "Chiến sự Syria"], errors="return")
    assert [type(result).__name__ for result in outcome] == ["dict", "EmptyText", "TextTooLong", "dict"]
    with pytest.raises(EmptyText, match="text 1: "):
        shipped.tag_many(["Bầu cử Mỹ", ""])


ENGLISH = (
    "The presidential election in Syria was held on Sunday amid a civil war, and Ukraine said it would not take part "
    "in talks on arms control until the troops withdraw from Crimea."
)
PLAIN = "Tong thong My va Tong thong Nga da thao luan ve cuoc bau cu va van de kiem soat vu khi hat nhan tai Helsinki"


def test_another_language_gets_no_tag(shipped: TopicTagger) -> None:
    result = shipped.tag(ENGLISH)
    assert result["tags"] == []
    assert set(result["scores"].values()) == {0.0}
    assert "not Vietnamese" in result["warnings"][0]


def test_no_diacritics_is_a_warning(shipped: TopicTagger) -> None:
    result = shipped.tag(PLAIN)
    assert "no Vietnamese diacritics" in result["warnings"][0]
    assert max(result["scores"].values()) > 0


def test_five_pages_of_the_customer(shipped: TopicTagger, shared: Path) -> None:
    pages = sorted((shared / "seeds").glob("*.txt"))
    assert len(pages) == 5
    for page in pages:
        result = shipped.explain(page.read_text(encoding="utf-8"))
        assert set(result["scores"]) == set(shipped.tags)
        assert {evidence["tag"] for evidence in result["evidence"]} == set(result["tags"])
