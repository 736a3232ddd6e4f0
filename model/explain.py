"""What carried a tag: sentences and their terms, and the terms that speak for or against it in the whole article.

The numbers are the ones that were added up: a sentence's score is the sum of its terms' weights, a context's score that
of its own, and with them `model.pooling` gives the probability.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

import numpy as np
import numpy.typing as npt

from model.artifact.artifact import Artifact
from model.document import Passage
from model.pooling import Floats, damping
from model.reading import Reading
from model.scan.spelling import repair_with_offsets
from model.weights import SparseWeights

Flags = npt.NDArray[np.bool_]
_MIN_SHARE = 0.1
_AROUND = "\"'”’»›)]}.!?…。 \t\r\n\u00a0"
_CLOSING = "\"'”’»›)]}.!?…。"


class TermEvidence(TypedDict):
    """A term where it first stands in the sentence, or in the article."""

    term: str
    field: str
    """Field of the document that the offsets count in: "title", "lead", "text" or "body"."""
    start: int
    """Offset of the first character in the field as it was given; of HTML and mojibake, in the text that was read."""
    end: int
    """Offset behind the last character."""
    weight: float


PlacedTerm = tuple[int, int, TermEvidence]
"""A term with its offsets in the text that was read."""


class Evidence(TypedDict):
    """One sentence that carried a tag."""

    tag: str
    sentence: str
    field: str
    """As in `TermEvidence`; where a sentence runs over two fields, the one that has the most of it."""
    start: int
    end: int
    score: float
    """Sum of the weights of `terms`."""
    terms: list[TermEvidence]
    """In order of the text."""


class SentencePlace(TypedDict):
    """Where a sentence of the article stands."""

    field: str
    """As in `Evidence`."""
    start: int
    end: int


class Context(TypedDict):
    """What the article as a whole says for or against a tag."""

    tag: str
    score: float
    """Sum of the weights of `terms`."""
    terms: list[TermEvidence]
    """Heaviest first."""


class Explainer:
    """Explains the tags of one text."""

    def __init__(self, artifact: Artifact, reading: Reading, passage: Passage, article: str) -> None:
        """Take the reading of `article`: the text of the passage, with space in place of what was left out."""
        self._artifact = artifact
        self._passage = passage
        self._text = article
        self._offsets = _char_offsets(article)
        self._reading = reading
        self._n_sentences = int(self._reading.first_sentence[-1])
        self._columns = {tag.slug: column for column, tag in enumerate(artifact.tags)}

    def evidence(self, tags: Sequence[str]) -> list[Evidence]:
        """Return the sentences that carried each of `tags`, the strongest first."""
        if not tags:
            return []
        weights = self._artifact.sentence_weights
        scores = weights.sums(self._reading.in_sentences(weights.n_used))[:-1]
        spans = self._sentence_spans()
        evidence: list[Evidence] = []
        for tag in tags:
            column = self._columns[tag]
            for n in _carriers(scores[:, column]):
                field, start, end = self._passage.locate(*spans[n])
                in_sentence = self._reading.sentence_of[self._reading.word] == n
                evidence.append(
                    {
                        "tag": tag,
                        "sentence": self._passage.text_of(field)[start:end],
                        "field": field,
                        "start": start,
                        "end": end,
                        "score": float(scores[n, column]),
                        "terms": [term for *_, term in sorted(self._terms(weights, column, in_sentence), key=_place)],
                    }
                )
        return evidence

    def context(self, tags: Sequence[str]) -> list[Context]:
        """Return what the whole article added for each of `tags`."""
        if not tags:
            return []
        damped = float(damping(np.array(self._n_sentences)))
        anywhere = np.ones(self._reading.word.size, bool)
        context: list[Context] = []
        for tag in tags:
            terms = [term for *_, term in self._terms(self._artifact.article_weights, self._columns[tag], anywhere)]
            for term in terms:
                term["weight"] *= damped
            score = sum(term["weight"] for term in terms)
            context.append({"tag": tag, "score": score, "terms": sorted(terms, key=lambda t: -abs(t["weight"]))})
        return context

    def sentences(self) -> list[SentencePlace]:
        """Return where each sentence of the article stands, in order of the text."""
        places = (self._passage.locate(*span) for span in self._sentence_spans())
        return [{"field": field, "start": start, "end": end} for field, start, end in places]

    def _terms(self, weights: SparseWeights, column: int, inside: Flags) -> list[PlacedTerm]:
        """Return the distinct terms that stand `inside`, with their weights for a tag, where they first do."""
        reading = self._reading
        terms: list[PlacedTerm] = []
        for number in np.unique(reading.term[inside]).tolist():
            entries = slice(weights.indptr[number], weights.indptr[number + 1])
            for weight in weights.weight[entries][weights.tag[entries] == column].tolist():
                term = self._artifact.terms[number]
                first = int(reading.word[inside & (reading.term == number)][0])
                span = self._span(first, first + term.count(" "))
                field, start, end = self._passage.locate(*span)
                terms.append((*span, {"term": term, "field": field, "start": start, "end": end, "weight": weight}))
        return terms

    def _span(self, first: int, last: int) -> tuple[int, int]:
        """Return the offsets in the text from word `first` to behind word `last`."""
        words = self._reading.words
        return int(self._offsets[words.starts[first]]), int(self._offsets[words.starts[last] + words.lengths[last]])

    def _sentence_spans(self) -> list[tuple[int, int]]:
        """Return the span of each sentence, from behind the last one's end to its own closing marks."""
        reading, text = self._reading, self._text
        first = np.flatnonzero(np.diff(reading.sentence_of[:-1], prepend=-1))
        last = np.append(first, reading.words.starts.size)[1:] - 1
        before = np.searchsorted(reading.boundaries, reading.words.starts[first])
        spans = []
        for begin, end, n in zip(first.tolist(), last.tolist(), before.tolist(), strict=True):
            head = int(self._offsets[reading.boundaries[n - 1] + 1]) if n else 0
            word, stop = self._span(begin, end)
            while stop < len(text) and text[stop] in _CLOSING:
                stop += 1
            lead = text[head:word]
            spans.append((head + len(lead) - len(lead.lstrip(_AROUND)), stop))
        return spans


def _place(term: PlacedTerm) -> tuple[int, int]:
    return term[:2]


def _char_offsets(text: str) -> npt.NDArray[np.int64]:
    """Return the offset in `text` of each code unit of the repaired text and of its end."""
    repaired, offsets = repair_with_offsets(text)
    units = [2 if ord(char) > 0xFFFF else 1 for char in repaired]
    return np.repeat(offsets, [*units, 1])


def _carriers(scores: Floats) -> list[int]:
    """Return the strongest sentence, and those with at least a tenth of the article's sum of exponentials."""
    share = np.exp(scores - scores.max())
    share /= share.sum()
    order = np.argsort(-scores, kind="stable").tolist()
    return [n for rank, n in enumerate(order) if rank == 0 or (share[n] >= _MIN_SHARE and scores[n] > 0)]
