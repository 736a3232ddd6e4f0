"""`/models`: the versions that there are, and which one is live."""

from __future__ import annotations

from flask import Blueprint, Response

from model.activation import activate as make_live
from model.artifact import read_manifest, shipped_version
from model.errors import ArtifactError, VersionError
from service.web.authorization import needs_key, reading
from service.web.operations import json_response, operation
from service.web.problems import RequestError
from service.web.schemas import Activated, Version, VersionList
from service.web.services import services

blueprint = Blueprint("models", __name__)


@blueprint.get("/models")
@operation("The versions of the model", VersionList, errors=(401, 403))
@reading
def versions() -> Response:
    """List the versions with their figures, out of their manifests; those whose manifests are broken are left out."""
    stored = services().versions
    shipped = shipped_version()
    live = stored.live() or shipped
    found: list[Version] = []
    for name in dict.fromkeys([shipped, *stored.names()]):
        try:
            manifest = read_manifest(stored.folder(name))
        except ArtifactError:
            continue
        found.append(
            {
                "version": name,
                "live": name == live,
                "shipped": name == shipped,
                "tags": [tag.slug for tag in manifest.tags],
                "training": manifest.training,
                "metrics": manifest.metrics,
            }
        )
    answer: VersionList = {"live": live, "before": stored.before(), "versions": found}
    return json_response(answer)


@blueprint.post("/models/<version>/activate")
@operation("Make a version live", Activated, errors=(404, 409, 503, 507))
@needs_key
def activate(version: str) -> Response:
    """Make a version live, if it loads and passes its self-test; every worker takes it within a second."""
    chude = services()
    try:
        make_live(chude.versions, version)
    except VersionError:
        raise
    except ArtifactError as error:
        raise RequestError(409, "version-refused", str(error)) from None
    chude.live.refresh()
    answer: Activated = {"live": version, "before": chude.versions.before()}
    return json_response(answer)
