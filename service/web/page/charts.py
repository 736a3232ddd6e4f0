"""Charts that the templates draw as SVG: values in, coordinates in the picture out.

>>> chart = Chart("PR", "recall", "precision", (Line(((0.0, 1.0), (1.0, 0.5))),))
>>> chart.polyline(chart.lines[0])
'46.0,12.0 310.0,108.0'
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

LEFT, RIGHT, TOP, BOTTOM = 46.0, 310.0, 12.0, 204.0
"""The plane, in a picture of 320 to 240."""


class Line(NamedTuple):
    """Points that are joined."""

    points: Sequence[tuple[float, float]]
    is_guide: bool = False
    """Whether it is something to compare with, such as the diagonal, and not a measurement."""


class Tick(NamedTuple):
    """A mark on an axis."""

    value: float
    label: str


class Chart(NamedTuple):
    """Lines over two axes."""

    title: str
    x_label: str
    y_label: str
    lines: Sequence[Line]
    x_ticks: Sequence[Tick] = (Tick(0, "0"), Tick(0.5, "0.5"), Tick(1, "1"))
    y_ticks: Sequence[Tick] = (Tick(0, "0"), Tick(0.5, "0.5"), Tick(1, "1"))
    x_max: float = 1.0
    y_max: float = 1.0
    colour: int = 0
    has_marks: bool = False
    """Whether each point of a measurement has a mark of its own."""

    def x(self, value: float) -> float:
        """Return where a value stands across the picture."""
        return LEFT + (RIGHT - LEFT) * min(value / self.x_max, 1.0)

    def y(self, value: float) -> float:
        """Return where a value stands down the picture."""
        return BOTTOM - (BOTTOM - TOP) * min(value / self.y_max, 1.0)

    def polyline(self, line: Line) -> str:
        """Return the points of a line as SVG has them."""
        return " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in line.points)

    @property
    def measured(self) -> list[tuple[float, float]]:
        """Return all points that were measured: what a reader without the picture gets."""
        return [point for line in self.lines if not line.is_guide for point in line.points]
