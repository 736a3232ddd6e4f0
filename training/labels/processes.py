"""Which process a job runs in, and whether it is still alive.

A process id alone says too little: another process may have it by now, and a container of the same name on another
machine has processes of its own. So the time at which the process began is kept beside it, and of the machine what no
other one has: the id of its boot and its namespace of process ids, both out of /proc.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_STATE, _START = 0, 19
"""Fields of /proc/PID/stat behind the name of the program: proc_pid_stat(5)."""
_ENDED = ("Z", "X")


@dataclass(frozen=True)
class Process:
    """One process in the life of one machine."""

    host: str
    """Name of the machine, for people."""
    machine: str
    pid: int
    start: int
    """When it began, in ticks of the machine's clock; 0 where it does not run or cannot be asked."""

    @property
    def is_here(self) -> bool:
        """Tell whether it is on this machine: only then does `is_alive` know."""
        return self.machine == _machine()

    def is_alive(self) -> bool:
        """Tell whether a process of this machine runs."""
        return _ask(self.pid) == self.start and self.start > 0


def process_of(pid: int) -> Process:
    """Return the process that has this id now."""
    return Process(socket.gethostname(), _machine(), pid, _ask(pid))


def _machine() -> str:
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {os.readlink(_PROC / 'self/ns/pid')}"
    except OSError:
        return socket.gethostname()


def _ask(pid: int) -> int:
    """Return when the process began, 1 where it runs but does not say, 0 where it has ended."""
    try:
        fields = (_PROC / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()
        return 0 if fields[_STATE].decode() in _ENDED else int(fields[_START])
    except OSError:
        return int(_can_be_signalled(pid))


def _can_be_signalled(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
