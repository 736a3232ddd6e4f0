"""What a process that tags many texts can do about its memory."""

from __future__ import annotations

import contextlib
import ctypes

import numpy as np

_KEPT_BYTES = 1 << 24


def keep_freed_memory() -> None:
    """Make glibc reuse what a block of texts freed for the next one: a tenth faster than fresh pages from the kernel.

    For programs whose whole work is tagging: it holds for the process. Freeing a large array raises the size up to
    which memory is kept (mallopt(3), M_MMAP_THRESHOLD); no page of it is ever touched. Elsewhere nothing happens.
    """
    np.empty(_KEPT_BYTES, np.uint8)


def give_back_memory() -> None:
    """Give what is free to the operating system (malloc_trim(3)): after large work it may be hundreds of megabytes.

    Without glibc nothing happens.
    """
    with contextlib.suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
