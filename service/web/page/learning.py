"""`/learn`: what there is to learn from, a retraining with its progress and its outcome, and which version is live."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from flask import Blueprint, Response

from service.web.authorization import needs_key
from service.web.page.catalogue import catalogue
from service.web.page.figures import version_figures
from service.web.page.layout import TagLook, language, looks, render
from service.web.page.new_topic import NEEDED
from service.web.page.outcome import describe_outcome
from service.web.services import services
from training.corpus.topics import Topic
from training.labels.activity import count_judged
from training.labels.job_progress import Position
from training.labels.jobs import Job, Jobs
from training.labels.store import LabelStore
from training.topics import Topics

blueprint = Blueprint("learn", __name__)


class LabelledTag(NamedTuple):
    """How many texts of the store have a tag, or were judged not to have it."""

    slug: str
    name: str
    n_with: int
    n_without: int
    keywords: tuple[str, ...]
    is_learnt: bool
    """Whether the live model has it."""

    @property
    def missing(self) -> int:
        """Return how many more texts with it, or without it, are needed before it can be learnt."""
        return 0 if self.is_learnt else max(NEEDED - self.n_with, 0) + max(NEEDED - self.n_without, 0)


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
    topics = Topics(chude.settings.home).all()
    labelled = [
        _labelled(store, slug, n, topics.get(slug), tags.get(slug))
        for slug, n in sorted(
            {**dict.fromkeys(topics, 0), **stats.tags}.items(), key=lambda item: (item[0] in tags, item[0])
        )
    ]
    job = Jobs(store).latest()
    versions = version_figures(chude.versions)
    return render("learn_state.html", stats=stats, labelled=labelled, versions=versions, **_described(job))


def _labelled(store: LabelStore, slug: str, n_with: int, topic: Topic | None, look: TagLook | None) -> LabelledTag:
    """Return what is known of a tag; of one that the model has not learnt, what it can be learnt from."""
    topic = topic or Topic()
    name = _name(slug, topic, look)
    if look:
        return LabelledTag(slug, name, n_with, 0, topic.keywords, is_learnt=True)
    counts = count_judged(store, slug)
    return LabelledTag(slug, name, counts.n_with, counts.n_without, topic.keywords, is_learnt=False)


@blueprint.get("/learn/job/<job>")
@needs_key
def job(job: str) -> Response:
    """Return how a retraining is getting on, or what came of it."""
    return render("job.html", **_described(Jobs(services().store()).get(job)))


def _described(job: Job | None) -> dict[str, Any]:
    """Return what the template says of a job."""
    say = catalogue(language())
    described: dict[str, Any] = {"job": job}
    if job and job.state == "running" and (position := Position.parse(job.progress)):
        words = say("step", what=say.translated(position.what), number=position.number, total=position.total)
        described |= {"position": position, "step": words}
    if job and job.state == "done" and job.result:
        described["outcome"] = describe_outcome(job.result, _namer(), say)
    if job and job.state == "failed" and job.result:
        key = f"job-error-{job.result['error']}"
        described["failure"] = say(key) if say.has(key) else ""
    return described


def _namer() -> Callable[[str], str]:
    """Return what gives the name of a tag in the reader's language, whether the live model has it or not."""
    chude = services()
    tags, topics = looks(chude.live.tagger.artifact.tags), Topics(chude.settings.home).all()
    return lambda slug: _name(slug, topics.get(slug, Topic()), tags.get(slug))


def _name(slug: str, topic: Topic, look: TagLook | None) -> str:
    return topic.names.get(language()) or (look.name if look else slug)
