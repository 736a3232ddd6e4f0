"""`chude export`: the model for other tools."""

from __future__ import annotations

from pathlib import Path

import click

from model.artifact.files import load
from model.versions import artifact_folder
from service.environment import environment


@click.command("export")
@click.option(
    "--sklearn", "path", required=True, type=click.Path(path_type=Path, dir_okay=False), help="File to write."
)
@click.option("--model", help="Folder of an artifact, or a version; by default the live one.")
def command(path: Path, model: str | None) -> int:
    """Write the model as a scikit-learn estimator, with joblib."""
    from training.sklearn_export import export_sklearn

    artifact = load(artifact_folder(environment(), model))
    export_sklearn(artifact, str(path))
    click.echo(f"{path}: version {artifact.version}; predict_proba and predict take a list of texts")
    return 0
