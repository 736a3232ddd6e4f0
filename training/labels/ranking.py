"""How much the label of a text would teach: by the model's doubt, or, for a topic that it lacks, by key words."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeAlias

import numpy as np

from model import Tagging
from model.scan.spelling import normalise
from model.tagger import TopicTagger


class Rank(NamedTuple):
    """How much a text's label would teach; the more, the higher."""

    priority: float
    why: str


Ranking: TypeAlias = Callable[[str, Tagging], Rank | None]
"""Ranks a text by what it says and what the model gives it; None for one that is not worth a label."""


def by_doubt(tagger: TopicTagger, topic: str | None = None) -> Ranking:
    """Rank texts by the nearness of a tag's margin to its threshold: of one topic, or of the tag that is least sure."""
    thresholds = np.array([tag.threshold for tag in tagger.artifact.tags])
    borders = np.log(thresholds / (1 - thresholds))
    counted = np.array([topic in (None, tag) for tag in tagger.tags])

    def rank(_: str, result: Tagging) -> Rank:
        p = np.clip(np.array(list(result["scores"].values())), 1e-12, 1 - 1e-12)
        distance = np.where(counted, np.abs(np.log(p / (1 - p)) - borders), np.inf)
        tag = int(distance.argmin())
        return Rank(-float(distance[tag]), tagger.tags[tag])

    return rank


def by_keywords(topic: str, keywords: Iterable[str]) -> Ranking:
    """Rank texts by how many of the key words they have, and then by how often; those without any are left out.

    >>> rank = by_keywords("gaza", ["Dải Gaza", "Hamas"])
    >>> rank("Hamas ở dải Gaza. Hamas nói.", {"tags": [], "scores": {}, "model": ""})
    Rank(priority=2.75, why='gaza: Dải Gaza, Hamas')
    """
    wanted = {f" {words} ": keyword for keyword in keywords if (words := normalise(keyword))}

    def rank(text: str, _: Tagging) -> Rank | None:
        words = f" {normalise(text)} "
        counts = {keyword: words.count(spelled) for spelled, keyword in wanted.items() if spelled in words}
        if not counts:
            return None
        return Rank(len(counts) + 1 - 1 / (1 + sum(counts.values())), f"{topic}: {', '.join(sorted(counts))}")

    return rank
