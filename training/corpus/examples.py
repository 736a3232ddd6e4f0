"""One labelled text, and the checks that make a record one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from model.artifact.validation import SLUG
from model.document import Document, FieldError
from model.errors import Problem, TextError
from model.page.content import content_of, prose_of
from model.page.html import Extractor, extract_html
from training.corpus.exports import LABEL_FIELDS, Answer, Skipped, answer_of
from training.corpus.label_fields import EVERY_TAG, parse_evidence, parse_judged, parse_note, parse_tags, union_judged
from training.corpus.records import Identity, Record
from training.corpus.vocabulary import NO_NAMES, BadTag, Vocabulary
from training.corpus.weights import WEIGHT, WeightRule, weight_of

T = TypeVar("T")
MAX_ID_CHARS = 2048
"""As long as a URL may be that all browsers open."""
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Columns:
    """How records are read: their fields, where they have other names than usual, and what they leave unsaid."""

    text: str | None = None
    """That of the text; `text`, or `title`, `lead` and `body`, if not given."""
    id: str = "id"
    labels: str = ""
    """That of the tags, or of the field of a Label Studio project; `tags`, or those of other tools, if not given."""
    judged: frozenset[str] | None = None
    """What the records were judged on that do not say it; None where nobody says it of them either."""
    vocabulary: Vocabulary = NO_NAMES
    """The tags that there are, and the names that records may have for them."""
    weights: tuple[WeightRule, ...] = ()
    """Which records weigh more or less than 1."""
    extract: Extractor = extract_html
    """What turns the HTML of records into text."""


COLUMNS = Columns()


@dataclass(frozen=True)
class Example:
    """A text with the tags that it has, and which of the others it was judged not to have."""

    id: Identity
    document: Document
    tags: frozenset[str]
    borderline: frozenset[str] = frozenset()
    """Tags on which a careful reader could decide the other way."""
    file: str = ""
    line: int = 0
    evidence: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    """The sentences that show a tag, by tag, where a reader has marked them."""
    judged: frozenset[str] | None = None
    """The tags that somebody decided on, those given among them; EVERY_TAG for all; None where nobody said.

    None counts as every tag here. The label store, whose labels come from many hands, takes it as the tags that labels
    of the same origin have (`LabelStore.judged_examples`).
    """
    note: str = ""
    """What the labeller wrote beside the labels."""
    weight: float = 1.0
    """How much the text counts in a fit, above 0."""
    extract: Extractor = field(default=extract_html, repr=False, compare=False)
    """What turns the HTML of the document into text."""
    warnings: tuple[str, ...] = field(default=(), compare=False)
    """What was repaired in the text, or is missing from it."""

    def decides(self, tag: str) -> bool:
        """Tell whether it is known that the text has the tag, or that it does not."""
        return self.judged is None or tag in self.judged or EVERY_TAG in self.judged

    def judged_only(self, tags: Collection[str] | None) -> Example:
        """Return the example judged on `tags`, and on those that it has, unless it says itself what was judged."""
        if self.judged is not None or tags is None:
            return self
        return replace(self, judged=union_judged(tags, self.tags, self.borderline))

    @cached_property
    def text(self) -> str:
        """Return the text that is read: of HTML its prose, mojibake repaired. Raises NoArticle."""
        return prose_of(self.document, self.extract)

    @property
    def is_teaser(self) -> bool:
        """Tell whether there is only a title, a lead or both."""
        return self.document.is_teaser


def parse_record(record: object, file: str, line: int, columns: Columns = COLUMNS) -> Example | list[Problem]:
    """Check one record; return the example, or everything that is wrong with it."""
    if not isinstance(record, Mapping):
        return [Problem(file, line, "", 'must be an object such as {"text": "...", "tags": ["syria"]}')]
    given = Record(line, dict(record))
    try:
        answer = answer_of(given.fields, columns.labels)
    except FieldError as error:
        return [Problem(file, line, error.field, error.message)]
    except Skipped:
        return [Problem(file, line, "", "has no answer: the annotator skipped it")]
    return make_example(given, answer, file, columns)


def make_example(
    record: Record, answer: Answer | None, file: str, columns: Columns = COLUMNS
) -> Example | list[Problem]:
    """Return the example that a record and its labels make, or everything that is wrong with them."""
    checks = _Checks(file, record.line)
    checks.problems += record.broken({*LABEL_FIELDS, WEIGHT, *([columns.labels] if columns.labels else [])})
    read = checks.run(columns.text or "text", lambda: _read(record.document(columns.text), columns.extract))
    identity = checks.run(columns.id, lambda: _short(record.identity(file, columns.id)))
    labels = columns.labels or "tags"
    known = columns.vocabulary
    tags = checks.run(labels, lambda: parse_tags(_given_tags(answer, record, labels), known))
    borderline = checks.run("borderline", lambda: parse_tags(record.fields.get("borderline") or [], known))
    evidence = checks.run("evidence", lambda: parse_evidence(record.fields.get("evidence") or {}, known))
    note = checks.run("note", lambda: parse_note(record.fields.get("note")))
    judged = checks.run("judged", lambda: parse_judged(_judged_value(record, answer), known))
    weight = checks.run(WEIGHT, lambda: weight_of(record.fields, file, columns.weights))
    if checks.problems or read is None or identity is None or tags is None:
        return checks.problems
    example = Example(
        identity,
        read[0],
        tags,
        borderline or frozenset(),
        file,
        record.line,
        evidence or {},
        note=note or "",
        weight=1.0 if weight is None else weight,
        extract=columns.extract,
        warnings=read[1],
    )
    example = example.judged_only(columns.judged if judged is None else judged)
    if example.judged == frozenset():
        message = "is empty, and so are the tags: name those that were decided on, or leave the record out"
        return [Problem(file, record.line, "judged", message)]
    return example


def _given_tags(answer: Answer | None, record: Record, field: str) -> object:
    """Return the tags of an answer. Raises ValueError where there are none."""
    if answer is not None and answer.tags is not None:
        return answer.tags
    if field in record.fields:
        raise ValueError("is null: fill in the tags; a text without any has an empty list, []")
    raise ValueError("is missing; a text without any tag has an empty list")


def _judged_value(record: Record, answer: Answer | None) -> object:
    """Return what a record, or else the tool that it comes from, says of the tags that were decided on."""
    given = record.fields.get("judged")
    if given is None or given == "":
        return None if answer is None or answer.judged is None else [*filter(SLUG.match, answer.judged)]
    return given


def _short(identity: Identity) -> Identity:
    """Return the id. Raises ValueError for one that is no name any more."""
    if isinstance(identity, str) and len(identity) > MAX_ID_CHARS:
        raise ValueError(f"must have at most {MAX_ID_CHARS:,} characters, not {len(identity):,}: give it a shorter id")
    return identity


def _read(document: Document, extract: Extractor) -> tuple[Document, tuple[str, ...]]:
    """Return the document, and what is repaired in it. Raises TextError where its HTML is a page without an article."""
    return document, content_of(document, "auto", extract).warnings


class _Checks:
    """The problems of one record."""

    def __init__(self, file: str, line: int) -> None:
        self._file, self._line = file, line
        self.problems: list[Problem] = []

    def run(self, field: str, check: Callable[[], T]) -> T | None:
        """Return what the check returns, or None, and note the problem, where it refuses."""
        try:
            return check()
        except FieldError as error:
            self.problems.append(Problem(self._file, self._line, error.field, error.message))
        except BadTag as error:
            self.problems.append(Problem(self._file, self._line, field, str(error), error.tag))
        except (TextError, ValueError) as error:
            self.problems.append(Problem(self._file, self._line, field, str(error)))
        return None


def tag_names(examples: Iterable[Example]) -> list[str]:
    """Return every tag that some example has or finds borderline, sorted."""
    return sorted({tag for example in examples for tag in example.tags | example.borderline})


def unknown_tags(example: Example, vocabulary: Vocabulary) -> dict[str, str]:
    """Return the tags of an example that are not known, in order of the alphabet, and the field that each stands in."""
    fields = {"judged": example.judged or (), "borderline": example.borderline, "tags": example.tags}
    found = {tag: field for field, tags in fields.items() for tag in tags}
    return {tag: found[tag] for tag in sorted(found.keys() - vocabulary.tags - {EVERY_TAG})}


def label_matrix(examples: Sequence[Example], tags: Sequence[str]) -> Flags:
    """Return which example has which tag, shape (examples, tags)."""
    return _flags(examples, tags, lambda example, tag: tag in example.tags)


def borderline_matrix(examples: Sequence[Example], tags: Sequence[str]) -> Flags:
    """Return for which example which tag is borderline, shape (examples, tags)."""
    return _flags(examples, tags, lambda example, tag: tag in example.borderline)


def judged_matrix(examples: Sequence[Example], tags: Sequence[str]) -> Flags:
    """Return for which example which tag was decided on, shape (examples, tags): no other cell is a negative.

    A weight of 0 takes such a cell out of a loss, and a figure leaves it out of what it counts.
    """
    return _flags(examples, tags, Example.decides)


def _flags(examples: Sequence[Example], tags: Sequence[str], is_so: Callable[[Example, str], bool]) -> Flags:
    flags = [is_so(example, tag) for example in examples for tag in tags]
    return np.array(flags, bool).reshape(len(examples), len(tags))


def weights_of(examples: Sequence[Example]) -> npt.NDArray[np.float64]:
    """Return how much each example counts in a fit, shape (examples,)."""
    return np.array([example.weight for example in examples], np.float64)


def teaser_flags(examples: Sequence[Example]) -> Flags:
    """Return which examples are teasers, shape (examples,)."""
    return np.array([example.is_teaser for example in examples], bool)
