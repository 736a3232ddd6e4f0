"""What Prometheus reads at /metrics: requests, documents, tags given, errors, the live version, and drift of the input.

With several workers each one writes its own files in one folder, and whichever is asked adds them up.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector

from model import Tagging, TopicTagger
from model.tagger import NO_KNOWN_TERM
from service.web.daily_counts import DailyCounts

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
_MIN_SHARE = 1e-4
"""Smallest share in a population stability index, which has no value at 0."""


def stability_index(share: float, expected: float) -> float:
    """Return the population stability index of a yes-or-no share against the expected one; over 0.2 is a shift.

    The sum over yes and no of (share - expected) * ln(share / expected): Siddiqi, Credit Risk Scorecards, 2006.
    """
    now, then = (min(max(p, _MIN_SHARE), 1 - _MIN_SHARE) for p in (share, expected))
    return (now - then) * math.log(now / then) + (then - now) * math.log((1 - now) / (1 - then))


class Metrics:
    """The counters of one process."""

    def __init__(self, folder: Path | None = None, daily: DailyCounts | None = None) -> None:
        """Count in memory, or in files in `folder`, which PROMETHEUS_MULTIPROC_DIR named before the first import.

        `daily` counts the documents, too.
        """
        self._folder, self._daily = folder, daily
        self._registry = CollectorRegistry()
        registry = self._registry
        self._requests = Counter(
            "chude_requests", "Requests by endpoint and HTTP status.", ["endpoint", "status"], registry=registry
        )
        self._seconds = Histogram(
            "chude_request_seconds", "Time to answer.", ["endpoint"], buckets=_SECONDS, registry=registry
        )
        self._documents = Counter(
            "chude_documents", "Documents that were tagged, by model version.", ["version"], registry=registry
        )
        self._characters = Counter("chude_characters", "Characters that came to be tagged.", registry=registry)
        self._tags = Counter("chude_tags", "Tags given, by version.", ["tag", "version"], registry=registry)
        self._unknown = Counter(
            "chude_unknown_documents", "Documents without any known term.", ["version"], registry=registry
        )
        self._errors = Counter("chude_errors", "Errors of requests and of documents.", ["code"], registry=registry)
        self._refused = Counter("chude_refused_versions", "Versions that were not taken.", registry=registry)

    def count_request(self, endpoint: str, status: int, seconds: float, error: str) -> None:
        """Count an answered request."""
        self._requests.labels(endpoint, str(status)).inc()
        self._seconds.labels(endpoint).observe(seconds)
        if error:
            self._errors.labels(error).inc()

    def count_documents(self, taggings: Sequence[Tagging], characters: int) -> None:
        """Count tagged documents and what they were tagged with; `characters` came in all, with those that failed."""
        self._characters.inc(characters)
        if self._daily:
            self._daily.count(taggings)
        seen: defaultdict[tuple[Counter, tuple[str, ...]], int] = defaultdict(int)
        for tagging in taggings:
            version = tagging["model"]
            seen[self._documents, (version,)] += 1
            for tag in tagging["tags"]:
                seen[self._tags, (tag, version)] += 1
            if NO_KNOWN_TERM in tagging.get("warnings", ()):
                seen[self._unknown, (version,)] += 1
        for (counter, labels), n in seen.items():
            counter.labels(*labels).inc(n)

    def count_errors(self, codes: Iterable[str]) -> None:
        """Count documents that could not be tagged."""
        for code in codes:
            self._errors.labels(code).inc()

    def count_refusal(self) -> None:
        """Count a version that was refused."""
        self._refused.inc()

    def render(self, tagger: TopicTagger | None, loaded_at: float, is_degraded: bool) -> bytes:
        """Return everything in Prometheus' text form.

        `loaded_at` is when the model was fitted, in Unix time; `is_degraded` tells that it is not the live version.
        """
        registry = self._registry
        if self._folder:
            registry = CollectorRegistry()
            MultiProcessCollector(registry, path=str(self._folder))  # type: ignore[no-untyped-call]
        families = list(registry.collect())
        gauges = CollectorRegistry()
        degraded = GaugeMetricFamily("chude_model_degraded", "1 while the live version is refused.", int(is_degraded))
        gauges.register(_Gauges([degraded, *(_gauges(tagger, families, loaded_at) if tagger else ())]))
        return generate_latest(registry) + generate_latest(gauges)


class _Gauges:
    """Hands ready families to a registry."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def _total(families: Iterable[Metric], name: str, **labels: str) -> float:
    return sum(
        sample.value
        for family in families
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


def _gauges(tagger: TopicTagger, families: Sequence[Metric], loaded_at: float) -> Iterator[Metric]:
    """Yield what follows from the counts and the live artifact."""
    version = tagger.version
    info = GaugeMetricFamily("chude_model_info", "1 for the live version.", labels=["version"])
    info.add_metric([version], 1)
    yield info
    yield GaugeMetricFamily("chude_model_age_seconds", "Time since the live model was made.", time.time() - loaded_at)
    documents = _total(families, "chude_documents_total", version=version)
    if not documents:
        return
    unknown = _total(families, "chude_unknown_documents_total", version=version) / documents
    yield GaugeMetricFamily(
        "chude_unknown_share", "Share of documents of the live version without a known term.", unknown
    )
    examples = float(tagger.artifact.training.get("examples", 0))
    share = GaugeMetricFamily("chude_tag_share", "Share of documents that got the tag.", labels=["tag"])
    index = GaugeMetricFamily("chude_tag_drift", "Population stability index against training.", labels=["tag"])
    for tag in tagger.artifact.tags:
        given = _total(families, "chude_tags_total", tag=tag.slug, version=version) / documents
        share.add_metric([tag.slug], given)
        if examples:
            index.add_metric([tag.slug], stability_index(given, tag.support / examples))
    yield share
    yield index
