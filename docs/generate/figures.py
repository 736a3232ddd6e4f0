"""Figures out of the files that `make bench` and `make pretrained` write."""

from __future__ import annotations

from pathlib import Path

from generate.markdown import table

_REPO = Path(__file__).parent.parent.parent
_FIGURES = _REPO / "docs" / "figures"
_CARD = _REPO / "model" / "pretrained" / "MODEL_CARD.md"
_SHIPPED, _OWN = "chude, shipped model, pages cut", "chude, pages cut"
_PEERS = ("fastText, 100 dimensions", "scikit-learn TF-IDF (1,2) + SVM")
"""Rows of the table of speeds."""
_PARTS = {
    "": "texts that were picked because they are about the topics or hard",
    "stream-dev": "all titles and teasers of a month",
    "articles-dev": "all articles of one site in two months",
}
"""Parts of the model card, and what was measured there."""
_UNMEASURED = "Not measured yet: `make bench` writes it.\n"


def bench(name: str) -> str:
    """Return what `make bench` wrote into docs/figures/NAME.md."""
    path = _FIGURES / f"{name}.md"
    return path.read_text(encoding="utf-8").strip() + "\n" if path.exists() else _UNMEASURED


def card_table(section: str) -> str:
    """Return the table behind a heading of the model card that begins with `section`."""
    try:
        head, *rows = _rows(_CARD.read_text(encoding="utf-8"), section)
    except LookupError:
        return "Not measured for this model yet: `make pretrained` writes it.\n"
    return table(head, rows)


def summary() -> str:
    """Return how good and how fast chude is, as a list; of figures that are not there yet, nothing."""
    f1 = [f"{value} on {what}" for part, what in _PARTS.items() if (value := _macro_f1(part))]
    micros = {row[0]: float(row[1]) for row in _rows(bench("tagging"), "")[1:]}
    ratios = [f"{name} takes {micros[name] / micros[_OWN]:.1f} times as long" for name in _PEERS if name in micros]
    return (
        f"- **Quality**: macro-F1 {', '.join(f1)}.\n"
        f"- **Speed**: {micros[_SHIPPED]:.0f} µs per article of 3.3 kB, in bulk on one core. "
        f"Fitted on the same texts as chude, {', '.join(ratios)}.\n"
    )


def _macro_f1(part: str) -> str:
    """Return the macro-F1 over all decisions in a part of the model card, empty where it is not measured."""
    for piece in _CARD.read_text(encoding="utf-8").split("<!-- figures")[1:]:
        name, _, text = piece.partition(": written by")
        section = next((line for line in text.splitlines() if line.endswith(" other texts: all, all decisions")), "")
        if name.removeprefix(" of ") == part and section:
            head, *rows = _rows(text, section.strip("# "))
            return next(row[head.index("F1")] for row in rows if row[0] == "macro")
    return ""


def _rows(text: str, section: str) -> list[list[str]]:
    """Return the cells of the first table behind a line that begins with `section`, the head first, no rule."""
    lines = text.splitlines()
    start = next((n for n, line in enumerate(lines) if line.lstrip("# ").startswith(section)), None)
    if start is None:
        raise LookupError(f"there is no section {section!r}")
    first = next((n for n in range(start, len(lines)) if lines[n].startswith("|")), None)
    if first is None:
        raise LookupError(f"{section!r} has no table")
    last = next((n for n in range(first, len(lines)) if not lines[n].startswith("|")), len(lines))
    cells = [[part.strip().strip("*`") for part in line.strip("| ").split("|")] for line in lines[first:last]]
    return [cells[0], *cells[2:]]
