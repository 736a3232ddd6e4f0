"""The lines of a page's plain text, with what is known of each."""

from __future__ import annotations

from collections.abc import Iterator

from model.page.leftout import LINK_REASON, NOISE_REASON, SEE_ALSO_REASON, LeftOut
from model.page.lines import AGE, DATED, HEADLINE, NOISE, PARAGRAPH, POINTER, SECTION, kind_of

_REASON_OF = {
    PARAGRAPH: "",
    HEADLINE: "",
    SECTION: "",
    NOISE: NOISE_REASON,
    AGE: NOISE_REASON,
    POINTER: SEE_ALSO_REASON,
    DATED: LINK_REASON,
}


class PageLines:
    """The lines of a page that are not empty; all lists have one entry per line."""

    def __init__(self, text: str) -> None:
        self.lines: list[str] = []
        """Without white space around them."""
        self.starts: list[int] = []
        """Offset of each line in the text."""
        self.kinds: list[int] = []
        """As from `kind_of`; rules that learn more of a line change it."""
        self.first = 0
        """Number of the line with the title: what stands before it is the page's menu."""
        at = 0
        for raw in text.split("\n"):
            if raw and (line := raw.strip()):
                self.lines.append(line)
                self.starts.append(at if raw[0] == line[0] else at + raw.index(line[0]))
            at += len(raw) + 1
        self.kinds = list(map(kind_of, self.lines))
        self.reasons = [_REASON_OF[kind] for kind in self.kinds]
        """Why each line is left out, or nothing."""

    @property
    def title(self) -> str:
        """The line that is taken for the title."""
        return self.lines[self.first]

    def mark(self, start: int, end: int, reason: str) -> None:
        """Leave lines out that are not left out for another reason."""
        self.reasons[start:end] = [known or reason for known in self.reasons[start:end]]

    def left_out(self) -> Iterator[LeftOut]:
        """Yield what is not the article's, neighbouring lines with one reason as one part."""
        first, current = 0, ""
        for n, reason in enumerate([*self.reasons, ""]):
            if reason is not current:
                if current:
                    yield LeftOut(self.starts[first], self.starts[n - 1] + len(self.lines[n - 1]), current)
                first, current = n, reason
