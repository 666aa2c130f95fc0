"""Operations centres, field feedback and web watch in lawful life."""

from __future__ import annotations

from collections.abc import Iterator

from soc.simulate import stamps
from soc.simulate.draw import Draw
from soc.simulate.records import ioc as form
from soc.simulate.spec import Entry, Hour, Life, Scene, Stream
from soc.simulate.world import Province

SITES = (
    "ioc_province.dashboard_audit.tinh",
    "ioc_bien_hoa.dashboard_audit.bienhoa",
    "ioc_long_khanh.dashboard_audit.longkhanh",
)
FEEDBACK = "field_feedback.feedback_api_json.tinh"
WATCH = "web_information_watch.webwatch_audit_json.tinh"
_BOARDS = (
    "/d/tinh/tong-quan",
    "/d/ktxh/kinh-te",
    "/d/dvc/dich-vu-cong",
    "/d/gt/giao-thong",
    "/api/ds/query",
    "/api/annotations",
    "/api/health",
)


def _boards(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        wall = draw.chance(0.5)
        user, ip = (
            ("man-hinh", world.servers["kiosk"])
            if wall
            else (draw.pick(world.departments).leader, draw.pick(world.departments).gates[0])
        )
        path = draw.pick(_BOARDS)
        method = "POST" if path.endswith("query") else "GET"
        status = draw.often((200,) * 15 + (401, 404, 499))
        yield at, draw.often(SITES), form.grafana(at, user, 10 + len(user), method, path, status, ip, draw.size(45))


def _feedback(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        person = draw.upto(1, 3900)
        ip, phone, device = world.citizens[person], f"p-{person:x}", f"d-{person:x}"
        ticket = f"PA-{stamps.yymmdd(at)[:4]}-{draw.upto(1, 9999):04d}"
        kind = draw.random()
        if kind < 0.35:
            name, mime = draw.often(
                (
                    ("hien-truong.jpg", "image/jpeg"),
                    ("anh.png", "image/png"),
                    ("IMG_0012.HEIC", "application/octet-stream"),
                )
            )
            yield (
                at,
                FEEDBACK,
                form.feedback(
                    at,
                    "CREATE",
                    phone,
                    device,
                    ip,
                    ticketId=ticket,
                    fileName=name,
                    mimeDeclared=mime,
                    mimeDetected=mime,
                    size=draw.size(800_000),
                ),
            )
        elif kind < 0.5:
            yield at, FEEDBACK, form.feedback(at, "SEND_OTP", phone, device, ip)
        else:
            unit = draw.pick(world.communes)
            action = draw.pick(("ASSIGN", "REPLY", "CLOSE"))
            yield at, FEEDBACK, form.feedback(at, action, "", "", unit.gates[0], ticketId=ticket, unit=unit.id)


def _watch(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        user = f"ttcs{draw.upto(1, 5):02d}"
        action, count = draw.often(
            (
                ("SEARCH", draw.size(90)),
                ("SEARCH", draw.size(60)),
                ("VIEW", 1),
                ("TOPIC_CREATE", 0),
                ("EXPORT", draw.upto(50, 1500)),
            )
        )
        yield (
            at,
            WATCH,
            form.webwatch(
                at, user, action, f"T-{draw.upto(1, 60)}", f"k-{draw.hex(4)}", count, world.servers["webwatch"]
            ),
        )


def _public_weather(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """The board about the weather is shared with everybody, as approved."""
    path = "/api/dashboards/uid/thoi-tiet-cong-khai/public-dashboards"
    yield at, SITES[0], form.grafana(at, world.admins[2], 3, "POST", path, 200, world.admin_hosts[2], 80)


def _scanner(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """The scanner of the operations centre tries paths."""
    path = "/public/plugins/text/../../../../../../etc/passwd"
    yield at, SITES[0], form.grafana(at, "", 0, "GET", path, 400, world.servers["scanner"], 2)


def _village_hall(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """The digital team of a commune registers people at the village hall, in hours, from the commune's address."""
    unit = draw.pick(world.communes)
    for _ in range(draw.upto(25, 45)):
        at += draw.upto(15, 60)
        person = draw.hex(4)
        yield at, FEEDBACK, form.feedback(at, "SEND_OTP", f"p-{person}", f"d-{person}", unit.gates[1])


def _flood(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """Rain floods a district: many people report it, each once or twice."""
    for _ in range(draw.upto(150, 350)):
        when = at + draw.upto(0, 5400)
        person = draw.upto(1, 3900)
        yield (
            when,
            FEEDBACK,
            form.feedback(
                when,
                "CREATE",
                f"p-{person:x}",
                f"d-{person:x}",
                world.citizens[person],
                ticketId=f"PA-NGAP-{draw.upto(1, 9999):04d}",
                fileName="ngap.jpg",
                mimeDeclared="image/jpeg",
                mimeDetected="image/jpeg",
                size=draw.size(800_000),
            ),
        )


def _weekly(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """The report of the week."""
    yield (
        at,
        WATCH,
        form.webwatch(
            at, "ttcs01", "EXPORT", "T-12", f"k-{draw.hex(4)}", draw.upto(2000, 4500), world.servers["webwatch"]
        ),
    )


LIFE: tuple[Life, ...] = (
    Stream(_boards, 3_500, "flat"),
    Stream(_feedback, 1_500, "evening"),
    Stream(_watch, 300, "office"),
    Scene(_public_weather, 1),
    Scene(_scanner, 2),
    Scene(_village_hall, 2),
    Scene(_flood, 1, (17, 19), any_day=True),
    Scene(_weekly, 2, (8, 10)),
)
