"""What underthesea knows of Vietnamese words: terms of several syllables, and canonical spellings.

Both run while training only. Segmentation takes some 14 ms per article, so its results are kept on disk by the text
(joblib.Memory digests the argument), and a second training on the same texts doesn't pay again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from model.scan.spelling import normalise
from model.scan.terms import MAX_TERM_WORDS

if TYPE_CHECKING:
    from training.progress import Progress

MIN_TEXTS = 3
"""Texts in which a segmented word must stand to be proposed as a term."""


def _segment(text: str) -> list[str]:
    """Return the distinct words of two to four syllables that underthesea finds in the text, sorted."""
    from underthesea import word_tokenize

    words = {normalise(word) for word in word_tokenize(text)}
    return sorted(word for word in words if 2 <= word.count(" ") + 1 <= MAX_TERM_WORDS)


def propose_terms(texts: Sequence[str], *, cache: Path | None, jobs: int, progress: Progress) -> frozenset[str]:
    """Return the words of two to four syllables that segmentation finds in at least MIN_TEXTS of the texts."""
    from joblib import Memory, Parallel, delayed

    memory = Memory(cache and cache / "segmentation", verbose=0)
    cached = memory.cache(_segment)
    tasks = (delayed(cached)(text) for text in texts)
    found = Parallel(n_jobs=jobs, batch_size=16, return_as="generator")(tasks)
    counts = Counter(word for words in progress(found, "word segmentation", len(texts)) for word in words)
    return frozenset(word for word, n_texts in counts.items() if n_texts >= MIN_TEXTS)


def learn_spellings(words: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the other spellings met for each canonical word, by underthesea's normalisation ("qui": "quy")."""
    from underthesea import text_normalize

    others: dict[str, list[str]] = {}
    for word in sorted(set(words)):
        canonical = normalise(text_normalize(word))
        if canonical != word and canonical and " " not in canonical:
            others.setdefault(canonical, []).append(word)
    return {canonical: tuple(spelt) for canonical, spelt in others.items()}
