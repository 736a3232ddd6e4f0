"""What texts of our own taught the shipped model: words of a topic without the topic, and its rarer words."""

from __future__ import annotations

import pytest

from model import TopicTagger


@pytest.mark.parametrize(
    "text",
    [
        "Hội Nhạc sĩ bầu chủ tịch.",
        "Hội Nhà báo tỉnh Long An bầu ban chấp hành, bà Hoa tái đắc cử chủ tịch.",
        "Đại hội Đoàn trường bỏ phiếu bầu bí thư mới.",
        "Thái Lan trúng cử Hội đồng Nhân quyền Liên Hợp Quốc với 177 phiếu.",
        "Cổ đông bỏ phiếu bầu hội đồng quản trị Sacombank.",
        "Hồng y bắt đầu bỏ phiếu bầu giáo hoàng.",
    ],
)
def test_votes_for_no_public_office_are_no_elections(shipped: TopicTagger, text: str) -> None:
    assert shipped.tag(text)["tags"] == []


@pytest.mark.parametrize(
    "text",
    [
        "Tổng thống Pháp Macron tái đắc cử sau vòng hai.",
        "Quốc hội bầu ông Nguyễn Văn A làm Chủ tịch Quốc hội.",
        "Cầu thủ Pacquiao tranh cử tổng thống Philippines.",
        "Người ứng cử đại biểu Quốc hội tiếp xúc cử tri ở Gia Lai.",
    ],
)
def test_votes_for_public_office_are_elections(shipped: TopicTagger, text: str) -> None:
    assert shipped.tag(text)["tags"] == ["elections"]


@pytest.mark.parametrize(
    "text",
    [
        "New START hết hạn, Nga và Mỹ không còn bị giới hạn đầu đạn.",
        "Lithuania rời công ước cấm bom chùm.",
        "EU gia hạn cấm bán vũ khí cho Myanmar.",
        "Hezbollah từ chối giải giáp.",
    ],
)
def test_treaties_and_embargoes_are_arms_control(shipped: TopicTagger, text: str) -> None:
    assert shipped.tag(text)["tags"] == ["arms-control"]
