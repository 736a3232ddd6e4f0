"""The list of decisions, out of their files."""

from __future__ import annotations

import re
from pathlib import Path

from generate.markdown import table

_FOLDER = Path(__file__).parent.parent / "decisions"
_TITLE = re.compile(r"# *\d+[.:] *(.+)")
_STATUS = re.compile(r"Status: (.+?)[,.] (?:Date: )?(\d{4}-\d\d-\d\d)\.")


def decision_index() -> str:
    """Return the number, title, status and date of each decision. Raises ValueError where a file lacks one."""
    return table(("", "decision", "status", "date"), (_row(path) for path in sorted(_FOLDER.glob("[0-9]*.md"))))


def _row(path: Path) -> tuple[str, str, str, str]:
    text = path.read_text(encoding="utf-8")
    title, status = _TITLE.match(text), _STATUS.search(text)
    if not title or not status:
        raise ValueError(f"{path.name}: must begin with '# NNNN: TITLE' and have 'Status: STATUS. Date: YYYY-MM-DD.'")
    return f"[{path.name[:4]}]({path.name})", title[1][0].upper() + title[1][1:], status[1], status[2]
