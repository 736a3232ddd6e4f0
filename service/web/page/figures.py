"""What the page Watch shows, computed from the store, the versions and the day's counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np

from model.artifact import Artifact, shipped_version
from model.artifact.manifest import Manifest, read_manifest
from model.errors import ArtifactError
from model.versions import Versions
from model.weights import SparseWeights
from service.web.daily_counts import Day
from service.web.page.catalogue import Catalogue
from service.web.page.charts import Chart, Line, Tick
from service.web.page.layout import TagLook
from training.labels.activity import Decision
from training.measure.curves import precision_recall, reliability

FEWEST = 5
"""Fewest texts with a tag, and fewest without it, for which curves are drawn."""
DAYS = 30
_TERMS = 12


class VersionFigures(NamedTuple):
    """A version and what is known of it."""

    manifest: Manifest
    is_live: bool
    is_shipped: bool
    is_before: bool
    """Whether it was live before the live one: where a roll-back leads."""

    @property
    def mean_f1(self) -> float | None:
        """Return the mean of the tags' cross-validated F1, as far as it is told; None where it is told of none."""
        told = [tag.f1 for tag in self.manifest.tags if tag.told_f1 is not None]
        return sum(told) / len(told) if told else None


def version_figures(versions: Versions) -> list[VersionFigures]:
    """Return the versions whose manifests can be read, the newest first."""
    shipped = shipped_version()
    live, before = versions.live() or shipped, versions.before()
    found = []
    for name in dict.fromkeys([*reversed(versions.names()), shipped]):
        try:
            manifest = read_manifest(versions.folder(name))
        except ArtifactError:
            continue
        found.append(VersionFigures(manifest, name == live, name == shipped, name == before and name != live))
    return found


class TagCurves(NamedTuple):
    """The curves of one tag, or how many texts there are where these are too few."""

    tag: TagLook
    n_with: int
    n_without: int
    charts: Sequence[Chart]


def tag_curves(given: Sequence[Decision], tags: Mapping[str, TagLook], say: Catalogue) -> list[TagCurves]:
    """Return the curves of each tag on what was labelled, with the scores from before it was learnt."""
    labels: defaultdict[str, list[bool]] = defaultdict(list)
    scores: defaultdict[str, list[float]] = defaultdict(list)
    for decision in given:
        for slug, score in decision.scores.items():
            if slug in tags and decision.decides(slug):
                labels[slug].append(slug in decision.tags)
                scores[slug].append(score)
    return [_curves(tag, labels[slug], scores[slug], say) for slug, tag in tags.items()]


def _curves(tag: TagLook, labels: Sequence[bool], scores: Sequence[float], say: Catalogue) -> TagCurves:
    n_with = sum(labels)
    n_without = len(labels) - n_with
    if min(n_with, n_without) < FEWEST:
        return TagCurves(tag, n_with, n_without, ())
    label, probability = np.array(labels), np.array(scores)
    ticks = tuple(Tick(value, say.number(value, 1)) for value in (0, 0.5, 1))
    curve, bins = precision_recall(label, probability), reliability(label, probability)
    charts = (
        Chart(
            say("pr-title", name=tag.name),
            say("recall"),
            say("precision"),
            (Line(curve),),
            ticks,
            ticks,
            colour=tag.colour,
        ),
        Chart(
            say("reliability-title", name=tag.name),
            say("mean-probability"),
            say("share-with-tag"),
            (Line(((0, 0), (1, 1)), is_guide=True), Line(bins)),
            ticks,
            ticks,
            colour=tag.colour,
            has_marks=True,
        ),
    )
    return TagCurves(tag, n_with, n_without, charts)


def day_charts(
    days: Mapping[str, Day], tags: Mapping[str, TagLook], training_shares: Mapping[str, float], say: Catalogue
) -> Iterator[Chart]:
    """Yield for each tag its share of the documents of each day, beside its share of the training texts."""
    yield from (
        _day_chart(
            say("days-title", name=tag.name),
            {day: counts.tags.get(slug, 0) / counts.documents for day, counts in days.items()},
            training_shares.get(slug),
            tag.colour,
            say,
        )
        for slug, tag in tags.items()
    )


def warning_chart(days: Mapping[str, Day], say: Catalogue) -> Chart:
    """Return the share of each day's documents that had a warning."""
    shares = {day: counts.warned / counts.documents for day, counts in days.items()}
    return _day_chart(say("warned-title"), shares, None, 4, say)


def _day_chart(title: str, shares: Mapping[str, float], guide: float | None, colour: int, say: Catalogue) -> Chart:
    today = datetime.now(UTC).date()
    ages = {day: (today - datetime.fromisoformat(day).date()).days for day in shares}
    points = [(float(DAYS - 1 - ages[day]), share) for day, share in shares.items()]
    top = max([share for _, share in points] + [guide or 0.0, 0.01]) * 1.1
    lines = [Line(points)] + ([Line(((0, guide), (DAYS - 1, guide)), is_guide=True)] if guide is not None else [])
    first = today - timedelta(days=DAYS - 1)
    return Chart(
        title,
        say("day"),
        say("share"),
        lines,
        (Tick(0, f"{first:%d/%m}"), Tick(DAYS - 1, f"{today:%d/%m}")),
        (Tick(0, "0"), Tick(top / 2, say.percent(top / 2)), Tick(top, say.percent(top))),
        x_max=DAYS - 1,
        y_max=top,
        colour=colour,
        has_marks=True,
    )


class HeavyTerm(NamedTuple):
    """A term with its weight for a tag."""

    term: str
    weight: float
    is_of_article: bool
    """Whether it counts once for the whole article, and not in each sentence."""


def heavy_terms(artifact: Artifact, column: int) -> list[HeavyTerm]:
    """Return the terms that weigh most for or against the tag of a column, the heaviest first."""
    both = ((artifact.sentence_weights, False), (artifact.article_weights, True))
    return [
        HeavyTerm(artifact.terms[n], weight, of) for weights, of in both for n, weight in _heaviest(weights, column)
    ]


def _heaviest(weights: SparseWeights, column: int) -> Iterator[tuple[int, float]]:
    term = np.arange(weights.indptr.size - 1).repeat(np.diff(weights.indptr))
    entries = np.flatnonzero(weights.tag == column)
    order = entries[np.argsort(-np.abs(weights.weight[entries]), kind="stable")][:_TERMS]
    yield from zip(term[order].tolist(), weights.weight[order].tolist(), strict=True)
