"""One block tagged, by whichever process or machine it was sent to: records in, lines of the output out."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from model import Tagging, TextError, TopicTagger
from model.artifact.files import load_bytes, read_files
from model.document import Document, FieldError
from model.errors import Problem
from model.memory import keep_freed_memory
from service.batch.counts import Tagged
from service.batch.options import Options
from service.batch.repeated_ids import id_keys
from service.batch.rows import Layout, encode_outputs
from training.corpus.blocks import Block
from training.corpus.records import Record, advice_on_column, place


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


class Item(NamedTuple):
    """A record that is to be tagged, or what is wrong with it."""

    record: Record | None
    id: str | int | float
    line: int
    subject: Document | Problem


def tag_block(shared: SharedArtifact, block: Block, options: Options) -> Tagged:
    """Tag the records of a block."""
    tagger = shared.tagger()
    layout = Layout.of(tagger.tags, options)
    items = [_item(record, block.file, options) for record in block.records()]
    results = _tag(tagger, items, block.file, options)
    outputs = [_output(item, result, layout, options) for item, result in zip(items, results, strict=True)]
    errors = [result for result in results if isinstance(result, Problem)]
    tags = Counter(tag for result in results if not isinstance(result, Problem) for tag in result["tags"])
    data = compress(encode_outputs(outputs, layout, options.format), options.compression)
    first_error = str(errors[0]) if errors else ""
    keys = id_keys(item.id for item in items)
    return Tagged(data, len(items), len(errors), tags, first_error, block.position, keys)


def _item(record: Record | Problem, source: str, options: Options) -> Item:
    """Return what is to be done with a record."""
    if isinstance(record, Problem):
        return Item(None, place(source, record.line), record.line, record)
    identity: str | int | float | None = None
    subject: Document | Problem
    try:
        identity = record.identity(source, options.id_column or "id")
        subject = record.document(options.text_column if record.line else None)
    except FieldError as error:
        message = f"{error.message}{advice_on_column(record.fields, options.text_column)}"
        subject = Problem(source, record.line, error.field, message, code=error.code)
    return Item(record, place(source, record.line) if identity is None else identity, record.line, subject)


def _tag(tagger: TopicTagger, items: Sequence[Item], source: str, options: Options) -> list[Tagging | Problem]:
    """Return the result of each item, or what is wrong with it."""
    found = iter(
        _tag_documents(tagger, [item.subject for item in items if isinstance(item.subject, Document)], options)
    )
    results = [next(found) if isinstance(item.subject, Document) else item.subject for item in items]
    return [
        Problem(source, item.line, "", str(result), code=result.code) if isinstance(result, TextError) else result
        for item, result in zip(items, results, strict=True)
    ]


def _tag_documents(
    tagger: TopicTagger, documents: Sequence[Document], options: Options
) -> Iterable[Tagging | TextError]:
    if options.explain:
        return (_explain(tagger, document, options) for document in documents)
    return tagger.tag_many(documents, page=options.page, errors="return")


def _explain(tagger: TopicTagger, document: Document, options: Options) -> Tagging | TextError:
    try:
        return tagger.explain(document, page=options.page)
    except TextError as error:
        return error


def _output(item: Item, result: Tagging | Problem, layout: Layout, options: Options) -> dict[str, Any]:
    """Return the output record."""
    record = item.record
    output: dict[str, Any] = {"id": item.id}
    if isinstance(result, Problem):
        output["error"] = {"code": result.code, "message": str(result)}
    else:
        is_column = record is not None and record.line and options.text_column and options.explain
        output.update(_in_column(result, str(options.text_column), layout.texts[0]) if is_column else result)
        if record and record.warnings:
            output["warnings"] = [*record.warnings, *result.get("warnings", ())]
    if record and record.line and options.keep:  # a document in a file of its own has no columns
        id_column = options.id_column or "id"
        kept = {name: value for name, value in record.fields.items() if name != id_column}
        if broken := record.broken(kept):
            kept_warnings = [f"{problem.field}: {problem.message}" for problem in broken]
            output["warnings"] = [*output.get("warnings", ()), *kept_warnings]
        output.update(zip(layout.rename(tuple(kept)), kept.values(), strict=True))
    return output


def _in_column(result: Mapping[str, Any], column: str, text_name: str) -> dict[str, Any]:
    """Return an explanation in the words of the input: `column` was read as `text`, which comes back as `text_name`."""
    renamed = {text_name if name == "text" else name: value for name, value in result.items()}
    for name in ("evidence", "context", "left_out"):
        renamed[name] = [_with_field(entry, column) for entry in renamed.get(name, ())]
    return renamed


def _with_field(entry: Mapping[str, Any], column: str) -> dict[str, Any]:
    named = {**entry, "field": column} if "field" in entry else dict(entry)
    if "terms" in named:
        named["terms"] = [_with_field(term, column) for term in named["terms"]]
    return named


def compress(data: bytes, compression: str) -> bytes:
    """Return the data as a whole gzip member or Zstandard frame: many of them in a row are a file."""
    if compression == ".gz":
        return gzip.compress(data, 6, mtime=0)
    if compression == ".zst":
        import zstandard

        return zstandard.ZstdCompressor().compress(data)
    return data
