"""One block tagged, by whichever process or machine it was sent to: records in, lines of the output out."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, cast

import msgspec

from model import ChudeError, Tagging, TextError, TopicTagger
from model.artifact.files import load_bytes, read_files
from model.encoding import decode
from model.errors import UnreadableText
from model.memory import keep_freed_memory
from model.tagger import Page
from service.batch.blocks import Block
from service.batch.inputs import MAX_LINE_BYTES
from service.batch.rows import encode_rows

T = TypeVar("T")
_PARTS = ("title", "lead", "body")


@dataclass(frozen=True)
class SharedArtifact:
    """An artifact as bytes, to be sent to other processes and machines; each unpacks it once."""

    manifest: bytes
    weights: bytes
    source: str

    @classmethod
    def read(cls, folder: Path) -> SharedArtifact:
        """Read the files of an artifact. Raises ArtifactMissing."""
        return cls(*read_files(folder), str(folder))

    def tagger(self) -> TopicTagger:
        """Return the tagger; the same one every time in a process. Raises ArtifactError."""
        return _unpack(self)

    def __hash__(self) -> int:
        return hash(self.manifest)


@lru_cache(maxsize=2)
def _unpack(shared: SharedArtifact) -> TopicTagger:
    keep_freed_memory()
    return TopicTagger(load_bytes(shared.manifest, shared.weights, source=shared.source))


@dataclass(frozen=True)
class Options:
    """What is done with each record."""

    text_column: str | None = None
    id_column: str = "id"
    keep: bool = False
    explain: bool = False
    page: Page = "auto"
    html: bool = False
    format: str = "jsonl"
    compression: str = ""
    kept_columns: tuple[str, ...] = ()
    """Columns of a table that are kept as columns; anything else that is kept goes into one column as JSON."""


@dataclass
class Tagged:
    """What became of a block."""

    data: bytes
    """The block's part of the output."""
    records: int
    errors: int
    tags: dict[str, int]
    """How often each tag was given."""
    position: int


class RecordError(ChudeError):
    """A record has no text that could be tagged."""

    code = "bad-record"


@dataclass
class _Record:
    id: object
    text: str = ""
    error: ChudeError | None = None
    kept: Mapping[str, object] | None = None


def tag_block(shared: SharedArtifact, block: Block, options: Options) -> Tagged:
    """Tag the records of a block."""
    records = list(records_of(block, options))
    results = _tag(shared.tagger(), records, options)
    outputs: list[dict[str, Any]] = []
    tags: dict[str, int] = {}
    errors = 0
    for record, result in zip(records, results, strict=True):
        output: dict[str, Any] = {"id": record.id}
        if isinstance(result, ChudeError):
            errors += 1
            output["error"] = {"code": result.code, "message": _whole(str(result))}
        else:
            output |= result
            for tag in result["tags"]:
                tags[tag] = tags.get(tag, 0) + 1
        for name, value in (record.kept or {}).items():
            output[f"input_{name}" if name in output or name == "error" else name] = value
        outputs.append(output)
    data = encode_rows(outputs, options.format, shared.tagger().tags, options.kept_columns)
    return Tagged(compress(data, options.compression), len(records), errors, tags, block.position)


def _tag(tagger: TopicTagger, records: list[_Record], options: Options) -> list[Tagging | ChudeError]:
    page: Page = "html" if options.html else options.page
    if options.explain:
        return [record.error or _explain(tagger, record.text, page) for record in records]
    texts = [record.text for record in records if record.error is None]
    found = iter(tagger.tag_many(texts, page=page, errors="return"))
    return [record.error or _located(next(found), record) for record in records]


def _located(result: Tagging | TextError, record: _Record) -> Tagging | TextError:
    return result.located(str(record.id)) if isinstance(result, TextError) else result


def _explain(tagger: TopicTagger, text: str, page: Page) -> Tagging | TextError:
    try:
        return tagger.explain(text, page=page)
    except TextError as error:
        return error


def records_of(block: Block, options: Options) -> Iterator[_Record]:
    """Yield the records of a block, each with its text or what is wrong with it."""
    if block.kind == "document":
        yield _document(block, options)
        return
    for line, fields in _parsed(block):
        where = f"{block.source}:{line}"
        if isinstance(fields, str):
            yield _Record(where, error=RecordError(f"{where}: {fields}"))
        elif not isinstance(fields, dict):
            yield _Record(where, error=RecordError(f'{where}: must be an object such as {{"text": "..."}}'))
        else:
            yield _record(fields, where, options, may_be_broken=block.kind == "rows")


def _parsed(block: Block) -> Iterator[tuple[int, object]]:
    """Yield the line number of each record, and its fields, or what is wrong with it."""
    if block.kind == "rows":
        yield from block.items
        return
    for line, raw in enumerate(block.data().split(b"\n"), block.first):
        if len(raw) > MAX_LINE_BYTES:
            yield line, f"the line has more than {MAX_LINE_BYTES:,} bytes"
            continue
        if not raw.strip():
            continue
        try:
            fields = msgspec.json.decode(raw.removeprefix(b"\xef\xbb\xbf") if line == 1 else raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            yield line, f"not JSON ({error}): one object a line"
        else:
            yield line, None if isinstance(fields, str) else fields  # a str would be what is wrong


def _document(block: Block, options: Options) -> _Record:
    try:
        return _Record(block.source, decode(block.data(), source=block.source).text)
    except TextError as error:
        return _Record(block.source, error=error)


def _record(fields: dict[str, Any], where: str, options: Options, *, may_be_broken: bool) -> _Record:
    identity = fields.get(options.id_column)
    record = _Record(where if identity is None or identity == "" else identity)
    if not isinstance(record.id, str | int):
        record.id = str(record.id)
    used = {options.id_column, options.text_column or "text"}
    try:
        record.text, columns = _text(fields, where, options, may_be_broken)
        used.update(columns)
    except (RecordError, TextError) as error:
        record.error = error
    if options.keep:
        record.kept = {_whole(name): _whole(value) for name, value in fields.items() if name not in used}
    if isinstance(record.id, str) and not _is_whole(record.id):
        record.id, record.error = where, RecordError(f"{where}: {options.id_column}: is not UTF-8")
    return record


def _text(fields: dict[str, Any], where: str, options: Options, may_be_broken: bool) -> tuple[str, tuple[str, ...]]:
    """Return the text of a record, and the columns that it is made of; tables can have bytes that are no UTF-8."""
    columns: tuple[str, ...] = _PARTS
    if options.text_column or fields.get("text") is not None:
        columns = (options.text_column or "text",)
    if columns == ("text",) and fields.get("title"):
        columns = ("title", "text")
    present = tuple(column for column in columns if fields.get(column) is not None)
    if not present:
        wanted = options.text_column or "text"
        raise RecordError(f"{where}: {wanted}: is missing; the record has {', '.join(map(str, fields)) or 'nothing'}")
    for column in present:
        if not isinstance(fields[column], str):
            raise RecordError(f"{where}: {column}: must be a string, not {type(fields[column]).__name__}")
        if may_be_broken and not _is_whole(fields[column]):
            raise UnreadableText(f"{where}: {column}: is not UTF-8")
    parts = [cast(str, fields[column]) for column in present]
    if columns == ("title", "text") and len(parts) == 2 and parts[1].lstrip().startswith(parts[0].strip()):
        parts = parts[1:]
    return "\n".join(part for part in parts if part.strip()), present


def _is_whole(text: str) -> bool:
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False


def _whole(value: T) -> T:
    """Return a string with a question mark for each byte that is no UTF-8; other values as they are."""
    if isinstance(value, str) and not _is_whole(value):
        return cast(T, value.encode("utf-8", "replace").decode())
    return value


def compress(data: bytes, compression: str) -> bytes:
    """Return the data as a whole gzip member or Zstandard frame: many of them in a row are a file."""
    if compression == ".gz":
        return gzip.compress(data, 6, mtime=0)
    if compression == ".zst":
        import zstandard

        return zstandard.ZstdCompressor().compress(data)
    return data
