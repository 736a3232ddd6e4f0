"""What a Flask service around a scikit-learn pipeline looks like when somebody writes it in an afternoon.

`gunicorn --workers N "plain_service:create('FOLDER')"` serves the model that `bench_systems.py fit` wrote to FOLDER.
"""

from __future__ import annotations

from pathlib import Path

from flask import Flask, Response, jsonify, request
from systems import SYSTEMS

SYSTEM = "scikit-learn TF-IDF (1,2) + SVM"


def create(folder: str) -> Flask:
    app, system = Flask("plain"), SYSTEMS[SYSTEM]
    system.load(Path(folder))

    @app.post("/predict")
    def predict() -> Response:
        (tags,) = system.given(system.predict([request.get_json()["text"]]))
        return jsonify(tags=sorted(tags))

    @app.get("/readyz")
    def readyz() -> Response:
        return jsonify(status="ready")

    return app
