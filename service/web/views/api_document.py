"""`/openapi.json`, and a page to read and try it, served from the package."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import flask_swagger_ui
from flask import Blueprint, Response, current_app, redirect, request, send_from_directory
from werkzeug.wrappers import Response as AnyResponse

from service.web.authorization import reading
from service.web.operations import json_response, openapi
from service.web.policy import PAGE_HEADERS

blueprint = Blueprint("docs", __name__)
_FILES = Path(flask_swagger_ui.__file__).parent / "dist"
# The package's own page has its script inline, and puts the Host header of the request into it.
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>chude: the HTTP API</title>
<link rel="stylesheet" href="swagger-ui.css">
<link rel="icon" type="image/png" href="favicon-32x32.png">
<div id="swagger-ui"></div>
<script src="swagger-ui-bundle.js"></script>
<script src="start.js"></script>
</html>
"""
_START = 'window.ui = SwaggerUIBundle({dom_id: "#swagger-ui", url: "../openapi.json", deepLinking: true});\n'


@blueprint.get("/openapi.json")
@reading
def document() -> Response:
    """Return the OpenAPI document, whose paths are below the prefix that a proxy says."""
    return json_response(openapi(current_app, version("chude"), request.root_path))


@blueprint.get("/docs")
def without_slash() -> AnyResponse:
    """Redirect to the page by a relative link, which holds behind any prefix and host."""
    return redirect("docs/")


@blueprint.get("/docs/")
@reading
def page() -> Response:
    """Return the page, all of whose links are relative, so that it works behind a prefix."""
    return Response(_PAGE, content_type="text/html; charset=utf-8", headers=dict(PAGE_HEADERS))


@blueprint.get("/docs/start.js")
def script() -> Response:
    """Return the script that starts Swagger UI."""
    return Response(_START, content_type="text/javascript; charset=utf-8")


@blueprint.get("/docs/<path:name>")
def file(name: str) -> Response:
    """Return a file of Swagger UI."""
    return send_from_directory(_FILES, name)
