"""Texts of our own on elections and on rice, as plain text, as a page, and in a wrong encoding."""

from __future__ import annotations

ELECTION = "Cử tri Ukraine đi bỏ phiếu bầu tổng thống mới, và quan sát viên quốc tế có mặt ở mọi tỉnh."
RICE = "Nông dân trong vùng bắt đầu thu hoạch lúa sớm hơn mọi năm vì trời nắng đẹp suốt hai tuần."
ARTICLE = (ELECTION + " " + RICE + "\n") * 3
PAGE = (
    f"<html><head><title>Bầu cử ở Ukraine</title></head><body><article><p>{ELECTION} {RICE}</p></article></body></html>"
)


def mojibake(text: str, encoding: str) -> str:
    data = text.encode()
    if encoding == "latin-1":
        return data.decode("latin-1")
    return "".join(bytes([n]).decode("cp1252") if n not in b"\x81\x8d\x8f\x90\x9d" else chr(n) for n in data)
