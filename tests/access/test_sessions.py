"""Sessions: tokens, idle lock, longest life, and what ends them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from soc.access.accounts import AccountService, NewAccount, SignInError
from soc.access.principal import SYSTEM, Role
from soc.access.sessions import SessionService
from soc.access.tables import SessionRow
from soc.audit.trail import AuditTrail
from soc.core.clock import FixedClock
from soc.storage.sql import Database

PASSWORD = "câu mật khẩu dài 9"
HERE = "192.0.2.7"


def start(sessions: SessionService, name: str, address: str) -> str:
    return sessions.start(sessions.accounts.sign_in(name, PASSWORD, address), address)


@pytest.fixture
def token(sessions: SessionService) -> str:
    return start(sessions, "cb.mau", HERE)


def test_a_token_gives_its_principal_with_the_scope_of_the_agency(sessions: SessionService, token: str) -> None:
    live = sessions.resolve(token)
    assert live is not None
    assert (live.principal.id, live.principal.role, live.locked) == ("cb.mau", Role.OFFICER, False)
    assert live.principal.scope.agencies == {"xa-mau-01"}


def test_the_database_holds_no_token(database: Database, token: str) -> None:
    with database.transaction() as session:
        row = session.scalars(select(SessionRow)).one()
    assert token not in {row.token_hash, row.account, row.address}


def test_each_sign_in_gives_a_new_token_of_256_bits(sessions: SessionService, token: str) -> None:
    assert start(sessions, "cb.mau", HERE) != token
    assert len(token) == 43
    assert sessions.resolve("x" * 43) is None


def test_an_idle_session_locks_and_its_password_opens_it(
    sessions: SessionService, clock: FixedClock, token: str
) -> None:
    clock.advance(timedelta(minutes=14, seconds=59))
    live = sessions.resolve(token)
    assert live is not None
    assert not live.locked
    clock.advance(timedelta(minutes=15))
    for _ in range(2):
        live = sessions.resolve(token)
        assert live is not None
        assert live.locked
    with pytest.raises(SignInError):
        sessions.unlock(token, "sai", HERE)
    assert sessions.unlock(token, PASSWORD, HERE)
    live = sessions.resolve(token)
    assert live is not None
    assert not live.locked
    assert not sessions.unlock("x", PASSWORD, HERE)


def test_a_session_ends_after_its_longest_life_though_it_was_used(
    sessions: SessionService, clock: FixedClock, token: str
) -> None:
    for _ in range(12 * 6 - 1):
        clock.advance(timedelta(minutes=10))
        assert sessions.resolve(token) is not None
    clock.advance(timedelta(minutes=10))
    assert sessions.resolve(token) is None


def test_signing_out_ends_the_session_at_once(
    sessions: SessionService, database: Database, trail: AuditTrail, token: str
) -> None:
    sessions.end(token)
    sessions.end(token)
    assert sessions.resolve(token) is None
    with database.transaction() as session:
        assert [entry.action for entry in trail.entries(session, size=2)] == ["session.end", "session.start"]


def test_expiry_ends_the_sessions_of_an_auditor(
    sessions: SessionService, accounts: AccountService, clock: FixedClock
) -> None:
    ends = clock.now() + timedelta(minutes=10)
    accounts.add(SYSTEM, NewAccount("dg.01", "Đánh giá viên", Role.AUDITOR, "tinh-mau", ends), PASSWORD)
    token = start(sessions, "dg.01", HERE)
    assert sessions.resolve(token) is not None
    clock.advance(timedelta(minutes=10))
    assert sessions.resolve(token) is None
    accounts.set_expiry(SYSTEM, "dg.01", clock.now() + timedelta(days=1))
    assert sessions.resolve(token) is None


def test_locking_resetting_and_a_new_password_end_the_sessions(
    sessions: SessionService, accounts: AccountService, token: str
) -> None:
    accounts.set_locked(SYSTEM, "cb.mau", True)
    accounts.set_locked(SYSTEM, "cb.mau", False)
    assert sessions.resolve(token) is None
    second = start(sessions, "cb.mau", HERE)
    accounts.change_password(accounts.principal("cb.mau"), PASSWORD, "một câu hoàn toàn mới")
    assert sessions.resolve(second) is None


def test_one_lists_and_ends_ones_own_other_sessions(sessions: SessionService, token: str) -> None:
    other = start(sessions, "cb.mau", "198.51.100.4")
    foreign = start(sessions, "quantri", HERE)
    live = sessions.resolve(token)
    assert live is not None
    assert {mine.address for mine in sessions.all(live.principal)} == {HERE, "198.51.100.4"}
    assert sessions.end_others(live.principal, token) == 1
    assert sessions.resolve(other) is None
    assert sessions.resolve(token) is not None
    assert sessions.resolve(foreign) is not None


def test_a_page_waits_for_no_writer_while_its_session_was_seen_within_the_minute(
    sessions: SessionService, database: Database, clock: FixedClock, token: str
) -> None:
    """Once a minute the session is marked as seen; all other pages only read, beside whoever writes."""
    clock.advance(timedelta(seconds=61))
    live = sessions.resolve(token)
    assert live is not None
    assert live.seen == clock.now()
    clock.advance(timedelta(seconds=59))
    with database.transaction(), ThreadPoolExecutor(1) as pool:
        again = pool.submit(sessions.resolve, token).result(20)
    assert again == live


def test_the_account_knows_when_its_owner_came_in_last(sessions: SessionService, clock: FixedClock) -> None:
    live = sessions.resolve(start(sessions, "cb.mau", HERE))
    assert live is not None
    assert live.account.last_sign_in == clock.now()
