"""The text of an article, in which is marked what carried its tags and what was left out.

>>> runs = mark("Syria ngừng bắn. Menu", [Sentence(0, 16, "syria", (Weighed(0, 5, "syria", 2.5),))], [(17, 21, "menu")])
>>> [(run.tags, run.reason, [piece.text for piece in run.pieces]) for run in runs]
[(('syria',), '', ['Syria', ' ngừng bắn.']), ((), '', [' ']), ((), 'menu', ['Menu'])]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from typing import NamedTuple

from model import Tagging
from model.document import Document
from model.explain import SentencePlace

_HEAVY = 0.4
"""Weight of a term that is set in bold; exp(0.4) is 1.5."""


class Weighed(NamedTuple):
    """A term with its weight for the tag of its sentence; offsets in the field."""

    start: int
    end: int
    term: str
    weight: float


class Sentence(NamedTuple):
    """A sentence that carried a tag; offsets in the field."""

    start: int
    end: int
    tag: str
    terms: tuple[Weighed, ...]


class Note(NamedTuple):
    """What a term says for a tag."""

    tag: str
    term: str
    weight: float


class Piece(NamedTuple):
    """Some characters, and what is known of the terms in them."""

    text: str
    notes: tuple[Note, ...] = ()

    @property
    def is_heavy(self) -> bool:
        """Tell whether one of the terms says much: it changes the odds by half or more."""
        return any(abs(note.weight) >= _HEAVY for note in self.notes)


class Run(NamedTuple):
    """Neighbouring characters that carried the same tags, or were left out for the same reason."""

    tags: tuple[str, ...]
    reason: str
    pieces: tuple[Piece, ...]


class MarkedField(NamedTuple):
    """One field of a document."""

    name: str
    runs: tuple[Run, ...]


class Segment(NamedTuple):
    """A sentence of the article, or what stands between two of them."""

    text: str
    is_sentence: bool
    runs: tuple[Run, ...]


class SegmentedField(NamedTuple):
    """One field of a document, sentence by sentence."""

    name: str
    segments: tuple[Segment, ...]


def mark_fields(document: Document, tagging: Tagging) -> list[MarkedField]:
    """Return the fields that were read, each in runs. `tagging` comes from `TopicTagger.explain`."""
    return [MarkedField(name, tuple(mark(text, *_parts(tagging, name)))) for name, text in _texts(document, tagging)]


def segment_fields(document: Document, tagging: Tagging, places: Sequence[SentencePlace]) -> list[SegmentedField]:
    """Return the fields that were read, each in sentences, whose places `explain_with_sentences` found."""
    fields = []
    for name, text in _texts(document, tagging):
        sentences, left_out = _parts(tagging, name)
        spans = [(place["start"], place["end"]) for place in places if place["field"] == name]
        cuts = sorted({0, len(text), *(offset for span in spans for offset in span)})
        segments = [
            Segment(text[start:end], (start, end) in spans, tuple(mark(text, sentences, left_out, (start, end))))
            for start, end in pairwise(cuts)
        ]
        fields.append(SegmentedField(name, tuple(segments)))
    return fields


def _texts(document: Document, tagging: Tagging) -> Iterator[tuple[str, str]]:
    """Yield the fields with their texts as they were read."""
    found: Mapping[str, object] = tagging
    yield from ((name, str(found.get(name, given))) for name, given in document.fields.items())


def _parts(tagging: Tagging, field: str) -> tuple[list[Sentence], list[tuple[int, int, str]]]:
    """Return the sentences that carried a tag in a field, and what was left out of it."""
    sentences = [
        Sentence(
            one["start"],
            one["end"],
            one["tag"],
            tuple(Weighed(t["start"], t["end"], t["term"], t["weight"]) for t in one["terms"] if t["field"] == field),
        )
        for one in tagging.get("evidence", ())
        if one["field"] == field
    ]
    left_out = [(p["start"], p["end"], p["reason"]) for p in tagging.get("left_out", ()) if p["field"] == field]
    return sentences, left_out


def mark(
    text: str,
    sentences: Sequence[Sentence],
    left_out: Sequence[tuple[int, int, str]],
    span: tuple[int, int] | None = None,
) -> Iterator[Run]:
    """Yield the text, or the span of it, in runs; `left_out` has start, end and reason of each part."""
    begin, stop = span or (0, len(text))
    clusters = list(_clusters(sentences))
    spans = [*((s.start, s.end) for s in sentences), *((p[0], p[1]) for p in left_out), *(c[:2] for c in clusters)]
    cuts = sorted({begin, stop, *(min(max(offset, begin), stop) for one in spans for offset in one)})
    pieces = [
        (
            tuple(dict.fromkeys(s.tag for s in sentences if s.start <= start and end <= s.end)),
            next((reason for first, last, reason in left_out if first <= start and end <= last), ""),
            Piece(text[start:end], next((c[2] for c in clusters if c[0] <= start and end <= c[1]), ())),
        )
        for start, end in pairwise(cuts)
    ]
    for (tags, reason), run in groupby(pieces, key=lambda piece: piece[:2]):
        yield Run(tags, reason, tuple(piece for _, _, piece in run))


def _clusters(sentences: Iterable[Sentence]) -> Iterator[tuple[int, int, tuple[Note, ...]]]:
    """Yield the spans that terms cover, those that overlap as one, with what each of their terms says."""
    terms = sorted((term, sentence.tag) for sentence in sentences for term in sentence.terms)
    start = end = 0
    notes: list[Note] = []
    for term, tag in terms:
        if term.start >= end and notes:
            yield start, end, tuple(notes)
            notes = []
        start, end = (term.start, term.end) if not notes else (start, max(end, term.end))
        notes.append(Note(tag, term.term, term.weight))
    if notes:
        yield start, end, tuple(notes)
