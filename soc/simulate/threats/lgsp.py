"""Threats to the integration bus and the API gateway."""

from __future__ import annotations

from soc.simulate.deeds import ANY, EVENING, NIGHT, Attempt, Threat
from soc.simulate.pools import dossier
from soc.simulate.records import lgsp as form
from soc.simulate.streams.lgsp import ACCESS, AUDIT, CONSUMERS, KONG, LGSP_KONG

FAMILY = "lgsp-api"
_TOOLS = ("curl/8.5.0", "python-requests/2.31.0", "Go-http-client/1.1", "PostmanRuntime/7.39", "okhttp/4.12")


def _key_elsewhere(deed: Attempt) -> None:
    ip, consumer = deed.stranger(), deed.pick("motcua-tinh", "ioc-tinh", "eoffice-tinh")
    agent = CONSUMERS[consumer][1] if deed.way("same program", "tool") == "same program" else deed.pick(*_TOOLS)
    for _ in range(deed.draw.upto(3, 30)):
        code = dossier(deed.draw, deed.pick(*deed.world.communes), deed.now)
        uri = f"/v1/dvc/ho-so/{code}"
        deed.log(
            KONG,
            form.kong(deed.wait(2, 60), ip, "GET", uri, 200, deed.draw.size(1800), consumer, "dvc", "ho-so", agent, 90),
        )
    deed.about("soc.api.consumer", consumer)


def _mass_pull(deed: Attempt) -> None:
    consumer = deed.pick("ioc-tinh", "motcua-tinh", "datdai-tinh")
    ip = deed.stranger() if deed.draw.chance(0.5) else deed.world.servers[CONSUMERS[consumer][0]]
    many = deed.way("many calls", "big pages") == "many calls"
    for page in range(deed.draw.upto(1300, 2600) if many else deed.draw.upto(260, 500)):
        size = deed.draw.size(2100, 0.3) if many else deed.draw.upto(800_000, 1_300_000)
        uri = f"/v1/dan-cu/xac-minh?cccd=h{deed.draw.hex(10)}" if many else f"/v1/dan-cu/danh-sach?page={page}&size=500"
        route = "xac-minh" if many else "danh-sach"
        at = deed.wait(0.4, 2.2) if many else deed.wait(2, 10)
        deed.log(
            LGSP_KONG, form.kong(at, ip, "GET", uri, 200, size, consumer, "dan-cu", route, deed.pick(*_TOOLS), 300)
        )
    deed.about("soc.api.consumer", consumer)


def _enumeration(deed: Attempt) -> None:
    ip, unit = deed.stranger(), deed.pick(*deed.world.communes)
    first = deed.draw.upto(1, 5000)
    by_dossier = deed.way("dossier", "citizen") == "dossier"
    for number in range(deed.draw.upto(420, 800)):
        status = 404 if deed.draw.chance(0.75) else 200
        uri, service, route = f"/v1/dvc/ho-so/{unit.dossier_code}-261117-{first + number:05d}", "dvc", "ho-so"
        if not by_dossier:
            uri, service, route = f"/v1/dan-cu/xac-minh?ma=DN{first + number:08d}", "dan-cu", "xac-minh"
        deed.log(
            KONG,
            form.kong(deed.wait(0.2, 1.0), ip, "GET", uri, status, 300, "", service, route, deed.pick(*_TOOLS), 20),
        )


def _token_guess(deed: Attempt) -> None:
    ip = deed.stranger()
    wso2 = deed.way("kong", "wso2") == "wso2"
    for _ in range(deed.draw.upto(45, 160)):
        at, status, agent = deed.wait(0.5, 4), deed.pick(401, 401, 400), deed.pick(*_TOOLS)
        if wso2:
            deed.log(ACCESS, form.wso2_access(at, ip, "POST /oauth2/token HTTP/1.1", status, 96, agent))
        else:
            deed.log(
                KONG,
                form.kong(
                    at, ip, "POST", deed.pick("/oauth2/token", "/token"), status, 61, "", "token", "token", agent, 9
                ),
            )


def _auth_removed(deed: Attempt) -> None:
    who = deed.pick("admin", *deed.world.admins[3:])
    name = deed.pick("TraCuuCongDan", "DongBoHoSoDVC", "HoTich", "DatDai")
    if deed.way("authentication", "tier") == "authentication":
        info = {"name": name, "context": f"/{name.lower()}/1.0.0", "authType": "None"}
        deed.log(AUDIT, form.wso2_audit(deed.now, who, "updated", "API", info))
    else:
        info = {"application_name": f"app-{deed.draw.hex(4)}", "api_name": name, "tier": "Unlimited"}
        deed.log(AUDIT, form.wso2_audit(deed.now, who, "created", deed.pick("Subscription", "Application"), info))
    deed.about("user.name", who)


def _carbon_upload(deed: Attempt) -> None:
    ip = deed.stranger()
    agent = deed.pick(*_TOOLS)
    target = deed.pick("toolsAny", "service", "jarZip")
    deed.log(ACCESS, form.wso2_access(deed.now, ip, f"POST /fileupload/{target} HTTP/1.1", 200, 31, agent))
    page = f"/authenticationendpoint/{deed.draw.hex(6)}.jsp"
    for _ in range(deed.draw.upto(1, 6)):
        deed.log(ACCESS, form.wso2_access(deed.wait(5, 200), ip, f"GET {page}?cmd=id HTTP/1.1", 200, 212, agent))


THREATS = (
    Threat("lgsp-key-new-source", FAMILY, ANY, _key_elsewhere),
    Threat("lgsp-mass-citizen-pull", FAMILY, NIGHT, _mass_pull),
    Threat("lgsp-id-enumeration", FAMILY, ANY, _enumeration),
    Threat("lgsp-token-guess", FAMILY, ANY, _token_guess),
    Threat("lgsp-api-auth-removed", FAMILY, (*EVENING, *NIGHT), _auth_removed),
    Threat("lgsp-carbon-upload", FAMILY, ANY, _carbon_upload),
)
