"""Texts that were made to take a page's reader long."""

from __future__ import annotations

import time

import pytest

from model.page.article import find_article

LINE = "Tổng thống Mỹ cân nhắc việc này nọ ở một nước nào đó"
PROSE = "Một đoạn văn dài vừa đủ để là đoạn đầu của một bài báo nào đó về chuyện gạo nước.\n"
HOSTILE = {
    "empty lines": "\n" * 1_000_000,
    "headings": "Tin liên quan\n" * 70_000,
    "sections that end": "".join(f"Tin liên quan\nĐoạn An {n}.\nĐoạn Anh {n}.\n" for n in range(22_000)),
    "space": " \n\t" * 300_000,
    "pointers": "> " * 500_000,
    "lines of pointers": ">> Cử tri đi bầu\n" * 60_000,
    "one word": "a" * 1_000_000,
    "dates": "12/12/" * 150_000 + "\n" * 5,
    "paths": ("1 | " * 20 + "\n") * 12_000,
    "slashes": LINE + "\n" + PROSE + " / ".join([LINE] * 18_000) + "\n" + PROSE,
    "space around slashes": LINE + "\n" + PROSE + "A" + " " * 900_000 + "/\n" + PROSE,
    "brackets": ("(" * 200 + "12/12/2005)\n") * 4_500,
    "dated headlines": f"{LINE}(13/02/2005)\n" * 15_000,
    "long title": "Ạ" * 500_000 + "\n" + "a\n" * 200_000,
    "repeated title": LINE + "\n" + "tong thong my can nhac viec nay no x\n" * 20_000,
    "copies of the title": f"{LINE}\n" * 18_000,
    "numbered titles": LINE + "\n" + "".join(f"{LINE} - {n}\n" for n in range(16_000)),
    "a menu without end": "Báo Mẫu\n" + "Thể thao\n" * 110_000,
    "a menu before a body": "Báo Mẫu\n" + "Thể thao\n" * 100_000 + LINE + "\n" + PROSE * 3,
    "headlines": "".join(f"{LINE} {n}\n" for n in range(16_000)),
    "paragraphs": PROSE + "".join(f"Đoạn {n}: {PROSE}" for n in range(10_000)),
    "sources": "Tin liên quan\n" + "Theo AFP\n" * 110_000,
    "capitals": "A B " * 250_000 + "\nTin liên quan\n" + PROSE * 5,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_text_makes_it_run_away(name: str) -> None:
    text = HOSTILE[name]

    def seconds(part: str) -> float:
        began = time.process_time()
        find_article(part, force=True)
        find_article(part)
        return time.process_time() - began

    # A quarter of the text takes about a quarter of the time; quadratic time would be 16 times, and minutes.
    assert seconds(text) < 10 * seconds(text[: len(text) // 4]) + 20
