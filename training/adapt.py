"""Learning from new labels without the old texts: maximum a posteriori adaptation (Chelba and Acero 2006).

The base artifact's sentence weights w are the mean of a Gaussian prior. For each tag that it knows, the changes d of
the sentence weights minimise over the new articles

    sum of weight * (log(1 + exp(m)) - y * m)  +  sum over terms of strength of the term / 2 * d^2,
    m = slope * log sum over sentences x of exp((w + d) . x)  +  context  +  intercept

by L-BFGS, from d = 0. Terms that the base does not know have a prior at zero, and a weaker one. What the article as a
whole adds, the intercept, slope and threshold stay as they are: they depend on the kind of text, and learnt from a few
texts of one kind they spoil the others (DECISIONS.md has the figures). Half of the base's reference set is learnt from
again beside the new articles. The strength is chosen by cross-validation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from model.artifact import Artifact, Tag
from model.errors import FitError
from model.linear import Floats, SparseWeights, logistic
from model.selftest import with_self_test
from training.examples import Example
from training.fit import (
    BORDERLINE_WEIGHT,
    FitOptions,
    borderline_matrix,
    choose_tags,
    digest_of,
    fit_examples,
    label_matrix,
    sparse,
)
from training.folds import N_FOLDS, assign_folds
from training.progress import Progress, silent
from training.reference import dense, read_reference
from training.terms import FREE_WORDS, Bags, SentenceTerms

STRENGTHS = (3.0, 10.0, 30.0, 100.0)
"""What the strength of the prior is chosen from: that with the lowest held-out log loss on the new examples."""
NEW_TERM_STRENGTH = 0.3
"""Strength of the prior of terms that the base does not know, as a share of the others'."""
REPLAY_WEIGHT = 3.0
"""Weight of an example of the reference set, which stands for several; a new one weighs 1."""
MIN_NEW_ARTICLES = 3
"""New articles in which a term must stand to be learnt."""
Flags = npt.NDArray[np.bool_]
_SMALLEST = 1e-3
"""Smaller changes are left out."""


@dataclass(frozen=True)
class Adaptation:
    """An adapted artifact, and what was done."""

    artifact: Artifact
    strength: float
    new_tags: list[str]
    left_out: list[str]
    """Tags that the base does not know, with too few examples."""


def adapt(base: Artifact, examples: Sequence[Example], options: FitOptions, progress: Progress = silent) -> Adaptation:
    """Adapt an artifact to new examples. Raises FitError when there are too few to choose the strength with."""
    if len(examples) < 2 * N_FOLDS:
        raise FitError(f"{len(examples)} new examples are too few to learn from: label {2 * N_FOLDS} at least")
    known = [tag.slug for tag in base.tags]
    labels = label_matrix(examples, known)
    weight = np.where(borderline_matrix(examples, known), BORDERLINE_WEIGHT, 1.0)
    terms, bags = _new_terms(base, [example.text for example in examples], progress)
    fitter = _Fitter(base, len(terms), _replay(base, terms), progress)
    fold = assign_folds([example.text for example in examples], labels, seed=options.seed, progress=progress)
    strength = fitter.choose_strength(bags, labels, weight, fold)
    sentence = fitter.fit(bags, labels, weight, strength)
    artifact = _to_artifact(base, terms, sentence, fitter.article, labels)
    new_tags, left_out = choose_tags(examples, ignore=known)
    if new_tags:
        only_new = [replace(example, tags=example.tags & set(new_tags)) for example in examples]
        artifact = _merge(artifact, fit_examples(only_new, options, progress).artifact)
    described = {
        **base.training,
        "base": base.version,
        "strength": strength,
        "new_digest": digest_of(examples),
        "new_examples": len(examples),
        "examples": int(base.training.get("examples", 0)) + len(examples),
    }
    artifact = replace(artifact, training=described, version="")
    return Adaptation(with_self_test(artifact).with_version(), strength, new_tags, left_out)


def _new_terms(base: Artifact, texts: Sequence[str], progress: Progress) -> tuple[list[str], Bags]:
    """Return the base's terms and the new ones, and the bags of the texts over them, every occurrence counting 1."""
    long = {term for term in base.terms if term.count(" ") >= FREE_WORDS}
    counted = SentenceTerms(long, base.variants, MIN_NEW_ARTICLES, progress)
    try:
        learnt = counted.fit(texts).terms_
    except FitError:
        learnt = []
    known = set(base.terms)
    terms = [*base.terms, *(term for term in learnt if term not in known)]
    every = SentenceTerms(long, base.variants, 1, progress)
    every.terms_, every.idf_ = terms, np.ones(len(terms))
    return terms, every.transform(texts)


class _Fitter:
    """Fits the changes of all tags to new articles; arrays of weights have shape (terms, tags), base terms first."""

    def __init__(self, base: Artifact, n_terms: int, replay: _Replay | None, progress: Progress) -> None:
        self.replay = replay
        self.sentence = dense(base.sentence_weights, (n_terms, len(base.tags)))
        self.article = dense(base.article_weights, (n_terms, len(base.tags)))
        self.slope = np.array([tag.slope for tag in base.tags])
        self.intercept = np.array([tag.intercept for tag in base.tags])
        self.share = np.where(np.arange(n_terms) < len(base.terms), 1.0, NEW_TERM_STRENGTH)
        self.progress = progress

    def choose_strength(self, bags: Bags, labels: Flags, weight: Floats, fold: npt.NDArray[np.int64]) -> float:
        """Return the strength with the lowest held-out log loss; of equals the largest."""
        losses = dict.fromkeys(STRENGTHS, 0.0)
        tasks = [(strength, number) for strength in STRENGTHS for number in np.unique(fold).tolist()]
        for strength, number in self.progress(tasks, "strength of the prior", len(tasks)):
            seen, held_out = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
            sentence = self.fit(bags.take(seen), labels[seen], weight[seen], strength)
            margins = self.margins(bags.take(held_out), sentence)
            losses[strength] += float(np.logaddexp(0, np.where(labels[held_out], -margins, margins)).sum())
        return min(STRENGTHS[::-1], key=lambda strength: losses[strength])

    def fit(self, bags: Bags, labels: Flags, weight: Floats, strength: float) -> Floats:
        """Return the adapted sentence weights; the base's own examples, where it has some, are learnt from again."""
        if self.replay:
            labels, weight = np.vstack([labels, self.replay.labels]), np.vstack([weight, self.replay.weight])
            bags = _stack(bags, self.replay.bags)
        seen = np.flatnonzero(bags.articles.sum(axis=0) > 0)
        sentence = self.sentence.copy()
        for tag in range(labels.shape[1]):
            sentence[seen, tag] += self._fit_tag(
                bags, seen, labels[:, tag].astype(float), weight[:, tag], strength, tag
            )
        return sentence

    def margins(self, bags: Bags, sentence: Floats) -> Floats:
        """Return the margins of articles, shape (articles, tags)."""
        strongest = _log_sum_exp(bags, bags.sentences @ sentence)[0]
        margins: Floats = self.slope * strongest + bags.articles @ self.article + self.intercept
        return margins

    def _fit_tag(
        self, bags: Bags, seen: npt.NDArray[np.int64], label: Floats, weight: Floats, strength: float, tag: int
    ) -> Floats:
        from scipy.optimize import minimize

        sentences, slope = bags.sentences[:, seen], self.slope[tag]
        known = bags.sentences @ self.sentence[:, tag]
        fixed = bags.articles @ self.article[:, tag] + self.intercept[tag]
        strengths = strength * self.share[seen]

        def loss(change: Floats) -> tuple[float, Floats]:
            strongest, share = _log_sum_exp(bags, known + sentences @ change)
            margin = slope * strongest + fixed
            residual = weight * (logistic(margin) - label)
            gradient = sentences.T @ (slope * residual[bags.article] * share) + strengths * change
            value = (weight * (np.logaddexp(0, margin) - label * margin)).sum() + (strengths * change**2).sum() / 2
            return float(value), gradient

        change: Floats = minimize(loss, np.zeros(seen.size), jac=True, method="L-BFGS-B", options={"maxiter": 200}).x
        return np.where(np.abs(change) < _SMALLEST, 0.0, change)


@dataclass(frozen=True)
class _Replay:
    """Old examples to learn from again."""

    bags: Bags
    labels: Flags
    weight: Floats


def _replay(base: Artifact, terms: Sequence[str]) -> _Replay | None:
    reference = read_reference(base)
    if reference is None:
        return None
    old = reference.half(0)
    column = {tag: n for n, tag in enumerate(old.tags)}
    labels, weight = np.zeros((2, old.labels.shape[0], len(base.tags)))
    for n, tag in enumerate(base.tags):
        if tag.slug in column:  # of a tag that was added later nothing is known here
            labels[:, n], weight[:, n] = old.labels[:, column[tag.slug]], old.weight[:, column[tag.slug]]
    return _Replay(old.bags(terms), labels > 0, weight * REPLAY_WEIGHT)


def _stack(one: Bags, two: Bags) -> Bags:
    from scipy.sparse import csr_array, vstack

    sentences, articles = (
        csr_array(vstack(pair)) for pair in ((one.sentences, two.sentences), (one.articles, two.articles))
    )
    return Bags(sentences, np.concatenate([one.article, two.article + one.articles.shape[0]]), articles)


def _log_sum_exp(bags: Bags, scores: Floats) -> tuple[Floats, Floats]:
    """Return it over the sentences of each article, and each sentence's share of the sum."""
    first = np.flatnonzero(np.diff(bags.article, prepend=-1))
    top = np.maximum.reduceat(scores, first, axis=0)
    spread = np.exp(scores - top[bags.article])
    total = np.add.reduceat(spread, first, axis=0)
    return top + np.log(total), spread / total[bags.article]


def _to_artifact(base: Artifact, terms: Sequence[str], sentence: Floats, article: Floats, labels: Flags) -> Artifact:
    sentence = sentence.astype(np.float32).astype(np.float64)
    kept = np.flatnonzero(sentence.any(axis=1) | article.any(axis=1))
    tags = tuple(
        replace(tag, support=tag.support + int(new)) for tag, new in zip(base.tags, labels.sum(axis=0), strict=True)
    )
    idf = np.concatenate([base.idf, np.full(len(terms) - len(base.terms), float(base.idf.max(initial=1.0)))])
    return replace(
        base,
        tags=tags,
        terms=tuple(terms[row] for row in kept.tolist()),
        sentence_weights=sparse(sentence[kept]),
        article_weights=sparse(article[kept]),
        idf=idf[kept],
    )


def _merge(one: Artifact, two: Artifact) -> Artifact:
    """Return one artifact with the tags of both, which share none."""
    terms = list(dict.fromkeys([*one.terms, *two.terms]))
    row = {term: n for n, term in enumerate(terms)}

    def joined(kind: str) -> SparseWeights:
        full = np.zeros((len(terms), len(one.tags) + len(two.tags)))
        for artifact, offset in ((one, 0), (two, len(one.tags))):
            rows, n_tags = [row[term] for term in artifact.terms], len(artifact.tags)
            full[rows, offset : offset + n_tags] = dense(getattr(artifact, kind), (len(rows), n_tags))
        return sparse(full)

    idf = np.zeros(len(terms))
    for artifact in (two, one):
        idf[[row[term] for term in artifact.terms]] = artifact.idf
    fields: dict[str, Any] = {kind: joined(kind) for kind in ("sentence_weights", "article_weights")}
    tags: tuple[Tag, ...] = (*one.tags, *two.tags)
    return replace(one, tags=tags, terms=tuple(terms), idf=idf, variants={**two.variants, **one.variants}, **fields)
