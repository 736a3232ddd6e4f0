"""Articles as matrices of the idf of the terms that occur: a column per term, a row per sentence or per article."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from model.errors import FitError
from model.pooling import Floats, damping
from model.reading import split_sentences
from model.weights import Occurrences
from training.progress import Progress, silent

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_NOTHING_IN_COMMON = "the texts have no word in common that could be learnt"
FREE_WORDS = 2
"""Every run of up to this many words can be a term; longer ones only where segmentation proposes them."""


@dataclass(frozen=True)
class Bags:
    """Articles as bags of sentences."""

    sentences: csr_array
    """idf of each term that occurs in a sentence, shape (sentences, terms)."""
    article: npt.NDArray[np.int64]
    """Article of each sentence, ascending from 0 without gaps, shape (sentences,)."""
    articles: csr_array
    """idf of each term that occurs in an article, damped by its length, shape (articles, terms)."""
    marks: npt.NDArray[np.bool_] | None = None
    """Which sentences a reader has marked as showing which tag, shape (sentences, tags); None for none."""

    @classmethod
    def counting(cls, occurrences: Occurrences, article: npt.NDArray[np.int64]) -> Bags:
        """Return the bags of terms that occur in sentences, each counting 1; `article` is that of each sentence."""
        from scipy.sparse import csr_array

        row, term, n_sentences, n_terms = occurrences
        n_articles = int(article[-1]) + 1 if article.size else 0
        by_article = Occurrences(article[row], term, n_articles, n_terms).distinct()
        damped = damping(np.bincount(article))
        return cls(
            csr_array((np.ones(term.size), (row, term)), shape=(n_sentences, n_terms)),
            article,
            csr_array((damped[by_article.row], (by_article.row, by_article.term)), shape=(n_articles, n_terms)),
        )

    def take(self, chosen: npt.NDArray[np.int64]) -> Bags:
        """Return the bags of the chosen articles, ascending, numbered anew from 0."""
        number = np.full(self.articles.shape[0], -1)
        number[chosen] = np.arange(chosen.size)
        rows = np.flatnonzero(number[self.article] >= 0)
        marks = None if self.marks is None else self.marks[rows]
        return Bags(self.sentences[rows], number[self.article[rows]], self.articles[chosen], marks)

    def times(self, factor: Floats) -> Bags:
        """Return the bags with the column of each term multiplied by its factor, shape (terms,)."""
        sentences, articles = _narrow(self.sentences.copy()), _narrow(self.articles.copy())
        for matrix in (sentences, articles):
            matrix.data = matrix.data * factor[matrix.indices]
        return Bags(sentences, self.article, articles)

    def followed_by(self, other: Bags) -> Bags:
        """Return these articles and then those of other bags over the same terms."""
        from scipy.sparse import csr_array, vstack

        sentences, articles = (
            _narrow(csr_array(vstack(pair)))
            for pair in ((self.sentences, other.sentences), (self.articles, other.articles))
        )
        return Bags(sentences, np.concatenate([self.article, other.article + self.articles.shape[0]]), articles)


class SentenceTerms:
    """Learns the terms and their idf from articles, and turns the articles into `Bags`.

    Parameters
    ----------
    proposals : terms of three and more words that may be used
    spellings : other spellings of single words, by canonical word
    min_articles : articles in which a term must stand
    progress : shows how many texts were read

    Attributes
    ----------
    terms_ : list of str, shape (terms,), sorted
    idf_ : array, shape (terms,): log((1 + articles) / (1 + articles with the term)) + 1
    """

    def __init__(
        self,
        proposals: Collection[str] = (),
        spellings: Mapping[str, Sequence[str]] | None = None,
        min_articles: int = 4,
        progress: Progress = silent,
    ) -> None:
        self.proposals = proposals
        self.spellings = spellings or {}
        self.min_articles = min_articles
        self.progress = progress
        self._canonical = {other: word for word, others in self.spellings.items() for other in others}
        self._most_words = max((term.count(" ") + 1 for term in proposals), default=0)

    def fit_transform(self, texts: Sequence[str]) -> Bags:
        """Learn terms and idf from texts, and return their bags. Raises FitError where they have no word in common."""
        from scipy.sparse import csr_array
        from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer

        sentences, article = _sentences_of(texts, self.progress)
        counter = CountVectorizer(analyzer=self._analyse, binary=True, dtype=np.float64)
        try:
            occurs = csr_array(counter.fit_transform(self.progress(sentences, "terms", len(sentences))))
        except ValueError:  # there is no word at all
            raise FitError(_NOTHING_IN_COMMON) from None
        n_articles = np.bincount(_by_article(occurs, article, len(texts)).indices, minlength=occurs.shape[1])
        kept = np.flatnonzero(n_articles >= self.min_articles)
        if not kept.size:
            raise FitError(_NOTHING_IN_COMMON)
        self.terms_ = [str(name) for name in counter.get_feature_names_out()[kept]]
        by_article = _by_article(occurs[:, kept], article, len(texts))
        self.idf_ = TfidfTransformer(norm=None).fit(by_article).idf_
        return self._weigh(occurs[:, kept], article, len(texts))

    def _weigh(self, occurs: csr_array, article: npt.NDArray[np.int64], n_articles: int) -> Bags:
        by_article = _by_article(occurs, article, n_articles)
        for matrix in (occurs, by_article):
            matrix.sort_indices()
            matrix.data = self.idf_[matrix.indices]
        by_article.data *= np.repeat(damping(np.bincount(article)), np.diff(by_article.indptr))
        return Bags(occurs, article, by_article)

    def _analyse(self, sentence: str) -> list[str]:
        """Return the terms of a sentence in canonical spelling, in no order."""
        words = [self._canonical.get(word, word) for word in sentence.split()]
        terms = list(words)
        for n in range(2, max(FREE_WORDS, self._most_words) + 1):
            runs = [" ".join(words[i : i + n]) for i in range(len(words) - n + 1)]
            terms += runs if n <= FREE_WORDS else [run for run in runs if run in self.proposals]
        return terms


def _by_article(occurs: csr_array, article: npt.NDArray[np.int64], n_articles: int) -> csr_array:
    """Return how many sentences of each article have each term."""
    from scipy.sparse import csr_array

    rows = np.arange(article.size)
    member = csr_array((np.ones(article.size), (article, rows)), shape=(n_articles, article.size))
    return _narrow(csr_array(member @ occurs))


def _narrow(matrix: csr_array) -> csr_array:
    """Return the matrix with indices of 32 bits, as scikit-learn wants them."""
    matrix.indices, matrix.indptr = matrix.indices.astype(np.int32), matrix.indptr.astype(np.int32)
    return matrix


def _sentences_of(texts: Sequence[str], progress: Progress) -> tuple[list[str], npt.NDArray[np.int64]]:
    """Return all sentences, and the article of each; an article without words has one empty sentence."""
    if isinstance(texts, str):
        raise TypeError("a list of texts is needed, not one str")
    by_article = [split_sentences(text) or [""] for text in progress(texts, "sentences", len(texts))]
    article = np.repeat(np.arange(len(by_article)), [len(sentences) for sentences in by_article])
    return [sentence for sentences in by_article for sentence in sentences], article
