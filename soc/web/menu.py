"""The menu: one entry per page that the role works with. Pages reached through a figure have no entry."""

from __future__ import annotations

from dataclasses import dataclass

from soc.access.principal import Principal, Right
from soc.core.i18n import Message, msg


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the menu; `right` None = for everybody."""

    path: str
    label: Message
    right: Right | None


ENTRIES = (
    Entry("/today", msg("Hôm nay"), None),
    Entry("/alerts", msg("Cảnh báo"), Right.READ_ALERTS),
    Entry("/incidents", msg("Sự cố"), Right.READ_INCIDENTS),
    Entry("/rules/exceptions", msg("Ngoại lệ"), Right.READ_EXCEPTIONS),
    Entry("/search", msg("Tìm kiếm"), Right.SEARCH_EVENTS),
    Entry("/hunts", msg("Rà soát ngược"), Right.SEARCH_EVENTS),
    Entry("/rules", msg("Luật phát hiện"), Right.READ_RULES),
    Entry("/sources", msg("Nguồn nhật ký"), Right.READ_SOURCES),
    Entry("/platforms", msg("Nền tảng"), Right.READ_SOURCES),
    Entry("/compliance", msg("Mô hình 4 lớp"), Right.READ_COMPLIANCE),
    Entry("/evidence", msg("Bằng chứng"), Right.READ_COMPLIANCE),
    Entry("/evidence/review", msg("Thẩm định"), Right.REVIEW_EVIDENCE),
    Entry("/reports", msg("Báo cáo"), Right.READ_REPORTS),
    Entry("/audit", msg("Nhật ký kiểm toán"), Right.READ_AUDIT),
    Entry("/admin", msg("Quản trị"), Right.ADMINISTER),
)


def entries_for(principal: Principal) -> list[Entry]:
    """The entries of somebody's menu, in order."""
    return [entry for entry in ENTRIES if entry.right is None or principal.may(entry.right)]


def current_entry(path: str) -> str:
    """The path of the entry that a page belongs to: the longest one it lies under; "" for none."""
    under = [entry.path for entry in ENTRIES if path == entry.path or path.startswith(entry.path + "/")]
    return max(under, key=len, default="")
