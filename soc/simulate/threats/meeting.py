"""Threats to meetings."""

from __future__ import annotations

from soc.simulate import stamps
from soc.simulate.deeds import ANY, NIGHT, OFFICE, Attempt, Threat
from soc.simulate.pools import BROWSERS
from soc.simulate.records import meeting as form
from soc.simulate.records import network, portal
from soc.simulate.streams.meeting import CDR, JITSI, ROOMS, SIP, WALL, WEB

FAMILY = "meeting"


def _uninvited(deed: Attempt) -> None:
    name = deed.pick("khach", "guest", "Diem cau", "iPhone", "Nguoi dung")
    if deed.way("without token", "from the Internet") == "without token":
        room = deed.pick(*ROOMS)
        deed.log(
            JITSI,
            form.occupant(
                deed.now, "muc-occupant-joined", room, name, "", "", deed.draw.hex(6), deed.draw.upto(20, 98)
            ),
        )
        deed.about("soc.meeting.room", room)
    else:
        ip = deed.stranger()
        deed.log(
            CDR,
            form.cdr(
                deed.now,
                "callLegStart",
                int(deed.now) % 100000,
                f"x{deed.draw.hex(4)}",
                form.leg_start(name, ip, "c-1"),
            ),
        )
    deed.about("user.full_name", name)


def _off_schedule(deed: Attempt) -> None:
    room = deed.pick(f"phong-{deed.draw.hex(4)}", "hop-kin", "hop-rieng", *ROOMS)
    deed.log(JITSI, form.room(deed.now, "muc-room-created", room))
    deed.about("soc.meeting.room", room)


def _sip_scan(deed: Attempt) -> None:
    ip = deed.stranger()
    first = deed.draw.upto(100, 2000)
    for number in range(deed.draw.upto(40, 300)):
        user = str(first + number) if deed.draw.chance(0.9) else deed.pick("admin", "test", "trunk")
        reason = deed.pick("No matching endpoint found", "Failed to authenticate")
        method = deed.pick("REGISTER", "REGISTER", "INVITE")
        deed.log(
            SIP,
            form.sip(deed.wait(0.1, 0.9), method, user, deed.world.servers["sip"], ip, 5071, deed.draw.hex(8), reason),
        )


def _recordings(deed: Attempt) -> None:
    ip = deed.stranger()
    folder = deed.pick("/recordings/", "/recording/", "/recordings/2026/")
    for number in range(deed.draw.upto(7, 25)):
        uri = f"{folder}{deed.pick(*ROOMS)}-{stamps.yymmdd(deed.now - number * 86400)}-{number}.mp4"
        size = deed.draw.upto(80_000_000, 600_000_000)
        text = portal.nginx(
            deed.wait(20, 200),
            deed.world.servers["proxy"],
            ip,
            "GET",
            uri,
            "",
            200,
            size,
            "hop.dongnai.example",
            BROWSERS[3],
            deed.draw.hex(8),
        )
        deed.log(WEB, text)


def _endpoint(deed: Attempt) -> None:
    """A terminal's own page, with the maker's account, from outside the technical network."""
    ip, unit = deed.stranger(), deed.pick(*deed.world.communes)
    user = deed.way("admin", "polycom", "cisco")
    host = "thietbi.hop.dongnai.example"
    args, uri = f"user={user}", f"/endpoint/{unit.code}/login"
    deed.log(
        WEB,
        portal.nginx(
            deed.now, deed.world.servers["proxy"], ip, "POST", uri, args, 200, 300, host, BROWSERS[4], deed.draw.hex(8)
        ),
    )
    deed.about("url.path", uri)


def _flood(deed: Attempt) -> None:
    port, target = int(deed.way("10000", "5060", "1720")), deed.world.servers["jitsi"]
    for _ in range(deed.draw.upto(22_000, 26_000)):
        src = f"203.0.113.{deed.draw.upto(170, 254)}"
        at = deed.wait(0.0005, 0.0035)
        deed.log(
            WALL,
            network.traffic(
                at,
                "FG-HOP",
                src,
                target,
                port,
                "deny",
                f"udp/{port}",
                60,
                0,
                deed.draw.upto(1024, 65000),
                "wan1",
                "dmz",
                17,
                0,
            ),
        )
    deed.about("destination.ip", target)


THREATS = (
    Threat("meeting-uninvited", FAMILY, OFFICE, _uninvited),
    Threat("meeting-off-schedule", FAMILY, NIGHT, _off_schedule),
    Threat("sip-scan", FAMILY, ANY, _sip_scan),
    Threat("meeting-record-pull", FAMILY, ANY, _recordings),
    Threat("endpoint-admin-default", FAMILY, ANY, _endpoint),
    Threat("meeting-flood", FAMILY, OFFICE, _flood),
)
