"""`chude labels` as users run it: what comes in comes out, and what cannot be read is said."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import SEEDS
from labelling import parse_lines, write_lines
from running import Run

from model.errors import DataError
from training.corpus.readers import read_records
from training.corpus.writers import write_unlabelled
from training.labels.store import open_store

PROSE = "Mưa lớn kéo dài ở các tỉnh miền núi, nhiều con đường bị nước cuốn trôi và người dân phải rời nhà. "


def test_labels_on_the_command_line(run: Run, tmp_path: Path) -> None:
    assert "253 added, 0 changed, 0 unchanged, 0 refused" in run("labels", "import", SEEDS / "articles.jsonl").stdout
    assert "0 added, 0 changed, 253 unchanged, 0 refused" in run("labels", "import", SEEDS / "articles.jsonl").stdout
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"text": "một bài mới", "tags": []}\n{"text": "hai", "tags": ["Xy Ria"]}\n', encoding="utf-8")
    refused = run("labels", "import", bad, status=1)
    assert f"{bad}:2: tags: 'Xy Ria' is no tag" in refused.stderr
    assert "nothing imported" in refused.stdout
    assert "1 added, 0 changed, 0 unchanged, 1 refused" in run("labels", "import", bad, "--skip-bad").stdout
    assert run("labels", "stats").stdout.startswith("254 texts, ")
    assert "một bài mới" in run("labels", "list", "-n", 1).stdout
    assert "254 examples" in run("labels", "export", tmp_path / "out.csv").stdout
    assert len(run("labels", "export", "-").stdout.splitlines()) == 254
    assert run("labels", "delete", f"{bad}:1").stdout == "1 removed\n"
    run("labels", "delete", "nobody", status=1)


@pytest.mark.parametrize("name", ["out.jsonl", "out.csv", "-"])
def test_what_was_given_is_exported_and_imported_again(run: Run, tmp_path: Path, name: str) -> None:
    given = [
        {"id": 1, "title": "Bầu cử Quốc hội", "text": "Trời mưa cả ngày.", "tags": ["elections"]},
        {"id": "b", "title": "Tin vắn", "lead": "Giá gạo tăng.", "tags": []},
        {
            "id": "c",
            "body": "Bom rơi xuống Idlib. Dân chạy.",
            "tags": ["syria"],
            "borderline": ["ukraine"],
            "evidence": {"syria": ["Bom rơi xuống Idlib."]},
        },
    ]
    run("labels", "import", write_lines(tmp_path / "in.jsonl", *given))
    if name == "-":
        assert parse_lines(run("labels", "export", "-").stdout) == given
        return
    assert "3 examples" in run("labels", "export", tmp_path / name).stdout
    run("labels", "delete", "1", "b", "c")
    assert "3 added" in run("labels", "import", tmp_path / name).stdout
    exported = parse_lines(run("labels", "export", "-").stdout)
    assert [{**record, "id": str(record["id"])} for record in exported] == [{**g, "id": str(g["id"])} for g in given]
    if name == "out.jsonl":
        assert exported == given


def test_an_id_that_is_not_given_is_the_path_as_it_was_given(
    environ: dict[str, str], home: Path, tmp_path: Path
) -> None:
    (tmp_path / "sub").mkdir()
    write_lines(tmp_path / "sub" / "a.jsonl", {"text": "Một", "tags": []}, {"text": "Hai", "tags": []})
    for given, stdin in (("sub/a.jsonl", None), ("./sub/a.jsonl", None), ("-", '{"text": "Ba", "tags": []}')):
        command = [sys.executable, "-m", "service", "labels", "import", given]
        subprocess.run(command, env=environ, cwd=tmp_path, input=stdin, text=True, check=True, capture_output=True)
    ids = [example.id for example in open_store(home).examples()]
    assert ids == ["sub/a.jsonl:1", "sub/a.jsonl:2", "-:1"]


def test_import_says_what_it_did_not_read(run: Run, tmp_path: Path) -> None:
    crawled = write_lines(
        tmp_path / "crawl.jsonl",
        *({"key": n, "title": f"Bài {n}", "content": f"{n} {PROSE * 5}", "tags": []} for n in range(3)),
    )
    told = run("labels", "import", crawled)
    assert "3 added" in told.stdout
    assert "read: title; not read: content" in told.stderr
    assert "--text-column content" in told.stderr
    done = run("labels", "import", crawled, "--text-column", "content", "--id-column", "key")
    assert (done.stderr, "3 added" in done.stdout) == ("", True)
    exported = parse_lines(run("labels", "export", "-").stdout)
    assert [record["id"] for record in exported[3:]] == [0, 1, 2]
    assert exported[3]["text"].startswith("0 Mưa lớn")
    wrong = run("labels", "import", crawled, "--id-column", "uid", status=1)
    assert (
        f"{crawled}: --id-column uid: is in none of the first 3 records; there is key, title, content, tags"
        in wrong.stderr
    )


def test_skipped_tasks_are_counted(run: Run, tmp_path: Path) -> None:
    choice = {"type": "choices", "from_name": "topic", "to_name": "text", "value": {"choices": ["syria"]}}
    tasks = [
        {"id": 1, "data": {"text": "Bom rơi ở Idlib."}, "annotations": [{"result": [choice]}]},
        {"id": 2, "data": {"text": "Giá gạo tăng."}, "annotations": [{"result": [], "was_cancelled": True}]},
    ]
    path = tmp_path / "export.json"
    path.write_text(json.dumps(tasks), encoding="utf-8")
    done = run("labels", "import", path)
    assert "1 added" in done.stdout
    assert f"{path}: 1 record without an answer is left out" in done.stderr


def test_suggest(run: Run, tmp_path: Path) -> None:
    pool = write_lines(
        tmp_path / "pool.jsonl",
        {"id": 7, "title": "Hội đồng bàn về bầu cử", "text": "Các bên hẹn gặp lại vào tuần sau ở thủ đô."},
        {"title": "Giá gạo tăng nhẹ", "lead": "Chợ đông hơn mọi khi."},
        {"id": "broken", "text": 5},
    )
    done = run("labels", "suggest", pool, "-n", 5)
    suggested = sorted(parse_lines(done.stdout), key=lambda record: str(record["id"]))
    assert [record["id"] for record in suggested] == [f"{pool}:2", 7]
    assert (suggested[0]["title"], suggested[0]["lead"]) == ("Giá gạo tăng nhẹ", "Chợ đông hơn mọi khi.")
    assert all(record["tags"] is None for record in suggested)
    assert f"{pool}:3: text: must be a string, not int 5" in done.stderr
    labelled = tmp_path / "labelled.jsonl"
    labelled.write_text(done.stdout, encoding="utf-8")
    assert "labelled.jsonl:1: tags: is null: fill in the tags" in run("labels", "import", labelled, status=1).stderr
    labelled.write_text(done.stdout.replace('"tags":null', '"tags":[]'), encoding="utf-8")
    assert "2 added" in run("labels", "import", labelled).stdout
    again = run("labels", "suggest", pool)
    assert (again.stdout, "nothing to suggest: each text is labelled (2 read)" in again.stderr) == ("", True)


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.xlsx", "a.json", "a.parquet"])
def test_what_is_suggested_is_no_label_until_it_is_filled_in(tmp_path: Path, name: str) -> None:
    records = [{"id": n, "text": f"bài {n}", "tags": None, "why": "syria", "scores": {"syria": 0.5}} for n in (1, 2)]
    assert write_unlabelled(records, tmp_path / name) == 2
    read = list(read_records([tmp_path / name], notify=(notes := []).append))
    if name == "a.json":  # tasks of Label Studio that nobody has annotated
        assert (read, notes) == ([], [f"{tmp_path / name}: 2 records without an answer are left out"])
        return
    assert [str(problem).split(": ", 1)[1][:15] for problem in read] == [
        f"tags: is {'?' if name in ('a.csv', 'a.xlsx') else 'null'}: fill"[:15]
    ] * 2
    with pytest.raises(DataError, match="fasttext has no place for a text that waits"):
        write_unlabelled(records, tmp_path / "a.ft")


def test_texts_for_a_topic_that_the_model_lacks(run: Run, tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("# Dải Gaza\ndải Gaza\nHamas\n\n", encoding="utf-8")
    texts = ["Hamas nói về dải Gaza.", "Giá gạo tăng nhẹ.", "Đoàn xe tới Dải  GAZA.", "Mưa lớn ở miền núi."]
    pool = write_lines(tmp_path / "pool.jsonl", *({"id": n, "text": text} for n, text in enumerate(texts)))
    refused = run("labels", "suggest", pool, "--topic", "gaza", status=2)
    assert "gaza: there is no such topic: give --keywords FILE, or `chude topics add gaza --keywords" in refused.stderr
    (tmp_path / "empty.txt").write_text("# chưa có\n", encoding="utf-8")
    added = run("topics", "add", "gaza", "--keywords", tmp_path / "empty.txt").stderr
    assert f"{tmp_path / 'empty.txt'}: there is no key word in it" in added
    without = run("labels", "suggest", pool, "--topic", "gaza", status=2).stderr
    assert "gaza: it has no key words, and the model does not know it" in without
    assert "`chude topics set gaza --keywords FILE`" in without
    assert "did you mean syria?" in run("labels", "suggest", pool, "--topic", "syira", status=2).stderr
    run("topics", "set", "gaza", "--keywords", words)
    found = parse_lines(run("labels", "suggest", pool, "--topic", "gaza", "-n", 2).stdout)
    assert [(record["id"], record["why"]) for record in found] == [(0, "gaza: Hamas, dải Gaza"), (2, "gaza: dải Gaza")]
    table = tmp_path / "out.csv"
    assert "2 texts to label" in run("labels", "suggest", pool, "-n", 2, "--topic", "gaza", "-o", table).stdout
    assert table.read_text(encoding="utf-8").startswith("id,text,tags,why,scores\n0,Hamas nói về dải Gaza.,?,")
    assert "is there, perhaps with labels" in run("labels", "suggest", pool, "-o", table, status=1).stderr


def test_suggest_with_a_column_that_is_not_there(run: Run, tmp_path: Path) -> None:
    records = [{"id": n, "content": f"Bài số {n} nói về mưa."} for n in range(30)]
    pool = write_lines(tmp_path / "pool.jsonl", *records)
    wrong = run("labels", "suggest", pool, "--text-column", "contents", status=1)
    assert wrong.stdout == ""
    assert f"{pool}: --text-column contents: is in none of the first" in wrong.stderr
    assert "there is id, content; did you mean content?" in wrong.stderr
    unnamed = run("labels", "suggest", pool, status=1)
    assert f"{pool}:1: text: is missing" in unnamed.stderr
    assert "; there is id, content: name the one to read with --text-column\n" in unnamed.stderr
    assert "30 records in all cannot be read" in unnamed.stderr
    assert len(unnamed.stderr.splitlines()) == 21
    assert (
        "--id-column key: is in none of the first"
        in run("labels", "suggest", pool, "--id-column", "key", status=1).stderr
    )
    table = tmp_path / "pool.csv"
    table.write_text("id,content\n1,Mưa lớn ở miền Trung\n", encoding="utf-8")
    assert "there is id, content" in run("labels", "suggest", table, status=1).stderr
    assert run("labels", "suggest", table, "--text-column", "content").stdout.count("\n") == 1


@pytest.mark.parametrize(
    "command", [("train", "-o", "model"), ("eval",), ("check",), ("labels", "import"), ("labels", "suggest")]
)
@pytest.mark.parametrize(
    "name", ["g.csv", pytest.param("g.jsonl", marks=pytest.mark.whole), pytest.param("g.json", marks=pytest.mark.whole)]
)
def test_columns_that_are_not_there_are_named_by_every_command(
    run: Run, tmp_path: Path, command: tuple[str, ...], name: str
) -> None:
    path = tmp_path / name
    records = [{"Id": n, "text": f"Bài số {n}", "tags": []} for n in range(2)]
    if name == "g.csv":
        path.write_text("Id,text,tags\n1,Bài số một,\n2,Bài số hai,\n", encoding="utf-8")
    elif name == "g.json":
        path.write_text(json.dumps(records), encoding="utf-8")
    else:
        write_lines(path, *records)
    command = tuple(str(tmp_path / "model") if word == "model" else word for word in command)
    options = ["--id-column", "--text-column", *([] if command[-1] == "suggest" else ["--label-field"])]
    for option in options:
        done = run(*command, path, option, "nope", status=1)
        said = f"{path}: {option} nope: is in none of the first 2 records; there is Id, text, tags"
        assert said in done.stderr + done.stdout
    assert "did you mean Id?" in (done := run(*command, path, "--id-column", "id ", status=1)).stderr + done.stdout
