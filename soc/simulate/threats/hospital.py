"""Threats to the hospital."""

from __future__ import annotations

from soc.simulate import stamps
from soc.simulate.deeds import ANY, EVENING, NIGHT, Attempt, Threat
from soc.simulate.records import hospital as form
from soc.simulate.records import windows
from soc.simulate.streams.hospital import DICOM, HIS, POS, VIPS, WINDOWS, station

FAMILY = "hospital"


def _export(deed: Attempt) -> None:
    user, ip = deed.pick("cntt.bv", "qt.his", "bs.noi101", "khth.02"), deed.stranger()
    deed.log(
        HIS, form.his(deed.now, user, deed.pick("CNTT", "KHTH"), "EXPORT", ip, "", count=deed.draw.upto(2500, 60_000))
    )
    deed.about("user.name", user)


def _snoop(deed: Attempt) -> None:
    ward = deed.pick("noi2", "ngoai", "nhi", "kkb")
    user, (name, ip) = deed.pick(*deed.world.wards[ward]), station(ward, 3)
    glass = deed.way("known person", "break glass") == "break glass"
    for _ in range(deed.draw.upto(4, 9) if glass else deed.draw.upto(1, 3)):
        patient = f"n-{deed.draw.hex(5)}" if glass else deed.pick(*VIPS)
        text = form.his(
            deed.wait(60, 1200),
            user,
            ward.upper(),
            "OPEN_RECORD",
            ip,
            name,
            patient,
            f"E-{stamps.yymmdd(deed.now)}-0",
            glass=glass,
        )
        deed.log(HIS, text)
    deed.about("user.name", user)


def _refunds(deed: Attempt) -> None:
    cashier, terminal = f"tn.{deed.draw.upto(0, 11):02d}", f"POS{deed.draw.upto(1, 24):05d}"
    for _ in range(deed.draw.upto(3, 8)):
        amount = deed.draw.upto(18, 45) * 100_000
        text = form.pos(
            deed.wait(100, 900),
            terminal,
            "REFUND",
            f"26{deed.draw.hex(8)}",
            amount,
            "POS",
            "00",
            cashier,
            "",
            f"{deed.draw.upto(0, 9999):04d}",
        )
        deed.log(POS, text)
    deed.about("user.name", cashier)


def _card_testing(deed: Attempt) -> None:
    terminal = deed.pick(f"QR{deed.draw.upto(1, 9):04d}", f"POS{deed.draw.upto(1, 24):05d}")
    for _ in range(deed.draw.upto(30, 120)):
        text = form.pos(
            deed.wait(1, 12),
            terminal,
            "SALE",
            f"26{deed.draw.hex(8)}",
            deed.pick(1000, 2000, 5000),
            "VIETQR",
            deed.pick("05", "14", "51", "54"),
            "",
            "",
        )
        deed.log(POS, text)
    deed.about("device.id", terminal)


def _pacs(deed: Attempt) -> None:
    ip, caller = deed.stranger(), deed.pick("FINDSCU", "ECHOSCU", "ANY-SCU", "HOROS")
    for _ in range(deed.draw.upto(1, 12)):
        deed.log(DICOM, form.orthanc(deed.wait(2, 40), caller, ip))
    deed.about("soc.dicom.calling_aet", caller)


def _ransom_preparation(deed: Attempt) -> None:
    commands = (
        "vssadmin delete shadows /all /quiet",
        "wbadmin delete catalog -quiet",
        "bcdedit /set {default} recoveryenabled No",
        "wevtutil cl Security",
        "vssadmin.exe  Delete Shadows /For=C:",
    )
    for command in deed.draw.sample(commands, deed.draw.upto(1, 4)):
        path = f"C:\\Windows\\System32\\{command.split()[0].removesuffix('.exe')}.exe"
        text = windows.process(
            deed.wait(2, 60),
            "HIS-APP",
            deed.pick("Administrator", "svc-his"),
            path,
            "C:\\Windows\\System32\\cmd.exe",
            command,
        )
        deed.log(WINDOWS, text)
    deed.about("host.name", "HIS-APP")


THREATS = (
    Threat("his-bulk-export", FAMILY, ANY, _export),
    Threat("his-snoop-vip", FAMILY, ANY, _snoop),
    Threat("pos-refund-fraud", FAMILY, EVENING, _refunds),
    Threat("qr-card-testing", FAMILY, NIGHT, _card_testing),
    Threat("pacs-exposed", FAMILY, ANY, _pacs),
    Threat("his-ransom-prep", FAMILY, ANY, _ransom_preparation),
)
