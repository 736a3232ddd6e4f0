"""`/openapi.json`, and a page to read and try it, served from the package."""

from __future__ import annotations

from importlib.metadata import version

from flask import Blueprint, Flask, Response, current_app, redirect
from flask_swagger_ui import get_swaggerui_blueprint
from werkzeug.wrappers import Response as AnyResponse

from service.web.operations import json_response, openapi

blueprint = Blueprint("docs", __name__)


@blueprint.get("/openapi.json")
def document() -> Response:
    """Return the OpenAPI document."""
    return json_response(openapi(current_app, version("chude")))


@blueprint.get("/")
def start() -> AnyResponse:
    """Show what can be asked."""
    return redirect("/docs/")


def register(app: Flask) -> None:
    """Add the document and its page."""
    app.register_blueprint(blueprint)
    app.register_blueprint(get_swaggerui_blueprint("/docs", "/openapi.json", config={"app_name": "chude"}))
