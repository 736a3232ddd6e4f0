"""Sentences that a reader marked as showing a tag: they teach the sentence model what gave an article its tag.

For each tag of an article with marked sentences, bags of sentences are added to the article's own, for that tag alone:
each marked sentence is a positive bag, all of them together weigh EVIDENCE_WEIGHT times what the article does, and its
other sentences are one negative bag of REST_WEIGHT times that.

An article of three sentences, the first of which is marked, and one without marks:

>>> import numpy as np
>>> from scipy.sparse import csr_array
>>> marks = np.array([[True], [False], [False], [False]])
>>> bags = Bags(csr_array(np.eye(4)), np.array([0, 0, 0, 1]), csr_array(np.ones((2, 4))), marks)
>>> added = marked_bags(bags, np.array([[1.0], [0.0]]), np.array([[0.5], [1.0]]))
>>> added.sentence.tolist(), added.bag.tolist()
([0, 1, 2], [0, 1, 1])
>>> added.labels.tolist(), added.weight.tolist()
([[1.0], [0.0]], [[0.5], [0.15]])
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from model.pooling import Floats
from model.reading import split_sentences
from model.scan.spelling import normalise
from training.corpus.examples import Example
from training.fit.terms import Bags

EVIDENCE_WEIGHT = 1.0
"""Weight of all marked sentences of an article together, where the article itself weighs 1."""
REST_WEIGHT = 0.3
"""Weight of its other sentences, as one without the tag, where the marked ones weigh 1: they may show it as well."""
_MIN_CHARS = 15
"""Fewest characters of a sentence that is looked for inside another one."""
Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


def mark_sentences(examples: Sequence[Example], tags: Sequence[str]) -> Flags:
    """Return which sentences of the examples are marked as showing which tag, shape (sentences, tags).

    The sentences are those of `SentenceTerms`. A marked sentence that is none of them, such as two in one, marks
    the sentences that it contains, and the one that contains it.
    """
    return np.vstack([_marks_of(example, tags) for example in examples])


def _marks_of(example: Example, tags: Sequence[str]) -> Flags:
    sentences = split_sentences(example.text) or [""]
    marks = np.zeros((len(sentences), len(tags)), bool)
    marked = [(column, text) for column, tag in enumerate(tags) for text in example.evidence.get(tag, ())]
    if marked:
        normal = [" ".join(normalise(sentence).split()) for sentence in sentences]
        for column, text in marked:
            wanted = " ".join(normalise(text).split())
            marks[[row for row, sentence in enumerate(normal) if _is_part(sentence, wanted)], column] = True
    return marks


def _is_part(one: str, other: str) -> bool:
    """Tell whether one of two sentences is a part of the other."""
    return min(len(one), len(other)) >= _MIN_CHARS and (one in other or other in one)


class MarkedBags(NamedTuple):
    """Bags of marked sentences, and of the others of the same articles."""

    sentence: Ints
    """Row of each sentence in the articles' bags, shape (sentences,)."""
    bag: Ints
    """Bag of each sentence, ascending from 0 without gaps, same shape."""
    labels: Floats
    """1 for a bag's tag if its sentences are marked, else 0, shape (bags, tags)."""
    weight: Floats
    """Weight of a bag for its tag, and 0 for the others, shape (bags, tags)."""


def marked_bags(bags: Bags, labels: Floats, weight: Floats) -> MarkedBags:
    """Return what the marks of the articles add; `labels` and `weight` are theirs, shape (articles, tags)."""
    n_tags = labels.shape[1]
    added = MarkedBags(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, n_tags)), np.zeros((0, n_tags)))
    if bags.marks is None:
        return added
    for tag in range(n_tags):
        is_marked = bags.marks[:, tag] & (labels[bags.article, tag] > 0)
        marked = np.flatnonzero(is_marked)
        articles, n_marked = np.unique(bags.article[marked], return_counts=True)
        others = np.flatnonzero(np.isin(bags.article, articles) & ~is_marked)
        with_others, rest = np.unique(bags.article[others], return_inverse=True)
        shared = np.repeat(EVIDENCE_WEIGHT * weight[articles, tag] / n_marked, n_marked)
        bag_weight = np.concatenate([shared, REST_WEIGHT * weight[with_others, tag]])
        column = np.arange(n_tags) == tag
        added = MarkedBags(
            np.concatenate([added.sentence, marked, others]),
            np.concatenate(
                [added.bag, len(added.labels) + np.concatenate([np.arange(marked.size), marked.size + rest])]
            ),
            np.vstack([added.labels, np.outer(np.arange(bag_weight.size) < marked.size, column)]),
            np.vstack([added.weight, np.outer(bag_weight, column)]),
        )
    return added
