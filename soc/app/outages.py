"""Engines that do not take work: since when, why, and what to do. Kept in a file of the home, as the database may be what is down.

The collecting process writes it; `soc doctor`, the console and the metrics read it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import orjson

from collectors.quarantine import dump_message, load_message
from soc.core.clock import iso, parse_iso
from soc.core.errors import EngineError
from soc.core.i18n import Message, msg
from soc.core.ids import digest

FILE = "engines.json"


class Part(StrEnum):
    """The engines an installation works with."""

    STORE = "store"
    DATABASE = "database"
    BROKER = "broker"
    SPOOL = "spool"

    @property
    def label(self) -> Message:
        return _LABELS[self]


_LABELS = {
    Part.STORE: msg("kho sự kiện"),
    Part.DATABASE: msg("cơ sở dữ liệu"),
    Part.BROKER: msg("hàng đợi việc"),
    Part.SPOOL: msg("bộ đệm trên đĩa"),
}
KINDS = {
    "unreachable": msg("không kết nối được"),
    "refused": msg("từ chối quyền truy cập"),
    "red": msg("có chỉ mục ở trạng thái đỏ"),
    "read_only": msg("chỉ mục bị khóa ghi"),
    "disk": msg("hết chỗ trên đĩa"),
    "overload": msg("quá tải, từ chối yêu cầu"),
    "other": msg("không nhận việc"),
}
"""What an engine can suffer from, in words."""

_KEPT = msg("không mất gì: bản ghi chờ trong bộ đệm và tự đi tiếp khi kho nhận lại")
ADVICE: Mapping[tuple[Part, str], Message] = {
    (Part.STORE, "unreachable"): msg(
        "kiểm tra Elasticsearch có chạy không, địa chỉ SOC_ELASTICSEARCH_URL, tường lửa và chứng chỉ; {kept}",
        kept=_KEPT,
    ),
    (Part.STORE, "refused"): msg(
        "khóa API hết hạn, bị thu hồi hoặc thiếu quyền: chạy 'soc elastic check' rồi 'soc elastic setup'; {kept}",
        kept=_KEPT,
    ),
    (Part.STORE, "red"): msg(
        "một phân mảnh chính không có mặt: xem GET _cluster/allocation/explain, đưa nút trở lại hoặc khôi phục bản chụp; {kept}",
        kept=_KEPT,
    ),
    (Part.STORE, "read_only"): msg(
        "bỏ index.blocks.write hoặc index.blocks.read_only của chỉ mục đã nêu nếu ai đó đặt nhầm; {kept}", kept=_KEPT
    ),
    (Part.STORE, "disk"): msg(
        "đĩa của cụm vượt ngưỡng flood stage: xóa chỉ mục cũ, giảm retention_months hoặc thêm đĩa; cụm tự mở khóa khi đủ chỗ; {kept}",
        kept=_KEPT,
    ),
    (Part.STORE, "overload"): msg(
        "cụm trả lời 429: xem GET _nodes/stats/thread_pool, giảm batch_size hoặc thêm nút; {kept}", kept=_KEPT
    ),
    (Part.STORE, "other"): msg("xem lý do ở trên, chạy 'soc doctor' và 'soc elastic check'; {kept}", kept=_KEPT),
    (Part.DATABASE, "unreachable"): msg(
        "kiểm tra PostgreSQL có chạy không và SOC_DATABASE_URL; bản ghi vẫn được nhận vào bộ đệm, phát hiện và sự cố đi tiếp khi có lại"
    ),
    (Part.BROKER, "unreachable"): msg(
        "kiểm tra Redis hoặc RabbitMQ và SOC_BROKER_URL; "
        "trạng thái kịch bản nằm trong cơ sở dữ liệu nên không mất, việc được gửi lại khi có lại"
    ),
    (Part.SPOOL, "disk"): msg(
        "giải phóng đĩa của SOC_HOME ngay: chưa nhận thêm được bản ghi nào, nguồn là tệp sẽ được đọc tiếp từ chỗ dừng"
    ),
    (Part.SPOOL, "other"): msg("xem lý do ở trên; nguồn là tệp sẽ được đọc tiếp từ chỗ dừng"),
}
"""What to do, by engine and kind."""


@dataclass(frozen=True, slots=True)
class Outage:
    """One engine that takes no work.

    Attributes:
        kind: a key of KINDS.
        found: what the engine, or the way to it, said last.
        seen: when it was last tried in vain; `tries` counts these.
        effort: the work of the collecting process that met it, whose success ends it.
        kinds: every kind it has shown since it began.
        reminded: when the operator's log was last told.
        incident: code of the incident raised about it, "" as long as there is none.
    """

    part: Part
    kind: str
    found: Message
    since: datetime
    seen: datetime
    effort: str
    reminded: datetime
    tries: int = 1
    kinds: frozenset[str] = frozenset()
    incident: str = ""

    @property
    def alert_id(self) -> str:
        """The same after a restart, so that one outage makes one alert."""
        return digest("engine", self.part.value, iso(self.since))

    @property
    def title(self) -> Message:
        return msg("{engine} ngừng nhận việc: {kind}", engine=self.part.label, kind=KINDS[self.kind])

    @property
    def advice(self) -> Message:
        fallback = ADVICE.get((self.part, "unreachable"), ADVICE[Part.SPOOL, "other"])
        return ADVICE.get((self.part, self.kind), fallback)

    def again(self, problem: EngineError, now: datetime) -> Outage:
        """The same outage after one more try in vain."""
        kind = kind_of(problem)
        return replace(self, kind=kind, found=_told(problem), seen=now, tries=self.tries + 1, kinds=self.kinds | {kind})


def outage_of(problem: EngineError, effort: str, now: datetime) -> Outage:
    """The outage that begins with a fault."""
    kind = kind_of(problem)
    return Outage(part_of(problem), kind, _told(problem), now, now, effort, now, kinds=frozenset({kind}))


def _told(problem: EngineError) -> Message:
    """What was found and where; what to do is ours to say."""
    return EngineError(problem.found, where=problem.where).as_message()


def part_of(problem: EngineError) -> Part:
    """The engine a fault comes from; what does not say comes from the event store, which has the most ways to fail."""
    return Part(problem.engine) if problem.engine in set(Part) else Part.STORE


def kind_of(problem: EngineError) -> str:
    """The kind of a fault, as a key of KINDS."""
    return str(problem.kind) if str(problem.kind) in KINDS else "other"


class OutageBook:
    """The outages that are open, in a file.

    Args:
        home: folder of the installation.
    """

    def __init__(self, home: Path) -> None:
        self._path = home / FILE

    def open(self) -> dict[Part, Outage]:
        """The engines that are down. Nothing where the file is absent or cannot be read: it is told anew with the next fault."""
        try:
            rows = orjson.loads(self._path.read_bytes())
            return {outage.part: outage for outage in map(_outage, rows)}
        except (OSError, ValueError, KeyError, TypeError):
            return {}

    def keep(self, outages: Mapping[Part, Outage]) -> bool:
        """Put them in place of what was there; False where the disk refuses."""
        half = self._path.with_name(f".{self._path.name}-{os.getpid()}")
        try:
            half.write_bytes(orjson.dumps([_row(outage) for outage in outages.values()]))
            half.replace(self._path)
        except OSError:
            return False
        return True


def _row(outage: Outage) -> dict[str, Any]:
    return {
        "part": outage.part.value,
        "kind": outage.kind,
        "found": dump_message(outage.found).decode(),
        "since": iso(outage.since),
        "seen": iso(outage.seen),
        "effort": outage.effort,
        "reminded": iso(outage.reminded),
        "tries": outage.tries,
        "kinds": sorted(outage.kinds),
        "incident": outage.incident,
    }


def _outage(row: Mapping[str, Any]) -> Outage:
    return Outage(
        part=Part(row["part"]),
        kind=row["kind"] if row["kind"] in KINDS else "other",
        found=load_message(row["found"].encode()),
        since=parse_iso(row["since"]),
        seen=parse_iso(row["seen"]),
        effort=row["effort"],
        reminded=parse_iso(row["reminded"]),
        tries=row["tries"],
        kinds=frozenset(row["kinds"]),
        incident=row["incident"],
    )
