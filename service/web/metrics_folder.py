"""The folder in which all workers of a service count for Prometheus."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PREFIX = "chude-metrics-"


@contextmanager
def metrics_folder() -> Iterator[Path]:
    """Yield a folder for the counters of all workers, removed by the process that made it and by no child of it.

    Folders that killed services left behind are removed first.
    """
    for left in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        owner = left.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            shutil.rmtree(left, ignore_errors=True)
    owner_pid = os.getpid()
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{owner_pid}-"))
    try:
        yield folder
    finally:
        if os.getpid() == owner_pid:  # a worker that ends leaves through here, too
            shutil.rmtree(folder, ignore_errors=True)
