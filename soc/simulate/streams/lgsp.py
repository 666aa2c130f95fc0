"""Integration bus and API gateway in lawful life."""

from __future__ import annotations

from collections.abc import Iterator

from soc.simulate.draw import Draw
from soc.simulate.pools import BROWSERS, dossier
from soc.simulate.records import lgsp as form
from soc.simulate.spec import Entry, Hour, Life, Scene, Stream
from soc.simulate.world import Province

KONG = "api_gateway.kong_file_log.tinh"
LGSP_KONG = "lgsp.kong_file_log.tinh"
API = "lgsp.wso2_api_log.tinh"
ACCESS = "lgsp.wso2_http_access.tinh"
AUDIT = "lgsp.wso2_apim_audit.tinh"
BATCH = "lo-dongbo"
CONSUMERS = {
    "motcua-tinh": ("motcua", "motcua-client/3.2"),
    "ioc-tinh": ("ioc", "ioc-collector/1.4"),
    "eoffice-tinh": ("eoffice", "eoffice-sync/5"),
    "datdai-tinh": ("land", "land-client/2.0"),
    BATCH: ("etl", "dongbo-batch/1.1"),
}
"""Consumer -> its server, and the program it calls with."""
ROUTES = (
    ("dan-cu", "xac-minh", "/v1/dan-cu/xac-minh?soHoSo={}"),
    ("ho-tich", "trich-luc", "/v1/ho-tich/trich-luc?maHoSo={}"),
    ("dvc", "ho-so", "/v1/dvc/ho-so/{}"),
    ("danh-muc", "don-vi", "/v1/danh-muc/don-vi?v={}"),
    ("van-ban", "trang-thai", "/v1/van-ban/trang-thai?id={}"),
)


def _calls(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        consumer = draw.often(("motcua-tinh", "motcua-tinh", "eoffice-tinh", "ioc-tinh", "datdai-tinh"))
        server, agent = CONSUMERS[consumer]
        service, route, uri = draw.often(ROUTES)
        code = dossier(draw, draw.pick(world.communes), at)
        status = draw.often((200,) * 20 + (404, 400, 500, 503))
        source = KONG if draw.chance(0.6) else LGSP_KONG
        yield (
            at,
            source,
            form.kong(
                at,
                world.servers[server],
                "GET",
                uri.format(code),
                status,
                draw.size(1800, 0.4),
                consumer,
                service,
                route,
                agent,
                draw.size(150),
            ),
        )


def _tokens(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        server, agent = CONSUMERS[draw.pick(("motcua-tinh", "ioc-tinh", "eoffice-tinh"))]
        status = 401 if draw.chance(0.01) else 200
        yield (
            at,
            KONG,
            form.kong(at, world.servers[server], "POST", "/oauth2/token", status, 812, "", "token", "token", agent, 12),
        )


def _batch(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    server, agent = CONSUMERS[BATCH]
    for at in hour.times(number):
        uri = f"/v1/dan-cu/danh-sach?page={draw.upto(1, 900)}&size=100"
        yield (
            at,
            LGSP_KONG,
            form.kong(
                at,
                world.servers[server],
                "GET",
                uri,
                200,
                draw.size(9_000, 0.05),
                BATCH,
                "dan-cu",
                "danh-sach",
                agent,
                90,
            ),
        )


def _wso2(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        api, to = draw.pick(
            (
                ("TraCuuCongDan", "tracuucongdan/1.0.0/xacnhan"),
                ("DongBoHoSoDVC", "dongbohosodvc/2.0/hoso"),
                ("DanhMuc", "danhmuc/1.0/donvi"),
            )
        )
        verb = "POST" if api == "TraCuuCongDan" else "GET"
        if api == "DongBoHoSoDVC":
            to = f"{to}/{dossier(draw, draw.pick(world.communes), at)}"
        ip = world.servers[draw.pick(("motcua", "portal", "eoffice"))]
        trace = f"{draw.hex(8)}-{draw.hex(4)}-{draw.hex(4)}-{draw.hex(4)}-{draw.hex(12)}"
        status = draw.often((200,) * 20 + (404, 401, 500))
        for step, flow in enumerate(("REQUEST_IN", "REQUEST_OUT", "RESPONSE_IN", "RESPONSE_OUT")):
            code = status if step >= 2 else 0
            yield at + step * 0.06, API, form.wso2_call(at + step * 0.06, api, ip, verb, to, trace, flow, code)


def _access(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        if draw.chance(0.85):
            agent = "Synapse-PT-HttpComponents-NIO"
            ip = world.servers[draw.pick(("motcua", "portal", "eoffice"))]
            yield (
                at,
                ACCESS,
                form.wso2_access(at, ip, "POST /oauth2/token HTTP/1.1", 200 if draw.chance(0.7) else "-", 812, agent),
            )
        else:
            page = draw.pick(("/", "/robots.txt", "/carbon/admin/login.jsp", "/publisher", "/.git/config"))
            yield (
                at,
                ACCESS,
                form.wso2_access(
                    at,
                    draw.pick(world.noise),
                    f"GET {page} HTTP/1.1",
                    draw.pick((404, 403, 200)),
                    draw.size(900),
                    "Mozilla/5.0 zgrab/0.x",
                ),
            )


def _administration(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        kind, info = draw.pick(
            (
                ("Application", {"name": f"MotCua-{draw.pick(world.communes).id}", "tier": "Gold"}),
                ("API", {"name": "DanhMuc", "context": "/danhmuc/1.0", "authType": "Application & Application User"}),
                ("Subscription", {"application_name": "eoffice", "api_name": "DanhMuc", "tier": "Silver"}),
            )
        )
        yield at, AUDIT, form.wso2_audit(at, draw.pick(world.admins), draw.pick(("created", "updated")), kind, info)


def _moved_line(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """A consumer comes from another address of the data network: the line was changed, by ticket."""
    ip = world.department("cnvpdk").gates[1]
    for _ in range(draw.upto(5, 20)):
        at += draw.upto(5, 60)
        code = dossier(draw, world.communes[3], at)
        yield (
            at,
            KONG,
            form.kong(
                at,
                ip,
                "GET",
                f"/v1/dvc/ho-so/{code}",
                200,
                draw.size(1800, 0.3),
                "datdai-tinh",
                "dvc",
                "ho-so",
                "land-client/2.0",
                130,
            ),
        )


def _digitised(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """A service centre enters the results of digitising: many dossiers one after another, hardly one unknown."""
    ip = world.department("ttpvhcc").gates[0]
    unit = draw.pick(world.communes)
    for number in range(draw.upto(320, 420)):
        when = at + number * 1.2
        uri = f"/v1/dvc/ho-so/{unit.dossier_code}-260101-{number:04d}"
        status = 404 if draw.chance(0.03) else 200
        yield (
            when,
            KONG,
            form.kong(when, ip, "PUT", uri, status, 300, "motcua-tinh", "dvc", "ho-so", "motcua-client/3.2", 60),
        )


def _old_secret(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """A program asks for tokens with an old secret, once a minute."""
    for number in range(draw.upto(20, 60)):
        when = at + 65 * number
        yield (
            when,
            KONG,
            form.kong(
                when,
                world.servers["land"],
                "POST",
                "/oauth2/token",
                401,
                61,
                "",
                "token",
                "token",
                "land-client/2.0",
                8,
            ),
        )


def _wsdl(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """An administrator uploads a WSDL from the management network."""
    request = "POST /fileupload/wsdl HTTP/1.1"
    yield at, ACCESS, form.wso2_access(at, world.admin_hosts[1], request, 200, 210, BROWSERS[0])


def _upgrade(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """An API is raised to another tier by night, within a change ticket."""
    info = {"name": "DanhMuc", "context": "/danhmuc/1.0", "tier": "Unlimited"}
    yield at, AUDIT, form.wso2_audit(at, world.admins[0], "updated", "API", info)


LIFE: tuple[Life, ...] = (
    Stream(_calls, 10_000, "office_late"),
    Stream(_tokens, 800, "flat"),
    Stream(_batch, 2_500, "night"),
    Stream(_wso2, 6_000, "office_late", lines=4),
    Stream(_access, 1_000, "flat"),
    Stream(_administration, 30, "office"),
    Scene(_moved_line, 1),
    Scene(_digitised, 1),
    Scene(_old_secret, 1),
    Scene(_wsdl, 2),
    Scene(_upgrade, 1, (22, 23)),
)
