"""Threats on the links to national systems."""

from __future__ import annotations

from soc.simulate.deeds import ANY, EVENING, NIGHT, OFFICE, Attempt, Threat
from soc.simulate.records import national as form
from soc.simulate.streams.national import AUDIT, EDOC, TARGETS

FAMILY = "national-links"


def _no_dossier(deed: Attempt) -> None:
    unit = deed.pick(*deed.world.communes)
    user = deed.pick(*unit.officers, "svc-ioc")
    target = deed.way("DANCU", "HOTICH")
    service = deed.pick("traCuuThongTin", "xacNhanThongTin", "layKetQua")
    server = deed.world.servers["ss"]
    for _ in range(deed.draw.upto(9, 40)):
        size = deed.draw.size(2300, 0.4)
        text = form.opmon(deed.wait(30, 400), server, "MOTCUA", target, service, deed.draw.hex(8), user, "", size)
        deed.log(TARGETS[target], text)
    deed.about("user.name", user)


def _right_granted(deed: Attempt) -> None:
    who, ip = deed.pick(*deed.world.admins), deed.pick(*deed.world.admin_hosts)
    event = deed.pick("Add access rights to subject", "Add service client", "Add client")
    subject = f"VN/GOV/H19/{deed.pick('TEST', 'TEST2', 'DEMO', 'IOC2', 'TAM')}"
    url = "/api/v1/clients/VN:GOV:H19:HOTICH/service-clients"
    deed.log(
        AUDIT,
        form.xroad_audit(deed.now, event, who, ip, url, clientIdentifier="VN/GOV/H19/HOTICH", subjectIds=[subject]),
    )
    deed.about("user.name", who)
    deed.about("soc.object.name", subject)


def _night_volume(deed: Attempt) -> None:
    user, subsystem, server = "svc-ioc", deed.pick("IOC", "KHAITHAC", "MOTCUA"), deed.world.servers["ss"]
    for _ in range(deed.draw.upto(350, 700)):
        size = deed.draw.upto(160_000, 320_000)
        text = form.opmon(
            deed.wait(1, 5),
            server,
            subsystem,
            "DANCU",
            "traCuuThongTin",
            deed.draw.hex(8),
            user,
            f"HS-{deed.draw.hex(4)}",
            size,
        )
        deed.log(TARGETS["DANCU"], text)
    deed.about("soc.api.consumer", subsystem)
    deed.about("user.name", user)


def _macro(deed: Attempt) -> None:
    unit = deed.pick(*deed.world.communes)
    macro = deed.way("macro", "invalid signature") == "macro"
    ending = deed.pick("docm", "xlsm", "exe", "js", "hta", "lnk", "iso") if macro else "pdf"
    name = f"{deed.pick('CV', 'GM', 'BC')}-{deed.draw.upto(1, 900)}.{ending}"
    code, sender = f"H19.{unit.index}", deed.pick("H19", "G05", "H29")
    signer = f"serial:{deed.draw.hex(8)}" if macro else ""
    text = form.edoc(
        deed.now,
        "getEdoc",
        deed.draw.hex(24),
        sender,
        code,
        "edoc",
        name,
        deed.draw.size(120_000),
        deed.draw.hex(64),
        macro,
        signer,
    )
    deed.log(EDOC, text)
    deed.about("file.name", name)


def _admin_brute(deed: Attempt) -> None:
    ip, user = deed.stranger(), deed.pick("xrd", "admin", "xroad", "qt.lienthong")
    for _ in range(deed.draw.upto(12, 60)):
        deed.log(
            AUDIT,
            form.xroad_audit(
                deed.wait(2, 40), "Log in user failed", user, ip, "/login", "FormLogin", "Bad credentials"
            ),
        )
    if deed.way("in vain", "gets in") == "gets in":
        deed.log(AUDIT, form.xroad_audit(deed.wait(2, 20), "Log in user", user, ip, "/login", "FormLogin"))
    deed.about("user.name", user)


def _spoofed_sender(deed: Attempt) -> None:
    code = f"H19.{deed.pick(*deed.world.communes).index}"
    for _ in range(deed.draw.upto(4, 15)):
        receiver, size = deed.pick("G09", "G05", "H19", "H29"), deed.draw.size(5000)
        text = form.edoc(
            deed.wait(20, 180),
            "sendEdoc",
            deed.draw.hex(16),
            code,
            receiver,
            deed.pick("edoc", "revocation"),
            "CV.pdf",
            size,
            deed.draw.hex(64),
            True,
            "serial:0000",
            "FAIL",
            deed.pick("secret mismatch", "Secret mismatch for system"),
        )
        deed.log(EDOC, text)
    deed.about("soc.doc.from", code)


THREATS = (
    Threat("link-lookup-without-dossier", FAMILY, (*OFFICE, *EVENING), _no_dossier),
    Threat("link-access-right-granted", FAMILY, NIGHT, _right_granted),
    Threat("link-night-volume", FAMILY, NIGHT, _night_volume),
    Threat("edoc-macro-invalid-signature", FAMILY, OFFICE, _macro),
    Threat("link-admin-brute", FAMILY, ANY, _admin_brute),
    Threat("edoc-secret-mismatch", FAMILY, ANY, _spoofed_sender),
)
