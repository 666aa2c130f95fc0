"""Payment and receipts; both forms are assumed."""

from __future__ import annotations

from soc.simulate import stamps
from soc.simulate.records.common import compact


def transaction(
    at: float, step: str, dossier: str, txn: str, amount: int, ip: str, code: str = "00", **more: object
) -> str:
    """One step: CREATE, IPN, RECONCILE, REFUND; `more` has bankCode, checksumOk, beneficiaryUnitCode, user."""
    record: dict[str, object] = {
        "time": stamps.iso(at),
        "step": step,
        "partnerCode": "PAYGOV-DN",
        "docCode": dossier,
        "transactionCode": txn,
        "amount": amount,
    }
    return compact(record | more | {"resultCode": code, "ip": ip})


def receipt(at: float, user: str, unit: str, action: str, ip: str, **more: object) -> str:
    """One act on a receipt or on the collection account; `more` has receiptNo, txn, amount, oldValue, newValue, ticket."""
    record: dict[str, object] = {"time": stamps.iso(at), "user": user, "unit": unit, "action": action}
    return compact(record | more | {"ip": ip})
