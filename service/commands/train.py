"""`chude train`: labelled files in, an artifact out."""

from __future__ import annotations

import os
from pathlib import Path

import click

from model.artifact.files import MANIFEST, load, save
from model.versions import artifact_folder
from service.environment import cache_folder, environment
from service.progress import show_progress
from training.corpus.topics import read_topics, topic_names


@click.command("train")
@click.argument("data", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path, file_okay=False), help="Artifact folder."
)
@click.option("--base", default="none", show_default=True, help="Artifact folder or version to start from, or none.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="Seed of the folds.")
@click.option("--topics", type=click.Path(path_type=Path), help="TOML file with the topics' names.")
@click.option("--jobs", type=click.IntRange(min=1), default=os.cpu_count() or 1, show_default=True, help="Processes.")
def command(data: tuple[Path, ...], output: Path, base: str, seed: int, topics: Path | None, jobs: int) -> int:
    """Fit an artifact on labelled DATA: files or folders of JSON Lines, CSV, TSV, Parquet or fastText."""
    from training.corpus.readers import read_examples
    from training.fit.adaptation import adapt
    from training.fit.fitting import FitOptions, fit_examples

    if output.exists() and not (output / MANIFEST).exists() and any(output.iterdir()):
        raise click.UsageError(f"{output} is not empty and no artifact: name a new folder")
    names = topic_names(read_topics(topics))
    options = FitOptions(seed=seed, jobs=jobs, names=names, cache=cache_folder(environment()))
    examples = read_examples(data)
    if base == "none":
        fit = fit_examples(examples, options, show_progress)
        fitted, left_out = fit.artifact, fit.left_out
    else:
        adaptation = adapt(load(artifact_folder(environment(), base)), examples, options, show_progress)
        fitted, left_out = adaptation.artifact, adaptation.left_out
    artifact = save(fitted, output)
    for slug in left_out:
        click.echo(f"chude: {slug}: too few examples with or without it, left out: see `chude check`", err=True)
    click.echo(f"{output}: version {artifact.version}, {len(artifact.terms)} terms")
    if base != "none":
        click.echo(
            f"learnt from {base}, strength of the prior {artifact.training['strength']:g}; thresholds are the base's"
        )
        return 0
    click.echo("cross-validated on the training data:")
    for tag in artifact.tags:
        click.echo(f"  {tag.slug:<20} F1 {tag.f1:.3f}  threshold {tag.threshold:.2f}  {tag.support} examples")
    return 0
