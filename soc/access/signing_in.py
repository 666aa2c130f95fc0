"""Signing in, step by step: the password, then the second factor of whoever has one. The only way to a session.

Between the two there is no session, only a ceremony: a row that a cookie names, good for minutes and for one sign-in.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete

from soc.access.accounts import Account, AccountService, SignInError, account_of
from soc.access.second_factors import SecondFactors
from soc.access.sessions import SessionService, hash_of
from soc.access.tables import AccountRow, CeremonyRow
from soc.core.clock import Clock
from soc.core.i18n import msg
from soc.storage.sql import Database

CEREMONY_LIFE = timedelta(minutes=5)


class CeremonyOverError(SignInError):
    """The time between password and code ran out, or the sign-in was ended meanwhile."""


@dataclass(frozen=True, slots=True)
class Step:
    """Where a sign-in stands after the password: a token of a session, or one of a ceremony that waits for a code."""

    session: str = ""
    ceremony: str = ""


class SigningIn:
    """Use cases of the sign-in page."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        accounts: AccountService,
        sessions: SessionService,
        factors: SecondFactors,
    ) -> None:
        self._database, self._clock = database, clock
        self._accounts, self._sessions, self._factors = accounts, sessions, factors

    def password(self, name: str, password: str, address: str) -> Step:
        """Check name and password. Raises SignInError."""
        account = self._accounts.sign_in(name, password, address)
        if account.second_factor:
            return Step(ceremony=self._begin(account))
        return Step(session=self._sessions.start(account, address))

    def code(self, ceremony: str, code: str, address: str) -> str:
        """Check the code of a ceremony and start the session; returns its token.

        Raises:
            CeremonyOverError: one has to begin again.
            SignInError: a wrong or used code, or too many of them.
        """
        account = self._waiting(ceremony)
        self._factors.check(account.name, code, address)
        with self._database.transaction() as session:
            row = session.get(CeremonyRow, hash_of(ceremony))
            if row is None:  # a second tab was first, or the password was reset this very moment
                raise _over()
            session.delete(row)
        return self._sessions.start(account, address)

    def _begin(self, account: Account) -> str:
        token, now = secrets.token_urlsafe(32), self._clock.now()
        with self._database.transaction() as session:
            session.execute(delete(CeremonyRow).where(CeremonyRow.ends <= now))
            session.add(CeremonyRow(token_hash=hash_of(token), account=account.name, ends=now + CEREMONY_LIFE))
        return token

    def _waiting(self, ceremony: str) -> Account:
        """Whose sign-in waits; an account that was locked or has ended since gets no further."""
        now = self._clock.now()
        with self._database.reading() as session:
            row = session.get(CeremonyRow, hash_of(ceremony))
            if row is None or row.ends <= now:
                raise _over()
            account = account_of(session.get_one(AccountRow, row.account))
        if not account.is_active(now):
            raise _over()
        return account


def _over() -> CeremonyOverError:
    return CeremonyOverError(msg("đã quá thời gian nhập mã"), advice=msg("đăng nhập lại từ đầu"))
