"""`/learn`: what there is to learn from, a retraining with its progress and its outcome, and which version is live."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from flask import Blueprint, Response

from service.web.authorization import needs_key
from service.web.page.figures import version_figures
from service.web.page.layout import looks, render
from service.web.services import services
from training.labels.jobs import Job, Jobs

blueprint = Blueprint("learn", __name__)
NEEDED = 10
"""Texts with a tag, and without it, from which it can be learnt."""


class LabelledTag(NamedTuple):
    """How many texts of the store have a tag."""

    slug: str
    name: str
    n_with: int
    n_without: int
    is_learnt: bool
    """Whether the live model has it."""

    @property
    def missing(self) -> int:
        """Return how many more texts with it, or without it, are needed before it can be learnt."""
        return 0 if self.is_learnt else max(NEEDED - self.n_with, 0) + max(NEEDED - self.n_without, 0)


class Measured(NamedTuple):
    """How two versions do on the same texts."""

    where: str
    """"held_out", the labels that are not learnt from, or "reference", the texts that travel with the model."""
    n_texts: int
    before: float
    after: float
    low: float
    high: float


@blueprint.get("/learn")
def page() -> Response:
    """Show the page, which has nothing in it until its script has a key."""
    return render("learn.html", view="learn")


@blueprint.get("/learn/state")
@needs_key
def state() -> Response:
    """Return what there is to learn from, the latest retraining, and the versions."""
    chude = services()
    store = chude.store()
    stats, tags = store.stats(), looks(chude.live.tagger.artifact.tags)
    labelled = [
        LabelledTag(slug, tags[slug].name if slug in tags else slug, n, stats.texts - n, slug in tags)
        for slug, n in sorted(stats.tags.items(), key=lambda item: (item[0] in tags, item[0]))
    ]
    job = Jobs(store).latest()
    versions = version_figures(chude.versions)
    return render("learn_state.html", stats=stats, labelled=labelled, versions=versions, **_described(job))


@blueprint.get("/learn/job/<job>")
@needs_key
def job(job: str) -> Response:
    """Return how a retraining is getting on, or what came of it."""
    return render("job.html", **_described(Jobs(services().store()).get(job)))


def _described(job: Job | None) -> dict[str, Any]:
    """Return what the template says of a job."""
    result = job.result if job and isinstance(job.result, dict) else {}
    return {"job": job, "result": result, "measured": list(_measured(result))}


def _measured(result: Mapping[str, Any]) -> Iterator[Measured]:
    """Yield the comparisons that the gate decided by."""
    for where in ("held_out", "reference"):
        found = result.get(where)
        if isinstance(found, dict) and {"texts", "live_f1", "candidate_f1", "interval"} <= found.keys():
            low, high = found["interval"]
            yield Measured(where, found["texts"], found["live_f1"], found["candidate_f1"], low, high)
