"""`chude models`: the versions of the model."""

from __future__ import annotations

import json
from pathlib import Path

import click

from model.activation import activate as make_live
from model.activation import rollback as go_back
from model.advice import advice_on_live
from model.artifact import load, shipped_version
from model.errors import ArtifactError
from model.files import write_whole
from model.versions import Versions, artifact_folder, home_folder
from service.environment import environment


def the_versions() -> Versions:
    """Return the versions in the home folder."""
    return Versions(home_folder(environment()))


@click.group("models")
def command() -> None:
    """List, inspect and switch the versions of the model."""


@command.command("list")
def show_all() -> int:
    """Print every version, the oldest first; * is live, < was live before it."""
    versions = the_versions()
    shipped = shipped_version()
    live, before = versions.live() or shipped, versions.before()
    for name in dict.fromkeys([shipped, *versions.names()]):
        mark = "*" if name == live else "<" if name == before else " "
        try:
            artifact = load(versions.folder(name))
        except ArtifactError as error:
            click.echo(f"{mark} {name}  broken: {error}")
            continue
        gate = artifact.training.get("gate") or {}
        told = "shipped" if name == shipped else "" if not gate else "accepted" if gate.get("accepted") else "refused"
        click.echo(f"{mark} {name}  {', '.join(tag.slug for tag in artifact.tags)}  {told}".rstrip())
    return 0


@command.command("show")
@click.argument("version", required=False)
def show(version: str | None) -> int:
    """Print what is known of VERSION, by default of the live one, as JSON."""
    artifact = load(the_versions().folder(version))
    tags = [
        {"tag": tag.slug, "threshold": tag.threshold, "support": tag.support, "f1": tag.told_f1}
        for tag in artifact.tags
    ]
    known = {"version": artifact.version, "tags": tags, "training": artifact.training, "metrics": artifact.metrics}
    click.echo(json.dumps(known, indent=1, ensure_ascii=False))
    return 0


@command.command("activate")
@click.argument("version")
def activate(version: str) -> int:
    """Make VERSION live, if it loads and passes its self-test."""
    make_live(the_versions(), version)
    click.echo(f"{version} is live")
    return 0


@command.command("rollback")
def rollback() -> int:
    """Make the version before the live one live again."""
    click.echo(f"{go_back(the_versions())} is live")
    return 0


@command.command("prune")
@click.option("--keep", type=click.IntRange(min=0), required=True, help="How many of the newest to keep.")
def prune(keep: int) -> int:
    """Remove old versions, but never the live one, the one before, nor what they were learnt from."""
    gone = the_versions().prune(keep)
    click.echo(f"{len(gone)} removed{': ' + ', '.join(gone) if gone else ''}")
    return 0


@command.command("export")
@click.option(
    "--sklearn", "path", required=True, type=click.Path(path_type=Path, dir_okay=False), help="File to write."
)
@click.option("--model", "chosen", help="Folder of an artifact, or a version; by default the live one.")
def export(path: Path, chosen: str | None) -> int:
    """Write the model as a frozen scikit-learn estimator, for joblib.load: its fit does nothing."""
    from training.corpus.destination import refuse_to_replace
    from training.sklearn_estimator import export_sklearn

    if path.is_file() and not _is_pickle(path):
        raise refuse_to_replace(path, "file that `chude models export --sklearn` has written")
    with advice_on_live(chosen):
        artifact = load(artifact_folder(environment(), chosen))
    with write_whole(path) as part:
        export_sklearn(artifact, part)
    click.echo(f"{path}: version {artifact.version}; predict_proba and predict take a list of texts")
    return 0


def _is_pickle(path: Path) -> bool:
    """Tell whether a file is empty, or begins as joblib writes it: with the mark of pickle's protocols from 2 on."""
    with path.open("rb") as stream:
        return stream.read(1) in (b"", b"\x80")
