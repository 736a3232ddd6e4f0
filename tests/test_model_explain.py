"""Explanations: their sums, and the places they point at."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
import reference
from hypothesis import assume, given
from hypothesis import strategies as st
from test_model_scoring import TEXTS, artifacts

from model import TopicTagger
from model.artifact.files import Artifact
from model.pooling import log_sum_exp
from model.scan.spelling import normalise
from training.corpus.examples import Example


def check_explanation(tagger: TopicTagger, text: str) -> None:
    result = tagger.explain(text, page="never")
    text = result.get("text", text)  # without mojibake
    scores = np.array(reference.sentence_scores(text, tagger.artifact))
    strongest = log_sum_exp(scores, np.array([0]))[0]
    canonical = {o: w for w, others in tagger.artifact.variants.items() for o in others}
    for tag in result["tags"]:
        column = tagger.tags.index(tag)
        (context,) = [c for c in result["context"] if c["tag"] == tag]
        evidence = [e for e in result["evidence"] if e["tag"] == tag]
        assert evidence[0]["score"] == pytest.approx(scores[:, column].max(), abs=1e-9)
        for part in (context, *evidence):
            assert part["score"] == pytest.approx(sum(term["weight"] for term in part["terms"]), abs=1e-9)
            for term in part["terms"]:
                words = normalise(text[term["start"] : term["end"]]).split()
                assert " ".join(canonical.get(word, word) for word in words) == term["term"]
        fitted = tagger.artifact.tags[column]
        margin = fitted.slope * strongest[column] + context["score"] + fitted.intercept
        assert result["scores"][tag] == pytest.approx(1 / (1 + np.exp(-margin)), abs=1e-9)
        for e in evidence:
            assert text[e["start"] : e["end"]] == e["sentence"]
            assert all(e["start"] <= term["start"] and term["end"] <= e["end"] for term in e["terms"])


@given(artifacts(), TEXTS.filter(lambda t: bool(reference.sentences(t))))
def test_explanations_add_up(artifact: Artifact, text: str) -> None:
    tagger = TopicTagger(artifact)
    assume(isinstance(tagger.tag_many([text], page="never", errors="return")[0], dict))
    check_explanation(tagger, text)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_explanations_of_articles_add_up(shipped: TopicTagger, seed_examples: list[Example], form: str) -> None:
    for example in seed_examples[:60]:
        check_explanation(shipped, unicodedata.normalize(form, example.text))


@given(st.integers(0, 3), st.integers(0, 3))
def test_offsets_count_characters_not_code_units(shipped: TopicTagger, emoji: int, marks: int) -> None:
    text = (
        "😀" * emoji + "\u200b" * marks + ".\n Tin nóng: Ukraine bầu\u200b cử tổng thống vào tháng 3. 😀 Thời tiết đẹp."
    )
    result = shipped.explain(text)
    assert "elections" in result["tags"]
    spans = {text[term["start"] : term["end"]] for e in result["evidence"] for term in e["terms"]}
    assert "Ukraine" in spans
    assert "bầu\u200b cử" in spans
    assert {e["sentence"] for e in result["evidence"]} == {"Tin nóng: Ukraine bầu\u200b cử tổng thống vào tháng 3."}
