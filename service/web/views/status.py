"""`/healthz`, `/readyz` and `/metrics`: whether the service answers, with which model, and what it has counted."""

from __future__ import annotations

from flask import Blueprint, Response

from service.web.authorization import reading
from service.web.metrics import CONTENT_TYPE
from service.web.operations import json_response, operation
from service.web.schemas import Health
from service.web.services import services

blueprint = Blueprint("status", __name__)


@blueprint.get("/healthz")
@operation("Whether the process answers", Health)
def healthz() -> Response:
    """Say that this process is alive."""
    return json_response({"status": "alive"})


@blueprint.get("/readyz")
@operation("Whether a model is loaded and passed its self-test", Health, errors=(503,))
def readyz() -> Response:
    """Say which version answers, and why it is not the live one where that is refused. Raises NoModel, a 503."""
    live = services().live
    answer: Health = {"status": "ready", "model": live.tagger.version}
    if live.refusal:
        answer = {**answer, "status": "degraded", "reason": live.refusal.reason}
        if live.refusal.version:
            answer["refused"] = live.refusal.version
    return json_response(answer)


@blueprint.get("/metrics")
@operation("Counters for Prometheus", text="text/plain", errors=(401, 403))
@reading
def metrics() -> Response:
    """Return the counts of all workers."""
    chude = services()
    live = chude.live
    tagger = None if live.is_empty else live.tagger
    return Response(chude.metrics.render(tagger, live.made_at, live.refusal is not None), content_type=CONTENT_TYPE)
