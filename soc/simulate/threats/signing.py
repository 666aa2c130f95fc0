"""Threats to signing and the HSM."""

from __future__ import annotations

from soc.simulate.deeds import ANY, NIGHT, OFFICE, Attempt, Threat
from soc.simulate.records import signing as form
from soc.simulate.streams.signing import CERTS, LUNA, LUNA_EVERY_S, SHELL, SIGN, luna_number, serial_of

FAMILY = "signing"
_SERIAL = "1190033"


def _sign(deed: Attempt, user: str, serial: str, ip: str, doc: str, flow: str, device: str) -> None:
    source = SIGN if device == "HSM" else CERTS
    deed.log(source, form.sign(deed.now, user, serial, 208, doc, deed.draw.hex(16), flow, ip, device))


def _night(deed: Attempt) -> None:
    unit = deed.pick(*deed.world.units)
    ip, device = deed.stranger(), deed.way("USB", "HSM", "SIM")
    for _ in range(deed.draw.upto(1, 20)):
        deed.wait(10, 70)
        _sign(deed, unit.leader, serial_of(unit, unit.leader), ip, "", "", device)
    deed.agency = unit.id
    deed.about("user.name", unit.leader)


def _bulk(deed: Attempt) -> None:
    unit = deed.pick(*deed.world.units)
    user = deed.pick(*unit.officers)
    for _ in range(deed.draw.upto(80, 200)):
        deed.wait(3, 30)
        _sign(
            deed,
            user,
            serial_of(unit, user),
            unit.gates[0],
            f"VB-{deed.draw.hex(6)}",
            "TRINH_KY",
            deed.pick("HSM", "USB"),
        )
    deed.agency = unit.id
    deed.about("user.name", user)


def _luna(deed: Attempt, operation: str, code: str, rest: str) -> None:
    # it takes the place of the record that the clock has there: a number given twice would be a gap of its own
    deed.now = float(int(deed.now) // LUNA_EVERY_S + 1) * LUNA_EVERY_S
    deed.silence(LUNA, 1)
    deed.log(LUNA, form.luna(deed.now, luna_number(deed.now), 31, operation, code, rest, deed.draw.hex(64)))


def _pin(deed: Attempt) -> None:
    shell = deed.way("partition", "appliance") == "appliance"
    for _ in range(deed.draw.upto(4, 12)):
        if shell:
            deed.wait(20, 150)
            deed.log(SHELL, form.lunash_refused(deed.now, 2231))
        else:
            _luna(deed, "LUNA_LOGIN", form.BAD_PIN, f"container=20 role={deed.pick('0', '5')}")
    deed.about("observer.serial_number", _SERIAL)
    deed.about("observer.name", "hsm-tinh")


def _new_client(deed: Attempt) -> None:
    name, ip = deed.pick("srv-la", "srv-test", "ky-so-2", "backup-hsm"), deed.pick(*deed.world.foreign[:60])
    command = f"client register -client {name} -ip {ip}"
    user, source = deed.pick("admin", "qthsm"), deed.pick(*deed.world.admin_hosts)
    deed.log(SHELL, form.lunash(deed.now, 2231, command, user, source, 51022))
    if deed.way("registered", "with partition") == "with partition":
        deed.log(
            SHELL,
            form.lunash(
                deed.wait(20, 120),
                2231,
                f"client assignPartition -client {name} -partition par-ky",
                user,
                source,
                51022,
            ),
        )
    deed.about("user.name", user)


def _key_export(deed: Attempt) -> None:
    operation = deed.way(
        "LUNA_CLONE_AS_SOURCE",
        "LUNA_EXTRACT",
        "LUNA_WRAP_KEY",
        "LUNA_DESTROY_OBJECT",
        "LUNA_ZEROIZE",
        "LUNA_INITIALIZE_TOKEN",
    )
    _luna(deed, operation, form.OK, f"handle={deed.draw.upto(200, 330)}")
    deed.about("observer.serial_number", _SERIAL)


def _log_gap(deed: Attempt) -> None:
    """Records are missing: the next number is far from the last."""
    deed.silence(LUNA, deed.draw.upto(260, 1500))
    deed.about("observer.serial_number", _SERIAL)


def _revoked(deed: Attempt) -> None:
    unit = deed.pick(*deed.world.units)
    user, serial = deed.pick(*unit.people), f"5300{deed.draw.hex(4).upper()}"
    for _ in range(deed.draw.upto(3, 9)):
        device = deed.pick("HSM", "USB")
        text = form.sign(
            deed.wait(30, 900),
            user,
            serial,
            311,
            f"VB-{deed.draw.hex(6)}",
            deed.draw.hex(16),
            "TRINH_KY",
            unit.gates[0],
            device,
            "revoked",
            "FAIL",
            "cert_revoked",
        )
        deed.log(SIGN, text)
    deed.about("soc.signature.serial", serial)
    deed.about("user.name", user)


THREATS = (
    Threat("sign-night-personal", FAMILY, (22, 23, 0, 1, 2, 3), _night),
    Threat("sign-bulk", FAMILY, OFFICE, _bulk),
    Threat("hsm-pin-guess", FAMILY, NIGHT, _pin),
    Threat("hsm-new-client", FAMILY, NIGHT, _new_client),
    Threat("hsm-key-export", FAMILY, NIGHT, _key_export),
    Threat("hsm-log-gap", FAMILY, ANY, _log_gap),
    Threat("sign-revoked-cert", FAMILY, OFFICE, _revoked),
)
