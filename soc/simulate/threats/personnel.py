"""Threats to personnel records."""

from __future__ import annotations

from soc.simulate.deeds import ANY, EVENING, OFFICE, Attempt, Threat
from soc.simulate.records import personnel as form
from soc.simulate.streams.personnel import FILES, HR, PARTY

FAMILY = "personnel"


def _export(deed: Attempt) -> None:
    unit = deed.pick(*deed.world.departments)
    user, ip = deed.pick(*unit.officers), deed.stranger()
    source, group = deed.pick(HR, PARTY), deed.pick("LY_LICH", "LUONG", "QUAN_HE_GIA_DINH", "SUC_KHOE")
    scope = "*" if deed.way("whole province", "many of one unit") == "whole province" else unit.id
    count = deed.draw.upto(700, 12_000)
    deed.log(source, form.audit(deed.now, user, unit.id, "EXPORT", ip, recordUnit=scope, fieldGroup=group, count=count))
    deed.agency = unit.id
    deed.about("user.name", user)


def _snooping(deed: Attempt) -> None:
    unit = deed.pick(*deed.world.communes)
    user = deed.pick(*unit.officers)
    for _ in range(deed.draw.upto(1, 5)):
        record = f"h-vip-{deed.draw.upto(1, 12):02d}"
        text = form.audit(
            deed.wait(30, 300),
            user,
            unit.id,
            "VIEW",
            unit.gates[0],
            recordId=record,
            recordUnit="tinh",
            fieldGroup="LY_LICH",
            count=1,
        )
        deed.log(HR, text)
    deed.agency = unit.id
    deed.about("user.name", user)


def _salary(deed: Attempt) -> None:
    unit = deed.pick(*deed.world.units)
    user, ip = deed.pick(*unit.officers), deed.pick(unit.gates[0], deed.stranger())
    group = deed.way("LUONG", "CHUC_VU", "KY_LUAT")
    more = {"decisionNo": ""} if deed.draw.chance(0.5) else {}
    text = form.audit(
        deed.now,
        user,
        unit.id,
        "UPDATE",
        ip,
        recordId=f"h-{deed.draw.hex(5)}",
        recordUnit=unit.id,
        fieldGroup=group,
        count=1,
        oldValue="bac2",
        newValue="bac5",
        **more,
    )
    deed.log(deed.pick(HR, PARTY), text)
    deed.agency = unit.id
    deed.about("user.name", user)


def _usb(deed: Attempt) -> None:
    unit = deed.world.department("noivu")
    host = deed.pick(*unit.hosts[2:])
    folder, drive = deed.pick("KyLuat", "QuyHoach"), deed.pick("E", "F", "G")
    names = [f"{deed.pick('KL', 'QH')}-{deed.draw.upto(1, 90):02d}.docx" for _ in range(deed.draw.upto(2, 12))]
    for name in names:
        deed.log(FILES, form.share(deed.wait(3, 40), "FS-TCCB", host.user, host.address, f"{folder}\\2025\\{name}"))
    for name in names[: deed.draw.upto(1, len(names))]:
        path, mask = f"{drive}:\\{deed.pick('HoSo', 'TaiLieu')}\\{name}", deed.pick("0x2", "0x6")
        deed.log(FILES, form.file(deed.wait(5, 60), host.name, host.user, path, "C:\\Windows\\explorer.exe", mask))
    deed.about("user.name", host.user)


def _sweep(deed: Attempt) -> None:
    unit = deed.world.department("noivu")
    host = deed.pick(*unit.hosts)
    for number in range(deed.draw.upto(400, 900)):
        path = f"{deed.pick('2023', '2024', '2025', 'LuongPhuCap')}\\tep-{number}.{deed.pick('pdf', 'docx', 'xlsx')}"
        deed.log(FILES, form.share(deed.wait(0.1, 1.0), "FS-TCCB", host.user, host.address, path))
    deed.about("user.name", host.user)


def _dissolved(deed: Attempt) -> None:
    unit = deed.pick(*deed.world.dissolved_units)
    user = deed.pick(*(name for name in deed.world.stale_accounts if unit.replace("-", "") in name))
    for _ in range(deed.draw.upto(1, 6)):
        action = deed.pick("VIEW", "UPDATE", "EXPORT")
        more = {"decisionNo": "12/QĐ"} if action == "UPDATE" else {}
        text = form.audit(
            deed.wait(20, 400),
            user,
            unit,
            action,
            deed.pick(*deed.world.communes).gates[0],
            recordId=f"h-{deed.draw.hex(5)}",
            recordUnit=unit,
            fieldGroup="DAO_TAO",
            count=2,
            **more,
        )
        deed.log(deed.pick(HR, PARTY), text)
    deed.about("user.name", user)
    deed.about("soc.unit", unit)


THREATS = (
    Threat("hr-mass-export", FAMILY, EVENING, _export),
    Threat("hr-snooping", FAMILY, OFFICE, _snooping),
    Threat("hr-salary-no-decision", FAMILY, ANY, _salary),
    Threat("hr-usb-copy", FAMILY, ANY, _usb),
    Threat("hr-share-sweep", FAMILY, ANY, _sweep),
    Threat("hr-dissolved-unit", FAMILY, OFFICE, _dissolved),
)
