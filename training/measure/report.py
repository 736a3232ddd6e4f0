"""A folder that says how good a tagger is: figures, plots, and its worst mistakes with their evidence."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from model import TextError, TopicTagger
from model.files import write_whole
from training.measure.evaluation import Evaluation
from training.measure.metrics import N_BINS

WORST_SHOWN = 10
LABELS_NOTE = (
    "The labels were made by a large language model under the annotation guideline, not by people; two such readings "
    "of the same articles agree at a macro-F1 of 0.97, which is an optimistic ceiling."
)
_COLUMNS = ("precision", "recall", "f1", "average_precision", "brier", "calibration_error")


def distinct_slices(figures: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield the kind of text, the decisions and the figures of each slice, but of slices that are the same the first.

    They are where all texts are of one kind, or no decision is borderline.
    """
    seen: list[Mapping[str, Any]] = []
    for kind, views in figures.items():
        for decisions, these in views.items():
            if these not in seen:
                seen.append(these)
                yield kind, decisions, these


def figure_cells(row: Mapping[str, Any]) -> list[str]:
    """Return precision, recall, F1, average precision, Brier score and calibration error of a row, in words.

    Of a tag that no text has, the first four are a dash: nothing can be told of them.
    """
    untold = _COLUMNS[:4] if row.get("support") == 0 else ()
    return ["-" if column in untold else f"{row[column]:.3f}" for column in _COLUMNS]


def figure_table(figures: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of a Markdown table of one slice's figures: a row a tag, then macro and micro."""
    yield "| tag | examples | precision | recall | F1 | 95 % interval | average precision | Brier | calibration error |"
    yield "|---|---|---|---|---|---|---|---|---|"
    rows = {**figures["tags"], "**macro**": figures["macro"], "**micro**": figures["micro"]}
    for name, row in rows.items():
        precision, recall, f1, *others = figure_cells(row)
        interval = "{:.3f} to {:.3f}".format(*row["f1_interval"]) if "f1_interval" in row and f1 != "-" else ""
        cells = [name, str(row.get("support", "")), precision, recall, f1, interval, *others]
        yield f"| {' | '.join(cells)} |"


def comparison_table(rows: Mapping[str, Mapping[str, Any] | str]) -> Iterator[str]:
    """Yield a Markdown table of macro-F1 by system, over all and over the clear decisions, by kind of text."""
    kinds = sorted({kind for row in rows.values() if not isinstance(row, str) for kind in row}, key=_kind_order)
    views = [(kind, decisions) for kind in kinds for decisions in ("all decisions", "clear decisions")]
    yield f"| macro-F1 | {' | '.join(f'{kind}, {decisions}' for kind, decisions in views)} |"
    yield "|---" * (len(views) + 1) + "|"
    for name, row in rows.items():
        if isinstance(row, str):
            yield f"| {name} | {row} |{' |' * (len(views) - 1)}"
        else:
            f1 = [row[kind][view]["macro"]["f1"] for kind, view in views]
            yield f"| {name} | {' | '.join(f'{value:.3f}' for value in f1)} |"


def _kind_order(kind: str) -> int:
    return ("articles", "teasers", "all").index(kind)


def files_of(folder: Path) -> list[Path]:
    """Return the files of a report, the first of which has the figures."""
    return [folder / name for name in ("metrics.json", "report.md", "precision_recall.png", "reliability.png")]


def is_figures(path: Path) -> bool:
    """Tell whether a file is empty, or one that `write_figures` has written."""
    try:
        data = path.read_bytes()
        return not data or {"model", "figures", "comparison"} == set(json.loads(data))
    except (OSError, ValueError, TypeError):
        return False


def write_figures(
    path: Path, tagger: TopicTagger, evaluation: Evaluation, comparison: Mapping[str, Mapping[str, Any] | str]
) -> None:
    """Write the figures as JSON."""
    figures = {"model": tagger.version, "figures": evaluation.figures, "comparison": dict(comparison)}
    with write_whole(path) as part:
        part.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def write_report(
    folder: Path,
    tagger: TopicTagger,
    evaluation: Evaluation,
    comparison: Mapping[str, Mapping[str, Any] | str],
) -> None:
    """Write metrics.json, report.md, precision_recall.png and reliability.png into `folder`, made if missing."""
    folder.mkdir(parents=True, exist_ok=True)
    write_figures(folder / "metrics.json", tagger, evaluation, comparison)
    lines = [f"# Model {tagger.version} on {len(evaluation.examples)} labelled texts", "", LABELS_NOTE]
    for kind, decisions, figures in distinct_slices(evaluation.figures):
        lines += ["", f"## {kind.capitalize()}: {decisions} ({figures['records']} texts)", "", *figure_table(figures)]
    if comparison:
        lines += ["", "## Beside other systems, trained on the same texts", "", *comparison_table(comparison)]
    lines += ["", "![Precision and recall](precision_recall.png)", "", "![Reliability](reliability.png)"]
    for title, positive in (("False positives", False), ("False negatives", True)):
        lines += ["", f"## Worst {title.lower()}", *_worst(tagger, evaluation, positive)]
    with write_whole(folder / "report.md") as part:
        part.write_text("\n".join(lines) + "\n", encoding="utf-8")
    _plot(folder, evaluation)


def _worst(tagger: TopicTagger, evaluation: Evaluation, positive: bool) -> Iterator[str]:
    """Yield the most confident mistakes on positive or negative labels."""
    thresholds = np.array([tag.threshold for tag in tagger.artifact.tags])
    wrong = (evaluation.labels == positive) & (evaluation.given != positive) & evaluation.judged
    distance = np.where(wrong, np.abs(evaluation.probability - thresholds), -1.0)
    order = np.argsort(-distance, axis=None, kind="stable")[: min(WORST_SHOWN, int(wrong.sum()))]
    for row, column in zip(*np.unravel_index(order, distance.shape), strict=True):
        example, tag = evaluation.examples[row], evaluation.tags[column]
        border = ", borderline" if evaluation.borderline[row, column] else ""
        score = f"{evaluation.probability[row, column]:.3f}{border}"
        yield f"\n- **{tag}** {score}: {example.id}: {_first_words(example.text)}"
        try:
            result = tagger.explain(example.text)
        except TextError as error:
            yield f"  - {error}"
            continue
        for evidence in (evidence for evidence in result.get("evidence", ()) if evidence["tag"] == tag):
            terms = ", ".join(f"{term['term']} {term['weight']:+.2f}" for term in evidence["terms"])
            yield f"  - {evidence['score']:+.2f}: “{_first_words(evidence['sentence'])}” ({terms})"


def _first_words(text: str) -> str:
    words = text.split()
    return " ".join(words[:30]) + (" …" if len(words) > 30 else "")


def _plot(folder: Path, evaluation: Evaluation) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure
    from sklearn.metrics import precision_recall_curve

    for name, x_label, y_label in (
        ("precision_recall", "recall", "precision"),
        ("reliability", "mean probability", "share with the tag"),
    ):
        figure = Figure(figsize=(6, 5), layout="constrained")
        axes = figure.add_subplot(xlabel=x_label, ylabel=y_label, xlim=(0, 1), ylim=(0, 1.02))
        for tag, label, probability in _columns(evaluation):
            if name == "reliability":
                axes.plot(*_reliability(label, probability), marker="o", label=tag)
            elif label.any():
                precision, recall, _ = precision_recall_curve(label, probability)
                axes.plot(recall, precision, label=tag)
        if name == "reliability":
            axes.plot([0, 1], [0, 1], color="grey", linewidth=0.8)
        axes.legend()
        figure.savefig(folder / f"{name}.png", dpi=120)


def _columns(evaluation: Evaluation) -> Iterable[tuple[str, Any, Any]]:
    columns = zip(evaluation.tags, evaluation.labels.T, evaluation.probability.T, evaluation.judged.T, strict=True)
    return ((tag, label[judged], probability[judged]) for tag, label, probability, judged in columns)


def _reliability(label: Any, probability: Any) -> tuple[Any, Any]:
    """Return mean probability and share of positives of the bins that are not empty."""
    bins = np.minimum((probability * N_BINS).astype(np.int64), N_BINS - 1)
    count = np.bincount(bins, minlength=N_BINS)
    filled = count > 0
    mean = np.bincount(bins, probability, N_BINS)[filled] / count[filled]
    return mean, np.bincount(bins, label, N_BINS)[filled] / count[filled]
