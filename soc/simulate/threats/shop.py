"""Threats to the electronic market."""

from __future__ import annotations

from soc.simulate.deeds import ANY, NIGHT, Attempt, Threat
from soc.simulate.pools import BROWSERS
from soc.simulate.records import portal
from soc.simulate.records import shop as form
from soc.simulate.streams.shop import APACHE, CSP, SELLERS, SHOP

FAMILY = "ecommerce"


def _admin_brute(deed: Attempt) -> None:
    ip, agent = deed.stranger(), deed.pick("Mozilla/5.0", *BROWSERS)
    for _ in range(deed.draw.upto(28, 200)):
        deed.log(APACHE, portal.combined(deed.wait(1, 9), ip, "POST /wp-login.php HTTP/1.1", 200, 4123, "-", agent))
    page = deed.way("theme-editor.php", "plugin-install.php", "update.php")
    request = f"{deed.pick('POST', 'GET')} /wp-admin/{page} HTTP/1.1"
    deed.log(
        APACHE,
        portal.combined(
            deed.wait(20, 600), ip, request, deed.pick(302, 200), 900, "https://san.dongnai.example/wp-admin/", agent
        ),
    )


def _takeover(deed: Attempt) -> None:
    ip, seller = deed.stranger(), deed.pick(*SELLERS)
    if deed.way("after reset", "directly") == "after reset":
        deed.log(SHOP, form.shop(deed.now, "PASSWORD_RESET", seller, "seller", ip))
        deed.wait(300, 9000)
    deed.log(SHOP, form.shop(deed.now, "LOGIN", seller, "seller", ip))
    deed.log(
        SHOP,
        form.shop(
            deed.wait(60, 600),
            "SELLER_BANK_CHANGE",
            seller,
            "seller",
            ip,
            sellerId=seller,
            oldValue="tk-a1",
            newValue=f"tk-{deed.draw.hex(4)}",
        ),
    )
    deed.about("user.name", seller)


def _skimmer(deed: Attempt) -> None:
    domain = (
        deed.pick("cdn-stat", "jquery-lib", "pay-static", "g-analytics")
        + "."
        + deed.pick("evil.example", "attacker.test", "bad.invalid")
    )
    directive = deed.pick("script-src-elem", "connect-src", "form-action")
    for _ in range(deed.draw.upto(15, 80)):
        deed.wait(10, 80)
        deed.log(
            CSP,
            form.csp(
                deed.pick("/thanh-toan", "/thanh-toan/xac-nhan"), directive, f"https://{domain}/{deed.draw.hex(2)}.js"
            ),
        )
    deed.about("destination.domain", domain)


def _voucher(deed: Attempt) -> None:
    ip, voucher = deed.stranger(), deed.pick("OCOP50", "TET100", "FREESHIP")
    for _ in range(deed.draw.upto(22, 80)):
        user = f"kh-{deed.draw.upto(10000, 99999)}"
        deed.log(
            SHOP,
            form.shop(
                deed.wait(5, 50),
                "VOUCHER_APPLY",
                user,
                "buyer",
                ip,
                orderId=f"DH-2611-{deed.draw.upto(1, 9999):04d}",
                amount=0,
                voucher=voucher,
            ),
        )
    deed.about("soc.order.voucher", voucher)


def _orders(deed: Attempt) -> None:
    ip, first = deed.stranger(), deed.draw.upto(1, 8000)
    for number in range(deed.draw.upto(70, 300)):
        request = f"GET /don-hang/DH-2611-{first + number:04d} HTTP/2.0"
        deed.log(
            APACHE,
            portal.combined(
                deed.wait(0.3, 3),
                ip,
                request,
                200,
                deed.draw.size(9000),
                "-",
                deed.pick("python-requests/2.31", BROWSERS[0]),
            ),
        )


def _spam(deed: Attempt) -> None:
    seller, ip = deed.pick(*SELLERS, f"gh-{deed.draw.hex(4)}"), deed.stranger()
    for _ in range(deed.draw.upto(40, 120)):
        name = f"{deed.pick('nha-cai', 'casino', 'tai-xiu', 'no-hu', 'ca-cuoc', 'bong88')}-{deed.draw.upto(1, 999)}"
        deed.log(
            SHOP, form.shop(deed.wait(3, 30), "PRODUCT_CREATE", seller, "seller", ip, sellerId=seller, productName=name)
        )
    deed.about("user.name", seller)


THREATS = (
    Threat("shop-admin-brute", FAMILY, ANY, _admin_brute),
    Threat("seller-bank-takeover", FAMILY, NIGHT, _takeover),
    Threat("web-skimmer", FAMILY, ANY, _skimmer),
    Threat("voucher-abuse", FAMILY, ANY, _voucher),
    Threat("order-idor", FAMILY, ANY, _orders),
    Threat("shop-seo-spam", FAMILY, ANY, _spam),
)
