"""Arrays out of an .npz file of unknown origin: what each must be is checked before its contents are used.

Nothing is decompressed and no header is evaluated. chude writes arrays as they are (`numpy.savez`), so that whatever is
read is as large as its file at most: there is no small file that fills the memory.

>>> buffer = io.BytesIO()
>>> np.savez(buffer, term=np.array([7, 2], np.uint16), labels=np.array([[True], [False]]))
>>> arrays = read_arrays(buffer.getvalue(), {"term": Kind(("<u2", "<u4")), "labels": Kind(("|b1",), n_dimensions=2)})
>>> arrays["term"].tolist(), arrays["labels"].shape
([7, 2], (2, 1))
>>> read_arrays(buffer.getvalue(), {"term": Kind(("<f8",))})
Traceback (most recent call last):
ValueError: the array term has the type <u2, not <f8
"""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '([<|>][a-z][0-9]{1,2})', 'fortran_order': (True|False), "
    rb"'shape': \(([0-9]{1,12}),(?: ([0-9]{1,12}))?\), \} *\n",
    re.DOTALL,
)


class Kind(NamedTuple):
    """What an array must be."""

    types: tuple[str, ...]
    """The types that it may have, in numpy's notation."""
    n_dimensions: int = 1


def read_arrays(archive: bytes, kinds: Mapping[str, Kind]) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays that `kinds` names. Raises ValueError, which names the array that is missing or another one."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as members:
            return {name: _parse(_read(members, name), name, kind) for name, kind in kinds.items()}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, OverflowError) as error:
        raise ValueError(f"its arrays are in no zip file as chude writes it ({error})") from None


def _read(members: zipfile.ZipFile, name: str) -> bytes:
    try:
        member = members.getinfo(f"{name}.npy")
    except KeyError:
        raise ValueError(f"the array {name} is missing") from None
    if member.compress_type != zipfile.ZIP_STORED or member.file_size != member.compress_size:
        raise ValueError(f"the array {name} is compressed, which chude never writes")
    return members.read(member)


def _parse(data: bytes, name: str, kind: Kind) -> npt.NDArray[Any]:
    header = _HEADER.match(data)
    if header is None:
        raise ValueError(f"the array {name} has a damaged header")
    written, is_fortran, *sizes = (group and group.decode("ascii") for group in header.groups())
    if written not in kind.types:
        raise ValueError(f"the array {name} has the type {written}, not {' or '.join(kind.types)}")
    shape = tuple(int(size) for size in sizes if size is not None)
    dtype = np.dtype(written)
    if len(shape) != kind.n_dimensions or math.prod(shape) * dtype.itemsize != len(data) - header.end():
        raise ValueError(f"the array {name} has another shape than its contents")
    flat = np.frombuffer(data, dtype, offset=header.end())
    return flat.reshape(shape, order="F" if is_fortran == "True" else "C")
