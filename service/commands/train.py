"""`chude train`: labelled files in, an artifact out."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from model.advice import advice_on_live
from model.artifact import MANIFEST, Artifact, load, save
from model.versions import artifact_folder
from service.commands.columns import column_options, n_of, notify
from service.commands.progress_bar import show_progress
from service.commands.unlabelled import read_texts
from service.commands.vocabulary import check_judged, known_vocabulary
from service.environment import cache_folder, environment
from training.corpus.topics import read_topics, topic_names
from training.corpus.weights import WeightRule
from training.topics import vocabulary_of

if TYPE_CHECKING:
    from training.corpus.examples import Columns, Example
    from training.fit.fitting import FitOptions


def parse_weights(
    context: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> tuple[WeightRule, ...]:
    """Return the rules that the options give. Raises BadParameter."""
    try:
        return tuple(WeightRule.parse(value) for value in values)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command("train")
@click.argument("data", nargs=-1, required=True)
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path, file_okay=False), help="Artifact folder."
)
@click.option("--base", default="none", show_default=True, help="Artifact folder or version to start from, or none.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="Seed of the folds.")
@click.option("--topics", type=click.Path(path_type=Path), help="TOML file with the topics' names.")
@click.option(
    "--variants",
    type=click.Path(path_type=Path),
    help="TOML file with spellings of names that are read as one, such as seeds/variants.toml.",
)
@click.option(
    "--weight",
    "weights",
    multiple=True,
    metavar="WHICH=NUMBER",
    callback=parse_weights,
    help="How much some records count, against 1: those of a FILE, or with a value in a field, FIELD:VALUE, such as "
    "'read:false=0.2'. May be given more than once, a record's own field 'weight' multiplies it.",
)
@click.option(
    "--stream",
    "streams",
    multiple=True,
    metavar="FILE",
    help="Texts as they come, labelled or not. Which terms they have is kept for tags that are learnt later.",
)
@click.option("--jobs", type=click.IntRange(min=1), default=os.cpu_count() or 1, show_default=True, help="Processes.")
@column_options
def command(
    data: tuple[str, ...],
    output: Path,
    base: str,
    seed: int,
    topics: Path | None,
    variants: Path | None,
    weights: tuple[WeightRule, ...],
    streams: tuple[str, ...],
    jobs: int,
    columns: Columns,
) -> int:
    """Fit an artifact on labelled DATA: files or folders, such as JSON Lines, CSV, Excel or Label Studio's JSON."""
    from training.corpus.readers import read_examples
    from training.fit.decisions import describe_support
    from training.fit.fitting import FitOptions
    from training.fit.variants import read_variants

    if output.exists() and not (output / MANIFEST).exists() and any(output.iterdir()):
        raise click.UsageError(f"{output} is not empty and no artifact: name a new folder")
    if variants and base != "none":
        raise click.UsageError("--variants goes with a fit from nothing: an artifact keeps the spellings that it has")
    known, cache = read_topics(topics), cache_folder(environment())
    options = FitOptions(seed=seed, jobs=jobs, names=topic_names(known), cache=cache, variants=read_variants(variants))
    examples = read_examples(data, replace(columns, vocabulary=vocabulary_of((), known), weights=weights), notify)
    if columns.judged:
        check_judged(columns.judged, known_vocabulary(environment(), known), examples)
    _tell_weights(examples)
    stream = read_texts(streams)
    fitted = _from_nothing(examples, options, stream) if base == "none" else _from_base(base, examples, options, stream)
    artifact = save(fitted.artifact, output)
    for slug in fitted.left_out:
        notify(f"{slug}: {describe_support(examples, slug)}: left out")
    click.echo(f"{output}: version {artifact.version}, {len(artifact.terms)} terms")
    click.echo(fitted.summary)
    return 0


class _Fitted(NamedTuple):
    """What was fitted, and what there is to tell of it."""

    artifact: Artifact
    left_out: Sequence[str]
    """Tags with too few examples."""
    summary: str
    """What was learnt and how well, for people."""


def _from_nothing(examples: Sequence[Example], options: FitOptions, stream: Sequence[str]) -> _Fitted:
    from training.fit.background import with_background
    from training.fit.fitting import fit_examples

    fit = fit_examples(examples, options, show_progress)
    artifact = with_background(fit.artifact, stream, show_progress) if stream else fit.artifact
    rows = [
        f"  {tag.slug:<20} F1 {tag.f1:.3f}  threshold {tag.threshold:.2f}  {tag.support} examples"
        for tag in artifact.tags
    ]
    return _Fitted(artifact, fit.left_out, "\n".join(["cross-validated on the training data:", *rows]))


def _from_base(base: str, examples: Sequence[Example], options: FitOptions, stream: Sequence[str]) -> _Fitted:
    from training.fit.adaptation import adapt

    with advice_on_live(base):
        artifact = load(artifact_folder(environment(), base))
    adaptation = adapt(artifact, examples, options, show_progress, stream)
    learnt = ", ".join([*adaptation.judged, *(new_tag.tag.slug for new_tag in adaptation.new_tags)])
    summary = f"learnt from {base}: {learnt or 'nothing'}; thresholds of its own tags are the base's"
    return _Fitted(adaptation.artifact, adaptation.left_out, summary)


def _tell_weights(examples: Sequence[Example]) -> None:
    """Say how many examples have which weight, where some weigh more or less than 1: a rule may match nothing."""
    counts = Counter(example.weight for example in examples)
    if set(counts) != {1.0}:
        notify("weights: " + ", ".join(f"{n_of(n, 'record')} of {w:g}" for w, n in sorted(counts.items())))
