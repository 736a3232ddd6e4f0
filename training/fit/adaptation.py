"""Learning from new labels without the old texts.

The tags that the base artifact knows start from its weights and move only as far as the labels say (`prior`); one that
nobody judged stays as it is. Tags that it does not know are fitted anew (`new_tag`). Both read each text once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from model.artifact import Artifact, versioned
from model.errors import FitError
from model.selftest import with_self_test
from model.weights import fixed_point
from training.corpus.examples import Example, judged_matrix, label_matrix
from training.fit.background import read_background
from training.fit.counts import Ints, TextCounts
from training.fit.decisions import MIN_POSITIVES, decision_weights
from training.fit.dense import DenseModel, WeightedTerms
from training.fit.fitting import FitOptions, digest_of
from training.fit.new_tag import MIN_TEXTS, LabelledTexts, NewTag, fit_new_tag
from training.fit.prior import Decisions, PriorFit
from training.fit.terms import FREE_WORDS, SentenceTerms
from training.measure import N_FOLDS, assign_folds
from training.progress import Progress, silent

MIN_NEW_ARTICLES = 3
"""Fewest new articles with a term for it to be learnt."""
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Adaptation:
    """An adapted artifact, and what was done."""

    artifact: Artifact
    strength: float | None
    """Strength of the prior; None where the new examples were judged on no tag that the base knows."""
    judged: list[str]
    """Tags that the base knows, and that the new examples were judged on: the others are as they were."""
    new_tags: list[NewTag]
    left_out: list[str]
    """Tags that the base does not know, with too few examples."""


def adapt(
    base: Artifact,
    examples: Sequence[Example],
    options: FitOptions,
    progress: Progress = silent,
    unlabelled: Sequence[str] = (),
) -> Adaptation:
    """Adapt an artifact to new examples, and add the tags that it does not know.

    `unlabelled` are texts as the user's stream brings them; new tags get their thresholds from them. A tag that nobody
    judged keeps its weights. Raises FitError when there are too few examples to choose the strength with.
    """
    if len(examples) < 2 * N_FOLDS:
        raise FitError(f"{len(examples)} new examples are too few to learn from: label {2 * N_FOLDS} at least")
    new, left_out = _new_slugs(base, examples)
    texts = [example.text for example in examples]
    every = [*(tag.slug for tag in base.tags), *new]
    fold = assign_folds(texts, label_matrix(examples, every), seed=options.seed, progress=progress)
    counts = TextCounts.of(texts, _learn_terms(base, texts, progress), base.variants, progress)
    artifact, strength, judged = _adapt_known(base, examples, counts, fold, options, progress)
    new_tags = _fit_new(base, new, examples, counts, fold, unlabelled, progress) if new else []
    artifact = _merge(artifact, new_tags)
    described = {
        **base.training,
        "base": base.version,
        "strength": strength,
        "new_digest": digest_of(examples),
        "new_examples": len(examples),
        "examples": int(base.training.get("examples", 0)) + len(examples),
        "new_tags": {new_tag.tag.slug: _described(new_tag) for new_tag in new_tags},
    }
    artifact = replace(artifact, training=described, version="")
    return Adaptation(versioned(with_self_test(artifact)), strength, judged, new_tags, left_out)


def _new_slugs(base: Artifact, examples: Sequence[Example]) -> tuple[list[str], list[str]]:
    """Return the tags that the base does not know, those that can be fitted and those that cannot, sorted."""
    known = {tag.slug for tag in base.tags}
    every = sorted({tag for example in examples for tag in example.tags} - known)
    labels, judged = label_matrix(examples, every), judged_matrix(examples, every)
    n_with, n_without = labels.sum(axis=0), (judged & ~labels).sum(axis=0)
    enough = (n_with >= MIN_POSITIVES) & ((n_without >= MIN_POSITIVES) | (base.background is not None))
    return [tag for tag, fits in zip(every, enough, strict=True) if fits], [
        tag for tag, fits in zip(every, enough, strict=True) if not fits
    ]


def _learn_terms(base: Artifact, texts: Sequence[str], progress: Progress) -> list[str]:
    """Return the base's terms, and then those that stand in at least MIN_TEXTS of the texts."""
    long = {term for term in base.terms if term.count(" ") >= FREE_WORDS}
    terms = SentenceTerms(long, base.variants, MIN_TEXTS, progress)
    try:
        terms.fit_transform(texts)
    except FitError:
        return [*base.terms]
    known = set(base.terms)
    return [*base.terms, *(term for term in terms.terms_ if term not in known)]


def _adapt_known(
    base: Artifact, examples: Sequence[Example], counts: TextCounts, fold: Ints, options: FitOptions, progress: Progress
) -> tuple[Artifact, float | None, list[str]]:
    """Return the base with adapted weights of the tags that were judged, the prior's strength, and these tags."""
    known = [tag.slug for tag in base.tags]
    weight = decision_weights(examples, known)
    judged = np.flatnonzero(weight.any(axis=0))
    if not judged.size:
        return base, None, []
    labels = label_matrix(examples, known)
    n_texts_with = np.diff(counts.bags(counts.terms).articles.tocsc().indptr)
    new = [term for term, n in zip(counts.terms, n_texts_with.tolist(), strict=True) if n >= MIN_NEW_ARTICLES]
    terms = list(dict.fromkeys([*base.terms, *new]))
    decisions = Decisions(counts.bags(terms), labels.astype(np.float64), weight)
    fit = PriorFit(base, terms, judged.tolist())
    strength = fit.choose_strength(decisions, fold, options.jobs, progress)
    artifact = _to_artifact(base, terms, fit.fit(decisions, strength), labels)
    return artifact, strength, [known[tag] for tag in judged.tolist()]


def _fit_new(
    base: Artifact,
    slugs: Sequence[str],
    examples: Sequence[Example],
    counts: TextCounts,
    fold: Ints,
    unlabelled: Sequence[str],
    progress: Progress,
) -> list[NewTag]:
    """Return the new tags, each fitted on the examples that were judged on it."""
    background = read_background(base)
    stream = TextCounts.of(unlabelled, counts.terms, base.variants, progress)
    labels, weight = label_matrix(examples, slugs), decision_weights(examples, slugs)
    fitted = []
    for column, slug in enumerate(slugs):
        rows = np.flatnonzero(weight[:, column])
        texts = LabelledTexts(counts.take(rows), labels[rows, column], weight[rows, column], fold[rows])
        fitted.append(fit_new_tag(slug, texts, background, stream, progress))
    return fitted


def _described(new_tag: NewTag) -> dict[str, object]:
    """Return what the manifest says of how a new tag was learnt."""
    known = new_tag.estimate
    return {
        "with": new_tag.n_with,
        "without": new_tag.n_without,
        "stream_share": round(known.share, 5),
        "f1": round(known.f1, 4),
        "f1_interval": [round(bound, 4) for bound in known.interval],
        "can_be_told": known.can_be_told,
    }


def _to_artifact(base: Artifact, terms: Sequence[str], weights: DenseModel, labels: Flags) -> Artifact:
    sentence, article = (fixed_point(part) for part in (weights.sentence, weights.article))
    fitted = zip(base.tags, labels.sum(axis=0).tolist(), weights.intercept.tolist(), strict=True)
    tags = tuple(replace(tag, support=tag.support + new, intercept=intercept) for tag, new, intercept in fitted)
    idf = np.concatenate([base.idf, np.full(len(terms) - len(base.terms), float(base.idf.max(initial=1.0)))])
    return _with_terms(replace(base, tags=tags), WeightedTerms.of(terms, sentence, article, idf))


def _with_terms(artifact: Artifact, kept: WeightedTerms) -> Artifact:
    return replace(
        artifact,
        terms=kept.terms,
        sentence_weights=kept.sentence_weights,
        article_weights=kept.article_weights,
        idf=kept.idf,
    )


def _merge(base: Artifact, new_tags: Sequence[NewTag]) -> Artifact:
    """Return the artifact with new tags behind its own."""
    if not new_tags:
        return base
    terms = list(dict.fromkeys([*base.terms, *(term for new in new_tags for term in new.terms)]))
    row = {term: n for n, term in enumerate(terms)}
    sentence, article = (
        np.pad(part.dense, ((0, len(terms) - len(base.terms)), (0, len(new_tags))))
        for part in (base.sentence_weights, base.article_weights)
    )
    idf = np.pad(base.idf, (0, len(terms) - len(base.terms)), constant_values=float(base.idf.max(initial=1.0)))
    for column, new in enumerate(new_tags, len(base.tags)):
        rows = [row[term] for term in new.terms]
        sentence[rows, column], article[rows, column] = fixed_point(new.sentence), fixed_point(new.article)
    merged = replace(base, tags=(*base.tags, *(new.tag for new in new_tags)))
    return _with_terms(merged, WeightedTerms.of(terms, sentence, article, idf))
