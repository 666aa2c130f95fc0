"""Threats to single sign-on."""

from __future__ import annotations

from soc.simulate.deeds import ANY, NIGHT, Attempt, Threat
from soc.simulate.records import sso as form
from soc.simulate.streams.sso import CLIENTS, IDENTITY, KEYCLOAK, VNEID, user_id

FAMILY = "sso"


def _stuffing(deed: Attempt) -> None:
    ip = deed.stranger()
    client = deed.pick("dvc", *CLIENTS)
    for _ in range(deed.draw.upto(50, 220)):
        user = (
            f"0750{deed.draw.upto(0, 99999999):08d}"
            if client == "dvc"
            else deed.pick(*deed.pick(*deed.world.units).people)
        )
        error = deed.pick("invalid_user_credentials", "user_not_found")
        at = deed.wait(0.3, 2.5)
        old = deed.draw.chance(0.3)
        deed.log(
            KEYCLOAK,
            form.keycloak_old(at, "LOGIN_ERROR", client, ip, user, error)
            if old
            else form.keycloak(at, "LOGIN_ERROR", client, user_id(user), ip, user, error),
        )
    if deed.way("in vain", "gets in") == "gets in":
        user = deed.pick(*deed.world.communes).clerk
        deed.log(
            KEYCLOAK,
            form.keycloak(deed.wait(1, 9), "LOGIN", client, user_id(user), ip, user, session=deed.draw.hex(16)),
        )
        deed.about("user.name", user)


def _slow_spray(deed: Attempt) -> None:
    ips = deed.draw.sample(
        deed.world.foreign[:60], 1 if deed.way("one address", "a few of a network") == "one address" else 6
    )
    deed.about("source.ip", *ips)
    for unit in deed.draw.sample(deed.world.units, deed.draw.upto(60, 100)):
        user = deed.pick(*unit.people)
        deed.log(
            KEYCLOAK,
            form.keycloak(
                deed.wait(120, 650),
                "LOGIN_ERROR",
                "ioffice",
                user_id(user),
                deed.pick(*ips),
                user,
                "invalid_user_credentials",
            ),
        )


def _otp_removed(deed: Attempt) -> None:
    unit = deed.pick(*deed.world.units)
    user, ip = deed.pick(unit.clerk, unit.leader, *unit.officers), deed.stranger()
    path = f"users/{user_id(user)}/credentials/otp"
    if deed.way("by an administrator", "by the account") == "by an administrator":
        deed.log(
            KEYCLOAK,
            form.keycloak_admin(deed.now, deed.pick("ACTION", "DELETE"), deed.world.admins[6], ip, "USER", path),
        )
    else:
        deed.log(
            KEYCLOAK,
            form.keycloak(deed.now, "REMOVE_TOTP", "account", user_id(user), ip, user, session=deed.draw.hex(16)),
        )
    deed.log(
        KEYCLOAK,
        form.keycloak(deed.wait(200, 9000), "LOGIN", "motcua", user_id(user), ip, user, session=deed.draw.hex(16)),
    )
    deed.agency = unit.id
    deed.about("user.id", user_id(user))
    deed.about("user.name", user)


def _role_at_night(deed: Attempt) -> None:
    who = deed.pick("admin", *deed.world.admins[5:])
    action = deed.way("Update-Roles-of-User", "Update-Users-of-Role")
    role = deed.pick("Internal/system", "admin", "Internal/subscriber-admin")
    key = "AddedRoles" if action.endswith("User") else "AddedUsers"
    target = f"t******{deed.draw.upto(0, 9)}" if key == "AddedRoles" else role
    deed.log(IDENTITY, form.wso2_is(deed.now, deed.draw.hex(8), who, action, target, {key: [role]}))
    deed.about("user.name", who)


def _sub_mismatch(deed: Attempt) -> None:
    ip, agent = deed.stranger(), deed.pick("okhttp/4.9", "python-requests/2.31", "Mozilla/5.0")
    for _ in range(deed.draw.upto(7, 40)):
        reason = deed.pick("sub_mismatch", "state_mismatch", "nonce_mismatch")
        subs = (f"h{deed.draw.hex(8)}", f"h{deed.draw.hex(8)}") if reason == "sub_mismatch" else ("", "")
        deed.log(
            VNEID, form.callback(deed.wait(3, 60), deed.pick("vneid", "unknown"), "2", *subs, ip, "FAIL", agent, reason)
        )


def _stale_account(deed: Attempt) -> None:
    user = deed.pick(*deed.world.stale_accounts)
    ip = (
        deed.stranger()
        if deed.way("from outside", "from within") == "from outside"
        else deed.pick(*deed.world.communes).gates[0]
    )
    deed.log(
        KEYCLOAK,
        form.keycloak(deed.now, "LOGIN", deed.pick(*CLIENTS), user_id(user), ip, user, session=deed.draw.hex(16)),
    )
    deed.about("user.name", user)


THREATS = (
    Threat("sso-credential-stuffing", FAMILY, ANY, _stuffing),
    Threat("sso-spray-slow", FAMILY, (6, 7), _slow_spray),
    Threat("sso-otp-removed-then-login", FAMILY, ANY, _otp_removed),
    Threat("sso-role-admin-night", FAMILY, NIGHT, _role_at_night),
    Threat("vneid-sub-mismatch", FAMILY, ANY, _sub_mismatch),
    Threat("stale-district-account", FAMILY, ANY, _stale_account),
)
