"""Figures out of the files that `make bench` and `make pretrained` write."""

from __future__ import annotations

from pathlib import Path

from generate.markdown import table

_REPO = Path(__file__).parent.parent.parent
_FIGURES = _REPO / "docs" / "figures"
_CARD = _REPO / "model" / "pretrained" / "MODEL_CARD.md"
_COMPARED = "Beside other systems"
_ARTICLES = "articles, all decisions"
_UNMEASURED = "Not measured yet: `make bench` writes it.\n"


def bench(name: str) -> str:
    """Return what `make bench` wrote into docs/figures/NAME.md."""
    path = _FIGURES / f"{name}.md"
    return path.read_text(encoding="utf-8").strip() + "\n" if path.exists() else _UNMEASURED


def card_table(section: str) -> str:
    """Return the table behind a heading of the model card that begins with `section`. Raises LookupError."""
    head, *rows = _rows(_CARD.read_text(encoding="utf-8"), section)
    return table(head, rows)


def summary() -> str:
    """Return how good and how fast chude is, in a few lines of a list."""
    card = _rows(_CARD.read_text(encoding="utf-8"), _COMPARED)
    own, *others = ((row[0], float(row[card[0].index(_ARTICLES)])) for row in card[1:])
    peers = "; ".join(f"{name} {f1:.2f}" for name, f1 in sorted(others, key=lambda item: -item[1]))
    speed = _rows(bench("tagging"), "")
    micros = {row[0]: float(row[1]) for row in speed[1:]}
    mine = micros["chude, pages cut"]
    fast = "; ".join(f"{name} {micros[name] / mine:.1f} times as long" for name in _PEERS if name in micros)
    return (
        f"- **Quality**, macro-F1 on articles that it was not fitted on: **{own[1]:.2f}**. Others, fitted on the same\n"
        f"  texts: {peers}.\n"
        f"- **Speed** of tagging in bulk on one core: {mine:.0f} µs per article of 3.3 kB. {fast}.\n"
    )


_PEERS = ("fastText, 100 dimensions", "scikit-learn TF-IDF (1,2) + SVM")


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
