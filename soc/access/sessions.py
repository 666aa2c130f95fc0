"""Sessions of signed-in browsers, kept on the server: idle lock, longest life, ended by us at any time."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from sqlalchemy import Delete, Update, delete, select, update
from sqlalchemy.orm import Session

from soc.access.accounts import Account, AccountService, account_of, principal_of
from soc.access.journal import Journal
from soc.access.principal import Principal
from soc.access.tables import AccountRow, SessionRow
from soc.core.act import Act
from soc.core.clock import Clock
from soc.core.settings import Settings
from soc.storage.sql import Database

_SEEN_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """`idle`: quiet time after which the screen locks; `longest`: after which one signs in anew."""

    idle: timedelta = timedelta(minutes=15)
    longest: timedelta = timedelta(hours=12)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """As the operator has set them."""
        return cls(timedelta(minutes=settings.session_idle_minutes), timedelta(hours=settings.session_hours))


@dataclass(frozen=True, slots=True)
class LiveSession:
    """A session that is good now. `locked`: only its owner's password opens it again; nothing may be shown meanwhile."""

    principal: Principal
    account: Account
    address: str
    started: datetime
    seen: datetime
    ends: datetime
    locked: bool


class SessionService:
    """Use cases over sessions; a token is 256 random bits that only the browser holds."""

    def __init__(
        self, database: Database, clock: Clock, journal: Journal, accounts: AccountService, lifetimes: Lifetimes
    ) -> None:
        self._database, self._clock, self._journal = database, clock, journal
        self.accounts, self._lifetimes = accounts, lifetimes

    def start(self, account: Account, address: str) -> str:
        """Start a session of somebody who has proved to be the account's owner; returns its token.

        Only `soc.access.signing_in` calls it: who else would, would go around the second factor.
        """
        token = secrets.token_urlsafe(32)
        now = self._clock.now()
        with self._database.transaction() as session:
            session.execute(delete(SessionRow).where(SessionRow.ends <= now))
            session.get_one(AccountRow, account.name).last_sign_in = now
            session.add(
                SessionRow(
                    token_hash=hash_of(token),
                    account=account.name,
                    address=address,
                    started=now,
                    seen=now,
                    ends=now + self._lifetimes.longest,
                )
            )
            self._note(session, account, "session.start", address)
        return token

    def resolve(self, token: str) -> LiveSession | None:
        """The session of a token, None when there is none, it has ended, or its account was locked or has expired.

        Role, agency and what may be seen are read anew each time, so that a change acts at once.
        """
        now = self._clock.now()
        with self._database.reading() as session:
            row = session.get(SessionRow, hash_of(token))
            if row is None:
                return None
            live = self._live(session, row, session.get_one(AccountRow, row.account), now)
        mine = SessionRow.token_hash == row.token_hash
        if live.ends <= now or not live.account.is_active(now):
            self._write(delete(SessionRow).where(mine))
            return None
        # a write for each page would queue behind the pipeline, so a session is marked as seen only now and then
        if not live.locked and now - live.seen >= min(_SEEN_EVERY, self._lifetimes.idle / 10):
            self._write(update(SessionRow).where(mine, SessionRow.seen < now).values(seen=now))
            return replace(live, seen=now)
        return live

    def unlock(self, token: str, password: str, address: str) -> bool:
        """Open a locked session with its owner's password; False when there is no session. Raises SignInError."""
        live = self.resolve(token)
        if live is None:
            return False
        self.accounts.confirm(live.principal, password, address)
        with self._database.transaction() as session:
            row = session.get(SessionRow, hash_of(token))
            if row is None:
                return False
            row.seen = self._clock.now()
            self._note(session, live.account, "session.unlock", address)
        return True

    def end(self, token: str) -> None:
        """Sign out; nothing happens when the session has ended already."""
        with self._database.transaction() as session:
            row = session.get(SessionRow, hash_of(token))
            if row is not None:
                owner = session.get_one(AccountRow, row.account)
                session.delete(row)
                self._note(session, account_of(owner), "session.end", row.address)

    def end_others(self, principal: Principal, token: str) -> int:
        """End all of one's own sessions but this one; returns how many."""
        with self._database.transaction() as session:
            others = select(SessionRow).where(
                SessionRow.account == principal.id, SessionRow.token_hash != hash_of(token)
            )
            rows = session.scalars(others).all()
            for row in rows:
                session.delete(row)
                act = Act(principal.id, "session.end", f"account/{principal.id}", principal.agency, origin=row.address)
                self._journal.record(session, act)
            return len(rows)

    def all(self, principal: Principal) -> list[LiveSession]:
        """One's own sessions, newest first."""
        now = self._clock.now()
        with self._database.reading() as session:
            owner = session.get_one(AccountRow, principal.id)
            mine = select(SessionRow).where(SessionRow.account == principal.id, SessionRow.ends > now)
            rows = session.scalars(mine.order_by(SessionRow.started.desc())).all()
            return [self._live(session, row, owner, now) for row in rows]

    def _write(self, change: Delete | Update) -> None:
        with self._database.transaction() as session:
            session.execute(change)

    def _is_idle(self, row: SessionRow, now: datetime) -> bool:
        return now - row.seen >= self._lifetimes.idle

    def _live(self, session: Session, row: SessionRow, owner: AccountRow, now: datetime) -> LiveSession:
        return LiveSession(
            principal=principal_of(session, owner),
            account=account_of(owner),
            address=row.address,
            started=row.started,
            seen=row.seen,
            ends=row.ends,
            locked=self._is_idle(row, now),
        )

    def _note(self, session: Session, account: Account, action: str, address: str) -> None:
        act = Act(account.name, action, f"account/{account.name}", agency=account.agency, origin=address)
        self._journal.record(session, act)


def hash_of(token: str) -> str:
    """How a token is kept: whoever reads the database can use none."""
    return hashlib.sha256(token.encode()).hexdigest()
