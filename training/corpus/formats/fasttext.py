"""fastText: a text per line, its labels in front as `__label__syria`; ids and fields are lost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from model.document import Document
from model.errors import DataError, Problem
from training.corpus.format import AppendedFormat, Contents, Records
from training.corpus.recoding import as_utf8
from training.corpus.records import Record

_LABEL = "__label__"


class FastText(AppendedFormat):
    """fastText's training files."""

    name = "fasttext"
    suffixes = (".txt", ".ft")
    unlabelled = holds_unlabelled = False

    def records(self, contents: Contents) -> Records:
        """Yield the record of each line. Raises DataError after a file without a single label: that is plain text."""
        has_label = False
        for number, raw in enumerate(as_utf8(contents).stream, 1):
            try:
                words = raw.decode("utf-8-sig" if number == 1 else "utf-8").split()
            except UnicodeDecodeError as error:
                message = f"not UTF-8 at byte {error.start} of the line: save it as UTF-8"
                yield Problem(contents.file, number, "", message)
                continue
            tags: list[str] = [word.removeprefix(_LABEL) for word in words if word.startswith(_LABEL)]
            has_label |= bool(tags)
            if words:
                text = " ".join(word for word in words if not word.startswith(_LABEL))
                yield Record(number, {"text": text, "tags": tags})
        if not has_label:
            message = f"has no {_LABEL} in any line, so it is no file of fastText: labelled text is .jsonl or .csv"
            raise DataError([Problem(contents.file, 0, "", message)])

    def encode(self, rows: Iterable[Sequence[object]], columns: Sequence[str]) -> bytes:
        """Return the lines of the rows, of which the text and the column `tags` are written."""
        return "".join(_line(dict(zip(columns, row, strict=True))) for row in rows).encode()


def _line(record: dict[str, object]) -> str:
    tags = record.get("tags")
    labels = [f"{_LABEL}{tag}" for tag in tags] if isinstance(tags, list | tuple) else []
    text = Document.of(record).read().text.replace(_LABEL, f"_ {_LABEL[1:]}")
    return " ".join([*labels, *text.split()]) + "\n"
