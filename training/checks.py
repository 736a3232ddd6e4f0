"""The use case of `chude check`: what is wrong or doubtful in labelled data, all of it at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from model.errors import FitError, Problem
from model.pooling import Floats
from model.tagger import TopicTagger
from training.corpus.duplicates import Pair, find_near_duplicates, text_digest
from training.corpus.examples import Example, Flags, borderline_matrix, judged_matrix, label_matrix
from training.corpus.vocabulary import Vocabulary
from training.fit.decisions import MIN_POSITIVES
from training.fit.fitting import FitOptions, fit_examples
from training.measure import score_examples
from training.progress import Progress, silent

SHORT_WORDS = 8
"""A text of fewer words is hardly an article."""
DOUBTFUL = 0.8
"""A label is doubtful when a probability is this far from it: the out-of-fold one, or that of the live model."""
MIN_CROSS_VALIDATED = 30
"""Examples with a tag from which cross-validation alone makes a label doubtful: of 15 right ones it doubted 9."""
MAX_DOUBTFUL = 30


@dataclass(frozen=True)
class Doubt:
    """A label that cross-validation or the live model contradicts."""

    example: Example
    tag: str
    has_tag: bool
    probability: float | None
    """Of the tag, by a model that did not see the example; None where too few examples have the tag to fit one."""
    live: float | None = None
    """Of the tag, by the live model; None where that does not know the tag, or is not asked."""


@dataclass(frozen=True)
class CheckReport:
    """All findings about labelled data."""

    examples: list[Example]
    problems: list[Problem]
    """Records that cannot be read, and tags that look misspelt."""
    contradictions: list[tuple[Example, Example]]
    """The same text with different tags."""
    exact: list[tuple[Example, Example]]
    """The same text with the same tags."""
    near: list[tuple[Example, Example, float]]
    """Texts that share most of their words, with their similarity, 0 to 1."""
    short: list[Example]
    support: dict[str, int] = field(default_factory=dict)
    """Examples of each tag."""
    rare: list[str] = field(default_factory=list)
    """Tags with too few examples, with or without them, to be fitted."""
    doubts: list[Doubt] = field(default_factory=list)
    not_fitted: str = ""
    """Why labels were not cross-validated, if they weren't."""
    not_judged: dict[str, int] = field(default_factory=dict)
    """How many texts the live model gives each tag whose labels do not say that it was judged."""

    @property
    def missed(self) -> list[Doubt]:
        """Return the labels that lack a tag which the text most likely has."""
        return [doubt for doubt in self.doubts if not doubt.has_tag]

    @property
    def wrong(self) -> list[Doubt]:
        """Return the labels with a tag which the text most likely does not have."""
        return [doubt for doubt in self.doubts if doubt.has_tag]

    @property
    def failed(self) -> bool:
        """Return whether there is anything that keeps the data from being used as they are."""
        return bool(self.problems or self.contradictions)


def check_records(
    read: Iterable[Example | Problem],
    known_tags: Collection[str],
    options: FitOptions,
    progress: Progress = silent,
    live: TopicTagger | None = None,
) -> CheckReport:
    """Report on labelled records; `known_tags` are names that a misspelt tag may have meant.

    With the `live` model, labels that it contradicts are doubtful as well, and the report counts the tags that it gives
    and nobody judged.
    """
    records = list(read)
    examples = [record for record in records if isinstance(record, Example)]
    support = Counter(tag for example in examples for tag in sorted(example.tags))
    frequent = {tag for tag, n in support.items() if n >= MIN_POSITIVES}
    # However often a tag stands in the data, it may be one slip that was made throughout.
    near_known = Vocabulary(dict.fromkeys(known_tags, ()))
    frequent = {tag for tag in frequent if tag in near_known.tags or not near_known.suggest(tag)}
    established = Vocabulary(dict.fromkeys([*frequent, *known_tags], ()))
    problems = [_with_suggestion(record, established) for record in records if isinstance(record, Problem)]
    problems += _misspelt(examples, established)
    pairs = find_near_duplicates([example.text for example in examples], progress)
    contradictions, exact, near = _sort_pairs(examples, pairs)
    report = CheckReport(
        examples,
        problems,
        contradictions,
        exact,
        near,
        [example for example in examples if len(example.text.split()) < SHORT_WORDS],
        dict(sorted(support.items())),
        [tag for tag, n in sorted(support.items()) if min(n, len(examples) - n) < MIN_POSITIVES],
    )
    by_folds, not_fitted = _out_of_fold(examples, options, progress)
    by_live, not_judged = _by_live_model(examples, live, progress) if live else (_View([], np.zeros((0, 0))), {})
    doubts = _find_doubts(examples, sorted(support), by_folds, by_live)
    return replace(report, doubts=doubts, not_fitted=not_fitted, not_judged=not_judged)


@dataclass(frozen=True)
class _View:
    """What a model says of the examples."""

    tags: Sequence[str]
    probability: Floats
    """Shape (examples, tags)."""

    def of(self, tag: str) -> Floats | None:
        """Return the probabilities of one tag, shape (examples,); None where the model does not know it."""
        return self.probability[:, self.tags.index(tag)] if tag in self.tags else None


def _out_of_fold(examples: Sequence[Example], options: FitOptions, progress: Progress) -> tuple[_View, str]:
    """Return what models say that did not see the examples, and why none was fitted, if so."""
    try:
        fit = fit_examples(examples, options, progress)
    except FitError as error:
        return _View([], np.zeros((0, 0))), str(error)
    return _View(fit.tags, fit.out_of_fold), ""


def _by_live_model(examples: Sequence[Example], live: TopicTagger, progress: Progress) -> tuple[_View, dict[str, int]]:
    """Return what the live model says, and to how many texts it gives each tag that they were not judged on."""
    probability, given = score_examples(live, examples, progress)
    not_judged = (given & ~judged_matrix(examples, live.tags)).sum(axis=0)
    counts = {tag: n for tag, n in zip(live.tags, not_judged.tolist(), strict=True) if n}
    return _View(live.tags, probability), counts


def _with_suggestion(problem: Problem, known: Vocabulary) -> Problem:
    meant = known.suggest(problem.value) if problem.value else None
    return (
        replace(problem, message=f"{problem.message}; did you mean {meant}?")
        if meant and meant not in problem.message
        else problem
    )


def _misspelt(examples: Iterable[Example], known: Vocabulary) -> list[Problem]:
    """Return a problem for each tag that is not established, but looks like one that is."""
    return [
        Problem(example.file, example.line, "tags", f"unknown tag {tag!r}; did you mean {meant}?", tag)
        for example in examples
        for tag in sorted(example.tags | example.borderline)
        if tag not in known.tags and (meant := known.suggest(tag))
    ]


def _sort_pairs(
    examples: Sequence[Example], pairs: Iterable[Pair]
) -> tuple[list[tuple[Example, Example]], list[tuple[Example, Example]], list[tuple[Example, Example, float]]]:
    """Part pairs into contradictions, exact and near duplicates."""
    contradictions, exact, near = [], [], []
    for pair in pairs:
        first, second = examples[pair.first], examples[pair.second]
        same_text = pair.similarity == 1.0 and text_digest(first.text) == text_digest(second.text)
        if same_text and first.tags != second.tags:
            contradictions.append((first, second))
        elif same_text:
            exact.append((first, second))
        else:
            near.append((first, second, pair.similarity))
    return contradictions, exact, near


def contradiction(labels: Flags, folds: Floats | None, live: Floats | None) -> Floats:
    """Return how far each label of a tag is from the view that contradicts it most, 0 to 1, shape (examples,).

    Neither view counts where the other one is as sure of the label as it would have to be to doubt it. Cross-validation
    on few examples with the tag is sure of nothing, and counts only where the live model leans the same way.
    """
    by_folds, by_live = (None if view is None else np.abs(view - labels) for view in (folds, live))
    nothing = np.zeros(labels.size)
    if by_folds is None:
        return nothing if by_live is None else by_live
    is_enough = bool(labels.sum() >= MIN_CROSS_VALIDATED)
    if by_live is None:
        return by_folds if is_enough else nothing
    sure = 1 - DOUBTFUL
    folds_count = (by_live > sure) & (is_enough | (by_live >= 0.5))
    live_counts = (by_folds > sure) | (not is_enough)
    return np.maximum(np.where(folds_count, by_folds, 0.0), np.where(live_counts, by_live, 0.0))


def _find_doubts(examples: Sequence[Example], tags: Sequence[str], by_folds: _View, by_live: _View) -> list[Doubt]:
    """Return the labels that either contradicts, the most contradicted first."""
    found = []
    for tag in tags:
        labels = label_matrix(examples, [tag])[:, 0]
        is_open = (borderline_matrix(examples, [tag]) | ~judged_matrix(examples, [tag]))[:, 0]
        folds, live = by_folds.of(tag), by_live.of(tag)
        distance = np.where(is_open, 0.0, contradiction(labels, folds, live))
        for row in np.flatnonzero(distance >= DOUBTFUL).tolist():
            said = (None if view is None else float(view[row]) for view in (folds, live))
            found.append((float(distance[row]), Doubt(examples[row], tag, bool(labels[row]), *said)))
    return [doubt for _, doubt in sorted(found, key=lambda pair: -pair[0])[:MAX_DOUBTFUL]]
