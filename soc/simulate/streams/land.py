"""Land and maps in lawful life."""

from __future__ import annotations

from collections.abc import Iterator

from soc.simulate.draw import Draw
from soc.simulate.pools import dossier
from soc.simulate.records import database
from soc.simulate.records import land as form
from soc.simulate.spec import Entry, Hour, Life, Scene, Stream
from soc.simulate.world import Province

GEOSERVER = "gis.geoserver_audit.tinh"
ARCGIS = "gis.arcgis_server_log.tinh"
LAND = "dnai_lis.land_app_json.tinh"
LANDDB = "land_database.land_app_json.tinh"
ORACLE = "land_database.oracle_unified_syslog.tinh"
NOTARIES = ("cc.vp01", "cc.vp02", "cc.vp03")
"""Offices of notaries that have a contract for look-ups."""
_LAYERS = ("dongnai:ranhgioi_xa", "dongnai:giaothong", "dongnai:quyhoach", "dongnai:nen_dia_hinh")


def parcel(draw: Draw) -> str:
    """Sheet and parcel."""
    return f"{draw.upto(1, 90)}/{draw.upto(1, 600)}"


def _maps(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        status = draw.often((200,) * 12 + (304, 400, 404))
        operation, layer = ("GetMap", draw.pick(_LAYERS)) if draw.chance(0.95) else ("GetFeature", "dongnai:thuadat")
        service = "WMS" if operation == "GetMap" else "WFS"
        query = f"bbox={draw.upto(1, 900)}" if service == "WMS" else f"count=20&startIndex={draw.upto(0, 40)}"
        yield (
            at,
            GEOSERVER,
            form.geoserver(
                at,
                int(at) % 10**7,
                service,
                operation,
                layer,
                query,
                draw.pick(world.citizens),
                "anonymous",
                status,
                draw.size(48_000),
            ),
        )


def _arcgis(hour: Hour, number: int) -> Iterator[Entry]:
    draw = hour.draw
    for at in hour.times(number):
        level, code, text = draw.often(
            (
                ("INFO", 100000, "Request completed"),
                ("INFO", 100000, "Request completed"),
                ("WARNING", 20017, "Layer draw timeout"),
            )
        )
        layer = draw.pick(("DongNai/RanhGioi.MapServer", "DongNai/QuyHoach.MapServer", "DongNai/ThuaDat.MapServer"))
        yield at, ARCGIS, form.arcgis(at, level, code, layer, "", draw.hex(6), text, f"{draw.random():.2f}")


def _lookups(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        person = draw.upto(1, 4000)
        yield (
            at,
            LAND,
            form.land(
                at,
                draw.pick(("mobile", "mobile", "web")),
                f"cd-{person:05x}",
                world.citizens[person % 4000],
                "TRA_CUU",
                draw.pick(world.communes).id,
                parcel(draw),
                deviceId=f"d-{person:05x}",
                count=1,
            ),
        )


def _changes(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    office = world.department("cnvpdk")
    for at in hour.times(number):
        unit = draw.pick(world.communes)
        old, new = draw.pick((("TU_DO", "THE_CHAP"), ("THE_CHAP", "TU_DO"), ("CHO_DUYET", "DA_DUYET")))
        yield (
            at,
            LANDDB,
            form.land(
                at,
                "web",
                draw.pick(office.officers),
                office.gates[0],
                "CAP_NHAT_BIEN_DONG",
                unit.id,
                parcel(draw),
                dossierId=dossier(draw, unit, at),
                oldState=old,
                newState=new,
                count=1,
            ),
        )


def _database(hour: Hour, number: int) -> Iterator[Entry]:
    draw = hour.draw
    for at in hour.times(number):
        action = draw.pick((3, 3, 3, 6, 2, 100))
        name = draw.pick(("THUA_DAT", "GIAY_CHUNG_NHAN", "BIEN_DONG")) if action != 100 else ""
        yield (
            at,
            ORACLE,
            database.oracle(
                at,
                4300 + draw.upto(0, 99),
                3_000_000_000 + draw.upto(1, 900),
                "APP_LIS",
                action,
                0,
                "LIS" if name else "",
                name,
            ),
        )


def _notary(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """A notary's program looks up many parcels, under its contract."""
    user = draw.pick(NOTARIES)
    unit = draw.pick(world.communes)
    ip = world.servers["land"]
    for number in range(draw.upto(210, 300)):
        when = at + number * 9
        yield (
            when,
            LAND,
            form.land(
                when, "api", user, ip, "TRA_CUU", unit.id, f"{number % 90 + 1}/{number + 7}", deviceId=user, count=1
            ),
        )


def _bank_release(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """A bank releases mortgages through the link, each with its dossier."""
    for _ in range(draw.upto(3, 12)):
        at += draw.upto(20, 200)
        unit = draw.pick(world.communes)
        yield (
            at,
            LANDDB,
            form.land(
                at,
                "lienthong",
                "svc-nganhang",
                world.servers["land"],
                "CAP_NHAT_BIEN_DONG",
                unit.id,
                parcel(draw),
                dossierId=dossier(draw, unit, at),
                oldState="THE_CHAP",
                newState="TU_DO",
                count=1,
            ),
        )


def _migration(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """After the reform codes of communes are moved by a script, by ticket."""
    for _ in range(draw.upto(5, 20)):
        at += draw.upto(3, 40)
        yield at, ORACLE, database.oracle(at, 4400, 3_000_000_950, "MIG_XA2025", 6, 0, "LIS", "THUA_DAT")


def _published_plan(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """A plan is published, as the law asks."""
    text = "Service 'DongNai/QuyHoach.MapServer' permissions updated: Everyone"
    yield at, ARCGIS, form.arcgis(at, "INFO", 9011, "Admin", world.admins[3], draw.hex(6), text)


def _scanner(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """The scanner of the operations centre tries a known hole."""
    query = "valueReference=exec(java.lang.Runtime.getRuntime(),'id')"
    ip = world.servers["scanner"]
    yield (
        at,
        GEOSERVER,
        form.geoserver(
            at, int(at) % 10**7, "WFS", "GetPropertyValue", "dongnai:ranhgioi_xa", query, ip, "anonymous", 400, 512
        ),
    )


LIFE: tuple[Life, ...] = (
    Stream(_maps, 3_000, "citizen"),
    Stream(_arcgis, 800, "flat"),
    Stream(_lookups, 3_600, "citizen"),
    Stream(_changes, 900, "office"),
    Stream(_database, 1_500, "office"),
    Scene(_notary, 1),
    Scene(_bank_release, 3),
    Scene(_migration, 1),
    Scene(_published_plan, 1),
    Scene(_scanner, 2),
)
