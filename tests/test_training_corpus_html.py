"""Labelled texts are read by the one rule: HTML by its prose, in training and in the store as everywhere."""

from __future__ import annotations

from model.errors import Problem
from training.corpus.examples import Example, parse_record


def test_the_prose_of_html_is_learnt() -> None:
    html = '<p>Giá gạo <b>tăng</b> ở miền Tây.</p><img alt="Tổng thống Ukraine">'
    example = parse_record({"text": html, "tags": []}, "a.jsonl", 1)
    assert isinstance(example, Example)
    assert example.text == "Giá gạo tăng ở miền Tây."
    assert example.document.text == html  # what was given is kept


def test_mojibake_is_learnt_as_what_it_was() -> None:
    text = "Cử tri đi bỏ phiếu bầu tổng thống ở nhiều thành phố."
    example = parse_record({"text": text.encode().decode("latin-1"), "tags": ["elections"]}, "a.jsonl", 1)
    assert isinstance(example, Example)
    assert example.text == text


def test_a_page_without_an_article_is_no_example() -> None:
    page = "<!doctype html><html><body><ul>" + "<li><a href='/x'>Tin</a></li>" * 20 + "</ul></body></html>"
    problems = parse_record({"text": page, "tags": []}, "a.jsonl", 3)
    assert isinstance(problems, list)
    assert [(p.file, p.line, p.field) for p in problems] == [("a.jsonl", 3, "text")]
    assert isinstance(problems[0], Problem)
    assert "no article" in problems[0].message
