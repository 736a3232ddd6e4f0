"""Compressed files read as what they hold; one that was cut off is an error, and not the end."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, cast

import zstandard

_CHUNK_BYTES = 1 << 17
FAULTS: tuple[type[Exception], ...] = (OSError, EOFError, ValueError, zlib.error, zstandard.ZstdError)
"""What a damaged file raises; pyarrow's errors are ValueErrors as well."""


def decompressed(raw: IO[bytes], compression: str) -> IO[bytes]:
    """Return the contents of a file with the compression `.gz`, `.zst` or none."""
    if compression == ".gz":
        return cast(IO[bytes], gzip.GzipFile(fileobj=raw))
    if compression == ".zst":
        return cast(IO[bytes], io.BufferedReader(_Zstandard(raw), _CHUNK_BYTES))
    return raw


@contextmanager
def compressed(raw: IO[bytes], compression: str) -> Iterator[IO[bytes]]:
    """Open a file for writing with the compression `.gz`, `.zst` or none; the file below it stays open."""
    if compression == ".gz":
        with gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=6, mtime=0, filename="") as stream:
            yield cast(IO[bytes], stream)
    elif compression == ".zst":
        with zstandard.ZstdCompressor().stream_writer(raw, closefd=False) as writer:
            yield cast(IO[bytes], writer)
    else:
        yield raw


class _Zstandard(io.RawIOBase):
    """The contents of all frames of a file; the library's own reader takes a cut frame for a whole one."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw
        self._frame: zstandard.ZstdDecompressionObj | None = None
        self._waiting = b""
        """Bytes behind the last whole frame."""
        self._ready = b""

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill the buffer as far as there is anything. Raises EOFError in the middle of a frame."""
        while not self._ready:
            data = self._waiting or self._raw.read(_CHUNK_BYTES)
            self._waiting = b""
            if not data:
                if self._frame is not None:
                    raise EOFError("the file was cut off: copy it again")
                return 0
            self._decompress(data)
        size = min(len(buffer), len(self._ready))
        buffer[:size], self._ready = self._ready[:size], self._ready[size:]
        return size

    def _decompress(self, data: bytes) -> None:
        frame = self._frame or zstandard.ZstdDecompressor().decompressobj()
        self._ready = frame.decompress(data)
        self._frame = None if frame.eof else frame
        self._waiting = frame.unused_data if frame.eof else b""
