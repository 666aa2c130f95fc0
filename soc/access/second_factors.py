"""The second factor of an account: a key for one-time codes, sealed at rest, and spare codes for the day the phone is gone.

Source: NIST SP 800-63B sections 3.1.5 (single-factor OTP) and 3.1.2 (look-up secrets); OWASP ASVS 5.0 chapter 6.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from soc.access.accounts import SignInError, too_many
from soc.access.journal import Journal
from soc.access.passwords import one_time_password
from soc.access.principal import Principal, Right
from soc.access.tables import AccountRow, SpareCodeRow, TotpKeyRow
from soc.access.throttle import Attempt, Throttle
from soc.access.totp import enrolment_uri, matching_step, new_secret, typed_key
from soc.core.act import Act
from soc.core.clock import Clock
from soc.core.errors import ConflictError, NotFoundError
from soc.core.i18n import msg
from soc.storage.sql import Database

ISSUER = "Vọng Gác"
SPARE_CODES = 10
_NONCE = 12


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A key that waits for its first code: as text to type, and as what the QR code says."""

    key: str
    uri: str


class SecondFactors:
    """Use cases over second factors.

    Args:
        throttle: slows guessing of codes down, counted apart from passwords.
        key: 32 bytes that seal the secrets in the database.
    """

    def __init__(self, database: Database, clock: Clock, journal: Journal, throttle: Throttle, key: bytes) -> None:
        self._database, self._clock, self._journal = database, clock, journal
        self._throttle, self._key = throttle, key

    def begin(self, principal: Principal) -> None:
        """Make a new key for oneself; it counts from its first code on. Raises ConflictError while another one counts."""
        secret = new_secret()
        with self._database.transaction() as session:
            row = session.get(TotpKeyRow, principal.id)
            if row is not None and row.confirmed is not None:
                raise ConflictError(msg("xác thực hai bước đã bật"), advice=msg("tắt rồi thiết lập lại"))
            session.merge(TotpKeyRow(account=principal.id, sealed=self._seal(principal.id, secret), last_step=0))

    def pending(self, principal: Principal) -> Enrolment | None:
        """One's own key that waits for its first code."""
        with self._database.reading() as session:
            row = session.get(TotpKeyRow, principal.id)
            if row is None or row.confirmed is not None:
                return None
            secret = self._open(row)
        return Enrolment(typed_key(secret), enrolment_uri(secret, principal.id, ISSUER))

    def spare_left(self, principal: Principal) -> int:
        """How many spare codes one has left."""
        mine = select(func.count()).select_from(SpareCodeRow).where(SpareCodeRow.account == principal.id)
        with self._database.reading() as session:
            return session.scalar(mine) or 0

    def confirm(self, principal: Principal, code: str, address: str) -> list[str]:
        """Prove the new key by a code; from now on sign-in asks for one.

        Returns:
            The spare codes, shown nowhere else.

        Raises:
            SignInError: a wrong code, or too many of them.
            ConflictError: no key waits.
        """
        if self.pending(principal) is None:
            raise ConflictError(msg("chưa bắt đầu thiết lập mã xác thực"), advice=msg("bấm Thiết lập rồi quét mã"))
        self._admitted(principal.id, code, address, pending=True)
        spare = [one_time_password() for _ in range(SPARE_CODES)]
        with self._database.transaction() as session:
            account = session.get_one(AccountRow, principal.id)
            account.second_factor = True
            session.get_one(TotpKeyRow, principal.id).confirmed = self._clock.now()
            session.execute(delete(SpareCodeRow).where(SpareCodeRow.account == principal.id))
            session.add_all(SpareCodeRow(hash=_hash(one), account=principal.id) for one in spare)
            self._note(session, account, principal.id, "factor.enrol", address)
        return spare

    def remove(self, principal: Principal, code: str, address: str) -> None:
        """Drop one's own second factor, with a code of it. Raises SignInError."""
        self.check(principal.id, code, address)
        with self._database.transaction() as session:
            self._drop(session, session.get_one(AccountRow, principal.id), principal.id, "factor.remove", address)

    def reset(self, principal: Principal, name: str) -> None:
        """Drop somebody's second factor: their phone and spare codes are gone. Raises NotFoundError."""
        principal.require(Right.ADMINISTER)
        with self._database.transaction() as session:
            account = session.get(AccountRow, name)
            if account is None or not principal.scope.sees(account.agency):
                raise NotFoundError(msg("không tìm thấy"))
            self._drop(session, account, principal.id, "factor.reset")

    def check(self, name: str, code: str, address: str) -> None:
        """Take a one-time code or a spare code, each good once. Raises SignInError."""
        self._admitted(name, code, address, pending=False)

    def _admitted(self, name: str, code: str, address: str, *, pending: bool) -> None:
        # one transaction from counting to using up: of two requests with the same code one comes second and finds it used
        attempt, plain = Attempt(f"code:{name}", address), _plain(code)
        with self._database.transaction() as session:
            wait_s = self._throttle.admit(session, attempt, self._clock.now())
            good = not wait_s and self._accept(session, name, plain, pending=pending)
            if good:
                self._throttle.succeed(session, attempt)
            elif not wait_s:
                self._note(session, session.get_one(AccountRow, name), name, "session.code_refused", address)
        if wait_s:
            raise too_many(wait_s)
        if not good:
            raise SignInError(
                msg("mã xác thực không đúng hoặc đã dùng"),
                advice=msg("xem giờ của điện thoại có lệch không, rồi chờ mã mới"),
            )

    def _accept(self, session: Session, name: str, code: str, *, pending: bool) -> bool:
        row = session.get(TotpKeyRow, name)
        if row is None or (row.confirmed is None) is not pending:
            return False
        step = matching_step(self._open(row), code, self._clock.now(), row.last_step)
        if step is not None:
            row.last_step = step
            return True
        spare = session.get(SpareCodeRow, _hash(code))
        if pending or spare is None or spare.account != name:
            return False
        session.delete(spare)
        self._note(session, session.get_one(AccountRow, name), name, "factor.spare_used")
        return True

    def _drop(self, session: Session, account: AccountRow, actor: str, action: str, address: str = "") -> None:
        session.execute(delete(TotpKeyRow).where(TotpKeyRow.account == account.name))
        session.execute(delete(SpareCodeRow).where(SpareCodeRow.account == account.name))
        account.second_factor = False
        self._note(session, account, actor, action, address)

    def _note(self, session: Session, account: AccountRow, actor: str, action: str, address: str = "") -> None:
        act = Act(actor, action, f"account/{account.name}", agency=account.agency, origin=address)
        self._journal.record(session, act)

    def _seal(self, name: str, secret: bytes) -> bytes:
        # bound to its account: a row copied to another account opens nothing
        nonce = secrets.token_bytes(_NONCE)
        return nonce + AESGCM(self._key).encrypt(nonce, secret, name.encode())

    def _open(self, row: TotpKeyRow) -> bytes:
        return AESGCM(self._key).decrypt(row.sealed[:_NONCE], row.sealed[_NONCE:], row.account.encode())


def _plain(code: str) -> str:
    """As people type it: with spaces, dashes, capitals."""
    return "".join(letter for letter in code.lower() if letter.isalnum())


def _hash(code: str) -> str:
    # 99 random bits need no slow hash
    return hashlib.sha256(_plain(code).encode()).hexdigest()
