"""What an editor hands over: a text in the form, one file with an article, or records in tables and several files."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from model.document import Document
from model.encoding import decode
from model.errors import ChudeError, DataError, Problem, TextError
from service.settings import Settings
from service.web.documents import check_length
from training.corpus.format import Contents, Format
from training.corpus.formats.xlsx import Xlsx
from training.corpus.records import Record, place
from training.corpus.registry import format_of

_INFLATED_TIMES = 20
"""How many times its largest request a workbook may unpack to; Excel's own are three to ten times as large unpacked."""
_READ = ".txt, .html, .csv, .tsv, .xlsx, .jsonl"


class UploadError(ChudeError):
    """A file cannot be read as it is."""

    code = "bad-file"


class Upload(NamedTuple):
    """A file as the browser sent it."""

    name: str
    data: bytes


class Article(NamedTuple):
    """One article."""

    document: Document
    warnings: tuple[str, ...] = ()
    is_html: bool = False


class Entry(NamedTuple):
    """One record of a table: its fields as they stand there, or why it cannot be read."""

    place: str
    """`file:line`, or the file alone where all of it is the record."""
    fields: dict[str, object]
    document: Document | None
    problem: str = ""


def read_article(upload: Upload, settings: Settings) -> Article:
    """Return the article in a file of text or HTML. Raises UnreadableText, TextError."""
    decoded = decode(upload.data, source=upload.name)
    is_html = upload.name.lower().endswith((".html", ".htm"))
    return Article(check_length(Document.of(decoded.text), settings), decoded.warnings, is_html)


def kind_of(upload: Upload) -> Format:
    """Return the format that a file's name stands for. Raises UploadError."""
    found = format_of(upload.name)
    if found is None or upload.name.lower().endswith((".gz", ".zst")):
        raise UploadError(f"{upload.name}: this kind of file is not read: give one of {_READ}")
    return found


def read_entries(uploads: Sequence[Upload], settings: Settings) -> list[Entry]:
    """Return the records of all files. Raises UploadError, and DataError where a file cannot be read at all."""
    most = settings.max_documents
    entries = list(islice((entry for upload in uploads for entry in _entries(upload, settings)), most + 1))
    if len(entries) > most:
        raise UploadError(f"there are more than {most:,} records, and {most:,} is the limit: split the file")
    if not entries:
        raise UploadError(f"{uploads[0].name}: there is no record in it below the names of the columns")
    return entries


def _entries(upload: Upload, settings: Settings) -> Iterator[Entry]:
    format = kind_of(upload)
    if isinstance(format, Xlsx):
        _check_workbook(upload, _INFLATED_TIMES * settings.max_body_bytes)
    stream = io.BytesIO(upload.data)
    try:
        for record in format.records(Contents(stream, stream, upload.name, None)):
            yield _entry(record, upload.name, settings)
    except (DataError, ChudeError):
        raise
    except (ValueError, OSError) as error:
        raise DataError([Problem(upload.name, 0, "", f"cannot be read as {format.name}: {error}")]) from None


def _entry(record: Record | Problem, file: str, settings: Settings) -> Entry:
    if isinstance(record, Problem):
        return Entry(place(file, record.line), {}, None, str(record))
    where = place(file, record.line)
    try:
        return Entry(where, record.fields, check_length(record.document(), settings))
    except TextError as error:
        return Entry(where, record.fields, None, str(error))


def _check_workbook(upload: Upload, most_bytes: int) -> None:
    """Raise UploadError for a workbook that unpacks to more than this: what its directory says is not believed."""
    try:
        with zipfile.ZipFile(io.BytesIO(upload.data)) as archive:
            members = archive.infolist()
        n_bytes = 0
        for member in members:
            n_bytes += _inflated(upload.data, member, most_bytes - n_bytes)
            if n_bytes >= most_bytes:
                raise UploadError(f"{upload.name}: unpacks to more than {most_bytes:,} bytes: split the file")
    except (zipfile.BadZipFile, zlib.error, ValueError) as error:
        raise UploadError(f"{upload.name}: is no workbook of Excel ({error}): save it again as .xlsx") from None


def _inflated(data: bytes, member: zipfile.ZipInfo, most_bytes: int) -> int:
    """Return how many bytes a member unpacks to, counted up to `most_bytes`."""
    names = member.header_offset + 26
    head = (
        30 + int.from_bytes(data[names : names + 2], "little") + int.from_bytes(data[names + 2 : names + 4], "little")
    )
    packed = data[member.header_offset + head : member.header_offset + head + member.compress_size]
    if member.compress_type != zipfile.ZIP_DEFLATED:
        return len(packed)
    return len(zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, max(most_bytes, 1)))
