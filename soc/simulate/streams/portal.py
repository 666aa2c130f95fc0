"""Public service portal, one-stop and web sites of the agencies in lawful life, bots and scanners of the Internet included."""

from __future__ import annotations

from collections.abc import Iterator

from soc.simulate import stamps
from soc.simulate.draw import Draw
from soc.simulate.pools import BROWSERS, MATTERS, PROCEDURES, dossier, officer
from soc.simulate.records import portal as form
from soc.simulate.spec import Entry, Hour, Life, Scene, Stream
from soc.simulate.world import Province

WEB = "public_service_portal.nginx_access_json.tinh"
SITES = "public_service_portal.nginx_access_json.xa"
MODSEC = "public_service_portal.modsec_audit_json.tinh"
CMS = "public_service_portal.nukeviet_admin_log.tinh"
ONESTOP = "one_stop.onestop_audit_json.tinh"
PORTAL = "dichvucong.dongnai.example"
EDITORS = (12, 15, 21, 30)
_PAGES = (
    "/",
    "/thu-tuc",
    "/tra-cuu-ho-so",
    "/nop-ho-so",
    "/danh-gia",
    "/huong-dan",
    "/o/rest/v2/dossiers",
    "/o/rest/v2/services",
    "/dang-nhap",
    "/thong-bao",
)
_STATIC = (
    "/o/theme/css/main.css",
    "/o/theme/js/app.js",
    "/o/theme/images/logo.png",
    "/favicon.ico",
    "/documents/20121/bieu-mau-01.pdf",
)
_PROBES = (
    "/wp-login.php",
    "/.env",
    "/.git/config",
    "/phpmyadmin/",
    "/uploads/shell.php",
    "/uploads/c99.php",
    "/cgi-bin/luci",
    "/actuator/env",
    "/boaform/admin",
)
_SCANNERS = (
    "Mozilla/5.0 zgrab/0.x",
    "Mozilla/5.0 (compatible; CensysInspect/1.1)",
    "Go-http-client/1.1",
    "masscan/1.3",
    "python-requests/2.31",
)
_ACTIONS = (
    "TIEP_NHAN",
    "TIEP_NHAN",
    "CHUYEN_XU_LY",
    "XEM",
    "XEM",
    "XEM",
    "PHE_DUYET",
    "TRA_KET_QUA",
    "BO_SUNG",
    "TAI_DINH_KEM",
    "KY_SO",
)


def _visitors(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    proxy = world.servers["waf"]
    for at in hour.times(number):
        ip = draw.pick(world.citizens)
        if draw.chance(0.45):
            uri, args, method, size = draw.pick(_STATIC), "", "GET", draw.size(20_000)
        else:
            uri = draw.pick(_PAGES)
            method = "POST" if uri.startswith("/o/rest") and draw.chance(0.3) else "GET"
            args, size = (
                (f"ma={dossier(draw, draw.pick(world.communes), at)}" if "tra-cuu" in uri else ""),
                draw.size(7_000, 0.4),
            )
        status = draw.often((200,) * 18 + (304, 304, 302, 404, 499, 500))
        yield (
            at,
            WEB,
            form.nginx(
                at,
                proxy,
                ip,
                method,
                uri,
                args,
                status,
                size,
                PORTAL,
                draw.pick(BROWSERS),
                draw.hex(8),
                f"https://{PORTAL}/",
                draw.random(),
            ),
        )


def _attachments(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        ip = draw.pick(world.citizens) if draw.chance(0.5) else draw.pick(draw.pick(world.communes).gates)
        yield (
            at,
            WEB,
            form.nginx(
                at,
                world.servers["waf"],
                ip,
                "GET",
                f"/o/rest/v2/dossierfiles/{draw.upto(100000, 999999)}",
                "",
                draw.often((200, 200, 200, 403)),
                draw.size(400_000),
                PORTAL,
                draw.pick(BROWSERS),
                draw.hex(8),
            ),
        )


def _agency_sites(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        unit = draw.pick(world.units)
        who = draw.random()
        if who < 0.3:
            ip, agent = (
                draw.pick(world.bots),
                "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            )
        else:
            ip, agent = draw.pick(world.citizens), draw.pick(BROWSERS)
        uri = (
            f"/tin-tuc/{draw.pick(MATTERS)}-{draw.upto(1, 900)}.html"
            if draw.chance(0.6)
            else f"/uploads/{unit.id}/2026_11/anh-{draw.upto(1, 300)}.jpg"
        )
        status = draw.often((200, 200, 200, 200, 304, 404))
        yield (
            at,
            SITES,
            form.nginx(
                at, world.servers["waf"], ip, "GET", uri, "", status, draw.size(30_000), unit.domain, agent, draw.hex(8)
            ),
        )


def _scanners(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        ip, uri = draw.pick(world.noise), draw.pick(_PROBES)
        host = PORTAL if draw.chance(0.5) else draw.pick(world.units).domain
        status, agent, ident = draw.pick((404, 404, 403)), draw.pick(_SCANNERS), draw.hex(8)
        source = WEB if host == PORTAL else SITES
        yield at, source, form.nginx(at, world.servers["waf"], ip, "GET", uri, "", status, 512, host, agent, ident)


def _waf(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        kind = draw.random()
        host = world.servers["waf"]
        if kind < 0.7:
            rule, text, tag, uri = draw.pick(
                (
                    ("930130", "Restricted File Access Attempt", "attack-lfi", "/.env"),
                    ("913100", "Found User-Agent associated with security scanner", "attack-reputation-scanner", "/"),
                    ("920350", "Host header is a numeric IP address", "attack-protocol", "/"),
                    ("942100", "SQL Injection Attack Detected via libinjection", "attack-sqli", "/index.php?id=1%27"),
                )
            )
            yield (
                at,
                MODSEC,
                form.modsecurity(at, draw.pick(world.noise), "GET", uri, 403, rule, text, [tag], host, draw.hex(12)),
            )
        else:
            ip = draw.pick(draw.pick(world.communes).gates) if draw.chance(0.5) else draw.pick(world.citizens)
            yield (
                at,
                MODSEC,
                form.modsecurity(
                    at,
                    ip,
                    "POST",
                    "/nop-ho-so/ghi-chu",
                    200,
                    "941110",
                    "XSS Filter - Category 1",
                    ["attack-xss"],
                    host,
                    draw.hex(12),
                    "DetectionOnly",
                ),
            )


def _dossiers(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        unit, user, ip = officer(draw, world)
        action = draw.pick(_ACTIONS)
        user = unit.leader if action in ("PHE_DUYET", "KY_SO") else user
        result = "FAIL" if draw.chance(0.008) else "OK"
        yield (
            at,
            ONESTOP,
            form.onestop(
                at,
                user,
                unit.id,
                ip,
                action,
                dossier(draw, unit, at),
                draw.pick(PROCEDURES),
                1,
                "" if action != "TAI_DINH_KEM" else "dinh-kem.pdf",
                result,
            ),
        )


def _editing(hour: Hour, number: int) -> Iterator[Entry]:
    draw = hour.draw
    for at in hour.times(number):
        module, key, note = draw.pick(
            (
                ("news", "log_add_content", f"ID: {draw.upto(5000, 9000)}"),
                ("news", "log_edit_content", f"ID: {draw.upto(5000, 9000)}"),
                ("upload", "Upload file", f"uploads/news/2026_11/anh-{draw.upto(1, 900)}.jpg"),
                ("upload", "Upload file", f"uploads/vanban/2026_11/cv-{draw.upto(1, 900)}.pdf"),
                ("banners", "log_edit_banner", f"bannerid: {draw.upto(1, 30)}"),
                ("page", "log_edit_page", f"ID: {draw.upto(1, 60)}"),
            )
        )
        yield at, CMS, form.nukeviet(at, int(at) - 1_700_000_000, module, key, note, draw.pick(EDITORS))


def _late_leader(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """A leader works on late dossiers in the evening, from the place known for it."""
    unit = draw.pick(world.communes)
    for _ in range(draw.upto(3, 12)):
        at += draw.upto(60, 400)
        yield (
            at,
            ONESTOP,
            form.onestop(
                at,
                unit.leader,
                unit.id,
                world.homes[unit.leader],
                "PHE_DUYET",
                dossier(draw, unit, at),
                draw.pick(PROCEDURES),
            ),
        )


def _monthly_export(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """The account for reports exports fewer than 3000 rows, in hours."""
    unit = world.department("vpubnd")
    yield (
        at,
        ONESTOP,
        form.onestop(
            at, unit.officers[0], unit.id, unit.gates[0], "XUAT_EXCEL", "", "", draw.upto(900, 2800), "tonghop.xlsx"
        ),
    )


def _police_news(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """One true article of the police about betting, read by many."""
    uri = "/tin-tuc/triet-pha-duong-day-ca-cuoc-bong-da.html"
    unit = draw.pick(world.communes)
    for _ in range(draw.upto(20, 60)):
        at += draw.upto(5, 100)
        yield (
            at,
            SITES,
            form.nginx(
                at,
                world.servers["waf"],
                draw.pick(world.citizens),
                "GET",
                uri,
                "",
                200,
                draw.size(30_000, 0.1),
                unit.domain,
                draw.pick(BROWSERS),
                draw.hex(8),
                "https://www.google.com/",
            ),
        )


def _post_office(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """The service centre prints the attachments of many dossiers."""
    ip = world.department("ttpvhcc").gates[0]
    first = draw.upto(100000, 900000)
    for number in range(draw.upto(60, 95)):
        when = at + number * 7
        yield (
            when,
            WEB,
            form.nginx(
                when,
                world.servers["waf"],
                ip,
                "GET",
                f"/o/rest/v2/dossierfiles/{first + number * draw.upto(1, 9)}",
                "",
                200,
                draw.size(400_000),
                PORTAL,
                BROWSERS[0],
                draw.hex(8),
                f"https://{PORTAL}/can-bo",
            ),
        )


def _pentest(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """A declared test from the scanner of the operations centre."""
    ip, host = world.servers["scanner"], world.servers["waf"]
    uri = "/tra-cuu-ho-so"
    for number in range(12):
        when = at + number * 20
        yield (
            when,
            MODSEC,
            form.modsecurity(
                when,
                ip,
                "GET",
                f"{uri}?ma=1%27%20OR%201=1",
                403,
                "942100",
                "SQL Injection Attack Detected via libinjection",
                ["attack-sqli"],
                host,
                draw.hex(12),
            ),
        )
    ident = draw.hex(8)
    yield at + 400, WEB, form.nginx(at + 400, host, ip, "GET", uri, "ma=1", 200, 60_000, PORTAL, "sqlmap/1.8", ident)


def _holiday_banner(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """The banner for a holiday is changed, in hours, by an editor."""
    for number, (module, key) in enumerate((("banners", "log_add_banner"), ("themes", "log_edit_block"))):
        when = at + 120 * number
        yield (
            when,
            CMS,
            form.nukeviet(when, int(when) - 1_700_000_000, module, key, f"Name : {stamps.yymmdd(when)}", EDITORS[0]),
        )


LIFE: tuple[Life, ...] = (
    Stream(_visitors, 20_000, "citizen"),
    Stream(_attachments, 900, "office"),
    Stream(_agency_sites, 7_000, "citizen"),
    Stream(_scanners, 900, "internet"),
    Stream(_waf, 1_200, "internet"),
    Stream(_dossiers, 11_000, "office"),
    Stream(_editing, 220, "office"),
    Scene(_late_leader, 3, (18, 20)),
    Scene(_monthly_export, 4),
    Scene(_police_news, 1),
    Scene(_post_office, 2),
    Scene(_pentest, 1),
    Scene(_holiday_banner, 2),
)
