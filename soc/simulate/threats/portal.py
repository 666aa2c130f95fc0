"""Threats to the portal, one-stop and the agencies' web sites."""

from __future__ import annotations

from soc.simulate.deeds import ANY, EVENING, NIGHT, Attempt, Threat
from soc.simulate.pools import BROWSERS, PROCEDURES, dossier
from soc.simulate.records import portal as form
from soc.simulate.streams.portal import CMS, EDITORS, MODSEC, ONESTOP, PORTAL, SITES, WEB

FAMILY = "public-service"
_BETS = (
    "nha-cai-uy-tin",
    "ca-cuoc-bong-da",
    "tai-xiu-online",
    "bai-doi-thuong",
    "casino-truc-tuyen",
    "keonhacai",
    "nohu-doi-thuong",
    "soi-cau-lo-de",
)


def _page(
    deed: Attempt,
    source: str,
    ip: str,
    method: str,
    uri: str,
    host: str,
    status: int = 200,
    size: int = 400,
    args: str = "",
) -> None:
    proxy, agent = deed.world.servers["waf"], deed.pick(*BROWSERS, "Mozilla/5.0", "python-requests/2.31")
    deed.log(source, form.nginx(deed.now, proxy, ip, method, uri, args, status, size, host, agent, deed.draw.hex(8)))


def _web_shell(deed: Attempt) -> None:
    ip, unit = deed.stranger(), deed.pick(*deed.world.communes)
    folder = deed.pick("uploads/{}/2026_11", "files/{}", "assets/img/{}", "documents/{}/vb", "upload/{}")
    name = f"{deed.pick('anh', 'img', 'style', 'cache', deed.draw.hex(5))}.{deed.way('php', 'phtml', 'aspx', 'jsp', 'php7', 'ashx')}"
    uri = f"/{folder.format(unit.id)}/{name}"
    for _ in range(deed.draw.upto(1, 8)):
        _page(deed, SITES, ip, deed.pick("POST", "GET"), uri, unit.domain, size=deed.draw.upto(60, 900))
        deed.wait(5, 120)
    deed.about("url.domain", unit.domain)


def _gambling(deed: Attempt) -> None:
    unit = deed.pick(*deed.world.communes)
    in_query = deed.way("path", "query") == "query"
    for _ in range(deed.draw.upto(25, 90)):
        word = f"{deed.pick(*_BETS)}-{deed.draw.upto(1, 9999)}"
        uri, args = ("/tin-tuc/", f"{word}.html") if in_query else (f"/{word}.html", "")
        _page(
            deed,
            SITES,
            deed.pick(*deed.world.bots, *deed.world.citizens[:40]),
            "GET",
            uri,
            unit.domain,
            size=48_000,
            args=args,
        )
        deed.wait(2, 70)
    deed.agency = unit.id
    deed.about("url.domain", unit.domain)


def _insider(deed: Attempt) -> None:
    user = deed.pick(*EDITORS)
    if deed.way("layout", "file") == "layout":
        module = deed.pick("themes", "menu", "banners")
        key, note = deed.pick(
            ("log_add_block", "Name : footer-link"), ("log_edit_block", "Name : doi-tac"), ("Add menu", "lien-ket-hay")
        )
    else:
        module, key = "upload", "Upload file"
        note = f"uploads/{deed.pick('news', 'anh', 'vanban')}/2026_11/{deed.draw.hex(5)}.{deed.pick('php', 'phtml', 'htaccess')}"
    deed.log(CMS, form.nukeviet(deed.now, int(deed.now) - 1_700_000_000, module, key, note, user))
    deed.about("user.id", str(user))


def _sqli(deed: Attempt) -> None:
    ip, host = deed.stranger(), deed.world.servers["waf"]
    uri = deed.pick("/tra-cuu-ho-so", "/o/rest/v2/services")
    for _ in range(deed.draw.upto(8, 40)):
        payload = deed.pick(
            "1%27%20UNION%20SELECT%201,2", "1%27%20AND%20SLEEP(5)", "1)%20OR%201=1--", "1%27;select%20version()--"
        )
        text = "SQL Injection Attack Detected via libinjection"
        deed.log(
            MODSEC,
            form.modsecurity(
                deed.wait(1, 20),
                ip,
                "GET",
                f"{uri}?ma={payload}",
                403,
                deed.pick("942100", "942190", "942360"),
                text,
                ["attack-sqli"],
                host,
                deed.draw.hex(12),
            ),
        )
    for _ in range(deed.draw.upto(1, 4)):
        deed.wait(10, 60)
        _page(
            deed, WEB, ip, "GET", uri, PORTAL, size=deed.draw.upto(400_000, 2_000_000), args="ma=1%2F**%2Fun%2F**%2Fion"
        )


def _mass_export(deed: Attempt) -> None:
    unit = deed.pick(*deed.world.units)
    user = deed.pick(*unit.officers)
    ip = deed.pick(unit.gates[0], deed.stranger())
    parts = (
        [deed.draw.upto(6000, 30_000)]
        if deed.way("at once", "in parts") == "at once"
        else [deed.draw.upto(2600, 4600) for _ in range(5)]
    )
    for count in parts:
        action = deed.pick("XUAT_EXCEL", "XUAT_EXCEL", "TAI_DINH_KEM")
        deed.log(
            ONESTOP,
            form.onestop(deed.wait(10, 900), user, unit.id, ip, action, "", "", count, f"ds_{deed.draw.hex(4)}.xlsx"),
        )
    deed.agency = unit.id
    deed.about("user.name", user)


def _idor(deed: Attempt) -> None:
    ip, first = deed.stranger(), deed.draw.upto(100000, 900000)
    path = deed.pick("/o/rest/v2/dossierfiles/{}", "/dossierfile/{}", "/o/rest/v2/dossierfiles/{}/download")
    for number in range(deed.draw.upto(140, 400)):
        deed.wait(0.5, 4)
        _page(
            deed,
            WEB,
            ip,
            "GET",
            path.format(first + number),
            PORTAL,
            200 if deed.draw.chance(0.9) else 404,
            deed.draw.size(300_000),
        )


def _night_approval(deed: Attempt) -> None:
    unit = deed.pick(*deed.world.communes)
    ip = deed.stranger()
    for _ in range(deed.draw.upto(1, 5)):
        action, code = deed.pick("PHE_DUYET", "KY_SO"), dossier(deed.draw, unit, deed.now)
        deed.log(
            ONESTOP, form.onestop(deed.wait(20, 200), unit.leader, unit.id, ip, action, code, deed.pick(*PROCEDURES))
        )
    deed.agency = unit.id
    deed.about("user.name", unit.leader)


THREATS = (
    Threat("web-shell-upload-exec", FAMILY, ANY, _web_shell),
    Threat("gambling-seo-spam", FAMILY, ANY, _gambling),
    Threat("seo-spam-insider", FAMILY, (*EVENING, *NIGHT), _insider),
    Threat("sqli-success-after-block", FAMILY, ANY, _sqli),
    Threat("onestop-mass-export", FAMILY, ANY, _mass_export),
    Threat("onestop-attachment-idor", FAMILY, ANY, _idor),
    Threat("approve-at-night-new-ip", FAMILY, NIGHT, _night_approval),
)
