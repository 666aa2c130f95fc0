"""Payment and receipts in lawful life."""

from __future__ import annotations

from collections.abc import Iterator

from soc.simulate import stamps
from soc.simulate.calendar import local_hour
from soc.simulate.draw import Draw
from soc.simulate.pools import dossier
from soc.simulate.records import payment as form
from soc.simulate.spec import Entry, Hour, Life, Routine, Scene, Stream
from soc.simulate.world import Province

TXN = "payment_ereceipt.payment_ipn_json.tinh"
RECEIPT = "payment_ereceipt.ereceipt_audit_json.tinh"
_FEES = (10_000, 15_000, 50_000, 75_000, 100_000, 150_000, 300_000, 500_000, 1_500_000)


def _payments(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        unit = draw.pick(world.communes)
        code, txn, amount = dossier(draw, unit, at), f"T{stamps.yymmdd(at)}{draw.hex(7).upper()}", draw.pick(_FEES)
        account = f"DN-{unit.code.upper()}"
        yield (
            at,
            TXN,
            form.transaction(at, "CREATE", code, txn, amount, draw.pick(world.citizens), beneficiaryUnitCode=account),
        )
        done = at + draw.upto(2, 9)
        if draw.chance(0.04):
            yield (
                done,
                TXN,
                form.transaction(
                    done, "IPN", code, txn, amount, world.servers["psp"], "24", bankCode="BANK02", checksumOk=True
                ),
            )
            continue
        yield (
            done,
            TXN,
            form.transaction(
                done,
                "IPN",
                code,
                txn,
                amount,
                world.servers["psp"],
                bankCode=f"BANK{draw.upto(1, 9):02d}",
                checksumOk=True,
            ),
        )
        issued = f"01BLP-26E-{int(at) % 1000000:06d}"
        yield (
            done + 1,
            RECEIPT,
            form.receipt(
                done + 1,
                "he-thong",
                unit.id,
                "ISSUE",
                world.servers["receipt"],
                receiptNo=issued,
                txn=txn,
                amount=amount,
            ),
        )


def _desk(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        unit = draw.pick(world.communes)
        action = draw.pick(("VIEW", "VIEW", "PRINT", "REPLACE", "CANCEL"))
        yield (
            at,
            RECEIPT,
            form.receipt(
                at,
                unit.accountant,
                unit.id,
                action,
                unit.gates[0],
                receiptNo=f"01BLP-26E-{draw.upto(1, 999999):06d}",
                amount=draw.pick(_FEES),
            ),
        )


def _settlement(hour: Hour) -> Iterator[Entry]:
    """Between half past midnight and two the day is settled with banks and treasury."""
    if local_hour(hour.start) in (0, 1):
        for number in range(4):
            at = hour.start + 1900 + 300 * number
            yield (
                at,
                TXN,
                form.transaction(
                    at,
                    "RECONCILE",
                    "",
                    f"DS{stamps.yymmdd(at)}{number}",
                    0,
                    hour.world.servers["payment"],
                    user="svc-doisoat",
                ),
            )


def _new_range(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """The payment provider calls from a new address that it has told of; the checksum is right."""
    for _ in range(draw.upto(3, 8)):
        at += draw.upto(30, 300)
        unit = draw.pick(world.communes)
        code, txn = dossier(draw, unit, at), f"T{stamps.yymmdd(at)}{draw.hex(7).upper()}"
        yield at, TXN, form.transaction(at, "CREATE", code, txn, 100_000, draw.pick(world.citizens))
        ip = world.servers["payment"]
        yield at + 5, TXN, form.transaction(at + 5, "IPN", code, txn, 100_000, ip, bankCode="BANK03", checksumOk=True)


def _family(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """One payment for several dossiers of one person, made as one."""
    unit = draw.pick(world.communes)
    txn, ip = f"T{stamps.yymmdd(at)}{draw.hex(7).upper()}", draw.pick(world.citizens)
    codes = [dossier(draw, unit, at) for _ in range(2)]
    for code in codes:
        yield at, TXN, form.transaction(at, "CREATE_BATCH", code, txn, 75_000, ip)
    for code in codes:
        yield (
            at + 6,
            TXN,
            form.transaction(
                at + 6, "IPN", code, txn, 75_000, world.servers["psp"], bankCode="BANK01", checksumOk=True
            ),
        )


def _new_account(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """The collection account of a unit changes by decision, in hours, with two who agree."""
    unit = world.department("taichinh")
    yield (
        at,
        RECEIPT,
        form.receipt(
            at,
            unit.accountant,
            "tinh",
            "UPDATE_ACCOUNT",
            unit.gates[0],
            oldValue="TK-CT-11",
            newValue="TK-CT-12",
            approver=unit.leader,
            ticket=f"{draw.upto(1, 99)}/QĐ-UBND",
        ),
    )


def _double_issue(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """Receipts issued twice are cancelled by the system's own account, by ticket."""
    ticket = f"PYC-{draw.upto(100, 999)}"
    for _ in range(draw.upto(12, 25)):
        at += draw.upto(2, 30)
        yield (
            at,
            RECEIPT,
            form.receipt(
                at,
                "he-thong",
                "tinh",
                "CANCEL",
                world.servers["receipt"],
                receiptNo=f"01BLP-26E-{draw.upto(1, 999999):06d}",
                amount=50_000,
                ticket=ticket,
            ),
        )


def _masked(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """An error text in which the secret is masked already."""
    note = "config secretKey=**** loaded"
    yield at, TXN, form.transaction(at, "CONFIG", "", f"C{draw.hex(6)}", 0, world.servers["payment"], note=note)


LIFE: tuple[Life, ...] = (
    Stream(_payments, 6_000, "citizen", lines=3),
    Stream(_desk, 300, "office"),
    Routine(_settlement),
    Scene(_new_range, 1),
    Scene(_family, 6),
    Scene(_new_account, 1),
    Scene(_double_issue, 1),
    Scene(_masked, 2),
)
