"""`/retrain`: a job in a process of its own, which outlives the worker that began it."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import suppress

from flask import Blueprint, Response

from service.web.authorization import check_key, needs_key
from service.web.operations import json_response, operation
from service.web.schemas import JobBegun
from service.web.services import Services, services
from training.labels.errors import StoreError
from training.labels.jobs import Job, Jobs

blueprint = Blueprint("retrain", __name__)


@blueprint.post("/retrain")
@operation("Begin to learn from the labels in the store", JobBegun, errors=(409, 503, 507), status=202)
@needs_key
def begin() -> Response:
    """Begin a job; one at a time."""
    chude = services()
    jobs = Jobs(chude.store())
    job = jobs.begin(check_key())
    try:
        pid = _start(chude, job)
    except OSError as error:
        jobs.end(job, "failed", f"its process could not be started: {error.strerror}")
        raise
    with suppress(StoreError):  # the process runs, and says so itself once the store takes it
        jobs.hand_over(job, pid)
    answer: JobBegun = {"job": job}
    return json_response(answer, 202)


def _start(chude: Services, job: str) -> int:
    """Start the process of a job and return its id; what it has to say is kept with the job."""
    environ = {**chude.environ, "CHUDE_HOME": str(chude.settings.home), "CHUDE_LABELS_URL": chude.settings.labels_url}
    process = subprocess.Popen(
        [sys.executable, "-m", "service", "retrain", "--job", job],
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # no signal to the service's group of processes reaches it
    )
    # Its exit code is taken when it ends, so that no zombie stays; should this worker end first, init does that.
    threading.Thread(target=process.wait, name=f"retrain-{job}", daemon=True).start()
    return process.pid


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
