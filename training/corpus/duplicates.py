"""Exact and near duplicates: MinHash over runs of words, so that copies of one article are known as such."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from model.scan.sentences import TEXT_END
from model.scan.spelling import normalise, repair
from model.scan.words import encode, find_symbols, find_words
from training.progress import Progress, silent

MIN_SIMILARITY = 0.6
"""Jaccard similarity of their sets of five-word runs from which two texts are near duplicates."""
_RUN_WORDS = 5
_PERMUTATIONS = 64


def text_digest(text: str) -> str:
    """Return the SHA-256 of the text's words in canonical spelling: the identity of a text."""
    return hashlib.sha256(normalise(text).encode("utf-8")).hexdigest()


@dataclass(frozen=True)
class Pair:
    """Two texts, by their number, and their similarity, 0 to 1."""

    first: int
    second: int
    similarity: float


def word_runs(text: str) -> npt.NDArray[np.uint64]:
    """Return the distinct keys of the runs of five words; of fewer, when the text is shorter."""
    keys = find_words(find_symbols(np.frombuffer(encode(repair(text) + TEXT_END), "<u2"))).keys
    n_words = min(_RUN_WORDS, keys.size)
    runs = np.zeros(keys.size - n_words + 1, np.uint64)
    for n in range(n_words):
        runs = (runs ^ (runs >> np.uint64(29))) * np.uint64(0x9E3779B97F4A7C15) + keys[n : keys.size - n_words + 1 + n]
    return np.unique(runs)


def find_near_duplicates(texts: Sequence[str], progress: Progress = silent) -> list[Pair]:
    """Return all pairs of at least MIN_SIMILARITY that the MinHash index brings together, first < second, sorted."""
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=MIN_SIMILARITY, num_perm=_PERMUTATIONS, weights=(0.2, 0.8))
    runs: list[npt.NDArray[np.uint64]] = []
    pairs: list[Pair] = []
    permutations = MinHash(num_perm=_PERMUTATIONS, seed=1, hashfunc=lambda key: int(key) & 0xFFFFFFFF)
    for number, text in enumerate(progress(texts, "duplicates", len(texts))):
        runs.append(word_runs(text))
        if not runs[number].size:
            continue
        sketch = permutations.copy()
        sketch.update_batch(runs[number])
        for other in index.query(sketch):
            similarity = jaccard(runs[other], runs[number])
            if similarity >= MIN_SIMILARITY:
                pairs.append(Pair(other, number, similarity))
        index.insert(number, sketch, check_duplication=False)
    return sorted(pairs, key=lambda pair: (pair.first, pair.second))


def jaccard(a: npt.NDArray[np.uint64], b: npt.NDArray[np.uint64]) -> float:
    """Return the share of the runs of either that both have, 0 to 1."""
    common = np.intersect1d(a, b, assume_unique=True).size
    return common / (a.size + b.size - common)


def group_duplicates(n_texts: int, pairs: Iterable[Pair]) -> npt.NDArray[np.int64]:
    """Return a group number for each text, shape (texts,): the same for texts joined by a chain of pairs."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    edges = np.array([(pair.first, pair.second) for pair in pairs], np.int64).reshape(-1, 2)
    links = coo_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(n_texts, n_texts))
    groups: npt.NDArray[np.int64] = connected_components(links, directed=False)[1].astype(np.int64)
    return groups
