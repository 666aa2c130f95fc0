"""Hospital, card and cash desk in lawful life."""

from __future__ import annotations

from collections.abc import Iterator

from soc.simulate import stamps
from soc.simulate.calendar import local_hour
from soc.simulate.draw import Draw
from soc.simulate.records import hospital as form
from soc.simulate.records import windows
from soc.simulate.spec import Entry, Hour, Life, Routine, Scene, Stream
from soc.simulate.world import Province

HIS = "one_card_hospital.his_audit_json.sobvdk"
POS = "hospital_pos.pos_txn_json.sobvdk"
DICOM = "one_card_hospital.dicom_log.sobvdk"
WINDOWS = "one_card_hospital.windows_commune.sobvdk"
VIPS = tuple(f"n-vip{n:02d}" for n in range(1, 9))
"""Patients whose records only their ward opens."""
_DEVICES = ("CT01", "CT02", "MR01", "DX01", "US03", "US04")


def station(ward: str, number: int) -> tuple[str, str]:
    """A workstation of a ward: name and address."""
    return f"{ward.upper()}-{number:02d}", f"198.51.100.{240 + sum(ward.encode()) % 5}"


def _records(hour: Hour, number: int) -> Iterator[Entry]:
    draw, wards = hour.draw, hour.world.wards
    open_at_night = local_hour(hour.start) < 6 or local_hour(hour.start) >= 19
    for at in hour.times(number):
        ward = draw.pick(("cc", "hstc", "san")) if open_at_night else draw.pick(tuple(wards))
        name, ip = station(ward, draw.upto(1, 6))
        action = draw.pick(("OPEN_RECORD", "OPEN_RECORD", "OPEN_RECORD", "UPDATE_RECORD", "PRINT_RESULT", "CHECK_BHYT"))
        encounter = f"E-{stamps.yymmdd(at)}-{draw.upto(1, 900):03d}"
        result = "FAIL" if draw.chance(0.006) else "OK"
        yield (
            at,
            HIS,
            form.his(
                at, draw.pick(wards[ward]), ward.upper(), action, ip, name, f"n-{draw.hex(5)}", encounter, result=result
            ),
        )


def _desk(hour: Hour, number: int) -> Iterator[Entry]:
    draw = hour.draw
    for at in hour.times(number):
        terminal = draw.upto(1, 24)
        kind = "VOID" if draw.chance(0.01) else "SALE"
        code = draw.often(("00",) * 14 + ("51", "05", "91"))
        channel = draw.pick(("POS", "POS", "VIETQR", "CARD_KHAM"))
        last4 = f"{draw.upto(0, 9999):04d}" if channel == "POS" else ""
        encounter = f"E-{stamps.yymmdd(at)}-{draw.upto(1, 900):03d}"
        yield (
            at,
            POS,
            form.pos(
                at,
                f"POS{terminal:05d}",
                kind,
                f"26{draw.upto(10**9, 10**10 - 1)}",
                draw.size(320) * 1000,
                channel,
                code,
                f"tn.{terminal % 12:02d}",
                encounter,
                last4,
            ),
        )


def _images(hour: Hour, number: int) -> Iterator[Entry]:
    draw = hour.draw
    for at in hour.times(number):
        device = draw.pick(_DEVICES)
        if draw.chance(0.6):
            yield at, DICOM, form.orthanc(at, device, f"198.51.100.{240 + draw.upto(0, 4)}")
        else:
            yield (
                at,
                DICOM,
                form.dcm4chee(at, "BVPACS", device, draw.upto(1, 90), draw.pick(("C-STORE", "C-ECHO", "C-FIND"))),
            )


def _insurance(hour: Hour) -> Iterator[Entry]:
    """At 22:00 the records of the day go to the insurance, as declared."""
    if local_hour(hour.start) == 22:
        at = hour.start + hour.draw.upto(30, 600)
        yield (
            at,
            HIS,
            form.his(at, "svc-bhyt", "CNTT", "EXPORT", hour.world.servers["his"], "", count=hour.draw.upto(1500, 2600)),
        )


def _servers(hour: Hour, number: int) -> Iterator[Entry]:
    draw = hour.draw
    for at in hour.times(number):
        command = draw.pick(
            (
                "C:\\HIS\\his-sync.exe --once",
                "vssadmin list shadows",
                "C:\\HIS\\print-agent.exe",
                "wevtutil gl Security",
            )
        )
        path = (
            "C:\\Windows\\System32\\" + command.partition(" ")[0] + ".exe"
            if ":" not in command
            else command.partition(" ")[0]
        )
        parent = "C:\\Windows\\System32\\svchost.exe"
        yield at, WINDOWS, windows.process(at, "HIS-APP", "svc-his", path, parent, command)


def _emergency(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """Emergency ward: a new patient, opened in an emergency, twice at most by one person."""
    name, ip = station("cc", draw.upto(1, 6))
    user = draw.pick(world.wards["cc"])
    encounter = f"E-{stamps.yymmdd(at)}-{draw.upto(900, 999)}"
    for _ in range(draw.upto(1, 2)):
        at += draw.upto(10, 200)
        yield at, HIS, form.his(at, user, "CC", "OPEN_RECORD", ip, name, f"n-{draw.hex(5)}", encounter, glass=True)


def _deposit_back(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """Deposits are paid back to those who leave, each with its encounter, in hours."""
    for _ in range(draw.upto(2, 4)):
        at += draw.upto(100, 900)
        encounter = f"E-{stamps.yymmdd(at)}-{draw.upto(1, 900):03d}"
        amount = draw.upto(3, 30) * 50_000
        yield (
            at,
            POS,
            form.pos(
                at,
                "POS00003",
                "REFUND",
                f"26{draw.hex(8)}",
                amount,
                "POS",
                "00",
                f"tn.{draw.upto(0, 11):02d}",
                encounter,
            ),
        )


def _first_of_shift(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """A terminal is tried out at the beginning of a shift."""
    for number in range(2):
        yield (
            at + 20 * number,
            POS,
            form.pos(
                at + 20 * number,
                f"POS{draw.upto(1, 24):05d}",
                "SALE",
                f"26{draw.hex(8)}",
                1000,
                "POS",
                draw.pick(("00", "05")),
                "tn.01",
                "",
            ),
        )


def _consultation(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """Consultation at a distance, over the VPN."""
    for _ in range(draw.upto(2, 6)):
        at += draw.upto(10, 90)
        yield at, DICOM, form.orthanc(at, "HOICHAN", f"192.0.2.{draw.upto(241, 249)}")


def _leader_treated(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """A known person is treated; the ward that treats opens the record."""
    name, ip = station("noi1", 2)
    encounter = f"E-{stamps.yymmdd(at)}-vip"
    for _ in range(draw.upto(2, 5)):
        at += draw.upto(300, 2000)
        yield at, HIS, form.his(at, world.wards["noi1"][0], "NOI1", "OPEN_RECORD", ip, name, VIPS[0], encounter)


LIFE: tuple[Life, ...] = (
    Stream(_records, 9_000, "hospital"),
    Stream(_desk, 2_600, "hospital"),
    Stream(_images, 1_500, "hospital"),
    Routine(_insurance),
    Stream(_servers, 200, "flat"),
    Scene(_emergency, 20, (0, 23), any_day=True),
    Scene(_deposit_back, 8),
    Scene(_first_of_shift, 10, (6, 8)),
    Scene(_consultation, 4),
    Scene(_leader_treated, 1),
)
