"""`TopicTagger`: Vietnamese text in, tags out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from os import PathLike
from typing import Literal, NotRequired, TypedDict, cast, overload

import numpy as np
import numpy.typing as npt

from model.advice import advice_on_live
from model.artifact.artifact import Artifact
from model.artifact.files import load
from model.blocks import MAX_TEXT_CHARS as MAX_TEXT_CHARS
from model.blocks import Block, Readable, blocks_of, check_length
from model.disguise import ADVICE, disguised_legacy_encoding
from model.document import Document
from model.environment import read_environment
from model.errors import EmptyText, TextError, UnreadableText
from model.explain import Context, Evidence, Explainer, SentencePlace
from model.language import MARKED_SURE, Language, identify
from model.page.content import PAGES, article_in, content_of
from model.page.content import Page as Page
from model.page.html import Extractor, extract_html
from model.page.leftout import LeftOut
from model.pooling import Floats, damping, log_sum_exp, logistic
from model.reading import Reading, read
from model.scan.terms import TermIndex
from model.versions import artifact_folder

NO_KNOWN_TERM = "no term that the model knows is in the text: its scores are those of any other text"
"""A warning."""
_WARNINGS = {
    Language.WITHOUT_DIACRITICS: "the text has no Vietnamese diacritics: its scores are unreliable",
    Language.OTHER: "the text is not Vietnamese: no tag is given and all scores are 0",
}

Flags = npt.NDArray[np.bool_]


class LeftOutPart(TypedDict):
    """A part of a field that was not read, because it is the page's or another article's."""

    field: str
    """As in `TermEvidence`."""
    start: int
    end: int
    reason: str


class Tagging(TypedDict):
    """The tags of one text, in the form that is written as JSON."""

    tags: list[str]
    """Tags whose probability reaches their threshold, in the artifact's order."""
    scores: dict[str, float]
    """Probability of each tag, 0 to 1."""
    model: str
    """Version of the artifact."""
    warnings: NotRequired[list[str]]
    """Why the scores may be unreliable; missing when there is no reason."""
    evidence: NotRequired[list[Evidence]]
    """Sentences that carried the given tags; only from `explain`."""
    context: NotRequired[list[Context]]
    """What the whole article added for the given tags; only from `explain`."""
    left_out: NotRequired[list[LeftOutPart]]
    """What was not read; only from `explain`."""
    title: NotRequired[str]
    """The title as it was read, where it was given in another form, such as HTML; only from `explain`, as the next."""
    lead: NotRequired[str]
    text: NotRequired[str]
    body: NotRequired[str]


class TopicTagger:
    """Tags texts with one artifact. Safe to share between threads: nothing changes after it is made."""

    def __init__(self, artifact: Artifact, extract: Extractor = extract_html) -> None:
        """Prepare the look-up tables of a loaded artifact; `extract` turns HTML into text."""
        self._extract = extract
        self.artifact = artifact
        self.tags = tuple(tag.slug for tag in artifact.tags)
        self.version = artifact.version
        self._slope = np.array([tag.slope for tag in artifact.tags])
        self._intercept = np.array([tag.intercept for tag in artifact.tags])
        self._thresholds = np.array([tag.threshold for tag in artifact.tags])
        self._index = TermIndex(artifact.terms, artifact.variants)

    @classmethod
    def load(
        cls, chosen: str | PathLike[str] | None = None, *, environ: Mapping[str, str] | None = None
    ) -> TopicTagger:
        """Load a version or the artifact in a folder, by default the live version. Raises ArtifactError.

        Versions are looked up in the home folder that `environ` names, by default the process's environment; where
        no version was made live, the shipped artifact is.
        """
        with advice_on_live(chosen):
            return cls(load(artifact_folder(read_environment() if environ is None else environ, chosen)))

    def tag(self, document: Readable, *, page: Page = "auto") -> Tagging:
        """Tag one text, or one record with a title, lead, text or body.

        HTML is recognised by its markup, and of a crawled page only the article is read: see `Page`. Raises a
        TextError for what cannot be tagged, and ValueError for another `page`.
        """
        return self.tag_many([document], page=page)[0]

    @overload
    def tag_many(
        self, documents: Iterable[Readable], *, page: Page = ..., errors: Literal["raise"] = ...
    ) -> list[Tagging]: ...
    @overload
    def tag_many(
        self, documents: Iterable[Readable], *, page: Page = ..., errors: Literal["return"]
    ) -> list[Tagging | TextError]: ...
    def tag_many(
        self, documents: Iterable[Readable], *, page: Page = "auto", errors: Literal["raise", "return"] = "raise"
    ) -> list[Tagging] | list[Tagging | TextError]:
        """Tag texts and records in their order; each result is what `tag` gives for the document alone.

        With errors="return" a document that cannot be tagged has its TextError in place of a result.
        """
        if isinstance(documents, str | Mapping | Document):
            raise TypeError("tag_many takes a list of texts or records, not one of them: use tag(text)")
        _check_choice("page", page, PAGES)
        _check_choice("errors", errors, ("raise", "return"))
        results = [result for block in blocks_of(documents) for result in self._tag_block(block, page)]
        if errors == "raise":
            _raise_first(results)
        return results

    def explain(self, document: Readable, *, page: Page = "auto") -> Tagging:
        """Tag one text or record and add what carried each given tag, `evidence` and `context`, and what was not read.

        Offsets count in the field as it was given. Where that was HTML or mojibake, they count in the text that was
        read instead, which the result has under the field's name.
        """
        return self.explain_with_sentences(document, page=page)[0]

    def explain_with_sentences(self, document: Readable, *, page: Page = "auto") -> tuple[Tagging, list[SentencePlace]]:
        """Return what `explain` does, and where every sentence of the article stands, whether it carried a tag or not.

        A reader can then say which of them shows a tag.
        """
        _check_choice("page", page, PAGES)
        given = Document.of(document)
        check_length(given.read().text)
        content = content_of(given, page, self._extract)
        passage = content.document.read()
        article = article_in(passage.text, "never" if content.is_page else page)
        reading = read([article.text], self._index)
        result = self._results(reading)[0]
        if isinstance(result, TextError):
            raise result
        result = _with_warnings(result, content.warnings)
        explainer = Explainer(self.artifact, reading, passage, article.text)
        result["evidence"] = explainer.evidence(result["tags"])
        result["context"] = explainer.context(result["tags"])
        parts = [(field, part) for field, own in content.left_out.items() for part in own]
        parts += [
            (field, LeftOut(start, end, part.reason))
            for part in article.left_out
            for field, start, end in passage.pieces(part.start, part.end)
        ]
        result["left_out"] = [
            {"field": field, "start": part.start, "end": part.end, "reason": part.reason} for field, part in parts
        ]
        return cast(Tagging, {**result, **content.extracted}), explainer.sentences()

    def _margins(self, reading: Reading) -> tuple[Floats, Flags]:
        """Return the margins of the texts, shape (texts, tags), and which texts have a known term, shape (texts,).

        The margins of a text without words mean nothing.
        """
        first = reading.first_sentence
        found = reading.in_texts()
        context = self.artifact.article_weights.sums(found)
        known = np.asarray(context.any(axis=1))
        if not known.all():
            known[found.row] = True
        context *= damping(np.maximum(first[1:] - first[:-1], 1))[:, None]
        weights = self.artifact.sentence_weights
        scores = weights.sums(reading.in_sentences(weights.n_used))
        margins: Floats = self._slope * log_sum_exp(scores, first)[:-1] + context + self._intercept
        return margins, known

    def _tag_block(self, block: Block, page: Page) -> list[Tagging | TextError]:
        reading = read(block.texts, self._index, page=page, records=block.records, extract=self._extract)
        results = self._results(reading)
        for n, warnings in reading.warnings.items():
            result = results[n]
            if isinstance(result, dict):
                results[n] = _with_warnings(result, warnings)
        for n, error in (*reading.errors.items(), *block.errors.items()):
            results[n] = error
        return results

    def _results(self, reading: Reading) -> list[Tagging | TextError]:
        margins, known = self._margins(reading)
        probabilities = logistic(margins)
        scores = map(dict, map(zip, repeat(self.tags), probabilities.tolist()))
        taggings: list[Tagging] = [{"tags": [], "scores": own, "model": self.version} for own in scores]
        given = (probabilities >= self._thresholds).nonzero()
        for n, tag in zip(*map(np.ndarray.tolist, given), strict=True):
            taggings[n]["tags"].append(self.tags[tag])
        results: list[Tagging | TextError] = [*taggings]
        for n in {*reading.unlike_vietnamese(MARKED_SURE), *(~known).nonzero()[0].tolist()}:
            has_words = bool(reading.first_word[n] < reading.first_word[n + 1])
            results[n] = self._doubt(taggings[n], reading.texts[n], bool(known[n]), has_words)
        return results

    def _doubt(self, result: Tagging, text: str, known: bool, has_words: bool) -> Tagging | TextError:
        """Return the result as it should be if the text is not Vietnamese, or has no known term."""
        if not has_words and not any(map(str.isalnum, text)):
            return EmptyText("the text is empty: it has no word to read")
        if name := disguised_legacy_encoding(text):
            return UnreadableText(f"the text is in {name}, a legacy Vietnamese encoding, saved as Unicode: {ADVICE}")
        language = identify(text) if has_words else Language.OTHER
        if language is Language.OTHER:
            result = {**result, "tags": [], "scores": dict.fromkeys(self.tags, 0.0)}
        warnings = [] if language is Language.VIETNAMESE else [_WARNINGS[language]]
        if not known and has_words:
            warnings.append(NO_KNOWN_TERM)
        return {**result, "warnings": warnings} if warnings else result


def _check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, choices))}, not {value!r}")


def _with_warnings(result: Tagging, warnings: Sequence[str]) -> Tagging:
    """Return the result with `warnings` before its own."""
    return {**result, "warnings": [*warnings, *result.get("warnings", ())]} if warnings else result


def _raise_first(results: Sequence[Tagging | TextError]) -> None:
    if set(map(type, results)) <= {dict}:
        return
    for number, result in enumerate(results):
        if isinstance(result, TextError):
            raise result if len(results) == 1 else result.located(f"text {number}")
