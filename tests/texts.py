"""Sentences of our own that the shipped model gives tags to, and a labelled record of one of them."""

from __future__ import annotations

SYRIA = "Quân đội Syria mở chiến dịch mới ở Idlib sau khi lệnh ngừng bắn đổ vỡ."
ELECTION = "Ukraine bầu tổng thống giữa chiến sự, hơn ba mươi ứng viên tranh cử."
VOTE = "Cử tri Ukraine đi bầu tổng thống vào chủ nhật, các phòng phiếu mở cửa từ sáng sớm."
RECORD = {"id": "n1", "text": SYRIA, "tags": ["syria"]}
ARTICLE = (
    "Ukraine bầu tổng thống giữa chiến sự\nCử tri Ukraine đi bỏ phiếu bầu tổng thống trong khi giao tranh ở Donetsk "
    "vẫn tiếp diễn.\nỦy ban bầu cử trung ương nói kết quả sẽ có vào thứ hai."
)
