"""The figures in a model card: written between two marks, so that the rest of the card stays as people wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from model import TopicTagger
from model.errors import DataError, Problem
from model.files import write_whole
from training.measure.evaluation import Evaluation
from training.measure.report import LABELS_NOTE, comparison_table, figure_table

BEGIN, END = "<!-- figures: written by chude eval --card -->", "<!-- end of figures -->"


def write_card(
    path: Path, tagger: TopicTagger, evaluation: Evaluation, comparison: Mapping[str, Mapping[str, Any] | str]
) -> None:
    """Replace what stands between the marks in the file by the figures of this run. Raises DataError without marks."""
    card = path.read_text(encoding="utf-8")
    head, begin, rest = card.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise DataError([Problem(str(path), 0, "", f"needs a line {BEGIN} and after it a line {END}")])
    training = tagger.artifact.training
    lines = [
        f"Model {tagger.version}, fitted on {training.get('examples')} texts ({training.get('teasers')} of them "
        f"teasers), penalty {training.get('penalty')}, seed {training.get('seed')}. {LABELS_NOTE}",
    ]
    cross_validated = tagger.artifact.metrics.get("all", {}).get("all decisions")
    if cross_validated:
        lines += ["", f"### Cross-validated on the {cross_validated['records']} training texts, all decisions", ""]
        lines += figure_table(cross_validated)
    for kind, views in evaluation.figures.items():
        for decisions, figures in views.items():
            lines += ["", f"### On {figures['records']} other texts: {kind}, {decisions}", "", *figure_table(figures)]
    if comparison:
        lines += [
            "",
            "### Beside other systems, trained on the same texts, same run",
            "",
            *comparison_table(comparison),
        ]
    with write_whole(path) as part:
        part.write_text("\n".join([head + begin, "", *lines, "", end + tail]), encoding="utf-8")
