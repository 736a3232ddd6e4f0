"""From scores of sentences to a probability of the article.

With w(x) the sum of the sentence weights of the distinct terms in x, v(x) that of the article weights, and n the number
of sentences, for a tag:

    score(sentence)      = w(sentence)
    context(article)     = v(article) / n ** LENGTH_POWER
    margin(article)      = slope * log sum over sentences of exp(score(sentence)) + context(article) + intercept
    probability(article) = 1 / (1 + exp(-margin(article)))

The log-sum-exp makes one telling sentence enough; the context is what the article as a whole says for or against. Its
gradient by the scores is each sentence's share of the sum of exponentials:

>>> scores = np.log([[1.0], [3.0], [5.0]])  # two sentences of one article, and the only one of another
>>> np.exp(log_sum_exp(scores, np.array([0, 2]))).round(9).tolist()
[[4.0], [5.0]]
>>> value, share = Grouping(np.array([0, 0, 1])).log_sum_exp(scores)
>>> np.exp(value).round(9).tolist(), share.round(9).tolist()
([[4.0], [5.0]], [[0.25], [0.75], [1.0]])
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
LENGTH_POWER = 0.25
"""How much less each term of a longer article tells of the whole."""
_LARGEST_SCORE = 700.0
"""Its exponential is still a number."""


def log_sum_exp(scores: Floats, first: Ints) -> Floats:
    """Return it over runs of rows that begin at the ascending `first`, shape (runs, tags) or (runs,).

    An empty run, one that begins where the next one does, has the value of that row. Scores count as 700 at most and
    -700 at least, so that the sums are numbers; the probabilities are 1 and 0 there.
    """
    return np.asarray(np.log(np.add.reduceat(_exponentials(scores), first, axis=0)))


def _exponentials(scores: Floats) -> Floats:
    return np.asarray(np.exp(np.minimum(np.maximum(scores, -_LARGEST_SCORE), _LARGEST_SCORE)))


class Grouping:
    """Which sentences belong to which article, for sums over the sentences of each."""

    def __init__(self, article: Ints) -> None:
        """Take the article of each sentence, ascending from 0 without gaps, shape (sentences,)."""
        self.article = article
        self.first: Ints = np.flatnonzero(np.diff(article, prepend=-1))
        """First sentence of each article, shape (articles,)."""

    def log_sum_exp(self, scores: Floats) -> tuple[Floats, Floats]:
        """Return it for each article, and its gradient: each sentence's share of its article's sum, 0 to 1.

        Scores have the shape (sentences,) or (sentences, tags).
        """
        parts = _exponentials(scores)
        total = np.add.reduceat(parts, self.first, axis=0)
        return np.log(total), parts / total[self.article]


def damping(n_sentences: Ints) -> Floats:
    """Return what article weights are multiplied by in articles of so many sentences, same shape."""
    return np.asarray(n_sentences, np.float64) ** -LENGTH_POWER


def logistic(x: Floats) -> Floats:
    """Return 1 / (1 + exp(-x)) without overflow."""
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * x))
