"""Words of Vietnamese news pages that are no part of an article: headings of sections, buttons, footers, dates."""

from __future__ import annotations

import re

_SECTIONS = """
tin liên quan|bài liên quan|tin bài liên quan|tin, bài liên quan|tin tức liên quan|bài viết liên quan|có liên quan
đọc thêm|xem thêm|đọc tiếp|nên đọc|mời bạn đọc thêm|mời đọc thêm|tin đọc thêm|bài đọc thêm
cùng chuyên mục|tin cùng chuyên mục|bài cùng chuyên mục|tin bài cùng chuyên mục|trong chuyên mục|tin cùng mục|cùng mục
tin cùng chủ đề|cùng chủ đề|bài cùng chủ đề|chủ đề liên quan|sự kiện liên quan|tin khác|tin tức khác|bài khác
các tin khác|các bài khác|các tin liên quan|tin đã đưa|tin mới|tin mới hơn|tin cũ hơn|tin mới nhất|mới nhất|mới cập nhật
tin nổi bật|nổi bật|tin nóng|tin hot|tiêu điểm|tin tiêu điểm|video nổi bật|đáng chú ý|tin đáng chú ý|tin trong ngày
đừng bỏ lỡ|có thể bạn quan tâm|có thể bạn thích|bạn có thể quan tâm|bạn có biết|gợi ý cho bạn|dành cho bạn|bạn nên đọc
đọc nhiều|đọc nhiều nhất|xem nhiều|xem nhiều nhất|tin đọc nhiều|tin xem nhiều|bài đọc nhiều|được quan tâm|quan tâm nhiều
tin tiếp theo|bài tiếp theo|tin trước|bài trước|tin tài trợ|tin tức 24h|tin tức mới nhất
bình luận|gửi bình luận|viết bình luận|ý kiến bạn đọc|ý kiến|ý kiến của bạn|phản hồi|thảo luận|từ khóa|từ khoá|tags|tag
"""
SECTIONS = frozenset(name for line in _SECTIONS.split("\n") for name in line.split("|") if name)
"""Headings of sections with other articles or readers' comments, in lower case."""

_BUTTONS = """
chia sẻ|chia sẻ bài viết|lưu bài|lưu bài viết|cỡ chữ|in bài|in bài viết|in trang|gửi bài|gửi email|sao chép
sao chép link|copy link|facebook|zalo|twitter|messenger|linkedin|trang chủ|trang nhất|menu|đăng nhập|đăng ký
đăng xuất|tìm kiếm|nghe đọc|nghe đọc bài|nghe bài viết|a-|a+|quay lại|về đầu trang|tải ứng dụng|liên hệ|quảng cáo
giới thiệu|rss|podcast|e-paper|phiên bản di động|phiên bản mobile|theo dõi|theo dõi chúng tôi|thích|like|share
tweet|xem tất cả|xem toàn bộ|tải thêm
"""
BUTTONS = frozenset(name for line in _BUTTONS.split("\n") for name in line.split("|") if name)
"""Whole lines of menus and buttons, in lower case."""

_DATE = r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}"
_CLOCK = r"\d{1,2}[:h]\d{0,2}"
NOISE = re.compile(
    r"©|\(c\) |bản quyền|copyright|giấy phép|liên hệ quảng cáo|powered by|hotline|đường dây nóng|tổng biên tập"
    r"|cơ quan chủ quản|mời (?:quý )?(?:độc giả|bạn đọc)|theo dõi .{1,30} trên\b|\(?\d{1,5}\)? bình luận"
    r"|https?://|www\.|\d{1,3} (?:giây|phút|giờ|ngày|tuần|tháng) trước\b"
    rf"|(?:(?:thứ \w{{2,4}}|chủ nhật|cập nhật|đăng lúc|{_CLOCK})[\s,|:-]{{0,4}}){{0,3}}{_DATE}"
    rf"(?:[\s,|-]{{1,4}}{_CLOCK})?(?:[\s,|]{{0,3}}\(?gmt ?\+?7\)?)?$"
)
"""How short lines, in lower case, begin that belong to the page: footers, dates, counts of comments."""
NOISE_STARTS = frozenset("©(0123456789bcghlmptwđ")
"""Every character that `NOISE` can begin with."""
_SITES = (".vn", ".com", ".net", ".org")
_PATH = re.compile(r"[\w ]{2,20}(?: [|>»/] [\w ]{2,20}){1,4}$")


def is_path(low: str) -> bool:
    """Tell whether a short line, in lower case, is the name of a site or a path through one ("thế giới | quân sự")."""
    return (" " not in low and low.endswith(_SITES)) or (
        (" | " in low or " > " in low or " » " in low or " / " in low) and _PATH.match(low) is not None
    )


_ANYWHERE = "|".join(sorted((name for name in SECTIONS if " " in name), key=len, reverse=True))
SIGN = re.compile(
    rf"\n[ \t]{{0,4}}(?:[>»]|©|(?i:{_ANYWHERE}|phiên bản|mời quý|theo dõi|\d+ giờ trước|\(\d+\) bình|trang chủ)\b)"
)
"""What only the text of a page has at the beginning of a line."""
