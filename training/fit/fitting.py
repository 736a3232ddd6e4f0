"""The use case of training: labelled examples in, an artifact out. The same examples and seed give the same bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version as library_version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from model.artifact import Artifact, Tag, versioned
from model.pooling import Floats
from model.scan.spelling import normalise
from model.selftest import with_self_test
from model.weights import fixed_point
from training.corpus.duplicates import text_digest
from training.corpus.examples import (
    Example,
    borderline_matrix,
    judged_matrix,
    label_matrix,
    teaser_flags,
    weights_of,
)
from training.fit.calibration import Calibration, calibrate_tags, probabilities, stack
from training.fit.classifier import TopicClassifier
from training.fit.decisions import choose_tags, decision_weights, no_tag
from training.fit.dense import WeightedTerms
from training.fit.reference import with_reference
from training.fit.segmentation import learn_spellings, propose_terms
from training.fit.terms import Bags, SentenceTerms
from training.measure import N_FOLDS, assign_folds, measure_slices
from training.progress import Progress, silent

Flags = npt.NDArray[np.bool_]
MIN_ARTICLES = 4
"""Articles in which a term must stand; half of it in a corpus of fewer than LARGE_CORPUS."""
LARGE_CORPUS = 1000
CLEARLY = 2.0
"""Standard errors by which a smaller penalty must be better: the 95 % interval of the difference is above 0."""
_LIBRARIES = ("numpy", "scipy", "scikit-learn", "underthesea", "joblib")


@dataclass(frozen=True)
class FitOptions:
    """What can be chosen about a fit."""

    seed: int = 0
    penalties: tuple[float, ...] = (4.0, 2.0, 1.0, 0.5)
    """L1 penalties to choose from, descending: see `choose_penalty`."""
    jobs: int = 2
    cache: Path | None = None
    """Folder in which segmented texts are kept for the next fit; None keeps nothing."""
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Names of tags by language code."""


@dataclass(frozen=True)
class Fit:
    """An artifact, and what cross-validation said of the examples it was fitted on."""

    artifact: Artifact
    tags: list[str]
    left_out: list[str]
    """Tags with too few positive or negative examples."""
    labels: Flags
    """Shape (examples, tags)."""
    out_of_fold: Floats
    """Probability of each tag by a model that did not see the example, shape (examples, tags)."""


def fit_examples(examples: Sequence[Example], options: FitOptions, progress: Progress = silent) -> Fit:
    """Fit an artifact on examples. Raises FitError when no tag has enough of them."""
    tags, left_out = choose_tags(examples)
    if not tags:
        raise no_tag(examples)
    labels = label_matrix(examples, tags)
    texts = [example.text for example in examples]
    fold = assign_folds(texts, labels, seed=options.seed, progress=progress)
    terms, bags = _learn_terms(texts, options, progress)
    weight, judged = decision_weights(examples, tags), judged_matrix(examples, tags)
    penalty, margins = choose_penalty(bags, labels, weight, fold, options, progress)
    calibrations = calibrate_tags(margins, labels, weights_of(examples)[:, None] * judged)
    out_of_fold = probabilities(margins, calibrations)
    classifier = TopicClassifier(penalty, progress).fit(bags, labels, weight)
    given = out_of_fold >= np.array([calibration.threshold for calibration in calibrations])
    borderline = borderline_matrix(examples, tags)
    metrics = measure_slices(tags, labels, out_of_fold, given, borderline, teaser_flags(examples), judged)
    kept = _weighted_terms(terms, classifier, calibrations)
    artifact = Artifact(
        tags=_fitted_tags(tags, labels, calibrations, classifier, metrics, options),
        terms=kept.terms,
        variants=_variants(kept.terms, terms.spellings or {}),
        sentence_weights=kept.sentence_weights,
        article_weights=kept.article_weights,
        idf=kept.idf,
        training=_describe(examples, penalty, options),
        metrics=metrics,
        libraries={name: library_version(name) for name in _LIBRARIES},
    )
    artifact = with_reference(with_self_test(artifact), examples, labels, judged)
    return Fit(versioned(artifact), tags, left_out, labels, out_of_fold)


def _fitted_tags(
    tags: list[str],
    labels: Flags,
    calibrations: list[Calibration],
    classifier: TopicClassifier,
    metrics: Mapping[str, Any],
    options: FitOptions,
) -> tuple[Tag, ...]:
    fitted = zip(tags, labels.sum(axis=0).tolist(), calibrations, *classifier.intercepts_.tolist(), strict=True)
    return tuple(
        Tag(
            slug,
            calibration.threshold,
            calibration.slope,
            calibration.intercept_with(sentence_bias, article_bias),
            support,
            metrics["all"]["all decisions"]["tags"][slug]["f1"],
            options.names.get(slug, {}),
        )
        for slug, support, calibration, sentence_bias, article_bias in fitted
    )


def _describe(examples: Sequence[Example], penalty: float, options: FitOptions) -> dict[str, Any]:
    return {
        "digest": digest_of(examples),
        "examples": len(examples),
        "teasers": sum(example.is_teaser for example in examples),
        "seed": options.seed,
        "folds": N_FOLDS,
        "penalty": penalty,
        "penalties": list(options.penalties),
    }


def _learn_terms(texts: Sequence[str], options: FitOptions, progress: Progress) -> tuple[SentenceTerms, Bags]:
    proposals = propose_terms(texts, cache=options.cache, jobs=options.jobs, progress=progress)
    words = {word for text in progress(texts, "spelling", len(texts)) for word in normalise(text).split()}
    min_articles = MIN_ARTICLES if len(texts) >= LARGE_CORPUS else MIN_ARTICLES // 2
    terms = SentenceTerms(proposals, learn_spellings(words), min_articles, progress)
    return terms, terms.fit_transform(texts)


def _fold_margins(
    bags: Bags, labels: Flags, weight: Floats, fold: npt.NDArray[np.int64], number: int, penalty: float
) -> tuple[npt.NDArray[np.int64], Floats]:
    """Fit on all folds but one; return the articles of that one and their margins."""
    seen, held_out = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
    classifier = TopicClassifier(penalty).fit(bags.take(seen), labels[seen], weight[seen])
    return held_out, classifier.decision_function(bags.take(held_out))


def choose_penalty(
    bags: Bags, labels: Flags, weight: Floats, fold: npt.NDArray[np.int64], options: FitOptions, progress: Progress
) -> tuple[float, Floats]:
    """Return the penalty, and its out-of-fold margins, shape (articles, tags, 2).

    From the largest on, the next smaller one is taken while it is clearly better: while the calibrated log loss falls
    by more than CLEARLY standard errors of the difference on the same articles. Larger ones leave fewer terms.
    """
    chosen, margins, loss = 0.0, np.zeros(0), np.zeros(0)
    for penalty in options.penalties:
        tried = _cross_validate(bags, labels, weight, fold, penalty, options.jobs, progress)
        tried_loss = log_losses(tried, labels, weight)
        gain = loss - tried_loss if chosen else np.ones(1)
        if gain.mean() <= CLEARLY * gain.std() / np.sqrt(gain.size):
            break
        chosen, margins, loss = penalty, tried, tried_loss
    return chosen, margins


def _cross_validate(
    bags: Bags,
    labels: Flags,
    weight: Floats,
    fold: npt.NDArray[np.int64],
    penalty: float,
    jobs: int,
    progress: Progress,
) -> Floats:
    """Return the margins of each article by a model that did not see it, shape (articles, tags, 2)."""
    from joblib import Parallel, delayed

    margins = np.zeros((*labels.shape, 2))
    tasks = (delayed(_fold_margins)(bags, labels, weight, fold, number, penalty) for number in range(N_FOLDS))
    done = Parallel(n_jobs=jobs, return_as="generator")(tasks)
    for held_out, values in progress(done, f"cross-validation, penalty {penalty:g}", N_FOLDS):
        margins[held_out] = values
    return margins


def log_losses(margins: Floats, labels: Flags, weight: Floats) -> Floats:
    """Return the calibrated log loss of each article over the tags, times its weight, shape (articles,)."""
    fitted = [stack(margins[kept, n], labels[kept, n], weight[kept, n]) for n, kept in enumerate(weight.T > 0)]
    probability = probabilities(margins, fitted)
    wrong = np.where(labels, 1 - probability, probability)
    return np.asarray(-(weight * np.log1p(-np.minimum(wrong, 1 - 1e-12))).mean(axis=1))


def _weighted_terms(
    terms: SentenceTerms, classifier: TopicClassifier, calibrations: list[Calibration]
) -> WeightedTerms:
    """Return the terms that kept a weight, and their weights times idf."""
    idf = terms.idf_[:, None]
    scale = np.array([calibration.article_slope for calibration in calibrations])
    by_sentence = fixed_point(classifier.sentence_coef_ * idf)
    by_article = fixed_point(classifier.article_coef_ * idf * scale)
    return WeightedTerms.of(terms.terms_, by_sentence, by_article, terms.idf_)


def _variants(kept: Sequence[str], spellings: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Return the other spellings of the words in these terms, by canonical word."""
    words = {word for term in kept for word in term.split()}
    return {word: tuple(spellings[word]) for word in sorted(words & spellings.keys())}


def digest_of(examples: Sequence[Example]) -> str:
    """Return the digest of the texts and their tags, whatever their order."""
    lines = sorted(
        f"{text_digest(example.text)} {' '.join(sorted(example.tags))}{_judged(example)}" for example in examples
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _judged(example: Example) -> str:
    return "" if example.judged is None else f" of {' '.join(sorted(example.judged))}"
