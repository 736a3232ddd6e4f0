"""Learning from new labels without the old texts: maximum a posteriori adaptation (Chelba and Acero 2006).

The base artifact's weights are the mean of a Gaussian prior. For each tag that it knows, the changes d of the sentence
weights w, e of the article weights v, and c of the intercept minimise over the new articles and the replayed ones

    sum of weight * (log(1 + exp(m)) - y * m)  +  strength / 2 * (sum of share * (d^2 + ARTICLE_PRIOR * e^2)  +  c^2),
    m = slope * log sum over sentences s of exp((w + d) . s)  +  (v + e) . article  +  intercept + c

by L-BFGS, from no change. The strength is chosen by cross-validation on the new articles. Terms that the base does not
know have prior zero and a share of NEW_TERM_SHARE, others 1.

What is replayed is half of the base's reference set, with the base's own probabilities in place of labels: without a
change it pulls nowhere, and later towards what the base said (learning without forgetting: Li and Hoiem 2016). The
reference set has no counts of new terms: these get sentence weights only, as nothing would hold back the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from model.artifact import Artifact, versioned
from model.errors import FitError
from model.pooling import Floats, Grouping, logistic
from model.selftest import with_self_test
from model.weights import SparseWeights, fixed_point
from training.corpus.examples import Example, label_matrix
from training.fit.decisions import choose_tags, decision_weights
from training.fit.dense import DenseModel, WeightedTerms
from training.fit.fitting import FitOptions, digest_of, fit_examples
from training.fit.reference import read_reference
from training.fit.terms import FREE_WORDS, Bags, SentenceTerms
from training.measure import N_FOLDS, assign_folds
from training.progress import Progress, silent

STRENGTHS = (1.0, 3.0, 10.0, 30.0, 100.0)
"""What the strength of the prior is chosen from: that with the lowest held-out log loss on the new examples."""
NEW_TERM_SHARE = 0.3
"""Strength of the prior of terms that the base does not know, against the others'."""
ARTICLE_PRIOR = 3.0
"""Strength of the prior of article weights against that of sentence weights."""
REPLAY_WEIGHT = 30.0
"""Weight of an example of the reference set, which stands for many; a new one weighs 1."""
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
    weight = decision_weights(examples, known)
    terms, bags = _new_terms(base, [example.text for example in examples], progress)
    fitter = _Fitter(base, terms, progress)
    fold = assign_folds([example.text for example in examples], labels, seed=options.seed, progress=progress)
    strength = fitter.choose_strength(bags, labels, weight, fold)
    artifact = _to_artifact(base, terms, fitter.fit(bags, labels, weight, strength), labels)
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
    return Adaptation(versioned(with_self_test(artifact)), strength, new_tags, left_out)


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
    return terms, SentenceTerms.counting(terms, base.variants, progress).transform(texts)


class _Fitter:
    """Fits the changes of all tags to new articles, as bags over the base's terms and then the new ones."""

    def __init__(self, base: Artifact, terms: Sequence[str], progress: Progress) -> None:
        self.base = DenseModel.of(base, len(terms))
        self.n_known = len(base.terms)
        self.progress = progress
        reference = read_reference(base)
        self.replay = reference.half(0).counts.bags(terms) if reference else None
        self.replayed = logistic(self.base.margins(self.replay)) if self.replay else None

    def choose_strength(self, bags: Bags, labels: Flags, weight: Floats, fold: npt.NDArray[np.int64]) -> float:
        """Return the strength with the lowest held-out log loss; of equals the largest."""
        losses = dict.fromkeys(STRENGTHS, 0.0)
        tasks = [(strength, number) for strength in STRENGTHS for number in np.unique(fold).tolist()]
        for strength, number in self.progress(tasks, "strength of the prior", len(tasks)):
            seen, held_out = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
            margins = self.fit(bags.take(seen), labels[seen], weight[seen], strength).margins(bags.take(held_out))
            loss = np.logaddexp(0, np.where(labels[held_out], -margins, margins))
            losses[strength] += float(loss[weight[held_out] > 0].sum())
        return min(STRENGTHS[::-1], key=lambda strength: losses[strength])

    def fit(self, bags: Bags, labels: Flags, weight: Floats, strength: float) -> DenseModel:
        """Return the adapted weights."""
        target = labels.astype(np.float64)
        if self.replay and self.replayed is not None:
            target = np.vstack([target, self.replayed])
            weight = np.vstack([weight, np.full(self.replayed.shape, REPLAY_WEIGHT)])
            bags = _stack(bags, self.replay)
        seen = np.flatnonzero(bags.articles.sum(axis=0) > 0)
        known = seen[seen < self.n_known]
        sentence, article, intercept = self.base.sentence.copy(), self.base.article.copy(), self.base.intercept.copy()
        for tag in range(target.shape[1]):
            change = self._fit_tag(bags, seen, target[:, tag], weight[:, tag], strength, tag)
            sentence[seen, tag] += change[: seen.size]
            article[known, tag] += change[seen.size : -1]
            intercept[tag] += change[-1]
        return replace(self.base, sentence=sentence, article=article, intercept=intercept)

    def _fit_tag(
        self, bags: Bags, seen: npt.NDArray[np.int64], target: Floats, weight: Floats, strength: float, tag: int
    ) -> Floats:
        """Return the changes of one tag: of the sentence weights of `seen`, the article weights of the known, and c."""
        from scipy.optimize import minimize

        known = seen[seen < self.n_known]
        sentences, articles = bags.sentences[:, seen], bags.articles[:, known]
        grouping = Grouping(bags.article)
        said = bags.sentences @ self.base.sentence[:, tag]
        fixed = bags.articles @ self.base.article[:, tag] + self.base.intercept[tag]
        slope = self.base.slope[tag]
        share = np.where(seen < self.n_known, 1.0, NEW_TERM_SHARE)
        strengths = strength * np.concatenate([share, np.full(known.size, ARTICLE_PRIOR), [1.0]])

        def loss(change: Floats) -> tuple[float, Floats]:
            strongest, share_of_sum = grouping.log_sum_exp(said + sentences @ change[: seen.size])
            margin = slope * strongest + fixed + articles @ change[seen.size : -1] + change[-1]
            residual = weight * (logistic(margin) - target)
            slopes = [
                sentences.T @ (slope * residual[bags.article] * share_of_sum),
                articles.T @ residual,
                [residual.sum()],
            ]
            value = (weight * (np.logaddexp(0, margin) - target * margin)).sum() + (strengths * change**2).sum() / 2
            return float(value), np.concatenate(slopes) + strengths * change

        options = {"maxiter": 200}
        change: Floats = minimize(loss, np.zeros(strengths.size), jac=True, method="L-BFGS-B", options=options).x
        return np.where(np.abs(change) < _SMALLEST, 0.0, change)


def _stack(one: Bags, two: Bags) -> Bags:
    from scipy.sparse import csr_array, vstack

    sentences, articles = (
        csr_array(vstack(pair)) for pair in ((one.sentences, two.sentences), (one.articles, two.articles))
    )
    return Bags(sentences, np.concatenate([one.article, two.article + one.articles.shape[0]]), articles)


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


def _merge(one: Artifact, two: Artifact) -> Artifact:
    """Return one artifact with the tags of both, which share none."""
    terms = list(dict.fromkeys([*one.terms, *two.terms]))
    row = {term: n for n, term in enumerate(terms)}

    def joined(first: SparseWeights, second: SparseWeights) -> Floats:
        full = np.zeros((len(terms), first.n_tags + second.n_tags))
        full[[row[term] for term in one.terms], : first.n_tags] = first.dense
        full[[row[term] for term in two.terms], first.n_tags :] = second.dense
        return full

    idf = np.zeros(len(terms))
    for artifact in (two, one):
        idf[[row[term] for term in artifact.terms]] = artifact.idf
    sentence = joined(one.sentence_weights, two.sentence_weights)
    article = joined(one.article_weights, two.article_weights)
    merged = replace(one, tags=(*one.tags, *two.tags), variants={**two.variants, **one.variants})
    return _with_terms(merged, WeightedTerms.of(terms, sentence, article, idf))
