"""Sentences that a reader marked: where they are found, what they add to the loss, and what they teach."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from model.document import Document
from training.corpus.examples import Example
from training.fit.estimator import SentenceLogisticRegression
from training.fit.evidence import EVIDENCE_WEIGHT, REST_WEIGHT, mark_sentences, marked_bags
from training.fit.terms import Bags

FIRST, SECOND, THIRD = "Cử tri đi bỏ phiếu sáng nay.", "Trời nắng đẹp cả ngày hôm qua.", "Kết quả có vào buổi tối."


@pytest.mark.parametrize(
    ("marked", "rows"),
    [
        ((FIRST,), [0]),
        ((FIRST.upper().rstrip("."), THIRD), [0, 2]),
        ((f"{FIRST} {SECOND}",), [0, 1]),  # two sentences in one
        (("trời nắng đẹp cả ngày",), [1]),  # a part of one
        (("nắng đẹp",), []),  # too short to say which
        (("Câu này không có trong bài viết.",), []),
    ],
)
def test_marked_sentences_are_found_in_the_text(marked: tuple[str, ...], rows: list[int]) -> None:
    document = Document(body=f"{FIRST} {SECOND} {THIRD}")
    examples = [Example("a", document, frozenset({"x"}), evidence={"x": marked}), Example("b", document, frozenset())]
    marks = mark_sentences(examples, ["w", "x"])
    assert marks.shape == (6, 2)
    assert np.argwhere(marks).tolist() == [[row, 1] for row in rows]


def test_marks_add_bags_for_their_tag_alone() -> None:
    article = np.array([0, 0, 0, 1, 1, 2])
    marks = np.array([[1, 0], [0, 0], [1, 0], [0, 1], [0, 1], [1, 0]], bool)
    labels = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])  # the third article's mark contradicts its label
    weight = np.array([[0.5, 1.0], [1.0, 2.0], [1.0, 1.0]])
    bags = Bags(csr_array(np.eye(6)), article, csr_array(np.ones((3, 6))), marks)
    added = marked_bags(bags, labels, weight)
    assert added.sentence.tolist() == [0, 2, 1, 3, 4]
    assert added.bag.tolist() == [0, 1, 2, 3, 4]  # no other sentence is left of the second article
    assert added.labels.tolist() == [[1, 0], [1, 0], [0, 0], [0, 1], [0, 1]]
    half, rest = EVIDENCE_WEIGHT * 0.5 / 2, REST_WEIGHT * 0.5
    assert added.weight.tolist() == [[half, 0], [half, 0], [rest, 0], [0, EVIDENCE_WEIGHT], [0, EVIDENCE_WEIGHT]]
    taken = marked_bags(bags.take(np.array([1, 2])), labels[1:], weight[1:])
    assert taken.sentence.tolist() == [0, 1]
    assert not marked_bags(Bags(bags.sentences, article, bags.articles), labels, weight).sentence.size


def test_marks_tell_terms_apart_that_stand_in_the_same_articles() -> None:
    sentences = csr_array(np.tile(np.eye(2), (20, 1)))  # articles of two sentences, the first term and the second
    article, labels = np.arange(20).repeat(2), (np.arange(20) < 10)[:, None]
    sentences[20:] = csr_array((20, 2))  # those without the tag have neither
    articles = csr_array(np.vstack([np.ones((10, 2)), np.zeros((10, 2))]))
    marks = np.zeros((40, 1), bool)
    without = SentenceLogisticRegression(0.5).fit(Bags(sentences, article, articles), labels).coef_[:, 0]
    assert without[0] == pytest.approx(without[1])
    marks[0:20:2] = True
    marked = SentenceLogisticRegression(0.5).fit(Bags(sentences, article, articles, marks), labels).coef_[:, 0]
    assert marked[0] > marked[1] + 1
