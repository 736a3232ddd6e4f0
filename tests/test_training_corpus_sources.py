"""Finding and opening files: names, folders, compressions, and what is said where a file cannot be used."""

from __future__ import annotations

import gzip
import json
import os
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import zstandard

from model.errors import DataError, Problem
from training.corpus.records import Record, describe_unread, unread_text_column
from training.corpus.registry import FORMATS, format_of, split_name
from training.corpus.sources import Source, find_sources

LINE = b'{"id": 1, "text": "M\\u1ed9t b\\u00e0i"}\n'


def texts(source: Source) -> list[object]:
    return [record.fields["text"] for record in source.records() if isinstance(record, Record)]


@pytest.mark.parametrize(
    ("name", "format", "compression"),
    [
        ("a.jsonl", "jsonl", ""),
        ("A.JSONL", "jsonl", ""),
        ("a.ndjson.gz", "jsonl", ".gz"),
        ("a.jsonl.GZ", "jsonl", ".gz"),
        ("a.csv.Zst", "csv", ".zst"),
        ("a.txt", "txt", ""),
        ("A.TXT", "txt", ""),
        ("a.txt.gz", "txt", ".gz"),
        ("a.HTM", "html", ""),
        ("a.xlsx", "xlsx", ""),
    ],
)
def test_names(tmp_path: Path, name: str, format: str, compression: str) -> None:
    (tmp_path / name).write_bytes(b"")
    (source,) = find_sources([str(tmp_path / name)])
    assert (source.format, source.compression, source.stem) == (format, compression, str(tmp_path / name.split(".")[0]))


def test_text_is_fasttext_where_labels_are_wanted() -> None:
    for labelled, name in ((True, "fasttext"), (False, "txt")):
        format = format_of("x/A.TXT.gz", labelled=labelled)
        assert format is not None
        assert format.name == name
    assert format_of("a.html", labelled=True) is None
    assert split_name("a.b/c") == ("a.b/c", "", "")


@pytest.mark.parametrize("compress", [bytes, gzip.compress, zstandard.compress])
@pytest.mark.parametrize("name", ["x.jsonl", "x.csv", "x.txt", "x.json"])
def test_compressed_files(tmp_path: Path, name: str, compress: Callable[[bytes], bytes]) -> None:
    text = "Một bài".encode()
    data = {"x.jsonl": LINE, "x.json": b"[" + LINE + b"]", "x.csv": b"text\n" + text, "x.txt": text}
    packed = compress(data[name])
    suffix = {b"\x1f\x8b": ".gz", b"(\xb5": ".zst"}.get(packed[:2], "")
    (tmp_path / (name + suffix)).write_bytes(packed)
    (source,) = find_sources([str(tmp_path / (name + suffix))])
    assert texts(source) == ["Một bài"]


def test_members_of_a_compressed_file_are_read_to_the_last(tmp_path: Path) -> None:
    for suffix, compress in ((".gz", gzip.compress), (".zst", zstandard.compress)):
        path = tmp_path / f"x.jsonl{suffix}"
        path.write_bytes(compress(LINE) + compress(LINE))
        assert len(texts(find_sources([str(path)])[0])) == 2
        path.write_bytes(compress(LINE * 1000)[:-9])
        with pytest.raises(DataError, match="cannot be read as jsonl"):
            texts(find_sources([str(path)])[0])


def test_a_folder_is_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("crawl/b.txt", "crawl/a/z.jsonl", "crawl/.hidden.txt", "crawl/.git/x.txt", "crawl/README.md"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(b"")
    assert [source.name for source in find_sources(["crawl/"])] == ["crawl/a/z.jsonl", "crawl/b.txt"]
    assert [source.name for source in find_sources(["./crawl"])] == ["./crawl/a/z.jsonl", "./crawl/b.txt"]
    Path("crawl/a/z.jsonl").unlink()
    with pytest.raises(DataError, match="crawl/a: no file to read in it: names end in .csv"):
        find_sources(["crawl/a"])


def test_a_linked_folder_is_searched_once(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "far/x.txt").write_bytes(b"a")
    (tmp_path / "near").mkdir()
    (tmp_path / "near/link").symlink_to(tmp_path / "far")
    (tmp_path / "far/loop").symlink_to(tmp_path / "near")
    assert [source.name for source in find_sources([str(tmp_path / "near")])] == [f"{tmp_path}/near/link/x.txt"]


def test_the_same_file_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(LINE)
    (tmp_path / "b.jsonl").symlink_to(tmp_path / "a.jsonl")
    os.link(tmp_path / "a.jsonl", tmp_path / "c.jsonl")
    a, b, c = (str(tmp_path / name) for name in ("a.jsonl", "b.jsonl", "c.jsonl"))
    for names in ([a, a], [a, b], [a, c], [a, str(tmp_path)], ["-", "-"]):
        with pytest.raises(DataError, match="is the same file as .*: give it once"):
            find_sources(names)


def test_everything_that_is_missing_or_unknown_is_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "x.docx").write_bytes(b"")
    with pytest.raises(DataError, match="no such file") as caught:
        find_sources([str(tmp_path / "none.csv"), str(tmp_path / "x.docx")])
    assert [problem.message.split(":")[0] for problem in caught.value.problems] == [
        "cannot be read",
        "unknown kind of file",
    ]


def test_a_forced_format(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("Một bài", encoding="utf-8")
    (source,) = find_sources([str(tmp_path / "x")], forced_format="txt")
    (record,) = source.records()
    assert isinstance(record, Record)
    assert (record.line, record.fields, record.identity(source.name)) == (0, {"text": "Một bài"}, source.name)
    assert [source.format for source in find_sources(["-"], forced_format="txt")] == ["txt"]


def test_a_document_that_is_no_text_is_one_problem(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_bytes(b"%PDF-1.4")
    (problem,) = find_sources([str(tmp_path / "x.txt")])[0].records()
    assert isinstance(problem, Problem)
    assert problem.code == "unreadable-text"
    assert str(problem).startswith(f"{tmp_path}/x.txt: this is a PDF file")


@pytest.mark.parametrize("by_place", [False, True])
@pytest.mark.parametrize("end", [b"\n", b""])
def test_blocks_have_every_line_once(tmp_path: Path, by_place: bool, end: bytes) -> None:
    lines = [json.dumps({"text": f"{n} " + "a" * (n * 7919 % 90_000)}).encode() for n in range(200)]
    lines[3:3] = [b"", b" \r"]
    path = tmp_path / "x.jsonl"
    path.write_bytes(b"\n".join(lines) + end)
    (source,) = find_sources([str(path)])
    blocks = [pickle.loads(pickle.dumps(block)) for block in source.blocks(by_place=by_place)]
    assert len(blocks) > 3
    assert blocks[-1].position == source.size
    records = [record for block in blocks for record in replace(block, position=0).records()]
    assert [record.line for record in records if isinstance(record, Record)] == [1, 2, 3, *range(6, 203)]


def test_a_file_that_became_shorter_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(LINE * 10)
    (block,) = find_sources([str(path)])[0].blocks(by_place=True)
    path.write_bytes(LINE)
    with pytest.raises(DataError, match="became shorter while it was read"):
        list(block.records())


def test_the_head_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("id;text\n1;a\n2;b\n", encoding="utf-8")
    (source,) = find_sources([str(tmp_path / "x.csv")])
    assert source.columns() == ["id", "text"]
    assert [record.line for record in source.sample(1)] == [2]
    (stdin,) = find_sources(["-"])
    assert (stdin.columns(), stdin.sample(), stdin.size) == ([], [], 0)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_lines_in_utf16_without_a_byte_order_mark(
    tmp_path: Path, encoding: str, compress: Callable[[bytes], bytes]
) -> None:
    texts = [f"Bài số {n} kể chuyện đồng ruộng \U0001f33e" for n in range(3000)]
    lines = "".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in texts)
    path = tmp_path / ("x.jsonl.gz" if compress is gzip.compress else "x.jsonl")
    path.write_bytes(compress(lines.encode(encoding)))
    (source,) = find_sources([str(path)])
    assert [record.fields["text"] for record in source.records() if isinstance(record, Record)] == texts


def test_lines_in_utf16(tmp_path: Path) -> None:
    text = "".join(f'{{"text": "Bài {n}"}}\r\n' for n in range(30_000))
    (tmp_path / "x.jsonl").write_bytes(text.encode("utf-16"))
    assert texts(find_sources([str(tmp_path / "x.jsonl")])[0]) == [f"Bài {n}" for n in range(30_000)]


PROSE = "Đây là một bài viết dài. " * 20


@pytest.mark.parametrize(
    ("fields", "text_column", "column"),
    [
        ({"title": "Tên", "content": PROSE}, None, "content"),
        ({"title": "Tên", "content": PROSE}, "content", None),
        ({"title": "Tên", "content": PROSE}, "title", "content"),
        ({"content": PROSE}, None, "content"),
        ({"text": PROSE, "content": PROSE * 4}, None, None),
        ({"text": PROSE, "content": PROSE * 5}, None, "content"),
        ({"title": "Tên", "url": "https://bao.example/" + "a" * 500}, None, None),
        ({"title": "Tên", "content": "Một câu thôi."}, None, None),
        ({"title": "Tên", "tags": ["a"], "n": 5}, None, None),
    ],
)
def test_a_long_column_that_is_not_read(fields: dict[str, object], text_column: str | None, column: str | None) -> None:
    assert unread_text_column(fields, text_column) == column


def test_what_is_said_of_it_holds_for_most_records() -> None:
    long = Record(1, {"title": "Tên", "content": PROSE})
    short = Record(2, {"title": "Tên", "content": "Một câu."})
    assert describe_unread([long, short, short]) is None
    assert describe_unread([]) is None
    assert describe_unread([long, long, short]) == (
        "read: title; not read: content (336 characters on average): --text-column content reads it"
    )


def test_every_format_says_what_it_is() -> None:
    for name, format in FORMATS.items():
        assert format.name == name
        assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in format.suffixes)
        assert format.labelled or format.unlabelled
