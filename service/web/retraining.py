"""`/retrain`: a job in a process of its own, which outlives the worker that began it."""

from __future__ import annotations

import os
import subprocess
import sys

from flask import Blueprint, Response

from service.web.keys import needs_key
from service.web.operations import json_response, operation
from service.web.schemas import Job, JobBegun
from service.web.services import Services, services
from training.labels.jobs import Jobs

blueprint = Blueprint("retrain", __name__)


@blueprint.post("/retrain")
@operation("Begin to learn from the labels in the store", JobBegun, errors=(409, 503), status=202)
@needs_key
def begin() -> Response:
    """Begin a job; one at a time."""
    chude = services()
    jobs = Jobs(chude.store())
    job = jobs.begin()
    try:
        _start(chude, job)
    except OSError as error:
        jobs.end(job, "failed", f"its process could not be started: {error.strerror}")
        raise
    answer: JobBegun = {"job": job}
    return json_response(answer, 202)


def _start(chude: Services, job: str) -> None:
    environ = {**os.environ, "CHUDE_HOME": str(chude.settings.home)}
    environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
    if chude.settings.labels_url:
        environ["CHUDE_LABELS_URL"] = chude.settings.labels_url
    # Twice removed from us: nobody has to wait for it, and no signal to the service reaches it.
    # What it has to say is kept with the job.
    code = (
        "from subprocess import *; import sys; "
        "Popen(sys.argv[1:], start_new_session=True, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL)"
    )
    command = [sys.executable, "-m", "service", "retrain", "--job", job]
    subprocess.run([sys.executable, "-c", code, *command], env=environ, check=True, stdout=subprocess.DEVNULL)


@blueprint.get("/retrain/<job>")
@operation("How a job is getting on", Job, errors=(404, 503))
@needs_key
def look(job: str) -> Response:
    """Return state, progress, log and result."""
    return json_response(Jobs(services().store()).get(job))


@blueprint.delete("/retrain/<job>")
@operation("Cancel a job", Job, errors=(404, 503))
@needs_key
def cancel(job: str) -> Response:
    """Stop a job that runs; one that has ended stays as it is."""
    return json_response(Jobs(services().store()).cancel(job))
