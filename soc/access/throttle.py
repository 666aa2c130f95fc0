"""Back-off for sign-in: after a few failures each further one doubles the wait, per account name and per address.

An attempt is counted before its password is checked, so that guesses sent in parallel do not slip through; success takes it
back. Unknown names are counted like known ones: the wait tells nothing about who has an account.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from soc.access.tables import AttemptRow


@dataclass(frozen=True, slots=True)
class Policy:
    """When to slow down.

    Attributes:
        account_free, address_free: failures without a wait. An address has more: a commune's office shares one.
        base_s, cap_s: the first wait and the longest.
        forget: quiet time after which failures count no more.
    """

    account_free: int = 5
    address_free: int = 30
    base_s: int = 2
    cap_s: int = 900
    forget: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to sign in: whose, and from where ("" = from nowhere, the command line)."""

    account: str
    address: str

    def counters(self) -> list[str]:
        return [f"account:{self.account[:40]}"] + ([f"address:{self.address[:60]}"] if self.address else [])


class Throttle:
    """Counts attempts in the case database, inside the caller's transaction."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def admit(self, session: Session, attempt: Attempt, now: datetime) -> int:
        """Count an attempt and say whether it may go on.

        Returns:
            0 to go on; else the seconds to wait, and nothing was counted.
        """
        session.execute(delete(AttemptRow).where(AttemptRow.last < now - self._policy.forget))
        wait_s = self._wait_s(session, attempt.counters(), now)
        if wait_s:
            return wait_s
        for key in attempt.counters():
            self._count(session, key, now)
        return 0

    def succeed(self, session: Session, attempt: Attempt) -> None:
        """Forget the account's failures; of the address only this attempt, or one good account would whitewash many guesses."""
        for key in attempt.counters():
            row = session.get(AttemptRow, key)
            if row is not None and (key.startswith("account:") or row.failures <= 1):
                session.delete(row)
            elif row is not None:
                row.failures -= 1
                row.until = row.last

    def _wait_s(self, session: Session, keys: Sequence[str], now: datetime) -> int:
        rows = [row for key in keys if (row := session.get(AttemptRow, key)) is not None]
        return max((math.ceil((row.until - now).total_seconds()) for row in rows if row.until > now), default=0)

    def _count(self, session: Session, key: str, now: datetime) -> None:
        row = session.get(AttemptRow, key)
        if row is None:
            row = AttemptRow(key=key, failures=0, last=now, until=now)
            session.add(row)
        row.failures += 1
        row.last = now
        row.until = now + timedelta(seconds=self._delay_s(key, row.failures))

    def _delay_s(self, key: str, failures: int) -> int:
        free = self._policy.account_free if key.startswith("account:") else self._policy.address_free
        doublings = min(failures - free - 1, 30)
        return 0 if doublings < 0 else min(self._policy.cap_s, self._policy.base_s * 2**doublings)
