"""One block tagged, by whichever process or machine it was sent to: records in, lines of the output out."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from model import Tagging, TextError, TopicTagger
from model.artifact.files import load_bytes, read_files
from model.document import Document, FieldError
from model.errors import Problem
from model.memory import keep_freed_memory
from service.batch.counts import Tagged
from service.batch.options import Options
from service.batch.rows import Layout, encode_outputs
from training.corpus.blocks import Block
from training.corpus.records import Record, place


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


@dataclass
class Item:
    """A record that is to be tagged, or what is wrong with it."""

    id: str | int | float
    line: int
    document: Document | None = None
    error: Problem | None = None
    kept: dict[str, object] = field(default_factory=dict)
    """What `--keep` passes through, under the names of the input."""
    warnings: tuple[str, ...] = ()
    """What decoding its file gave."""


def tag_block(shared: SharedArtifact, block: Block, options: Options) -> Tagged:
    """Tag the records of a block."""
    tagger = shared.tagger()
    layout = Layout.of(tagger.tags, options)
    items = [_item(record, block.file, options) for record in block.records()]
    results = _tag(tagger, items, block.file, options)
    outputs = [_output(item, result, layout) for item, result in zip(items, results, strict=True)]
    errors = [result for result in results if isinstance(result, Problem)]
    tags = Counter(tag for result in results if not isinstance(result, Problem) for tag in result["tags"])
    data = compress(encode_outputs(outputs, layout, options.format), options.compression)
    return Tagged(data, len(items), len(errors), tags, str(errors[0]) if errors else "", block.position)


def _item(record: Record | Problem, source: str, options: Options) -> Item:
    """Return what is to be done with a record."""
    if isinstance(record, Problem):
        return Item(place(source, record.line), record.line, error=record)
    item = Item(place(source, record.line), record.line, warnings=record.warnings)
    try:
        item.id = record.identity(source, options.id_column or "id")
        item.document = record.document(options.text_column if record.line else None)
    except FieldError as error:
        item.error = Problem(source, record.line, error.field, error.message, code=error.code)
    if options.keep:
        used = record.used(options.text_column, options.id_column or "id")
        item.kept = {name: value for name, value in record.fields.items() if name not in used}
    return item


def _tag(tagger: TopicTagger, items: Sequence[Item], source: str, options: Options) -> list[Tagging | Problem]:
    """Return the result of each item, or what is wrong with it."""
    documents = [item.document for item in items if item.document is not None and item.error is None]
    found = iter(_tag_documents(tagger, documents, options))
    results = ((item, item.error or next(found)) for item in items)
    return [_located(result, source, item.line) for item, result in results]


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


def _located(result: Tagging | TextError | Problem, source: str, line: int) -> Tagging | Problem:
    return Problem(source, line, "", str(result), code=result.code) if isinstance(result, TextError) else result


def _output(item: Item, result: Tagging | Problem, layout: Layout) -> dict[str, Any]:
    """Return the output record."""
    output: dict[str, Any] = {"id": item.id}
    if isinstance(result, Problem):
        output["error"] = {"code": result.code, "message": str(result)}
    else:
        output |= result
        if item.warnings:
            output["warnings"] = [*item.warnings, *result.get("warnings", ())]
    if item.kept:
        output.update(zip(layout.rename(tuple(item.kept)), item.kept.values(), strict=True))
    return output


def compress(data: bytes, compression: str) -> bytes:
    """Return the data as a whole gzip member or Zstandard frame: many of them in a row are a file."""
    if compression == ".gz":
        return gzip.compress(data, 6, mtime=0)
    if compression == ".zst":
        import zstandard

        return zstandard.ZstdCompressor().compress(data)
    return data
