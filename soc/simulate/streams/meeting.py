"""Meetings in lawful life."""

from __future__ import annotations

from collections.abc import Iterator

from soc.simulate import stamps
from soc.simulate.calendar import Day, kind_of, local_date, local_hour
from soc.simulate.draw import Draw
from soc.simulate.pools import BROWSERS, officer
from soc.simulate.records import meeting as form
from soc.simulate.records import network, portal
from soc.simulate.spec import Entry, Hour, Life, Routine, Scene, Stream
from soc.simulate.world import Province

JITSI = "online_meeting.jitsi_event_sync.tinh"
EMEETING = "emeeting.jitsi_event_sync.tinh"
SIP = "online_meeting.sip_register_log.tinh"
CDR = "online_meeting.mcu_cdr_xml.tinh"
WEB = "online_meeting.nginx_access_json.tinh"
WALL = "online_meeting.fortigate_kv.tinh"
ROOMS = ("giaoban-ubnd-tinh", "hop-hdnd-tinh", "ban-chi-dao-cds")
"""Rooms that only the invited may enter."""


def _sessions(hour: Hour) -> Iterator[Entry]:
    """A session on working mornings and afternoons; every commune comes in within minutes."""
    if kind_of(local_date(hour.start)) is not Day.WORK or local_hour(hour.start) not in (8, 14):
        return
    draw, world = hour.draw, hour.world
    monday = local_date(hour.start).weekday() == 0
    share = 1.0 if monday else 0.3
    guests = [unit for unit in world.communes if draw.chance(min(1.0, share * max(hour.scale, 0.2)))]
    room = ROOMS[local_date(hour.start).weekday() % 3]
    source = draw.pick((JITSI, EMEETING))
    yield hour.start + 60, source, form.room(hour.start + 60, "muc-room-created", room)
    for number, unit in enumerate(guests):
        at = hour.start + 90 + draw.upto(0, 500)
        ident = f"u-{unit.index:03d}"
        name, mail, jid = f"Diem cau {unit.id}", f"hop@{unit.domain}", draw.hex(6)
        yield at, source, form.occupant(at, "muc-occupant-joined", room, name, mail, ident, jid, number + 1)
        if number % 3 == 0:
            inner = form.leg_start(unit.id, f"{unit.code}@hop.dongnai.example", f"c-{int(hour.start) // 3600}")
            yield at, CDR, form.cdr(at, "callLegStart", int(at) % 100000, f"l{unit.index}-{int(at) % 9999}", inner)
        end = hour.start + 3000 + draw.upto(0, 500)
        yield end, source, form.occupant(end, "muc-occupant-left", room, name, mail, ident, jid, len(guests) - number)
        if number % 3 == 0:
            inner = form.leg_end("remoteTeardown", int(end - at))
            yield end, CDR, form.cdr(end, "callLegEnd", int(end) % 100000, f"l{unit.index}-{int(at) % 9999}", inner)
    yield hour.start + 3560, source, form.room(hour.start + 3560, "muc-room-destroyed", room)


def _small_rooms(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        unit, user, _ = officer(draw, world)
        room, source = f"hop-{unit.code}-{draw.upto(1, 9)}", draw.pick((JITSI, EMEETING))
        yield at, source, form.room(at, "muc-room-created", room)
        yield (
            at + 20,
            source,
            form.occupant(
                at + 20, "muc-occupant-joined", room, user, f"{user}@{unit.domain}", f"u-{user}", draw.hex(6), 1
            ),
        )


def _web(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        _, _, ip = officer(draw, world)
        uri = draw.pick(
            ("/http-bind", "/config.js", "/libs/app.bundle.min.js", "/static/close.html", "/xmpp-websocket")
        )
        yield (
            at,
            WEB,
            portal.nginx(
                at,
                world.servers["proxy"],
                ip,
                "GET",
                uri,
                "",
                200,
                draw.size(4_000),
                "hop.dongnai.example",
                draw.pick(BROWSERS),
                draw.hex(8),
            ),
        )


def _knocking(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        if draw.chance(0.5):
            user = draw.pick(("100", "1000", "admin", "200", "sip"))
            ip, reason = draw.pick(world.noise), "No matching endpoint found"
        else:
            user, ip, reason = (
                draw.pick(world.communes).code,
                draw.pick(draw.pick(world.communes).gates),
                "Failed to authenticate",
            )
        yield (
            at,
            SIP,
            form.sip(at, "REGISTER", user, world.servers["sip"], ip, draw.upto(5060, 5090), draw.hex(8), reason),
        )


def _wall(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        _, _, ip = officer(draw, world)
        port = draw.pick((10000, 5060, 443, 1720))
        yield (
            at,
            WALL,
            network.traffic(
                at,
                "FG-HOP",
                ip,
                world.servers["jitsi"],
                port,
                "accept",
                f"udp/{port}",
                draw.size(90_000),
                draw.size(400_000),
                draw.upto(20000, 60000),
                "wan1",
                "dmz",
                17,
            ),
        )


def _spare_point(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """A point comes in over the Internet, registered beforehand, with its own token."""
    unit = draw.pick(world.communes)
    yield (
        at,
        JITSI,
        form.occupant(
            at,
            "muc-occupant-joined",
            ROOMS[0],
            f"Diem cau du phong {unit.id}",
            f"hop@{unit.domain}",
            f"u-{unit.index:03d}b",
            draw.hex(6),
            60,
        ),
    )


def _storm_room(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """Those on duty in a storm open their room at night."""
    room = f"pctt-{stamps.yymmdd(at)}"
    yield at, JITSI, form.room(at, "muc-room-created", room)
    for number, unit in enumerate(draw.sample(world.communes, 20)):
        when = at + draw.upto(20, 900)
        yield (
            when,
            JITSI,
            form.occupant(
                when,
                "muc-occupant-joined",
                room,
                f"Diem cau {unit.id}",
                f"hop@{unit.domain}",
                f"u-{unit.index:03d}",
                draw.hex(6),
                number + 1,
            ),
        )


def _changed_password(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """One point with a new password tries ten times, always the same extension."""
    unit = draw.pick(world.communes)
    for _ in range(draw.upto(8, 14)):
        at += draw.upto(5, 20)
        yield (
            at,
            SIP,
            form.sip(
                at,
                "REGISTER",
                unit.code,
                world.servers["sip"],
                unit.gates[0],
                5060,
                draw.hex(8),
                "Failed to authenticate",
            ),
        )


def _own_recording(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """The office fetches the recording of the session that has just ended."""
    unit = world.department("vpubnd")
    for part in range(1, draw.upto(2, 4)):
        uri = f"/recordings/{ROOMS[0]}-{stamps.yymmdd(at)}-{part}.mp4"
        yield (
            at + part * 60,
            WEB,
            portal.nginx(
                at + part * 60,
                world.servers["proxy"],
                unit.gates[0],
                "GET",
                uri,
                "",
                200,
                400_000_000,
                "hop.dongnai.example",
                BROWSERS[0],
                draw.hex(8),
                seconds=30,
            ),
        )


def _terminal_check(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """A technician checks a terminal from the technical network before a session."""
    unit = draw.pick(world.communes)
    yield (
        at,
        WEB,
        portal.nginx(
            at,
            world.servers["proxy"],
            world.admin_hosts[3],
            "POST",
            f"/endpoint/{unit.code}/login",
            "user=admin",
            200,
            310,
            "thietbi.hop.dongnai.example",
            BROWSERS[0],
            draw.hex(8),
        ),
    )


LIFE: tuple[Life, ...] = (
    Routine(_sessions),
    Stream(_small_rooms, 400, "office", lines=2),
    Stream(_web, 1_500, "office"),
    Stream(_knocking, 250, "flat"),
    Stream(_wall, 900, "office"),
    Scene(_spare_point, 2, (8, 9)),
    Scene(_storm_room, 1, (20, 22), any_day=True),
    Scene(_changed_password, 2),
    Scene(_own_recording, 4, (11, 12)),
    Scene(_terminal_check, 5, (7, 8)),
)
