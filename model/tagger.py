"""`TopicTagger`: Vietnamese text in, tags out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from os import PathLike
from typing import Literal, NotRequired, TypedDict, overload

import numpy as np
import numpy.typing as npt

from model.artifact.artifact import Artifact
from model.artifact.files import load
from model.environment import read_environment
from model.errors import EmptyText, TextError, TextTooLong
from model.explain import Context, Evidence, Explainer
from model.language import MARKED_SURE, Language, identify
from model.page.article import Article, find_article
from model.pooling import Floats, damping, log_sum_exp, logistic
from model.reading import Reading, read
from model.scan.terms import TermIndex
from model.versions import artifact_folder

MAX_TEXT_CHARS = 2_000_000
"""Longest text that is tagged, in characters."""
NO_KNOWN_TERM = "no term that the model knows is in the text: its scores are those of any other text"
"""A warning."""
_BLOCK_CHARS = 1 << 18
_KEPT_BYTES = 1 << 24
_WARNINGS = {
    Language.WITHOUT_DIACRITICS: "the text has no Vietnamese diacritics: its scores are unreliable",
    Language.OTHER: "the text is not Vietnamese: no tag is given and all scores are 0",
}


Flags = npt.NDArray[np.bool_]
Page = Literal["auto", "always", "never"]
"""Whether the article is cut out of the page around it: where there are signs of a page, always, or never."""


class LeftOutPart(TypedDict):
    """A part of the text that was not read, because it is the page's or another article's."""

    field: NotRequired[str]
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


class TopicTagger:
    """Tags texts with one artifact. Safe to share between threads: nothing changes after it is made."""

    def __init__(self, artifact: Artifact) -> None:
        """Prepare the look-up tables of a loaded artifact."""
        self.artifact = artifact
        self.tags = tuple(tag.slug for tag in artifact.tags)
        self.version = artifact.version
        self._slope = np.array([tag.slope for tag in artifact.tags])
        self._intercept = np.array([tag.intercept for tag in artifact.tags])
        self._thresholds = np.array([tag.threshold for tag in artifact.tags])
        self._index = TermIndex(artifact.terms, artifact.variants)
        _keep_freed_memory()

    @classmethod
    def load(
        cls, chosen: str | PathLike[str] | None = None, *, environ: Mapping[str, str] | None = None
    ) -> TopicTagger:
        """Load a version or the artifact in a folder, by default the live version. Raises ArtifactError.

        Versions are looked up in the home folder that `environ` names, by default the process's environment; where
        no version was made live, the shipped artifact is.
        """
        return cls(load(artifact_folder(read_environment() if environ is None else environ, chosen)))

    def tag(self, text: str, *, page: Page = "auto") -> Tagging:
        """Tag one text. Raises EmptyText or TextTooLong, and TypeError for anything but a str.

        Of a crawled page only the article is read (`model.page.article`), unless `page` is "never".
        """
        return self.tag_many([text], page=page)[0]

    @overload
    def tag_many(self, texts: Iterable[str], *, page: Page = ..., errors: Literal["raise"] = ...) -> list[Tagging]: ...
    @overload
    def tag_many(
        self, texts: Iterable[str], *, page: Page = ..., errors: Literal["return"]
    ) -> list[Tagging | TextError]: ...
    def tag_many(
        self, texts: Iterable[str], *, page: Page = "auto", errors: Literal["raise", "return"] = "raise"
    ) -> list[Tagging] | list[Tagging | TextError]:
        """Tag texts in their order; each result is what `tag` gives for the text alone.

        With errors="return" a text that cannot be tagged has its TextError in place of a result.
        """
        if isinstance(texts, str):
            raise TypeError("tag_many takes a list of texts, not one str: use tag(text)")
        results = [result for block in _blocks(texts) for result in self._tag_block(block, page)]
        if errors == "raise":
            _raise_first(results)
        return results

    def explain(self, text: str, *, page: Page = "auto") -> Tagging:
        """Tag one text and add what carried each given tag, `evidence` and `context`, and what was not read."""
        article = article_of(text, page)
        result = self.tag(article.text, page="never")
        explainer = Explainer(self.artifact, self._index, article.text)
        result["evidence"] = explainer.evidence(result["tags"])
        result["context"] = explainer.context(result["tags"])
        result["left_out"] = [{"start": p.start, "end": p.end, "reason": p.reason} for p in article.left_out]
        return result

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

    def _tag_block(self, texts: Sequence[str], page: Page) -> list[Tagging | TextError]:
        readable = texts
        if max(map(len, texts)) > MAX_TEXT_CHARS:
            readable = [text if len(text) <= MAX_TEXT_CHARS else "" for text in texts]
        if page == "always":
            readable = [article_of(text, page).text for text in readable]
        reading = read(readable, self._index, cut_pages=page == "auto")
        margins, known = self._margins(reading)
        probabilities = logistic(margins)
        scores = map(dict, map(zip, repeat(self.tags), probabilities.tolist()))
        taggings: list[Tagging] = [{"tags": [], "scores": own, "model": self.version} for own in scores]
        given = (probabilities >= self._thresholds).nonzero()
        for n, tag in zip(*map(np.ndarray.tolist, given), strict=True):
            taggings[n]["tags"].append(self.tags[tag])
        results: list[Tagging | TextError] = [*taggings]
        doubtful = {*reading.unlike_vietnamese(MARKED_SURE), *(~known).nonzero()[0].tolist()}
        for n in doubtful:
            has_words = bool(reading.first_word[n] < reading.first_word[n + 1])
            results[n] = self._doubt(taggings[n], reading.texts[n], bool(known[n])) if has_words else _refusal(texts[n])
        return results

    def _doubt(self, result: Tagging, text: str, known: bool) -> Tagging:
        """Return the result as it should be if the text is not Vietnamese, or has no known term."""
        language = identify(text)
        if language is Language.OTHER:
            result = {**result, "tags": [], "scores": dict.fromkeys(self.tags, 0.0)}
        warnings = [] if language is Language.VIETNAMESE else [_WARNINGS[language]]
        if not known:
            warnings.append(NO_KNOWN_TERM)
        return {**result, "warnings": warnings} if warnings else result


def article_of(text: str, page: Page) -> Article:
    """Return the article in a text."""
    if page == "never" or len(text) > MAX_TEXT_CHARS:
        return Article(text)
    return find_article(text, force=page == "always")


def _keep_freed_memory() -> None:
    """Make glibc reuse what a block of texts freed for the next one: a tenth faster than fresh pages from the kernel.

    Freeing a large array raises the size up to which memory is kept (mallopt(3), M_MMAP_THRESHOLD); no page of it is
    ever touched. Elsewhere nothing happens.
    """
    np.empty(_KEPT_BYTES, np.uint8)


def _blocks(texts: Iterable[str]) -> Iterator[list[str]]:
    """Yield the texts in lists of about 262,000 characters: small enough for the processor's cache."""
    block: list[str] = []
    chars = 0
    for text in texts:
        if not isinstance(text, str):
            raise TypeError(f"a text must be a str, not {type(text).__name__}")
        block.append(text)
        chars += len(text) + 1
        if chars >= _BLOCK_CHARS:
            yield block
            block, chars = [], 0
    if block:
        yield block


def _refusal(text: str) -> TextError:
    if len(text) > MAX_TEXT_CHARS:
        return TextTooLong(
            f"the text has {len(text):,} characters, and {MAX_TEXT_CHARS:,} is the limit: send one article at a time"
        )
    return EmptyText("the text is empty: it has no word to read")


def _raise_first(results: Sequence[Tagging | TextError]) -> None:
    if set(map(type, results)) <= {dict}:
        return
    for number, result in enumerate(results):
        if isinstance(result, TextError):
            raise result if len(results) == 1 else type(result)(f"text {number}: {result}")
