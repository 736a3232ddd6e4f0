"""Files in other encodings read as UTF-8: UTF-16 by its byte order mark or its zeros, windows-1258 by its words."""

from __future__ import annotations

import codecs
import io
import unicodedata
from typing import IO, cast

from model.encoding import decode, utf16_without_bom
from model.errors import UnreadableText
from training.corpus.format import Contents

_CHUNK_BYTES = 1 << 18
_SAMPLE_BYTES = 1 << 14
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def as_utf8(contents: Contents) -> Contents:
    """Return the contents in UTF-8; as they are, where they are in UTF-8 already or in nothing that is known."""
    stream = contents.stream
    if not isinstance(stream, io.BufferedReader | io.BufferedRandom):
        stream = cast(IO[bytes], io.BufferedReader(cast(io.RawIOBase, stream), _SAMPLE_BYTES))
    sample = cast(io.BufferedReader, stream).peek(_SAMPLE_BYTES)[:_SAMPLE_BYTES]
    encoding = _encoding_of(sample, contents.file)
    if encoding is None:
        return contents._replace(stream=stream)
    recoded = io.BufferedReader(_Recoded(stream, encoding), _CHUNK_BYTES)
    return contents._replace(stream=cast(IO[bytes], recoded), path=None)


def _encoding_of(sample: bytes, file: str) -> str | None:
    """Return the encoding of a file that begins like this, where it is another than UTF-8."""
    if sample.startswith(_UTF16) and not sample.startswith(codecs.BOM_UTF32_LE):
        return "utf-16"
    if utf16 := utf16_without_bom(sample[: len(sample) // 2 * 2]):
        return utf16
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
        return None
    except UnicodeDecodeError:
        pass
    try:
        encoding = decode(sample[: sample.rfind(b"\n") + 1] or sample, source=file).encoding
        return None if encoding == "utf-8" else codecs.lookup(encoding).name
    except (UnreadableText, LookupError):
        return None


class _Recoded(io.RawIOBase):
    """A stream of UTF-8 made of another, in canonical composition (windows-1258 has its tone marks apart)."""

    def __init__(self, stream: IO[bytes], encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)(
            "surrogatepass" if encoding.startswith("utf-16") else "replace"
        )
        self._text = ""
        self._ready = b""

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill the buffer as far as there is anything."""
        while not self._ready:
            data = self._stream.read(_CHUNK_BYTES)
            self._text += self._decoder.decode(data, final=not data)
            # Up to the end of a line: marks behind it belong to no letter before it.
            end = self._text.rfind("\n") + 1 if data else len(self._text)
            text, self._text = self._text[:end], self._text[end:]
            self._ready = unicodedata.normalize("NFC", text).encode("utf-8", "surrogatepass")
            if not data:
                break
        size = min(len(buffer), len(self._ready))
        buffer[:size], self._ready = self._ready[:size], self._ready[size:]
        return size
