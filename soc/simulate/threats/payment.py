"""Threats to payment and receipts."""

from __future__ import annotations

from soc.simulate import stamps
from soc.simulate.deeds import ANY, EVENING, NIGHT, Attempt, Threat
from soc.simulate.pools import dossier
from soc.simulate.records import payment as form
from soc.simulate.streams.payment import RECEIPT, TXN

FAMILY = "payment"


def _code(deed: Attempt) -> str:
    return f"T{stamps.yymmdd(deed.now)}{deed.draw.hex(7).upper()}"


def _forged(deed: Attempt) -> None:
    ip, unit = deed.stranger(), deed.pick(*deed.world.communes)
    wrong = deed.way("wrong checksum", "stranger with right checksum") == "wrong checksum"
    for _ in range(deed.draw.upto(1, 6)):
        code = "97" if wrong else "00"
        text = form.transaction(
            deed.wait(5, 60),
            "IPN",
            dossier(deed.draw, unit, deed.now),
            _code(deed),
            deed.pick(1000, 2000, 10_000),
            ip,
            code,
            bankCode="BANK01",
            checksumOk=not wrong,
        )
        deed.log(TXN, text)


def _mismatch(deed: Attempt) -> None:
    unit, txn = deed.pick(*deed.world.communes), _code(deed)
    code, amount = dossier(deed.draw, unit, deed.now), deed.pick(500_000, 1_500_000, 3_200_000)
    deed.log(
        TXN,
        form.transaction(
            deed.now, "CREATE", code, txn, amount, deed.stranger(), beneficiaryUnitCode=f"DN-{unit.code.upper()}"
        ),
    )
    paid = amount // deed.pick(10, 100, 150)
    deed.log(
        TXN,
        form.transaction(
            deed.wait(10, 900), "IPN", code, txn, paid, deed.world.servers["psp"], bankCode="BANK04", checksumOk=True
        ),
    )
    deed.about("soc.payment.txn", txn)


def _replay(deed: Attempt) -> None:
    txn, psp = _code(deed), deed.world.servers["psp"]
    for _ in range(deed.draw.upto(2, 5)):
        code = dossier(deed.draw, deed.pick(*deed.world.communes), deed.now)
        deed.log(
            TXN,
            form.transaction(deed.wait(300, 4000), "IPN", code, txn, 300_000, psp, bankCode="BANK02", checksumOk=True),
        )
    deed.about("soc.payment.txn", txn)


def _beneficiary(deed: Attempt) -> None:
    user, ip = deed.pick("quantri.thuphi", deed.pick(*deed.world.units).accountant), deed.stranger()
    account = f"TK-{deed.draw.upto(1, 9999999):07d}"
    deed.log(RECEIPT, form.receipt(deed.now, user, "tinh", "UPDATE_ACCOUNT", ip, oldValue="TK-CT-01", newValue=account))
    deed.about("user.name", user)


def _cancelled(deed: Attempt) -> None:
    unit = deed.pick(*deed.world.communes)
    for _ in range(deed.draw.upto(14, 40)):
        number, amount = f"01BLP-26E-{deed.draw.upto(1, 999999):06d}", deed.pick(50_000, 150_000, 300_000)
        deed.log(
            RECEIPT,
            form.receipt(
                deed.wait(20, 200), unit.accountant, unit.id, "CANCEL", unit.gates[0], receiptNo=number, amount=amount
            ),
        )
    deed.agency = unit.id
    deed.about("user.name", unit.accountant)


def _secret(deed: Attempt) -> None:
    name = deed.way("secretKey", "client_secret", "lgspaccesstoken")
    note = f"request headers {name}={deed.draw.hex(32)} sent"
    deed.log(TXN, form.transaction(deed.now, "DEBUG", "", _code(deed), 0, deed.world.servers["payment"], note=note))


THREATS = (
    Threat("ipn-forged", FAMILY, ANY, _forged),
    Threat("amount-mismatch", FAMILY, ANY, _mismatch),
    Threat("txn-replay", FAMILY, ANY, _replay),
    Threat("beneficiary-changed", FAMILY, (*EVENING, *NIGHT), _beneficiary),
    Threat("receipt-cancel-wave", FAMILY, (16, 17), _cancelled),
    Threat("secret-in-log", FAMILY, ANY, _secret),
)
