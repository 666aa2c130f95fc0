"""Threats to e-office and mail."""

from __future__ import annotations

from soc.simulate.deeds import ANY, NIGHT, OFFICE, Attempt, Threat
from soc.simulate.pools import BROWSERS, file_name
from soc.simulate.records import eoffice as form
from soc.simulate.streams.eoffice import AUDIT, DNIS, ZIMBRA, document, message

FAMILY = "eoffice"


def _mass_download(deed: Attempt) -> None:
    unit = deed.pick(*deed.world.units)
    user = deed.pick(*unit.people)
    by_night = deed.way("off hours", "in hours") == "off hours"
    deed.now += 0 if by_night else -12 * 3600
    ip = deed.stranger() if deed.draw.chance(0.6) else deed.pick(*unit.gates)
    source = AUDIT if unit.kind == "department" else deed.pick(AUDIT, DNIS)
    for _ in range(deed.draw.upto(45, 120) if by_night else deed.draw.upto(110, 260)):
        doc, number = document(deed.draw, deed.wait(3, 18), deed.pick(*deed.world.units))
        name, size = file_name(deed.draw), deed.draw.size(400_000)
        deed.log(source, form.audit(deed.now, user, unit.id, ip, "TAI_VE", doc, number, name, size))
    deed.agency = unit.id
    deed.about("user.name", user)


def _secret_upload(deed: Attempt) -> None:
    unit = deed.pick(*deed.world.units)
    user = deed.pick(*unit.officers)
    doc, number = document(deed.draw, deed.now, unit)
    secrecy, name = "THUONG", file_name(deed.draw)
    if deed.way("marked", "named") == "marked":
        secrecy = deed.pick("MAT", "TOI_MAT", "TUYET_MAT")
    else:
        name = deed.pick("BaoCao-MAT.docx", "KeHoach_MAT_2026.pdf", "phuong-an-tuyet-mat.docx", "CongVan-toi-mat.pdf")
    number = f"{deed.draw.upto(1, 90)}-BC/M"
    deed.log(AUDIT, form.audit(deed.now, user, unit.id, unit.gates[0], "TAI_LEN", doc, number, name, 90_000, secrecy))
    deed.agency = unit.id
    deed.about("user.name", user)
    deed.about("file.name", name)


def _forward(deed: Attempt) -> None:
    unit = deed.pick(*deed.world.units)
    box = f"{deed.pick('vanthu', *unit.people)}@{unit.domain}"
    target = (
        deed.pick("hopthu88", "luu.tru", "backup.mail")
        + "@"
        + deed.pick("mail-free.example", "hopthu.test", "webbox.invalid")
    )
    ip = deed.stranger()
    deed.log(ZIMBRA, form.zimbra_auth(deed.now, "1234-71", box, ip, BROWSERS[4]))
    deed.wait(30, 300)
    if deed.way("preference", "filter") == "preference":
        rest = f"zimbraPrefMailForwardingAddress={target}"
        deed.log(ZIMBRA, form.zimbra_soap(deed.now, "1234-71", box, ip, BROWSERS[4], "ModifyPrefsRequest", rest))
    else:
        rest = f"filterRules=[thu-den] actionRedirect={target} keep"
        deed.log(ZIMBRA, form.zimbra_soap(deed.now, "1234-71", box, ip, BROWSERS[4], "ModifyFilterRulesRequest", rest))
    deed.agency = unit.id
    deed.about("user.email", box)


def _internal_phish(deed: Attempt) -> None:
    unit = deed.pick(*deed.world.communes)
    box, ip = f"{deed.pick('vanthu', *unit.officers)}@{unit.domain}", deed.stranger()
    deed.log(ZIMBRA, form.zimbra_auth(deed.now, "1234-80", box, ip, BROWSERS[4]))
    few = deed.way("many small", "one big") == "many small"
    for _ in range(deed.draw.upto(6, 12) if few else 1):
        other = deed.pick(*deed.world.units)
        number = deed.draw.upto(40, 80) if few else deed.draw.upto(230, 900)
        deed.lines(
            message(deed.draw, deed.wait(60, 200), box, ip, f"canbo@{other.domain}", f"mx.{other.domain}", number)
        )
    deed.agency = unit.id
    deed.about("user.email", box)


def _mail_brute(deed: Attempt) -> None:
    ip, protocol = deed.stranger(), deed.way("imap", "pop3", "smtp")
    proxy = deed.world.servers["proxy"]
    for unit in deed.draw.sample(deed.world.units, deed.draw.upto(25, 60)):
        name = deed.pick("vanthu", *unit.people)
        error = f"authentication failed for [{name}], {deed.pick('invalid password', 'account not found')}"
        box = f"{name}@{unit.domain}"
        deed.log(ZIMBRA, form.zimbra_client(deed.wait(3, 25), proxy, ip, box, protocol, deed.draw.upto(2, 90), error))


def _cross_unit(deed: Attempt) -> None:
    unit = deed.pick(*deed.world.communes[2:])
    user = deed.pick(*unit.officers)
    for _ in range(deed.draw.upto(28, 70)):
        other = deed.pick(*deed.world.units)
        _, number = document(deed.draw, deed.wait(20, 300), other)
        doc = deed.pick(*deed.world.papers(other)[:-1])
        name, size = file_name(deed.draw), deed.draw.size(200_000)
        deed.log(AUDIT, form.audit(deed.now, user, unit.id, unit.gates[0], "XEM", doc, number, name, size))
    deed.agency = unit.id
    deed.about("user.name", user)


THREATS = (
    Threat("eoffice-mass-download", FAMILY, NIGHT[:2], _mass_download),
    Threat("eoffice-secret-upload", FAMILY, OFFICE, _secret_upload),
    Threat("mail-forward-external", FAMILY, ANY, _forward),
    Threat("mail-internal-phish", FAMILY, ANY, _internal_phish),
    Threat("mail-imap-brute", FAMILY, NIGHT, _mail_brute),
    Threat("eoffice-cross-unit", FAMILY, (8, 9), _cross_unit),
)
