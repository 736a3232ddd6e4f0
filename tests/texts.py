"""Sentences of our own that the shipped model gives tags to, and a labelled record of one of them."""

from __future__ import annotations

SYRIA = "Quân đội Syria mở chiến dịch mới ở Idlib sau khi lệnh ngừng bắn đổ vỡ."
ELECTION = "Ukraine bầu tổng thống giữa chiến sự, hơn ba mươi ứng viên tranh cử."
RECORD = {"id": "n1", "text": SYRIA, "tags": ["syria"]}
