"""Known tags under new labels: maximum a posteriori adaptation (Chelba and Acero 2006).

The base artifact's weights are the mean of a Gaussian prior. For each tag that was judged, the changes d of the
sentence weights w, e of the article weights v, and c of the intercept minimise over the new articles and the replayed
ones

    sum of weight * (log(1 + exp(m)) - y * m)  +  strength / 2 * (sum of share * (d^2 + ARTICLE_PRIOR * e^2)  +  c^2),
    m = slope * log sum over sentences s of exp((w + d) . s)  +  (v + e) . article  +  intercept + c

by L-BFGS, from no change. The strength is chosen by cross-validation on the new articles. Terms that the base does not
know have prior zero and a share of NEW_TERM_SHARE, others 1.

What is replayed is half of the base's reference set, with the base's own probabilities in place of labels: without a
change it pulls nowhere, and later towards what the base said (learning without forgetting: Li and Hoiem 2016). The
reference set has no counts of new terms: these get sentence weights only, as nothing would hold back article weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from model.artifact import Artifact
from model.pooling import Floats, Grouping, logistic
from training.fit.counts import Ints
from training.fit.dense import DenseModel
from training.fit.reference import read_reference
from training.fit.terms import Bags
from training.progress import Progress

if TYPE_CHECKING:
    from scipy.sparse import csr_array

STRENGTHS = (1.0, 3.0, 10.0, 30.0, 100.0)
"""Strengths of the prior to choose from: the one with the lowest held-out log loss on the new examples is taken."""
NEW_TERM_SHARE = 0.3
"""Strength of the prior for terms that the base does not know, where it is 1 for the others."""
ARTICLE_PRIOR = 3.0
"""Strength of the prior for article weights, where it is 1 for sentence weights."""
REPLAY_WEIGHT = 30.0
"""Weight of an example of the reference set, which stands for many; a new one weighs 1."""
_MAX_STEPS, _ROUGH_STEPS = 200, 40
"""Largest number of iterations of the fit, and of the fits that only compare strengths."""
_SMALLEST = 1e-3
"""Changes that are smaller become 0."""
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Decisions:
    """Articles with what was decided on the base's tags."""

    bags: Bags
    target: Floats
    """1 where the article has the tag, or the probability that it has it, shape (articles, tags)."""
    weight: Floats
    """Of each decision in the loss, 0 where there is none, shape (articles, tags)."""

    def take(self, rows: Ints) -> Decisions:
        """Return the chosen articles, ascending."""
        return Decisions(self.bags.take(rows), self.target[rows], self.weight[rows])

    def followed_by(self, other: Decisions) -> Decisions:
        """Return these articles and then other ones."""
        target, weight = np.vstack([self.target, other.target]), np.vstack([self.weight, other.weight])
        return Decisions(self.bags.followed_by(other.bags), target, weight)


class PriorFit:
    """Fits the changes of the chosen tags to decisions on bags over the base's terms and then the new ones."""

    def __init__(self, base: Artifact, terms: Sequence[str], tags: Sequence[int]) -> None:
        """Take the base, its terms followed by the new ones, and the numbers of the tags that may change."""
        self.base = DenseModel.of(base, len(terms))
        self.n_known = len(base.terms)
        self.tags = tags
        reference = read_reference(base)
        self.replay: Decisions | None = None
        if reference is not None:
            bags = reference.half(0).counts.bags(terms)
            said = logistic(self.base.margins(bags))
            self.replay = Decisions(bags, said, np.full(said.shape, REPLAY_WEIGHT))

    def choose_strength(self, decisions: Decisions, fold: Ints, jobs: int, progress: Progress) -> float:
        """Return the strength with the lowest held-out log loss; of equally good ones the largest."""
        from joblib import Parallel, delayed

        folds = [fold == number for number in np.unique(fold)]
        tasks = [delayed(self.losses)(decisions, held_out, tag) for held_out in folds for tag in self.tags]
        done = Parallel(n_jobs=jobs, return_as="generator")(tasks)
        losses = sum(progress(done, "comparing how far to follow the new labels", len(tasks)), np.zeros(len(STRENGTHS)))
        return min(STRENGTHS[::-1], key=lambda strength: losses[STRENGTHS.index(strength)])

    def losses(self, decisions: Decisions, held_out: Flags, tag: int) -> Floats:
        """Return the log loss of one tag on the articles held out, with each strength, shape (strengths,)."""
        there, rest = decisions.take(np.flatnonzero(held_out)), decisions.take(np.flatnonzero(~held_out))
        chosen = there.weight[:, tag] > 0
        if not chosen.any():
            return np.zeros(len(STRENGTHS))
        loss = _TagLoss(self, rest, tag)
        losses, change = np.zeros(len(STRENGTHS)), None
        for number, strength in reversed(list(enumerate(STRENGTHS))):
            change = loss.minimise(strength, change, _ROUGH_STEPS)
            margin = loss.applied(change).margins(there.bags)[:, tag]
            values = np.logaddexp(0, margin) - there.target[:, tag] * margin
            losses[number] = values[chosen].sum()
        return losses

    def fit(self, decisions: Decisions, strength: float) -> DenseModel:
        """Return the adapted weights."""
        model = self.base
        for tag in self.tags:
            loss = _TagLoss(self, decisions, tag)
            model = loss.applied(loss.minimise(strength), model)
        return model


class _TagLoss:
    """The loss of the changes of one tag: of the sentence weights of `seen`, the article weights of `known`, and c."""

    def __init__(self, fit: PriorFit, decisions: Decisions, tag: int) -> None:
        decisions = decisions.followed_by(fit.replay) if fit.replay else decisions
        bags = decisions.bags
        self.base, self.tag = fit.base, tag
        self.target, self.weight = decisions.target[:, tag], decisions.weight[:, tag]
        self.article, self.grouping = bags.article, Grouping(bags.article)
        self.seen = np.flatnonzero(bags.articles.sum(axis=0) > 0)
        self.known = self.seen[self.seen < fit.n_known]
        self.sentences, self.articles = bags.sentences[:, self.seen], bags.articles[:, self.known]
        self.said = bags.sentences @ self.base.sentence[:, tag]
        self.fixed = bags.articles @ self.base.article[:, tag] + self.base.intercept[tag]
        share = np.where(self.seen < fit.n_known, 1.0, NEW_TERM_SHARE)
        self.shares = np.concatenate([share, np.full(self.known.size, ARTICLE_PRIOR), [1.0]])

    @cached_property
    def transposed(self) -> tuple[csr_array, csr_array]:
        """Return both matrices by term."""
        return self.sentences.T.tocsr(), self.articles.T.tocsr()

    def minimise(self, strength: float, start: Floats | None = None, max_steps: int = _MAX_STEPS) -> Floats:
        """Return the changes with the lowest loss, the smallest of them as 0."""
        from scipy.optimize import minimize

        begin = np.zeros(self.shares.size) if start is None else start
        options = {"maxiter": max_steps}
        change: Floats = minimize(self.value, begin, (strength,), jac=True, method="L-BFGS-B", options=options).x
        return np.where(np.abs(change) < _SMALLEST, 0.0, change)

    def value(self, change: Floats, strength: float) -> tuple[float, Floats]:
        """Return the loss and its gradient."""
        slope, n_seen, strengths = self.base.slope[self.tag], self.seen.size, strength * self.shares
        strongest, share_of_sum = self.grouping.log_sum_exp(self.said + self.sentences @ change[:n_seen])
        margin = slope * strongest + self.fixed + self.articles @ change[n_seen:-1] + change[-1]
        residual = self.weight * (logistic(margin) - self.target)
        by_sentence, by_article = self.transposed
        slopes = [
            by_sentence @ (slope * residual[self.article] * share_of_sum),
            by_article @ residual,
            [residual.sum()],
        ]
        log_loss = (self.weight * (np.logaddexp(0, margin) - self.target * margin)).sum()
        return float(log_loss + (strengths * change**2).sum() / 2), np.concatenate(slopes) + strengths * change

    def applied(self, change: Floats, model: DenseModel | None = None) -> DenseModel:
        """Return a model, by default the base's, with the changes of this tag."""
        model = model or self.base
        sentence, article, intercept = model.sentence.copy(), model.article.copy(), model.intercept.copy()
        sentence[self.seen, self.tag] += change[: self.seen.size]
        article[self.known, self.tag] += change[self.seen.size : -1]
        intercept[self.tag] += change[-1]
        return replace(model, sentence=sentence, article=article, intercept=intercept)
