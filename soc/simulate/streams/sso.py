"""Single sign-on and VNeID in lawful life."""

from __future__ import annotations

from collections.abc import Iterator

from soc.simulate.draw import Draw
from soc.simulate.pools import BROWSERS, officer
from soc.simulate.records import sso as form
from soc.simulate.spec import Entry, Hour, Life, Scene, Stream
from soc.simulate.world import Province

KEYCLOAK = "sso_eid.keycloak_events.tinh"
IDENTITY = "sso_eid.wso2_is_audit.tinh"
VNEID = "sso_eid.oidc_callback_json.tinh"
CLIENTS = ("motcua", "ioffice", "baocao", "hop", "lgsp-portal", "datdai")


def user_id(user: str) -> str:
    """The id that an account has at the identity provider."""
    number = 17
    for letter in user.encode():
        number = (number * 257 + letter) % (1 << 32)
    return f"{number:08x}-0000-4000-8000-{number % 99991:012x}"


def _logins(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        unit, user, ip = officer(draw, world)
        user = draw.pick(unit.people) if draw.chance(0.3) else user
        client = draw.often(CLIENTS)
        if draw.chance(0.035):
            yield (
                at,
                KEYCLOAK,
                form.keycloak(at, "LOGIN_ERROR", client, user_id(user), ip, user, "invalid_user_credentials"),
            )
        kind = draw.often(("LOGIN", "LOGIN", "CODE_TO_TOKEN", "REFRESH_TOKEN", "LOGOUT"))
        yield at + 12, KEYCLOAK, form.keycloak(at + 12, kind, client, user_id(user), ip, user, session=draw.hex(16))


def _citizens(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        ip, user = draw.pick(world.citizens), f"0750{draw.upto(0, 99999999):08d}"
        if draw.chance(0.06):
            error = draw.pick(("user_not_found", "invalid_user_credentials", "expired_code"))
            yield at, KEYCLOAK, form.keycloak_old(at, "LOGIN_ERROR", "dvc", ip, user, error)
        else:
            yield at, KEYCLOAK, form.keycloak(at, "LOGIN", "dvc", user_id(user), ip, user, session=draw.hex(16))


def _services(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        name = draw.pick(("svc-ioc", "svc-motcua", "svc-eoffice"))
        ip = world.servers[name.removeprefix("svc-")]
        yield at, KEYCLOAK, form.keycloak(at, "CLIENT_LOGIN", name, user_id(name), ip, name, session=draw.hex(16))


def _identity(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        _, user, ip = officer(draw, world)
        trace = draw.hex(12)
        if draw.chance(0.97):
            data: dict[str, object] = {
                "ContextIdentifier": draw.hex(8),
                "ServiceProviderName": draw.pick(CLIENTS),
                "remoteAddress": ip,
            }
            outcome = "Failed" if draw.chance(0.03) else "Success"
            yield (
                at,
                IDENTITY,
                form.wso2_is(at, trace, user, "Login", "ApplicationAuthenticationFramework", data, outcome),
            )
        else:
            data = {"AddedRoles": [draw.pick(("motcua-canbo", "eoffice-user", "baocao-nhap"))]}
            yield (
                at,
                IDENTITY,
                form.wso2_is(
                    at, trace, draw.pick(world.admins), "Update-Roles-of-User", f"t******{draw.upto(0, 9)}", data
                ),
            )


def _vneid(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        ip, person, agent = draw.pick(world.citizens), f"h{draw.hex(8)}", draw.pick(BROWSERS)
        if draw.chance(0.015):
            yield (
                at,
                VNEID,
                form.callback(
                    at,
                    "vneid",
                    "2",
                    "",
                    "",
                    ip,
                    "FAIL",
                    agent,
                    draw.pick(("state_mismatch", "user_cancelled", "expired")),
                ),
            )
        else:
            yield at, VNEID, form.callback(at, "vneid", "2", person, person, ip, "OK", agent)


def _monday_nat(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """Monday morning behind one address of a service centre: some mistype, most get in."""
    unit = world.department("ttpvhcc")
    ip = unit.gates[0]
    for number in range(90):
        when = at + draw.upto(0, 560)
        user = f"0750{draw.upto(0, 99999999):08d}"
        if number < 16:
            yield (
                when,
                KEYCLOAK,
                form.keycloak(when, "LOGIN_ERROR", "dvc", user_id(user), ip, user, "invalid_user_credentials"),
            )
        else:
            yield when, KEYCLOAK, form.keycloak(when, "LOGIN", "dvc", user_id(user), ip, user, session=draw.hex(16))


def _old_mobile(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """The mobiles of one commune try an expired password through a day."""
    unit = draw.pick(world.communes)
    for user in unit.people:
        when = at + draw.upto(0, 20000)
        yield (
            when,
            KEYCLOAK,
            form.keycloak(
                when, "LOGIN_ERROR", "ioffice", user_id(user), unit.gates[0], user, "invalid_user_credentials"
            ),
        )


def _otp_reset(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """The help desk resets an OTP by ticket; the person signs in from the office."""
    unit, user, _ = officer(draw, world)
    path = f"users/{user_id(user)}/credentials/otp"
    yield at, KEYCLOAK, form.keycloak_admin(at, "DELETE", world.admins[4], world.admin_hosts[4], "USER", path)
    yield (
        at + 600,
        KEYCLOAK,
        form.keycloak(at + 600, "LOGIN", "motcua", user_id(user), unit.gates[0], user, session=draw.hex(16)),
    )


def _back_button(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """Somebody goes back a page during sign-in, twice."""
    ip = draw.pick(world.citizens)
    for number in range(2):
        yield (
            at + 30 * number,
            VNEID,
            form.callback(at + 30 * number, "vneid", "2", "", "", ip, "FAIL", BROWSERS[2], "state_mismatch"),
        )


def _new_accounts(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """Accounts of communes are set up by the dozen in one evening, by ticket."""
    for number in range(20):
        when = at + 15 * number
        data: dict[str, object] = {"AddedRoles": ["Internal/everyone", "motcua-admin-xa"]}
        yield (
            when,
            IDENTITY,
            form.wso2_is(when, draw.hex(12), world.admins[0], "Update-Roles-of-User", f"c******{number % 10}", data),
        )


LIFE: tuple[Life, ...] = (
    Stream(_logins, 8_000, "login"),
    Stream(_citizens, 1_800, "citizen"),
    Stream(_services, 600, "flat"),
    Stream(_identity, 2_200, "login"),
    Stream(_vneid, 2_600, "citizen"),
    Scene(_monday_nat, 2, (7, 8)),
    Scene(_old_mobile, 1, (8, 10)),
    Scene(_otp_reset, 5),
    Scene(_back_button, 10),
    Scene(_new_accounts, 1, (18, 20)),
)
