"""Sentences of our own that the shipped model gives tags to: syria; elections and ukraine."""

from __future__ import annotations

SYRIA = "Quân đội Syria mở chiến dịch mới ở Idlib sau khi lệnh ngừng bắn đổ vỡ."
ELECTION = "Ukraine bầu tổng thống giữa chiến sự, hơn ba mươi ứng viên tranh cử."
