"""Threats to operations centres, feedback and web watch."""

from __future__ import annotations

from soc.simulate.deeds import ANY, EVENING, NIGHT, Attempt, Threat
from soc.simulate.records import ioc as form
from soc.simulate.streams.ioc import FEEDBACK, SITES, WATCH

FAMILY = "ioc-feedback"


def _public(deed: Attempt) -> None:
    ip, user = deed.stranger(), deed.pick("qt.ioc", *deed.world.admins)
    board = deed.pick("dancu", "ngansach", "anninh", deed.draw.hex(8))
    path = (
        f"/api/dashboards/uid/{board}/public-dashboards"
        if deed.way("public board", "snapshot") == "public board"
        else "/api/snapshots"
    )
    deed.log(deed.pick(*SITES), form.grafana(deed.now, user, 2, "POST", path, 200, ip, 80))
    deed.about("user.name", user)


def _traversal(deed: Attempt) -> None:
    ip, source = deed.stranger(), deed.pick(*SITES)
    step = deed.way("../", "%2e%2e%2f")
    for plugin in deed.draw.sample(("text", "alertlist", "graph", "table", "mysql", "loki"), deed.draw.upto(1, 6)):
        target = deed.pick("etc/passwd", "etc/grafana/grafana.ini", "var/lib/grafana/grafana.db")
        path = f"/public/plugins/{plugin}/{step * deed.draw.upto(3, 9)}{target}"
        deed.log(source, form.grafana(deed.wait(0.5, 9), "", 0, "GET", path, deed.pick(200, 400, 404), ip, 3))


def _shell(deed: Attempt) -> None:
    ip, device = deed.stranger(), f"emu-{deed.draw.upto(1, 99)}"
    name, mime = deed.pick(
        ("anh.jpg.php", "text/x-php"),
        ("hinh.php", "image/jpeg"),
        ("a.svg", "image/svg+xml"),
        ("ảnh.jpg", "text/x-php"),
        ("b.jsp", "text/html"),
        ("chay.sh", "application/x-sh"),
        ("c.aspx", "text/html"),
    )
    action = deed.pick("UPLOAD", "CREATE")
    text = form.feedback(
        deed.now,
        action,
        f"p-{deed.draw.hex(4)}",
        device,
        ip,
        ticketId="PA-2611-9001",
        fileName=name,
        mimeDeclared="image/jpeg",
        mimeDetected=mime,
        size=1833,
    )
    deed.log(FEEDBACK, text)
    deed.about("device.id", device)


def _otp(deed: Attempt) -> None:
    ip, device = deed.stranger(), f"emu-{deed.draw.upto(1, 99)}"
    one_device = deed.way("one device", "many devices") == "one device"
    for _ in range(deed.draw.upto(70, 250)):
        where = device if one_device else f"emu-{deed.draw.hex(4)}"
        deed.log(FEEDBACK, form.feedback(deed.wait(0.5, 4), "SEND_OTP", f"p-{deed.draw.hex(7)}", where, ip))
    deed.about("device.id", device)


def _flood(deed: Attempt) -> None:
    ip, device = deed.stranger(), f"d-{deed.draw.hex(6)}"
    for number in range(deed.draw.upto(150, 500)):
        at = deed.wait(2, 12)
        deed.log(
            FEEDBACK,
            form.feedback(
                at,
                "CREATE",
                f"p-{deed.draw.hex(4)}",
                device,
                ip,
                ticketId=f"PA-X-{number}",
                fileName="a.jpg",
                mimeDeclared="image/jpeg",
                mimeDetected="image/jpeg",
                size=9000,
            ),
        )
    deed.about("device.id", device)


def _watch(deed: Attempt) -> None:
    user, ip = f"ttcs{deed.draw.upto(2, 5):02d}", deed.stranger()
    if deed.way("at night", "large by day") == "large by day":
        deed.now -= 11 * 3600
        count, ip = deed.draw.upto(7000, 30_000), deed.world.servers["webwatch"]
    else:
        count = deed.draw.upto(300, 20_000)
    deed.log(WATCH, form.webwatch(deed.now, user, "EXPORT", "T-40", f"k-{deed.draw.hex(4)}", count, ip))
    deed.about("user.name", user)


THREATS = (
    Threat("dashboard-public", FAMILY, ANY, _public),
    Threat("ioc-path-traversal", FAMILY, ANY, _traversal),
    Threat("feedback-shell", FAMILY, ANY, _shell),
    Threat("otp-pumping", FAMILY, ANY, _otp),
    Threat("feedback-flood", FAMILY, NIGHT, _flood),
    Threat("webwatch-export", FAMILY, EVENING, _watch),
)
