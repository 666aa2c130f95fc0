"""The electronic market in lawful life."""

from __future__ import annotations

from collections.abc import Iterator

from soc.simulate import stamps
from soc.simulate.draw import Draw
from soc.simulate.pools import BROWSERS
from soc.simulate.records import portal
from soc.simulate.records import shop as form
from soc.simulate.spec import Entry, Hour, Life, Scene, Stream
from soc.simulate.world import Province

SHOP = "ecommerce_floor.shop_app_json.tinh"
APACHE = "ecommerce_floor.apache_combined.tinh"
CSP = "ecommerce_floor.csp_report.tinh"
SELLERS = ("htx-buoi-01", "htx-xoai-02", "hkd-hattieu-03", "htx-caosu-04", "hkd-sauche-05")
GOODS = ("buoi-da-xanh", "xoai-cat", "hat-dieu-rang", "ca-phe-rang", "mat-ong", "com-nep", "mang-cut", "che-xanh")
_STATIC = ("/wp-content/themes/san/style.css", "/wp-includes/js/jquery.min.js", "/wp-content/uploads/2026/11/anh.webp")


def _orders(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        person = draw.upto(1, 3900)
        user, ip = f"kh-{person:05d}", world.citizens[person]
        seller = draw.pick(SELLERS)
        order = f"DH-{stamps.yymmdd(at)[:4]}-{draw.upto(1, 9999):04d}"
        action = draw.often(
            ("LOGIN", "ORDER_CREATE", "ORDER_PAY", "VOUCHER_APPLY", "LOGIN", "PASSWORD_RESET", "PRODUCT_UPDATE")
        )
        if action == "PRODUCT_UPDATE":
            yield (
                at,
                SHOP,
                form.shop(
                    at,
                    action,
                    seller,
                    "seller",
                    f"203.0.113.{SELLERS.index(seller) + 10}",
                    sellerId=seller,
                    productName=draw.pick(GOODS),
                ),
            )
        elif action in ("LOGIN", "PASSWORD_RESET"):
            yield at, SHOP, form.shop(at, action, user, "buyer", ip, "FAIL" if draw.chance(0.05) else "OK")
        else:
            voucher = {"voucher": "OCOP10"} if action == "VOUCHER_APPLY" else {}
            yield (
                at,
                SHOP,
                form.shop(
                    at,
                    action,
                    user,
                    "buyer",
                    ip,
                    orderId=order,
                    sellerId=seller,
                    amount=draw.size(250) * 1000,
                    **voucher,
                ),
            )


def _pages(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        kind = draw.random()
        page = (
            f"/san-pham/{draw.pick(GOODS)}"
            if kind < 0.5
            else draw.pick(_STATIC)
            if kind < 0.9
            else f"/don-hang/DH-2611-{draw.upto(1, 9999):04d}"
        )
        ip, agent = (
            (draw.pick(world.bots), "Mozilla/5.0 (compatible; bingbot/2.0)")
            if draw.chance(0.1)
            else (draw.pick(world.citizens), draw.pick(BROWSERS))
        )
        status = draw.often((200, 200, 200, 200, 304, 404, 301))
        yield (
            at,
            APACHE,
            portal.combined(
                at, ip, f"GET {page} HTTP/2.0", status, draw.size(18_000), "https://san.dongnai.example/", agent
            ),
        )


def _scanners(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        request, answers = draw.pick(_SCANNED)
        yield (
            at,
            APACHE,
            portal.combined(at, draw.pick(world.noise), request, draw.pick(answers), 512, "-", "Mozilla/5.0 zgrab/0.x"),
        )


_SCANNED = (
    ("GET /xmlrpc.php HTTP/1.1", (403, 404, 200)),
    ("POST /wp-login.php HTTP/1.1", (403, 404, 200)),
    ("GET /wp-json/wp/v2/users HTTP/1.1", (403, 404, 200)),
    # a shop that hands out its environment file leads no lawful life
    ("GET /.env HTTP/1.1", (403, 404)),
)


def _reports(hour: Hour, number: int) -> Iterator[Entry]:
    draw = hour.draw
    for at in hour.times(number):
        blocked = draw.often(
            (
                "chrome-extension",
                "moz-extension",
                "https://stat.do-luong.example/m.js",
                "inline",
                "data",
                "https://adblock.tienich.example/x.js",
            )
        )
        yield (
            at,
            CSP,
            form.csp(draw.pick(("/", "/gio-hang", "/san-pham/mat-ong", "/thanh-toan")), "script-src-elem", blocked),
        )


def _administrator(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """The administrator updates the theme, from the declared address."""
    ip = world.admin_hosts[6]
    for number, request in enumerate(
        ("POST /wp-login.php HTTP/1.1", "POST /wp-login.php HTTP/1.1", "GET /wp-admin/update.php HTTP/1.1")
    ):
        yield (
            at + 20 * number,
            APACHE,
            portal.combined(
                at + 20 * number, ip, request, 302, 0, "https://san.dongnai.example/wp-admin/", BROWSERS[0]
            ),
        )


def _other_bank(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """A seller changes the bank by day, with OTP, from the usual address."""
    seller = draw.upto(0, len(SELLERS) - 1)
    ip = f"203.0.113.{seller + 10}"
    yield at, SHOP, form.shop(at, "LOGIN", SELLERS[seller], "seller", ip)
    yield (
        at + 200,
        SHOP,
        form.shop(
            at + 200,
            "SELLER_BANK_CHANGE",
            SELLERS[seller],
            "seller",
            ip,
            sellerId=SELLERS[seller],
            oldValue="tk-a1",
            newValue="tk-a2",
            otp=True,
        ),
    )


def _fair(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """A fair: many buyers behind one Wi-Fi, all of whom pay."""
    for _ in range(draw.upto(20, 60)):
        at += draw.upto(10, 90)
        yield (
            at,
            SHOP,
            form.shop(
                at,
                "VOUCHER_APPLY",
                f"kh-{draw.upto(1, 9999):05d}",
                "buyer",
                "203.0.113.119",
                orderId=f"DH-2611-{draw.upto(1, 9999):04d}",
                amount=draw.upto(5, 90) * 10_000,
                voucher="OCOP10",
            ),
        )


def _template_goods(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """A cooperative enters its goods from a template."""
    seller = draw.pick(SELLERS)
    for _ in range(draw.upto(30, 60)):
        at += draw.upto(10, 50)
        yield (
            at,
            SHOP,
            form.shop(
                at,
                "PRODUCT_CREATE",
                seller,
                "seller",
                "203.0.113.12",
                sellerId=seller,
                productName=f"{draw.pick(GOODS)}-{draw.upto(1, 99)}",
            ),
        )


LIFE: tuple[Life, ...] = (
    Stream(_orders, 2_500, "shop"),
    Stream(_pages, 6_000, "shop"),
    Stream(_scanners, 300, "internet"),
    Stream(_reports, 300, "shop"),
    Scene(_administrator, 3),
    Scene(_other_bank, 3),
    Scene(_fair, 1, (18, 20), any_day=True),
    Scene(_template_goods, 2),
)
