"""Whether two records of a run have the same id, with eight bytes of memory per record.

>>> ids = Ids()
>>> ids.add(id_keys(["a", "b"]))
>>> ids.add(id_keys([7, "a"]))
>>> ids.describe_repeated()
'record 1 and record 4 have the same id'
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

import numpy as np

_KEY_BYTES = 8
"""In one of 37 million runs of a million ids, two that differ have the same key."""


def id_keys(ids: Iterable[str | int | float]) -> bytes:
    """Return a key of eight bytes for each id; ids that are written alike have the same one."""
    return b"".join(blake2b(str(own).encode("utf-8", "replace"), digest_size=_KEY_BYTES).digest() for own in ids)


class Ids:
    """The keys of a run's records, in order."""

    def __init__(self) -> None:
        self._keys = bytearray()

    def add(self, keys: bytes) -> None:
        """Add the keys of the next records, as from `id_keys`."""
        self._keys += keys

    def describe_repeated(self) -> str:
        """Return which records have one id, counted from 1, or nothing where each has its own."""
        keys = np.frombuffer(self._keys, np.uint64)
        own, first, counts = np.unique(keys, return_index=True, return_counts=True)
        repeated = counts > 1
        if not repeated.any():
            return ""
        earliest = first[repeated].min()
        second = np.flatnonzero(keys == keys[earliest])[1]
        n_more = np.count_nonzero(repeated) - 1
        others = f", and {n_more:,} other ids stand more than once" if n_more else ""
        return f"record {earliest + 1:,} and record {second + 1:,} have the same id{others}"
