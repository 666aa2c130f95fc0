"""Reporting, KPI and shared software in lawful life."""

from __future__ import annotations

from collections.abc import Iterator

from soc.simulate import stamps
from soc.simulate.calendar import local_hour
from soc.simulate.draw import Draw
from soc.simulate.pools import BROWSERS, officer
from soc.simulate.records import reporting as form
from soc.simulate.spec import Entry, Hour, Life, Routine, Scene, Stream
from soc.simulate.world import Province

IIS = "reporting_system.iis_w3c.tinh"
SHARED_IIS = "management_software_shared.iis_w3c.tinh"
INDICATOR = "reporting_system.indicator_audit_json.tinh"
KPI = "kpi_system.indicator_audit_json.tinh"
SET = "management_indicators.indicator_audit_json.tinh"
WINDOWS = "reporting_system.win_aspnet_1316.tinh"
WEB = "WEB-BC01"
_PAGES = (
    "/baocao/kybaocao",
    "/baocao/nhap",
    "/baocao/danhsach",
    "/baocao/bieudo",
    "/baocao/trangchu",
    "/baocao/xuatexcel",
)
_SHARED_PAGES = ("/dungchung/lich", "/dungchung/nhiemvu", "/dungchung/thongbao", "/dungchung/tailieu")


def _headings(hour: Hour) -> Iterator[Entry]:
    """IIS begins a file with what its columns are."""
    if local_hour(hour.start) == 7:
        for source in (IIS, SHARED_IIS):
            yield hour.start, source, form.IIS_FIELDS


def _requests(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        unit, user, ip = officer(draw, world)
        source, pages = (IIS, _PAGES) if draw.chance(0.75) else (SHARED_IIS, _SHARED_PAGES)
        page = draw.pick(pages)
        query = f"id={stamps.day(at)[:7]}&dv={unit.code}" if draw.chance(0.6) else ""
        status = draw.often((200, 200, 200, 200, 302, 304, 404, 500))
        method = "POST" if page.endswith("nhap") else "GET"
        name = f"DN\\{user}"
        yield (
            at,
            source,
            form.iis(
                at,
                world.servers["report-web"],
                method,
                page,
                query,
                name,
                ip,
                draw.pick(BROWSERS),
                status,
                draw.size(90),
            ),
        )


def _strangers(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        page = draw.pick(
            ("/", "/robots.txt", "/wp-login.php", "/.env", "/autodiscover/autodiscover.xml", "/favicon.ico")
        )
        yield (
            at,
            IIS,
            form.iis(
                at,
                world.servers["report-web"],
                "GET",
                page,
                "",
                "",
                draw.pick(world.noise),
                "Mozilla/5.0 zgrab/0.x",
                404,
                3,
            ),
        )


def _figures(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        unit, user, ip = officer(draw, world)
        source = draw.pick((INDICATOR, INDICATOR, KPI, SET))
        name, period = f"CS-{draw.upto(1, 42):02d}", stamps.day(at - 28 * 86400)[:7]
        action = draw.pick(("VIEW", "VIEW", "UPDATE", "SUBMIT", "LOGIN", "APPROVE"))
        more = (
            {"oldValue": f"{draw.upto(600, 990) / 10}", "newValue": f"{draw.upto(600, 990) / 10}"}
            if action == "UPDATE"
            else {}
        )
        yield at, source, form.indicator(at, user, unit.id, action, name, period, "OPEN", ip, **more)


def _consolidation(hour: Hour) -> Iterator[Entry]:
    """Every night between 22:00 and 02:00 the figures are put together."""
    if local_hour(hour.start) not in (22, 23, 1):
        return
    ip = hour.world.servers["report-sql"]
    for number, source in enumerate((INDICATOR, KPI, SET)):
        at = hour.start + 600 + 240 * number + hour.draw.upto(0, 90)
        period = stamps.day(at)[:7]
        yield (
            at,
            source,
            form.indicator(at, "svc.tonghop", "tinh", "CONSOLIDATE", "*", period, "OPEN", ip, newValue="OK"),
        )


def _application(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        kind = draw.random()
        if kind < 0.6:
            text = (
                "Event code: 3005 An unhandled exception has occurred. Request path: /baocao/nhap.aspx "
                f"User host address: {draw.pick(draw.pick(world.units).gates)}"
            )
            yield at, WINDOWS, form.aspnet(at, WEB, 1309, text)
        else:
            child, command = draw.pick(
                (
                    ("wkhtmltopdf.exe", "wkhtmltopdf.exe --quiet bc.html bc.pdf"),
                    ("soffice.exe", "soffice.exe --headless --convert-to pdf bc.docx"),
                )
            )
            yield at, WINDOWS, form.process(at, WEB, child, command, "w3wp.exe", "BaoCaoPool")


def _correction(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """A closed period is corrected: by paper, in hours, with two who agree."""
    unit = world.department("taichinh")
    period = stamps.day(at - 60 * 86400)[:7]
    ticket = f"{draw.upto(1, 300)}/CV-STC"
    ip = unit.gates[0]
    yield (
        at,
        INDICATOR,
        form.indicator(at, world.admins[1], "tinh", "UNLOCK", "CS-11", period, "LOCKED", ip, ticket=ticket),
    )
    yield (
        at + 300,
        INDICATOR,
        form.indicator(
            at + 300,
            world.admins[1],
            "tinh",
            "UPDATE",
            "CS-11",
            period,
            "LOCKED",
            ip,
            oldValue="88.1",
            newValue="88.4",
            ticket=ticket,
        ),
    )
    yield (
        at + 420,
        INDICATOR,
        form.indicator(at + 420, unit.leader, unit.id, "APPROVE", "CS-11", period, "LOCKED", ip, ticket=ticket),
    )


def _new_machine_key(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """After the web servers changed their machine key, open pages fail their check; nothing is started."""
    for _ in range(draw.upto(4, 15)):
        at += draw.upto(60, 900)
        text = (
            "Event code: 4009-++-Viewstate verification failed. Reason: The viewstate supplied failed integrity check. "
            f"Request path: /baocao/nhap.aspx User host address: {draw.pick(draw.pick(world.units).gates)}"
        )
        yield at, WINDOWS, form.aspnet(at, WEB, 1316, text)


def _nightly_pull(hour: Hour) -> Iterator[Entry]:
    """The operations centre pulls the figures every night from its own address."""
    if local_hour(hour.start) == 23:
        at = hour.start + hour.draw.upto(100, 900)
        yield (
            at,
            IIS,
            form.iis(
                at,
                hour.world.servers["report-web"],
                "GET",
                "/baocao/xuatexcel",
                "all=1",
                "DN\\svc.ioc",
                hour.world.servers["ioc"],
                "ioc-puller/2.1",
                200,
                hour.draw.size(30_000),
            ),
        )


def _training(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """A course on the training server, under the training account."""
    unit = draw.pick(world.units)
    for _ in range(draw.upto(3, 9)):
        at += draw.upto(20, 300)
        yield (
            at,
            KPI,
            form.indicator(
                at, "taphuan", unit.id, "LOGIN", "-", stamps.day(at)[:7], "OPEN", unit.gates[1], host="bc-tap"
            ),
        )


LIFE: tuple[Life, ...] = (
    Routine(_headings),
    Stream(_requests, 7_000, "office_late"),
    Stream(_strangers, 120, "internet"),
    Stream(_figures, 2_600, "office"),
    Routine(_consolidation),
    Stream(_application, 160, "office"),
    Routine(_nightly_pull),
    Scene(_correction, 1),
    Scene(_new_machine_key, 1),
    Scene(_training, 2),
)
