"""The use case of training: labelled examples in, an artifact out. The same examples and seed give the same bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
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
from training.fit.calibration import Calibration, calibrate_tags, probabilities
from training.fit.classifier import TopicClassifier
from training.fit.decisions import choose_tags, decision_weights, no_tag
from training.fit.dense import WeightedTerms
from training.fit.evidence import mark_sentences
from training.fit.penalty import choose_penalty
from training.fit.reference import with_reference
from training.fit.segmentation import learn_spellings, propose_terms
from training.fit.terms import Bags, SentenceTerms
from training.fit.variants import Variants, with_variants
from training.measure import N_FOLDS, assign_folds, measure_slices
from training.progress import Progress, silent

Flags = npt.NDArray[np.bool_]
MIN_ARTICLES = 4
"""Fewest articles with a term for it to be learnt; half as many in a corpus of fewer than LARGE_CORPUS."""
LARGE_CORPUS = 1000
_LIBRARIES = ("numpy", "scipy", "scikit-learn", "underthesea", "joblib")


@dataclass(frozen=True)
class FitOptions:
    """What can be chosen about a fit."""

    seed: int = 0
    penalties: tuple[float, ...] = (4.0, 1.0)
    """L1 penalties to choose from, descending: see `choose_penalty`."""
    jobs: int = 2
    cache: Path | None = None
    """Folder in which segmented texts are kept for the next fit; None keeps nothing."""
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Names of tags by language code."""
    variants: Variants = field(default_factory=Variants)
    """Spellings of names that are read as one."""


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
    bags = replace(bags, marks=mark_sentences(examples, tags))
    weight, judged = decision_weights(examples, tags), judged_matrix(examples, tags)
    penalty, margins = choose_penalty(options.penalties, bags, labels, weight, fold, options.jobs, progress)
    calibrations = calibrate_tags(margins, labels, weights_of(examples)[:, None] * judged)
    out_of_fold = probabilities(margins, calibrations)
    classifier = TopicClassifier(penalty, progress).fit(bags, labels, weight)
    given = out_of_fold >= np.array([calibration.threshold for calibration in calibrations])
    borderline = borderline_matrix(examples, tags)
    metrics = measure_slices(tags, labels, out_of_fold, given, borderline, teaser_flags(examples), judged)
    kept = with_variants(_weighted_terms(terms, classifier, calibrations), options.variants)
    artifact = Artifact(
        tags=_fitted_tags(tags, labels, calibrations, classifier, metrics, options),
        terms=kept.terms,
        variants=_variants(kept.terms, terms.spellings),
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
    spellings = {**learn_spellings(words), **options.variants.words}
    terms = SentenceTerms(proposals, spellings, min_articles, progress)
    return terms, terms.fit_transform(texts)


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
