"""`/watch`: the versions with their figures, and how the live one does on what was labelled and on what comes in."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, Response

from service.web.authorization import needs_key
from service.web.page.catalogue import catalogue
from service.web.page.correcting import thresholds
from service.web.page.figures import (
    DAYS,
    day_charts,
    heavy_terms,
    tag_curves,
    version_figures,
    warning_chart,
)
from service.web.page.layout import language, looks, render
from service.web.services import services
from training.labels.activity import agreement, decisions

blueprint = Blueprint("watch", __name__)


@blueprint.get("/watch")
def page() -> Response:
    """Show the page, which has nothing in it until its script has a key."""
    return render("watch.html", view="watch")


@blueprint.get("/watch/figures")
@needs_key
def figures() -> Response:
    """Return everything that the page shows."""
    chude, say = services(), catalogue(language())
    artifact = chude.live.tagger.artifact
    tags = looks(artifact.tags)
    given = list(decisions(chude.store()))
    days = chude.daily.days(DAYS)
    n_examples = float(artifact.training.get("examples") or 0)
    shares = {tag.slug: tag.support / n_examples for tag in artifact.tags} if n_examples else {}
    corrected = agreement(given, partial(thresholds, chude.versions))
    return render(
        "figures.html",
        versions=version_figures(chude.versions),
        tags=tags,
        curves=tag_curves(given, tags, say),
        terms=[(tag, heavy_terms(artifact, n)) for n, tag in enumerate(tags.values())],
        n_documents=sum(day.documents for day in days.values()),
        day_charts=[*day_charts(days, tags, shares, say), warning_chart(days, say)] if days else [],
        agreement=corrected,
        corrected=sorted(corrected.added.keys() | corrected.removed.keys()),
        names={slug: tag.name for slug, tag in tags.items()},
    )
