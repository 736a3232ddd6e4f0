"""`chude eval`: how good an artifact is on labelled files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from model import TopicTagger
from service.commands.columns import column_options, n_of, notify
from service.commands.progress_bar import show_progress
from service.commands.vocabulary import check_judged, kept_topics
from service.environment import environment
from training.corpus.topics import read_topics
from training.topics import vocabulary_of

if TYPE_CHECKING:
    from training.corpus.examples import Columns
    from training.corpus.vocabulary import Vocabulary
    from training.measure.evaluation import Evaluation

_SYSTEM = "chude"


@click.command("eval")
@click.argument("data", nargs=-1, required=True)
@click.option("--model", help="Folder of an artifact, or a version; by default the live one.")
@click.option("--json", "json_file", type=click.Path(path_type=Path, dir_okay=False), help="Write the figures here.")
@click.option("--report", type=click.Path(path_type=Path, file_okay=False), help="Write a report into this folder.")
@click.option("--card", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Update this model card.")
@click.option("--card-part", default="", help="Named part of the card to update; by default the one without a name.")
@click.option(
    "--compare",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Train other systems on this file and measure them too. May be given more than once.",
)
@click.option("--topics", type=click.Path(path_type=Path), help="TOML file with key words for the simplest of them.")
@click.option(
    "--exclusive", is_flag=True, help="Each text has one tag: give it the one with the highest score, whatever it is."
)
@column_options
def command(
    data: tuple[str, ...],
    model: str | None,
    json_file: Path | None,
    report: Path | None,
    card: Path | None,
    card_part: str,
    compare: tuple[Path, ...],
    topics: Path | None,
    columns: Columns,
    exclusive: bool,
) -> int:
    """Measure an artifact on labelled DATA, over all decisions and over the clear ones."""
    from training.corpus.readers import read_examples
    from training.measure.card import write_card
    from training.measure.evaluation import evaluate
    from training.measure.report import write_figures, write_report

    _check_outputs(data, [*compare, *([topics] if topics else [])], json_file, report, card)
    tagger = TopicTagger.load(model, environ=environment())
    known = vocabulary_of(tagger.artifact.tags, kept_topics(environment()))
    examples = read_examples(data, replace(columns, vocabulary=known), notify)
    check_judged(columns.judged, known, examples)
    evaluation = evaluate(tagger, examples, show_progress, exclusive=exclusive)
    comparison: dict[str, Mapping[str, Any] | str] = {}
    if compare:
        comparison = {_SYSTEM: evaluation.figures, **_compare(evaluation, compare, topics, exclusive)}
    if evaluation.unknown_tags:
        named = ", ".join(_with_question(tag, tagger, known) for tag in evaluation.unknown_tags)
        notify(f"the model doesn't know these tags of the data, they are not counted: {named}")
    _print(tagger, evaluation, comparison)
    if json_file:
        write_figures(json_file, tagger, evaluation, comparison)
    if report:
        write_report(report, tagger, evaluation, comparison)
    if card:
        write_card(card, card_part, tagger, evaluation, comparison)
    return 0


def _check_outputs(
    data: Sequence[str], others: Sequence[Path], json_file: Path | None, report: Path | None, card: Path | None
) -> None:
    """Raise DataError, before anything is measured, where an output would replace what somebody needs."""
    from training.corpus.destination import check_apart, refuse_to_replace
    from training.corpus.sources import Source, find_sources
    from training.measure.report import files_of, is_figures

    reported = files_of(report) if report else []
    inputs: list[Source | Path] = [*find_sources(data, labelled=True), *others]
    check_apart(inputs, [path for path in (json_file, *reported, card) if path])
    if json_file and json_file.is_file() and not is_figures(json_file):
        raise refuse_to_replace(json_file, "file of figures that `chude eval --json` has written")
    if report and any(path.exists() for path in reported) and not is_figures(reported[0]):
        raise refuse_to_replace(report, "folder with a report that `chude eval --report` has written")


def _compare(
    evaluation: Evaluation, compare: Sequence[Path], topics: Path | None, exclusive: bool
) -> dict[str, Mapping[str, Any] | str]:
    from training.corpus.examples import label_matrix, teaser_flags
    from training.corpus.readers import read_examples
    from training.measure import baselines
    from training.measure.evaluation import highest_only
    from training.measure.folds import assign_folds
    from training.measure.metrics import measure_slices

    tags = evaluation.tags
    train = read_examples(compare)
    labels = label_matrix(train, tags)
    texts = [example.text for example in train]
    peers: Sequence[baselines.Baseline] = (
        baselines.KeywordRules(tags, read_topics(topics)),
        baselines.ScikitLearn(),
        baselines.FastText(),
        baselines.Underthesea(),
    )
    fold = assign_folds(texts, labels, seed=0)
    measured = [example.text for example in evaluation.examples]
    results = baselines.measure_baselines(peers, (texts, labels), fold, measured, show_progress)
    is_teaser = teaser_flags(evaluation.examples)
    rows: dict[str, Mapping[str, Any] | str] = {}
    for name, result in results.items():
        if isinstance(result, str):
            rows[name] = result
            continue
        scores, given = result
        given = highest_only(scores) if exclusive else given
        rows[name] = measure_slices(
            tags, evaluation.labels, scores, given, evaluation.borderline, is_teaser, evaluation.judged
        )
    return rows


def _with_question(tag: str, tagger: TopicTagger, known: Vocabulary) -> str:
    """Return an unknown tag, with the one of the model that may be meant."""
    meant = known.suggest(tag)
    return f"{tag} (did you mean {meant}?)" if meant in tagger.tags else tag


def _print(tagger: TopicTagger, evaluation: Evaluation, comparison: Mapping[str, Mapping[str, Any] | str]) -> None:
    from training.measure.report import comparison_table, distinct_slices, figure_cells

    click.echo(f"model {tagger.version}")
    for kind, decisions, figures in distinct_slices(evaluation.figures):
        low, high = figures["macro"]["f1_interval"]
        texts = n_of(figures["records"], "text")
        click.echo(f"\n{kind}, {decisions}: {texts}, macro-F1 95 % interval {low:.3f} to {high:.3f}")
        click.echo(f"  {'':<20} {'n':>5} {'prec.':>6} {'recall':>6} {'F1':>6} {'AP':>6} {'Brier':>6} {'ECE':>6}")
        for name, row in {**figures["tags"], "macro": figures["macro"], "micro": figures["micro"]}.items():
            cells = " ".join(f"{cell:>6}" for cell in figure_cells(row))
            click.echo(f"  {name:<20} {row.get('support', ''):>5} {cells}")
    if comparison:
        click.echo("")
        for line in comparison_table(comparison):
            click.echo(line)
