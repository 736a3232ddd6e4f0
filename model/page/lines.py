"""What a single line of a Vietnamese news page looks like: a paragraph, a headline, a section's heading, or noise."""

from __future__ import annotations

import re
from functools import lru_cache

PARAGRAPH, HEADLINE, SECTION, NOISE, AGE, POINTER, DATED = range(7)
"""Kinds of lines: prose; a line without end mark; the heading of a section of other articles; a part of the page; how
long ago something was published; a pointer to another article ("Xem thêm: ...", ">> ..."); another article's headline
with its date ("... (13/02/2005)")."""

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
_SECTION_NAMES = frozenset(name for line in _SECTIONS.split("\n") for name in line.split("|") if name)
"""Headings of sections with other articles or readers' comments, in lower case."""

_BUTTONS = """
chia sẻ|chia sẻ bài viết|lưu bài|lưu bài viết|cỡ chữ|in bài|in bài viết|in trang|gửi bài|gửi email|sao chép
sao chép link|copy link|facebook|zalo|twitter|messenger|linkedin|trang chủ|trang nhất|menu|đăng nhập|đăng ký
đăng xuất|tìm kiếm|nghe đọc|nghe đọc bài|nghe bài viết|a-|a+|quay lại|về đầu trang|tải ứng dụng|liên hệ|quảng cáo
giới thiệu|rss|podcast|e-paper|phiên bản di động|phiên bản mobile|theo dõi|theo dõi chúng tôi|thích|like|share
tweet|xem tất cả|xem toàn bộ|tải thêm
"""
_BUTTON_NAMES = frozenset(name for line in _BUTTONS.split("\n") for name in line.split("|") if name)
"""Whole lines of menus and buttons, in lower case."""

_DATE = r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}"
_CLOCK = r"\d{1,2}[:h]\d{0,2}"
_NOISE = re.compile(
    r"©|\(c\) |bản quyền|copyright|giấy phép|liên hệ quảng cáo|powered by|hotline|đường dây nóng|tổng biên tập"
    r"|cơ quan chủ quản|mời (?:quý )?(?:độc giả|bạn đọc)|theo dõi .{1,30} trên\b|\(?\d{1,5}\)? bình luận"
    r"|https?://|www\.|image copyright\b|về mục chia sẻ$|đóng kênh chia sẻ$|\d{1,2} tháng \d{1,2},? \d{4}$"
    rf"|(?:(?:thứ \w{{2,4}}|chủ nhật|cập nhật|đăng lúc|{_CLOCK})[\s,|:-]{{0,4}}){{0,3}}{_DATE}"
    rf"(?:[\s,|-]{{1,4}}{_CLOCK})?(?:[\s,|]{{0,3}}\(?gmt ?\+?7\)?)?$"
)
"""How short lines, in lower case, begin that belong to the page: footers, dates, counts of comments."""
_NOISE_STARTS = frozenset("©(0123456789bcghilmptvwđ")
"""Every character that `_NOISE` can begin with."""
_SITES = (".vn", ".com", ".net", ".org")
_MARK = re.compile(r" [|>»/] ")
_PATH = re.compile(r"[\w ]{2,20}(?: [|>»/] [\w ]{2,20}){1,4}$")


def _is_path(low: str) -> bool:
    """Tell whether a short line, in lower case, is the name of a site or a path through one ("thế giới | quân sự")."""
    if " " not in low:
        return low.endswith(_SITES)
    return _MARK.search(low) is not None and _PATH.match(low) is not None


SIGN_CHARS = 8
_SIGNS = (
    "phiên bản",
    "mời quý ",
    "theo dõi",
    "trang chủ",
    "chia sẻ",
    "(0) bình",
    "từ khóa:",
    "từ khoá:",
    "- từ khóa",
    "- từ khoá",
    "image copyright",
    "về mục chia sẻ",
    "đóng kênh chia sẻ",
    "xem thêm",
    "đọc thêm",
)
SIGNS_OF_PAGES = frozenset(name[:SIGN_CHARS] for name in (*_SECTION_NAMES, *_SIGNS))
"""First characters, in lower case, of lines that stand only in the text of a page; shorter ones are whole lines."""

_MAX_SHORT_CHARS = 60
_MIN_DATED_SPACES = 3
_PARAGRAPH_CHARS = 130
_STOPS = (".", "…", "!", "?")
_QUOTES = "\"”’'»)"
_PUNCTUATION = ".,:;!?()\"“”'…"
_AGO = re.compile(r"\d{1,3} (?:giây|phút|giờ|ngày|tuần|tháng) trước\b")
_SEE_ALSO = re.compile(
    r"[>»\s]{0,4}(?:xem|đọc|mời xem|mời đọc|bài|tin) (?:thêm|tiếp|ngay|liên quan)\s?[:>»]|(?:[>»]\s?){2}", re.I
)
_DATED = re.compile(r"[^(\[]{15,160}[(\[]\d{1,2}/\d{1,2}(?:/\d{2,4})?(?: ?- ?\d{1,2}[:h]\d{2})?[)\]]$")
_CREDIT = re.compile(r"\b(?:ảnh|nguồn|video|clip|minh họa|minh hoạ|đồ họa|thực hiện|tác giả|image caption)\b", re.I)
SHORT_LINES_CHARS = 75
MANY_BREAKS = 4
_POINTER_STARTS = frozenset(["Xem", "XEM", "xem", "Đọc", "ĐỌC", "đọc", "Mời", "mời", "Bài", "Tin", "TIN"])


def kind_of(line: str) -> int:
    """Judge a line by its shape alone."""
    return _kind_of_short(line) if len(line) <= _MAX_SHORT_CHARS else _kind_of_any(line)


@lru_cache(maxsize=4096)
def _kind_of_short(line: str) -> int:
    """Judge a short line; menus and footers are the same on every page of a site."""
    low = line.lower()
    name = low.strip(" :.»>|-–•*")
    if name in _SECTION_NAMES:
        return SECTION
    if low[0].isdigit() and _AGO.match(low):
        return AGE
    if name in _BUTTON_NAMES or (low[0] in _NOISE_STARTS and _NOISE.match(low)) or _is_path(low):
        return NOISE
    return _kind_of_any(line)


def _kind_of_any(line: str) -> int:
    if (line[:3] in _POINTER_STARTS or line[0] in ">»") and _SEE_ALSO.match(line):
        return POINTER
    if line[-1] in ")]" and line[-2:-1].isdigit() and is_dated(line):
        return DATED
    if len(line) > _PARAGRAPH_CHARS or line[-1] in _STOPS:
        return PARAGRAPH
    return PARAGRAPH if line[-1] in _QUOTES and line.rstrip(_QUOTES).endswith(_STOPS) else HEADLINE


def is_dated(line: str) -> bool:
    """Tell whether a line is a headline with the date of its article behind it."""
    return line.count(" ") >= _MIN_DATED_SPACES and _DATED.match(line) is not None and not credits_a_picture(line)


def credits_a_picture(line: str) -> bool:
    """Tell whether a line names a picture or its photographer, as captions do."""
    return _CREDIT.search(line) is not None


def names_in(text: str) -> set[str]:
    """Return the words that begin with a capital, but not those that begin a sentence."""
    words = text.split()
    return {
        word.strip(_PUNCTUATION)
        for before, word in zip(words, words[1:], strict=False)
        if word[0].isupper() and before[-1] not in _STOPS
    }
