"""Signing and the HSM in lawful life."""

from __future__ import annotations

from collections.abc import Iterator

from soc.simulate import stamps
from soc.simulate.draw import Draw
from soc.simulate.pools import officer
from soc.simulate.records import signing as form
from soc.simulate.spec import Entry, Hour, Life, Routine, Scene, Stream
from soc.simulate.world import Province, Unit

SIGN = "hsm_signing.sign_service_json.tinh"
CERTS = "officer_certificates.sign_service_json.tinh"
LUNA = "hsm_signing.luna_hsm_audit.tinh"
SHELL = "hsm_signing.lunash_syslog.tinh"
SYSTEM = "he-thong.bienlai"
_OPERATIONS = (
    "LUNA_SIGN_SINGLEPART",
    "LUNA_SIGN_SINGLEPART",
    "LUNA_SIGN_SINGLEPART",
    "LUNA_OPEN_SESSION",
    "LUNA_CLOSE_SESSION",
)
_SHOWS = ("hsm show ", "partition list", "status cpu ", "network show", "client list", "sysconf time ")


def serial_of(unit: Unit, user: str) -> str:
    """Serial of somebody's certificate."""
    return f"5400{unit.index:02X}{sum(user.encode()) % 256:02X}"


LUNA_EVERY_S = 120


def luna_number(at: float) -> int:
    """Number of the HSM's record at a moment: the log is written by the clock and has no gaps."""
    return int(at) // LUNA_EVERY_S


def _sign(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        unit, user, ip = officer(draw, world)
        user = unit.leader if draw.chance(0.5) else user
        doc = f"VB-{stamps.day(at)[:7]}-{draw.upto(1, 1800):04d}-{unit.code}"
        device = draw.pick(("USB", "USB", "SIM", "HSM"))
        source = SIGN if device == "HSM" else CERTS
        failed = draw.chance(0.01)
        ocsp, result, error = (
            ("good", "FAIL", draw.pick(("pin_incorrect", "tsa_timeout"))) if failed else ("good", "OK", "")
        )
        yield (
            at,
            source,
            form.sign(
                at,
                user,
                serial_of(unit, user),
                200 + unit.index,
                doc,
                draw.hex(16),
                "TRINH_KY",
                ip,
                device,
                ocsp,
                result,
                error,
            ),
        )


def _machine(hour: Hour, number: int) -> Iterator[Entry]:
    draw, ip = hour.draw, hour.world.servers["receipt"]
    for at in hour.times(number):
        doc = f"BL-{stamps.yymmdd(at)}-{draw.upto(1, 9999):04d}"
        yield at, SIGN, form.sign(at, SYSTEM, "5400FF01", 900, doc, draw.hex(16), "TU_DONG", ip, "HSM")


def _luna(hour: Hour) -> Iterator[Entry]:
    draw = hour.draw
    for at in range(hour.start, hour.start + 3600, LUNA_EVERY_S):
        operation = "LUNA_LOGIN" if draw.chance(0.03) else draw.pick(_OPERATIONS)
        rest = "container=20 role=5" if operation == "LUNA_LOGIN" else f"handle={draw.upto(200, 330)}"
        session = draw.upto(10, 30)
        yield at, LUNA, form.luna(at, luna_number(at), session, operation, form.OK, rest, draw.hex(64))


def _shell(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        yield (
            at,
            SHELL,
            form.lunash(
                at,
                draw.upto(1200, 1300),
                draw.pick(_SHOWS),
                world.admins[0],
                world.admin_hosts[0],
                draw.upto(40000, 60000),
            ),
        )


def _urgent(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """An urgent telegram about a storm, signed at night, from the office."""
    for unit in draw.sample(world.units, 4):
        at += draw.upto(60, 900)
        doc = f"CD-{stamps.yymmdd(at)}-{draw.upto(1, 40)}"
        serial = serial_of(unit, unit.leader)
        yield at, CERTS, form.sign(at, unit.leader, serial, 200, doc, draw.hex(16), "HOA_TOC", unit.gates[0], "USB")


def _old_certificate(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """Once after a change of office: the program still knew the old certificate."""
    _, user, ip = officer(draw, world)
    doc = f"VB-{stamps.day(at)[:7]}-{draw.upto(1, 1800):04d}"
    yield (
        at,
        CERTS,
        form.sign(
            at,
            user,
            f"5300{draw.hex(4).upper()}",
            311,
            doc,
            draw.hex(16),
            "TRINH_KY",
            ip,
            "USB",
            "revoked",
            "FAIL",
            "cert_revoked",
        ),
    )


def _one_wrong_password(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """The administrator mistypes once, in hours."""
    yield at, SHELL, form.lunash_refused(at, 1300)
    yield at + 40, SHELL, form.lunash(at + 40, 1300, "hsm login ", world.admins[0], world.admin_hosts[0], 41022)


def _batch_of_honours(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """A declared batch: certificates of honour, signed by the office's account one after another."""
    unit = world.department("noivu")
    for number in range(draw.upto(25, 45)):
        at += draw.upto(15, 60)
        doc = f"KT-{stamps.yymmdd(at)}-{number:03d}"
        yield (
            at,
            SIGN,
            form.sign(
                at, unit.leader, serial_of(unit, unit.leader), 210, doc, draw.hex(16), "KY_LO", unit.gates[0], "HSM"
            ),
        )


LIFE: tuple[Life, ...] = (
    Stream(_sign, 6_000, "office"),
    Stream(_machine, 1_200, "citizen"),
    Routine(_luna),
    Stream(_shell, 60, "office"),
    Scene(_urgent, 1, (21, 23), any_day=True),
    Scene(_old_certificate, 5),
    Scene(_one_wrong_password, 2),
    Scene(_batch_of_honours, 1),
)
