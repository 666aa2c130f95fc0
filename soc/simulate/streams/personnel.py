"""Personnel systems in lawful life."""

from __future__ import annotations

from collections.abc import Iterator

from soc.simulate import stamps
from soc.simulate.draw import Draw
from soc.simulate.pools import officer
from soc.simulate.records import database
from soc.simulate.records import personnel as form
from soc.simulate.spec import Entry, Hour, Life, Scene, Stream
from soc.simulate.world import Province

HR = "cadre_management.hr_audit_json.tinh"
PARTY = "party_cadre_database.hr_audit_json.tinh"
FILES = "cadre_management.win_file_access.sonoivu"
SQL = "cadre_management.mssql_audit_33205.sonoivu"
_GROUPS = ("LY_LICH", "LY_LICH", "LUONG", "DAO_TAO", "SUC_KHOE", "QUAN_HE_GIA_DINH", "CHUC_VU")
HANDLERS = ("cb.sonoivu.01", "cb.sonoivu.02", "cb.sobtctu.01")
"""Those who are charged with the records of leaders, as the list says."""


def _records(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        unit, user, ip = officer(draw, world)
        user = unit.officers[0] if draw.chance(0.8) else user
        source = PARTY if draw.chance(0.2) else HR
        group = draw.pick(_GROUPS)
        record = f"h-{draw.hex(5)}"
        kind = draw.random()
        if kind < 0.86:
            yield (
                at,
                source,
                form.audit(
                    at, user, unit.id, "VIEW", ip, recordId=record, recordUnit=unit.id, fieldGroup=group, count=1
                ),
            )
        elif kind < 0.97:
            decision = f"{draw.upto(1, 900)}/QĐ-UBND"
            yield (
                at,
                source,
                form.audit(
                    at,
                    user,
                    unit.id,
                    "UPDATE",
                    ip,
                    recordId=record,
                    recordUnit=unit.id,
                    fieldGroup=group,
                    count=1,
                    oldValue=f"v{draw.upto(1, 9)}",
                    newValue=f"v{draw.upto(1, 9)}",
                    decisionNo=decision,
                ),
            )
        else:
            yield (
                at,
                source,
                form.audit(
                    at, user, unit.id, "EXPORT", ip, recordUnit=unit.id, fieldGroup=group, count=draw.upto(3, 120)
                ),
            )


def _files(hour: Hour, number: int) -> Iterator[Entry]:
    draw = hour.draw
    unit = hour.world.department("noivu")
    for at in hour.times(number):
        user = draw.pick(unit.officers)
        folder = draw.pick(("2026", "2025", "BieuMau", "NangLuong"))
        path = f"{folder}\\QD-{draw.upto(1, 900)}.pdf"
        yield (
            at,
            FILES,
            form.share(at, "FS-TCCB", user, draw.pick(unit.hosts).address, path, draw.pick(("0x1", "0x1", "0x2"))),
        )


def _queries(hour: Hour, number: int) -> Iterator[Entry]:
    draw, ip = hour.draw, hour.world.servers["hr-sql"]
    for at in hour.times(number):
        table = draw.pick(("HoSo", "Luong", "DaoTao"))
        yield (
            at,
            SQL,
            database.mssql(
                at,
                "SQL-CBCC",
                "SL",
                True,
                "app_cbcc",
                "CBCC",
                ip,
                table,
                f"select top 50 * from {table} where DonVi=@p1",  # noqa: S608  text of a log line
            ),
        )


def _national_sync(hour: Hour, number: int) -> Iterator[Entry]:
    draw, ip = hour.draw, hour.world.servers["hr-sql"]
    for at in hour.times(number):
        yield (
            at,
            HR,
            form.audit(
                at, "svc-dongbo", "tinh", "SYNC", ip, recordUnit="*", fieldGroup="TONG_HOP", count=draw.upto(40, 300)
            ),
        )


def _statistics(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """A statistical report over everybody; no single life in it."""
    unit = world.department("noivu")
    yield (
        at,
        HR,
        form.audit(
            at,
            unit.officers[1],
            unit.id,
            "REPORT",
            unit.gates[0],
            recordUnit="*",
            fieldGroup="THONG_KE",
            count=draw.upto(6000, 14000),
        ),
    )


def _planning(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """Those in charge of it open the records of leaders."""
    unit = world.department("noivu")
    for _ in range(draw.upto(2, 8)):
        at += draw.upto(30, 400)
        yield (
            at,
            HR,
            form.audit(
                at,
                HANDLERS[0],
                unit.id,
                "VIEW",
                unit.gates[0],
                recordId=f"h-vip-{draw.upto(1, 12):02d}",
                recordUnit="tinh",
                fieldGroup="LY_LICH",
                count=1,
            ),
        )


def _new_pay_table(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """The system itself moves everybody to a new table of pay, as planned."""
    ip = world.servers["hr-sql"]
    plan = f"{draw.upto(1, 90)}/KH-SNV"
    for _ in range(draw.upto(40, 90)):
        at += draw.upto(1, 4)
        yield (
            at,
            HR,
            form.audit(
                at,
                "he-thong",
                "tinh",
                "UPDATE",
                ip,
                recordId=f"h-{draw.hex(5)}",
                recordUnit=draw.pick(world.units).id,
                fieldGroup="LUONG",
                count=1,
                oldValue="bac3",
                newValue="bac3-2026",
                decisionNo=plan,
            ),
        )


def _inspection_copy(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """A file for the inspection commission goes onto a registered, encrypted stick."""
    unit = world.department("noivu")
    path = f"KyLuat\\2025\\KL-{draw.upto(1, 60):02d}.docx"
    yield at, FILES, form.share(at, "FS-TCCB", HANDLERS[0], unit.hosts[0].address, path)
    yield (
        at + 200,
        FILES,
        form.file(
            at + 200,
            unit.hosts[0].name,
            HANDLERS[0],
            f"G:\\{path.rsplit(chr(92), 1)[1]}",
            "C:\\Windows\\explorer.exe",
            "0x2",
        ),
    )


def _virus_scan(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """The scanner walks the share under the account of its machine."""
    for number in range(draw.upto(320, 450)):
        when = at + number * 1.4
        yield when, FILES, form.share(when, "FS-TCCB", "SRV-AV01$", world.servers["av"], f"2025\\QD-{number}.pdf")


def _handover(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """Handing over within the term of transition: the unit goes by its new name already."""
    unit = draw.pick(world.communes)
    moved = stamps.day(at)
    yield (
        at,
        HR,
        form.audit(
            at,
            unit.officers[0],
            unit.id,
            "UPDATE",
            unit.gates[0],
            recordId=f"h-{draw.hex(5)}",
            recordUnit=unit.id,
            fieldGroup="CHUC_VU",
            count=1,
            oldValue="cu",
            newValue=moved,
            decisionNo=f"{draw.upto(1, 99)}/QĐ-SNV",
        ),
    )


LIFE: tuple[Life, ...] = (
    Stream(_records, 3_000, "office"),
    Stream(_files, 2_500, "office"),
    Stream(_queries, 1_500, "office"),
    Stream(_national_sync, 120, "night"),
    Scene(_statistics, 2),
    Scene(_planning, 3),
    Scene(_new_pay_table, 1, (9, 11)),
    Scene(_inspection_copy, 1),
    Scene(_virus_scan, 2, (12, 13)),
    Scene(_handover, 3),
)
