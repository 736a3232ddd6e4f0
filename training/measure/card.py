"""The figures in a model card: written between two marks, so that the rest of the card stays as people wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from model import TopicTagger
from model.errors import DataError, Problem
from model.files import write_whole
from training.measure.evaluation import Evaluation
from training.measure.report import LABELS_NOTE, comparison_table, distinct_slices, figure_table

END = "<!-- end of figures -->"


def begin_mark(part: str) -> str:
    """Return the line that stands before the figures of a part of the card; the first part has no name."""
    return f"<!-- figures{f' of {part}' if part else ''}: written by chude eval --card -->"


def write_card(
    path: Path,
    part: str,
    tagger: TopicTagger,
    evaluation: Evaluation,
    comparison: Mapping[str, Mapping[str, Any] | str],
) -> None:
    """Replace what stands between the marks of the part by the figures of this run. Raises DataError without marks."""
    card = path.read_text(encoding="utf-8")
    begin = begin_mark(part)
    head, found, rest = card.partition(begin)
    _, end, tail = rest.partition(END)
    if not found or not end:
        raise DataError([Problem(str(path), 0, "", f"needs a line {begin} and after it a line {END}")])
    lines = ["", *([] if part else _describe(tagger)), *_figures(evaluation, comparison), ""]
    with write_whole(path) as written:
        written.write_text("\n".join([head + begin, *lines, end + tail]), encoding="utf-8")


def _describe(tagger: TopicTagger) -> list[str]:
    """Return what the model was fitted on, and what cross-validation said."""
    training = tagger.artifact.training
    lines = [
        f"Model {tagger.version}, fitted on {training.get('examples')} texts ({training.get('teasers')} of them "
        f"teasers), penalty {training.get('penalty')}, seed {training.get('seed')}. {LABELS_NOTE}",
    ]
    cross_validated = tagger.artifact.metrics.get("all", {}).get("all decisions")
    if cross_validated:
        lines += ["", f"### Cross-validated on the {cross_validated['records']} training texts, all decisions", ""]
        lines += [*figure_table(cross_validated), ""]
    return lines


def _figures(evaluation: Evaluation, comparison: Mapping[str, Mapping[str, Any] | str]) -> list[str]:
    lines: list[str] = []
    for kind, decisions, figures in distinct_slices(evaluation.figures):
        lines += [f"### On {figures['records']} other texts: {kind}, {decisions}", "", *figure_table(figures), ""]
    if comparison:
        lines += ["### Beside other systems, trained on the same texts, same run", "", *comparison_table(comparison)]
    return lines if comparison else lines[:-1]
