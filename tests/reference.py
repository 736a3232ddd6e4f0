"""A second, plain implementation of scoring, on top of `model.scan.plain`, to hold the fast one against."""

from __future__ import annotations

import math

from model.artifact import Artifact
from model.scan.plain import sentences, terms_of
from model.weights import SparseWeights


def dense(weights: SparseWeights, n_terms: int, n_tags: int) -> list[list[float]]:
    rows = [[0.0] * n_tags for _ in range(n_terms)]
    for term in range(n_terms):
        for entry in range(weights.indptr[term], weights.indptr[term + 1]):
            rows[term][int(weights.tag[entry])] += float(weights.weight[entry])
    return rows


def sentence_scores(text: str, artifact: Artifact) -> list[list[float]]:
    """The score of each sentence for each tag."""
    weights = dense(artifact.sentence_weights, len(artifact.terms), len(artifact.tags))
    rows = [[weights[term] for term in terms_of(words, artifact.terms, artifact.variants)] for words in sentences(text)]
    return [[math.fsum(row[column] for row in found) for column in range(len(artifact.tags))] for found in rows]


def probabilities(text: str, artifact: Artifact) -> list[float]:
    """The probability of each tag, from the formulas in `model.pooling`."""
    by_sentence = [terms_of(words, artifact.terms, artifact.variants) for words in sentences(text)]
    everywhere = set().union(*by_sentence)
    n_terms, n_tags = len(artifact.terms), len(artifact.tags)
    by_tag = list(zip(*sentence_scores(text, artifact), strict=True))
    article_rows = dense(artifact.article_weights, n_terms, n_tags)
    result = []
    for column, tag in enumerate(artifact.tags):
        scores = by_tag[column]
        top = max(scores)
        strongest = top + math.log(math.fsum(math.exp(score - top) for score in scores))
        whole = math.fsum(article_rows[term][column] for term in everywhere) / len(by_sentence) ** 0.25
        margin = tag.slope * strongest + whole + tag.intercept
        result.append(1 / (1 + math.exp(-margin)) if margin > -700 else 0.0)
    return result
