"""What the log says of an exception that nobody expected: type and place, as the message may quote an article."""

from __future__ import annotations

from typing import NamedTuple


class Fault(NamedTuple):
    """An exception without its message."""

    kind: str
    """Name of its type."""
    place: str
    """File and line that raised it, such as "model/page/html.py:80"; empty where that is not known."""

    @classmethod
    def of(cls, error: BaseException) -> Fault:
        """Return what is said of an exception that was caught."""
        frame = error.__traceback__
        while frame and frame.tb_next:
            frame = frame.tb_next
        return cls(type(error).__name__, f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}" if frame else "")
