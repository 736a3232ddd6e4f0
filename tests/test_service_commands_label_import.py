"""`chude labels import` on the command line: tags that nobody knows, and what else is said of a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from labelling import parse_lines, write_lines
from running import Run

from model.disguise import REPAIRED


def test_unknown_tags_wait_for_a_word(run: Run, tmp_path: Path) -> None:
    path = write_lines(
        tmp_path / "a.jsonl", {"text": "Bom rơi.", "tags": "Ukraine; gaza"}, {"text": "Mưa.", "tags": []}
    )
    refused = run("labels", "import", path, status=1)
    assert f"{path}:1: tags: unknown tag 'gaza': the tags are arms-control, elections" in refused.stderr
    near = write_lines(tmp_path / "b.jsonl", {"text": "Bom rơi.", "tags": ["ukrain"]})
    assert "unknown tag 'ukrain': did you mean ukraine?" in run("labels", "import", near, status=1).stderr
    assert "unknown tag 'gaza'" in run("labels", "import", path, "--judged", "gaza", status=2).stderr
    assert "2 added" in run("labels", "import", path, "--judged", "gaza", "--new-tags").stdout
    judged = [record["judged"] for record in parse_lines(run("labels", "export", "-").stdout)]
    assert judged == [["gaza", "ukraine"], ["gaza"]]
    assert (
        "1 added" in run("labels", "import", write_lines(tmp_path / "c.jsonl", {"text": "c", "tags": ["gaza"]})).stdout
    )
    assert "1 changed" in run("labels", "import", near, "--new-tags", "--judged", "all").stdout


@pytest.mark.parametrize("command", ["labels import", "check", "eval", "train -o {out}"])
def test_a_slip_in_what_was_judged_is_asked_about(run: Run, tmp_path: Path, command: str) -> None:
    path = write_lines(tmp_path / "a.jsonl", {"text": "Bom rơi ở Kiev.", "tags": ["ukraine"]})
    words = command.format(out=tmp_path / "out").split()
    refused = run(*words, path, "--judged", "ukraine,election", status=2).stderr
    assert "--judged: unknown tag 'election': did you mean elections?" in refused
    assert "`chude topics add election` makes it a topic" in refused
    assert run("labels", "export", "-").stdout == ""


def test_an_import_says_what_it_repaired(run: Run, tmp_path: Path) -> None:
    text = "Quân đội Syria mở chiến dịch ở tỉnh Idlib, nhiều người dân phải rời bỏ nhà cửa."
    records = [
        {"text": text.encode().decode("latin-1"), "tags": ["syria"]},
        {"text": "Mưa lớn ở miền núi.", "tags": []},
    ]
    done = run("labels", "import", write_lines(tmp_path / "a.jsonl", *records))
    (line,) = [line for line in done.stderr.splitlines() if "repaired" in line]
    assert f"a.jsonl: 1 text: {REPAIRED}" in line


def test_one_slip_is_one_line(run: Run, tmp_path: Path) -> None:
    records = [{"text": f"Bom rơi lần {n}.", "tags": ["ukrain"]} for n in range(8)]
    path = write_lines(tmp_path / "a.jsonl", *records)
    for command in (("labels", "import"), ("check",)):
        done = run(*command, path, status=1)
        (line,) = [line for line in (done.stdout + done.stderr).splitlines() if "did you mean ukraine?" in line]
        assert f"{path}:1: tags: unknown tag 'ukrain'" in line
        assert line.endswith("the same in line 2, 3, 4, 5, 6 and 2 more")


def test_what_has_no_record_or_is_not_there_is_said(run: Run, tmp_path: Path) -> None:
    (tmp_path / "head.csv").write_text("text,tags\n", encoding="utf-8")
    assert "head.csv: there is no labelled record in it" in run("labels", "import", tmp_path / "head.csv").stderr
    assert "`chude check` checks the labels in the store" in run("labels", "check", status=2).stderr
    missing = run("check", "--topics", tmp_path / "no.toml", status=1).stderr
    assert f"{tmp_path / 'no.toml'}: cannot be read (No such file or directory): name a TOML file" in missing


def test_an_unknown_tag_is_named_in_its_field(run: Run, tmp_path: Path) -> None:
    records = [{"text": "Bom.", "tags": ["ukraine"], "judged": ["ukrain"]}, {"text": "Hai.", "tags": ["ukrain"]}]
    path = write_lines(tmp_path / "a.jsonl", *records)
    refused = run("labels", "import", path, status=1).stderr
    assert f"{path}:1: judged: unknown tag 'ukrain': did you mean ukraine?" in refused
    assert f"{path}:2: tags: unknown tag 'ukrain': did you mean ukraine?" in refused


def test_an_import_says_what_it_takes_from_the_model(run: Run, tmp_path: Path) -> None:
    texts = [f"Quân đội Syria mở chiến dịch {n} ở Idlib." for n in range(3)]
    records = [{"text": text, "tags": ["gaza"] if n == 0 else []} for n, text in enumerate(texts)]
    told = run("labels", "import", write_lines(tmp_path / "gaza.jsonl", *records), "--new-tags").stderr
    assert "3 of 3 texts have syria from the live model, and no label of the same origin has it" in told
    plain = [{"text": f"{text} Hết.", "tags": []} for text in texts]
    told = run("labels", "import", write_lines(tmp_path / "none.jsonl", *plain)).stderr
    assert "none.jsonl: 3 of 3 texts lose syria: judged, or not looked at? use --judged TAG" in told
    whole = [{"text": text, "tags": ["gaza", "syria"]} for text in texts]
    run("labels", "import", write_lines(tmp_path / "whole.jsonl", *whole))
    again = run("labels", "import", tmp_path / "gaza.jsonl").stderr
    assert "3 of the texts that change had syria in the store, and have it no more" in again
