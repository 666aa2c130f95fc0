"""Second factors: set up, used once, sealed, lost."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import timedelta

import pytest
from cryptography.exceptions import InvalidTag
from sqlalchemy import select

from soc.access.accounts import AccountService, SignInError
from soc.access.principal import SYSTEM, Principal
from soc.access.second_factors import SecondFactors
from soc.access.sessions import SessionService
from soc.access.signing_in import CEREMONY_LIFE, CeremonyOverError, SigningIn
from soc.access.tables import CeremonyRow, SpareCodeRow, TotpKeyRow
from soc.access.throttle import Policy, Throttle
from soc.access.totp import code_of, step_at
from soc.audit.trail import AuditTrail
from soc.core.clock import FixedClock
from soc.core.errors import ConflictError, ForbiddenError, NotFoundError
from soc.storage.sql import Database

PASSWORD = "câu mật khẩu dài 9"
HERE = "192.0.2.7"


@pytest.fixture
def factors(database: Database, clock: FixedClock, trail: AuditTrail, accounts: AccountService) -> SecondFactors:
    return SecondFactors(database, clock, trail, Throttle(Policy()), b"k" * 32)


@pytest.fixture
def signing_in(
    database: Database, clock: FixedClock, accounts: AccountService, sessions: SessionService, factors: SecondFactors
) -> SigningIn:
    return SigningIn(database, clock, accounts, sessions, factors)


class Phone:
    """An authenticator app that scanned somebody's key; each code is of a step of its own, as time passes between them."""

    def __init__(self, factors: SecondFactors, owner: Principal, clock: FixedClock) -> None:
        factors.begin(owner)
        enrolment = factors.pending(owner)
        assert enrolment is not None
        self._secret = base64.b32decode(enrolment.key.replace(" ", ""))
        self._clock = clock

    def code(self) -> str:
        self._clock.advance(timedelta(seconds=30))
        return code_of(self._secret, step_at(self._clock.now()))


def enrolled(factors: SecondFactors, owner: Principal, clock: FixedClock) -> tuple[Phone, list[str]]:
    phone = Phone(factors, owner, clock)
    return phone, factors.confirm(owner, phone.code(), HERE)


@pytest.fixture
def owner(accounts: AccountService) -> Principal:
    return accounts.principal("cb.mau")


def acts(database: Database, trail: AuditTrail) -> Sequence[str]:
    with database.reading() as session:
        return [entry.action for entry in trail.entries(session, size=500)]


def test_without_a_second_factor_the_password_opens_a_session(signing_in: SigningIn, sessions: SessionService) -> None:
    step = signing_in.password("cb.mau", PASSWORD, HERE)
    assert (step.ceremony, sessions.resolve(step.session) is not None) == ("", True)


def test_with_one_the_password_opens_nothing_but_the_question(
    signing_in: SigningIn, sessions: SessionService, factors: SecondFactors, owner: Principal, clock: FixedClock
) -> None:
    phone, _ = enrolled(factors, owner, clock)
    step = signing_in.password("cb.mau", PASSWORD, HERE)
    assert step.session == ""
    assert sessions.resolve(step.ceremony) is None
    live = sessions.resolve(signing_in.code(step.ceremony, phone.code(), HERE))
    assert live is not None
    assert live.principal.id == "cb.mau"


def test_a_sign_in_that_waits_is_good_once_and_for_minutes(
    signing_in: SigningIn, factors: SecondFactors, owner: Principal, clock: FixedClock
) -> None:
    phone, _ = enrolled(factors, owner, clock)
    first = signing_in.password("cb.mau", PASSWORD, HERE).ceremony
    signing_in.code(first, phone.code(), HERE)
    late = signing_in.password("cb.mau", PASSWORD, HERE).ceremony
    clock.advance(CEREMONY_LIFE)
    for ended in (first, late, "", "x" * 43):
        with pytest.raises(CeremonyOverError):
            signing_in.code(ended, phone.code(), HERE)


def test_a_reset_password_and_a_lock_end_what_waits(
    signing_in: SigningIn,
    accounts: AccountService,
    factors: SecondFactors,
    owner: Principal,
    clock: FixedClock,
) -> None:
    phone, _ = enrolled(factors, owner, clock)
    first = signing_in.password("cb.mau", PASSWORD, HERE).ceremony
    secret = accounts.reset_password(SYSTEM, "cb.mau")
    second = signing_in.password("cb.mau", secret, HERE).ceremony
    accounts.set_locked(SYSTEM, "cb.mau", True)
    for ended in (first, second):
        with pytest.raises(CeremonyOverError):
            signing_in.code(ended, phone.code(), HERE)


def test_a_code_is_good_once(factors: SecondFactors, owner: Principal, clock: FixedClock) -> None:
    phone, _ = enrolled(factors, owner, clock)
    code = phone.code()
    factors.check("cb.mau", f" {code[:3]} {code[3:]} ", HERE)
    with pytest.raises(SignInError, match="đã dùng"):
        factors.check("cb.mau", code, HERE)


def test_a_spare_code_is_good_once_for_its_owner_alone(
    factors: SecondFactors, accounts: AccountService, owner: Principal, clock: FixedClock
) -> None:
    _, spare = enrolled(factors, owner, clock)
    enrolled(factors, accounts.principal("quantri"), clock)
    assert len(set(spare)) == 10
    with pytest.raises(SignInError):
        factors.check("quantri", spare[0], HERE)
    factors.check("cb.mau", spare[0].upper(), HERE)
    with pytest.raises(SignInError):
        factors.check("cb.mau", spare[0], HERE)
    assert factors.spare_left(owner) == 9


def test_guessing_is_slowed_down_apart_from_the_password(
    signing_in: SigningIn, factors: SecondFactors, owner: Principal, clock: FixedClock
) -> None:
    phone, _ = enrolled(factors, owner, clock)
    for _ in range(6):
        with pytest.raises(SignInError):
            factors.check("cb.mau", "000000", HERE)
    with pytest.raises(SignInError) as problem:
        factors.check("cb.mau", "000000", HERE)
    assert problem.value.wait_s > 0
    ceremony = signing_in.password("cb.mau", PASSWORD, HERE).ceremony  # the right password is not held up
    clock.advance(timedelta(seconds=60))
    signing_in.code(ceremony, phone.code(), HERE)


def test_a_key_counts_from_its_first_code_on(
    signing_in: SigningIn, factors: SecondFactors, owner: Principal, clock: FixedClock
) -> None:
    phone = Phone(factors, owner, clock)
    assert signing_in.password("cb.mau", PASSWORD, HERE).session
    with pytest.raises(SignInError):
        factors.check("cb.mau", phone.code(), HERE)
    with pytest.raises(SignInError):
        factors.confirm(owner, "000000", HERE)
    factors.confirm(owner, phone.code(), HERE)
    with pytest.raises(ConflictError):
        factors.begin(owner)
    with pytest.raises(ConflictError):
        factors.confirm(owner, phone.code(), HERE)


def test_the_database_shows_neither_keys_nor_codes_nor_ceremonies(
    database: Database, signing_in: SigningIn, factors: SecondFactors, owner: Principal, clock: FixedClock
) -> None:
    phone, spare = enrolled(factors, owner, clock)
    ceremony = signing_in.password("cb.mau", PASSWORD, HERE).ceremony
    with database.reading() as session:
        assert phone._secret not in session.get_one(TotpKeyRow, "cb.mau").sealed
        assert not set(spare) & set(session.scalars(select(SpareCodeRow.hash)))
        assert session.scalars(select(CeremonyRow)).one().token_hash != ceremony


def test_a_key_moved_to_another_account_opens_nothing(
    database: Database, factors: SecondFactors, accounts: AccountService, owner: Principal, clock: FixedClock
) -> None:
    enrolled(factors, owner, clock)
    phone, _ = enrolled(factors, accounts.principal("quantri"), clock)
    with database.transaction() as session:
        session.get_one(TotpKeyRow, "cb.mau").sealed = session.get_one(TotpKeyRow, "quantri").sealed
    with pytest.raises(InvalidTag):
        factors.check("cb.mau", phone.code(), HERE)


def test_it_is_dropped_with_a_code_or_by_an_administrator(
    database: Database,
    trail: AuditTrail,
    signing_in: SigningIn,
    factors: SecondFactors,
    accounts: AccountService,
    owner: Principal,
    clock: FixedClock,
) -> None:
    phone, _ = enrolled(factors, owner, clock)
    with pytest.raises(SignInError):
        factors.remove(owner, "000000", HERE)
    factors.remove(owner, phone.code(), HERE)
    assert signing_in.password("cb.mau", PASSWORD, HERE).session
    phone, _ = enrolled(factors, owner, clock)
    with pytest.raises(ForbiddenError):
        factors.reset(owner, "cb.mau")
    with pytest.raises(NotFoundError):
        factors.reset(accounts.principal("quantri"), "khong.co")
    factors.reset(accounts.principal("quantri"), "cb.mau")
    with pytest.raises(SignInError):
        factors.check("cb.mau", phone.code(), HERE)
    told = acts(database, trail)
    assert {"factor.enrol", "factor.remove", "factor.reset", "session.code_refused"} <= set(told)
