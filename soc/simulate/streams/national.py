"""Links to national systems in lawful life; only the province's side."""

from __future__ import annotations

from collections.abc import Iterator

from soc.simulate.draw import Draw
from soc.simulate.pools import dossier, file_name, officer
from soc.simulate.records import national as form
from soc.simulate.spec import Entry, Hour, Life, Scene, Stream
from soc.simulate.world import Province

OPMON = "ndxp.xroad_opmon.tinh"
TARGETS = {"DANCU": "population_database.xroad_opmon.tinh", "HOTICH": "civil_status_database.xroad_opmon.tinh"}
OTHERS = (
    "ndxp.xroad_opmon.tinh",
    "national_public_service_portal.xroad_opmon.tinh",
    "national_reporting.xroad_opmon.tinh",
    "national_databases.xroad_opmon.tinh",
)
AUDIT = "ndxp.xroad_audit.tinh"
EDOC = "national_document_axis.edoc_gateway_json.tinh"


def _exchanges(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    server = world.servers["ss"]
    for at in hour.times(number):
        unit, user, _ = officer(draw, world)
        target = draw.pick(("DANCU", "DANCU", "HOTICH", "DVCQG", "BAOCAO"))
        source = TARGETS.get(target) or draw.pick(OTHERS)
        service = {"DANCU": "xacNhanThongTin", "HOTICH": "layKetQua"}.get(target, "dongBoTrangThai")
        fault = ("Server.ServerProxy.NetworkError", "Connection timed out") if draw.chance(0.01) else None
        code = dossier(draw, unit, at)
        yield (
            at,
            source,
            form.opmon(
                at, server, "MOTCUA", target, service, f"{code}-{draw.hex(4)}", user, code, draw.size(2200, 0.3), fault
            ),
        )


def _probes(hour: Hour, number: int) -> Iterator[Entry]:
    draw, server = hour.draw, hour.world.servers["ss"]
    for at in hour.times(number):
        target = draw.pick(("DANCU", "HOTICH"))
        service = draw.pick(("ping", "listMethods"))
        yield (
            at,
            TARGETS[target],
            form.opmon(at, server, "GIAMSAT", target, service, draw.hex(8), "svc-giamsat", "", 310),
        )


def _night_sync(hour: Hour, number: int) -> Iterator[Entry]:
    draw, server = hour.draw, hour.world.servers["ss"]
    for at in hour.times(number):
        target = draw.pick(("DANCU", "DVCQG"))
        source = TARGETS.get(target, OTHERS[1])
        code = dossier(draw, draw.pick(hour.world.communes), at)
        yield (
            at,
            source,
            form.opmon(
                at, server, "DONGBO", target, "dongBoLo", draw.hex(8), "svc-dongbo", code, draw.size(60_000, 0.1)
            ),
        )


def _administration(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        user, ip = draw.pick(world.admins), draw.pick(world.admin_hosts)
        kind = draw.random()
        if kind < 0.1:
            yield (
                at,
                AUDIT,
                form.xroad_audit(at, "Log in user failed", user, ip, "/login", "FormLogin", "Bad credentials"),
            )
        elif kind < 0.6:
            yield at, AUDIT, form.xroad_audit(at, "Log in user", user, ip, "/login", "FormLogin")
        else:
            event = draw.pick(("Generate backup", "Log out user", "Download internal TLS certificate"))
            yield at, AUDIT, form.xroad_audit(at, event, user, ip, "/api/v1/backups")


def _documents(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        unit = draw.pick(world.units)
        code = f"H19.{unit.index}"
        op = draw.pick(("sendEdoc", "getEdoc", "getEdoc", "updateStatus"))
        kind = "edoc" if op != "updateStatus" else "update"
        name = file_name(draw) if kind == "edoc" else ""
        sender, receiver = (code, "H19") if op == "sendEdoc" else (draw.pick(("H19", "G09", "G05", "H29")), code)
        result, error = ("FAIL", "timeout") if draw.chance(0.01) else ("OK", "")
        yield (
            at,
            EDOC,
            form.edoc(
                at,
                op,
                draw.hex(24),
                sender,
                receiver,
                kind,
                name,
                draw.size(300_000),
                draw.hex(64),
                True,
                f"serial:{draw.hex(8)}",
                result,
                error,
            ),
        )


def _new_unit(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """A unit made by the reform gets its rights, in hours and by ticket."""
    unit = draw.pick(world.communes)
    url = "/api/v1/clients/VN:GOV:H19:HOTICH/service-clients"
    yield (
        at,
        AUDIT,
        form.xroad_audit(
            at,
            "Add access rights to subject",
            world.admins[0],
            world.admin_hosts[0],
            url,
            clientIdentifier="VN/GOV/H19/HOTICH",
            subjectIds=[f"VN/GOV/H19/{unit.code.upper()}"],
        ),
    )


def _drawings(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """Drawings of a plan as zip, rightly signed by the department."""
    size = draw.size(9_000_000)
    yield (
        at,
        EDOC,
        form.edoc(
            at,
            "getEdoc",
            draw.hex(24),
            "H19.97",
            "H19",
            "edoc",
            "banve-quyhoach.zip",
            size,
            draw.hex(64),
            True,
            "serial:5400C1",
        ),
    )


def _changed_codes(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """The week in which a unit's code changes: one or two refusals."""
    for number in range(2):
        when = at + 400 * number
        code = f"H19.{draw.pick(world.communes).index}"
        yield (
            when,
            EDOC,
            form.edoc(
                when,
                "sendEdoc",
                draw.hex(24),
                code,
                "H19",
                "edoc",
                "BC.pdf",
                90_000,
                draw.hex(64),
                True,
                "serial:5400C2",
                "FAIL",
                "unknown organisation code",
            ),
        )


LIFE: tuple[Life, ...] = (
    Stream(_exchanges, 4_200, "office"),
    Stream(_probes, 576, "flat"),
    Stream(_night_sync, 400, "night"),
    Stream(_administration, 60, "office"),
    Stream(_documents, 2_600, "office_late"),
    Scene(_new_unit, 1),
    Scene(_drawings, 2),
    Scene(_changed_codes, 1),
)
