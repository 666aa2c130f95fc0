"""Accounts: making, signing in, throttling, expiry, managing."""

from __future__ import annotations

import unicodedata
from datetime import timedelta

import pytest

from soc.access.accounts import AccountService, NewAccount, SignInError
from soc.access.agencies import AgencyService
from soc.access.passwords import Passwords, one_time_password
from soc.access.principal import SYSTEM, Principal, Role
from soc.access.throttle import Policy, Throttle
from soc.audit.trail import AuditTrail
from soc.core.clock import FixedClock
from soc.core.errors import ConflictError, ForbiddenError, InputError, NotFoundError
from soc.core.scope import Scope
from soc.storage.sql import Database

PASSWORD = "câu mật khẩu dài 9"
HERE = "192.0.2.7"


def refused(accounts: AccountService, name: str, password: str, address: str = HERE) -> SignInError:
    with pytest.raises(SignInError) as problem:
        accounts.sign_in(name, password, address)
    return problem.value


def test_the_right_password_signs_in_whatever_the_case_of_the_name(accounts: AccountService) -> None:
    assert accounts.sign_in(" CB.MAU ", PASSWORD, HERE).role is Role.OFFICER


def test_both_unicode_forms_of_a_password_open_the_account(accounts: AccountService) -> None:
    assert accounts.sign_in("cb.mau", unicodedata.normalize("NFD", PASSWORD), HERE).name == "cb.mau"


def test_a_wrong_name_and_a_wrong_password_are_told_in_one_sentence(accounts: AccountService) -> None:
    assert str(refused(accounts, "cb.mau", "sai")) == str(refused(accounts, "khong.co", PASSWORD))


def test_an_unknown_name_costs_a_hash_too(passwords: Passwords) -> None:
    """The same verifier runs; without this, the answer time would tell which names exist."""
    known = passwords.hash("một mật khẩu nào đó")
    assert passwords.verify(known, "một mật khẩu nào đó")
    assert not passwords.verify(None, "một mật khẩu nào đó")
    assert "_nobody" in passwords.__dict__


@pytest.mark.parametrize("name", ["cb.mau", "khong.co"])
def test_after_five_failures_each_further_one_doubles_the_wait(
    accounts: AccountService, clock: FixedClock, name: str
) -> None:
    for _ in range(6):
        assert refused(accounts, name, "sai").wait_s == 0
    assert refused(accounts, name, PASSWORD).wait_s == 2
    clock.advance(timedelta(seconds=2))
    assert refused(accounts, name, "sai").wait_s == 0
    assert refused(accounts, name, "sai").wait_s == 4


def test_a_wait_has_a_longest_and_ends_in_being_forgotten(accounts: AccountService, clock: FixedClock) -> None:
    for _ in range(20):
        clock.advance(timedelta(seconds=refused(accounts, "cb.mau", "sai").wait_s))
        refused(accounts, "cb.mau", "sai")
    assert refused(accounts, "cb.mau", "sai").wait_s <= 900
    clock.advance(timedelta(hours=1, seconds=1))
    assert accounts.sign_in("cb.mau", PASSWORD, HERE).name == "cb.mau"


def test_success_forgets_the_failures_of_the_account(accounts: AccountService) -> None:
    for _ in range(5):
        refused(accounts, "cb.mau", "sai")
    accounts.sign_in("cb.mau", PASSWORD, HERE)
    for _ in range(5):
        assert refused(accounts, "cb.mau", "sai").wait_s == 0


def test_spraying_many_names_from_one_address_is_slowed_down_for_that_address_only(accounts: AccountService) -> None:
    for number in range(31):
        refused(accounts, f"ten{number}", "sai", "198.51.100.9")
    assert refused(accounts, "cb.mau", PASSWORD, "198.51.100.9").wait_s > 0
    assert accounts.sign_in("cb.mau", PASSWORD, HERE).name == "cb.mau"


def test_one_good_account_does_not_whitewash_an_address(accounts: AccountService) -> None:
    for number in range(29):
        refused(accounts, f"ten{number}", "sai")
    accounts.sign_in("cb.mau", PASSWORD, HERE)
    refused(accounts, "ten98", "sai")
    refused(accounts, "ten99", "sai")
    assert refused(accounts, "cb.mau", PASSWORD).wait_s > 0


def test_an_expired_auditor_cannot_sign_in(accounts: AccountService, clock: FixedClock) -> None:
    ends = clock.now() + timedelta(days=7)
    accounts.add(SYSTEM, NewAccount("dg.01", "Đánh giá viên", Role.AUDITOR, "tinh-mau", ends), PASSWORD)
    assert accounts.sign_in("dg.01", PASSWORD, HERE).expires == ends
    clock.advance(timedelta(days=7))
    assert "hết hạn" in str(refused(accounts, "dg.01", PASSWORD))
    assert "hết hạn" not in str(refused(accounts, "dg.01", "sai"))
    with pytest.raises(NotFoundError):
        accounts.principal("dg.01")


def test_an_auditor_without_an_end_is_refused(accounts: AccountService, clock: FixedClock) -> None:
    with pytest.raises(InputError, match="hết hạn"):
        accounts.add(SYSTEM, NewAccount("dg.02", "Đánh giá viên", Role.AUDITOR, "tinh-mau"))
    accounts.add(SYSTEM, NewAccount("dg.03", "x", Role.AUDITOR, "tinh-mau", clock.now() + timedelta(days=1)))
    with pytest.raises(InputError, match="hết hạn"):
        accounts.set_expiry(SYSTEM, "dg.03", None)


def test_the_first_run_makes_one_administrator_with_a_one_time_password(
    database: Database, clock: FixedClock, trail: AuditTrail, agencies: AgencyService, passwords: Passwords
) -> None:
    accounts = AccountService(database, clock, trail, passwords, Throttle(Policy()))
    secret = accounts.ensure_admin("tinh-mau")
    assert secret is not None
    assert accounts.ensure_admin("tinh-mau") is None
    assert accounts.sign_in("quantri", secret, "").must_change
    with database.transaction() as session:
        assert all(secret not in entry.after for entry in trail.entries(session))


def test_one_time_passwords_differ_and_are_readable() -> None:
    made = {one_time_password() for _ in range(50)}
    assert len(made) == 50
    assert all(len(secret) == 23 and not set("0o1li") & set(secret) for secret in made)


@pytest.mark.parametrize(
    "new", ["ngắn quá", "a" * 20, "abababababab", "toi la CB.MAU day nhe", "x" * 200], ids=lambda text: text[:8]
)
def test_a_weak_new_password_is_refused_with_what_was_expected(accounts: AccountService, new: str) -> None:
    with pytest.raises(InputError) as problem:
        accounts.change_password(accounts.principal("cb.mau"), PASSWORD, new)
    assert problem.value.expected is not None


def test_changing_the_password_wants_the_old_one(accounts: AccountService) -> None:
    officer = accounts.principal("cb.mau")
    with pytest.raises(SignInError):
        accounts.change_password(officer, "sai", "một câu hoàn toàn mới")
    with pytest.raises(InputError, match="trùng"):
        accounts.change_password(officer, PASSWORD, PASSWORD)
    accounts.change_password(officer, PASSWORD, "một câu hoàn toàn mới")
    assert not accounts.sign_in("cb.mau", "một câu hoàn toàn mới", HERE).must_change


def test_an_administrator_locks_unlocks_and_resets(accounts: AccountService) -> None:
    admin = accounts.principal("quantri")
    accounts.set_locked(admin, "cb.mau", True)
    assert "khóa" in str(refused(accounts, "cb.mau", PASSWORD))
    accounts.set_locked(admin, "cb.mau", False)
    secret = accounts.reset_password(admin, "cb.mau")
    assert accounts.sign_in("cb.mau", secret, HERE).must_change
    with pytest.raises(ConflictError):
        accounts.set_locked(admin, "quantri", True)


def test_an_administrator_gives_no_right_over_data_that_is_not_theirs_to_manage(accounts: AccountService) -> None:
    admin = Principal("qt", Role.ADMIN, "xa-mau-02", Scope(frozenset({"xa-mau-02"})))
    with pytest.raises(NotFoundError):
        accounts.add(admin, NewAccount("ke.gian", "x", Role.HEAD, "tinh-mau"))
    with pytest.raises(NotFoundError):
        accounts.reset_password(admin, "cb.mau")
    assert accounts.all(admin) == []
    with pytest.raises(ForbiddenError):
        accounts.all(accounts.principal("cb.mau"))


@pytest.mark.parametrize(
    ("new", "error"),
    [
        (NewAccount("Tên Lạ", "x", Role.OFFICER, "xa-mau-01"), InputError),
        (NewAccount("may", "x", Role.SERVICE, "xa-mau-01"), InputError),
        (NewAccount("moi", "x", Role.OFFICER, "khong-co"), InputError),
        (NewAccount("cb.mau", "x", Role.OFFICER, "xa-mau-01"), ConflictError),
    ],
)
def test_a_bad_new_account_is_refused(accounts: AccountService, new: NewAccount, error: type[Exception]) -> None:
    with pytest.raises(error):
        accounts.add(SYSTEM, new)


def test_language_and_theme_are_kept_and_checked(accounts: AccountService) -> None:
    officer = accounts.principal("cb.mau")
    accounts.prefer(officer, lang="en", theme="dark")
    accounts.prefer(officer)
    account = accounts.sign_in("cb.mau", PASSWORD, HERE)
    assert (account.lang, account.theme) == ("en", "dark")
    with pytest.raises(InputError):
        accounts.prefer(officer, theme="hồng")


def test_refused_attempts_are_in_the_trail_without_the_name_that_was_typed(
    accounts: AccountService, database: Database, trail: AuditTrail
) -> None:
    refused(accounts, "mat-khau-go-nham", "x")
    refused(accounts, "cb.mau", "x")
    with database.transaction() as session:
        known, unknown = trail.entries(session, size=2)
    assert (known.action, known.target, known.origin) == ("session.refused", "account/cb.mau", HERE)
    assert "nham" not in unknown.target + unknown.actor
