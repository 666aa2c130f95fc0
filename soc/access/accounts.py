"""Accounts: who may sign in, as what, for which agency, until when."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from soc.access.agencies import find, scope_of
from soc.access.journal import Journal
from soc.access.passwords import Passwords, check_new, one_time_password
from soc.access.principal import SYSTEM, Principal, Right, Role
from soc.access.tables import AccountRow, CeremonyRow, SessionRow
from soc.access.throttle import Attempt, Throttle
from soc.core.act import Act
from soc.core.clock import Clock
from soc.core.errors import ConflictError, ForbiddenError, InputError, NotFoundError
from soc.core.i18n import Lang, Message, msg
from soc.storage.sql import Database

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")
THEMES = ("system", "light", "dark")
FIRST_ADMIN = "quantri"


@dataclass(frozen=True, slots=True)
class Account:
    """What may be shown of an account; never the hash.

    Attributes:
        name: user name, lower case.
        expires: the moment it ends; None = no end. An auditor's account always has one.
        lang: "" = follow the browser.
    """

    name: str
    display_name: str
    role: Role
    agency: str
    must_change: bool
    locked: bool
    second_factor: bool
    expires: datetime | None
    lang: str
    theme: str
    created: datetime
    last_sign_in: datetime | None

    def is_active(self, now: datetime) -> bool:
        """Whether it may be used at this moment."""
        return not self.locked and (self.expires is None or now < self.expires)


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What an administrator says about a new account."""

    name: str
    display_name: str
    role: Role
    agency: str
    expires: datetime | None = None


class SignInError(ForbiddenError):
    """Sign-in refused; `wait_s` is above 0 when it was not even tried."""

    def __init__(self, found: Message, *, advice: Message | None = None, wait_s: int = 0) -> None:
        super().__init__(found, advice=advice)
        self.wait_s = wait_s


def too_many(wait_s: int) -> SignInError:
    """The refusal of whoever guessed too often."""
    advice = msg("thử lại sau {seconds} giây", seconds=wait_s)
    return SignInError(msg("thử sai quá nhiều lần"), advice=advice, wait_s=wait_s)


class AccountService:
    """Use cases over accounts.

    Args:
        passwords: the hasher; a cheap one in tests.
        throttle: slows guessing down.
    """

    def __init__(
        self, database: Database, clock: Clock, journal: Journal, passwords: Passwords, throttle: Throttle
    ) -> None:
        self._database, self._clock, self._journal = database, clock, journal
        self._passwords, self._throttle = passwords, throttle

    def add(self, principal: Principal, new: NewAccount, password: str | None = None) -> str:
        """Make an account.

        Args:
            password: only for accounts the suite itself makes (samples); None = a random one-time password.

        Returns:
            The password; a one-time one must be changed at the first sign-in and is shown nowhere else.
        """
        principal.require(Right.ADMINISTER)
        principal.require_agency(new.agency)
        secret = password or one_time_password()
        hashed = self._passwords.hash(secret)
        with self._database.transaction() as session:
            _check(session, new, self._clock.now())
            session.add(_new_row(new, hashed, password is None, self._clock.now()))
            session.flush()
            self._journal.record(session, _act(principal, "account.add", new, _facts(new)))
        return secret

    def ensure_admin(self, agency: str) -> str | None:
        """The first run: make the account `quantri` for the province when there is no account at all.

        Returns:
            Its one-time password, to be printed once; None when accounts exist.
        """
        with self._database.reading() as session:
            if session.scalar(select(func.count()).select_from(AccountRow)):
                return None
        return self.add(SYSTEM, NewAccount(FIRST_ADMIN, "Quản trị viên", Role.ADMIN, agency))

    def sign_in(self, name: str, password: str, address: str) -> Account:
        """Check a name and password.

        Raises:
            SignInError: one sentence for a wrong name and a wrong password; a wait when there were too many; only who
                knows the password learns that the account is locked or has ended.
        """
        account = self._verify(name, password, address, "session.refused")
        with self._database.transaction() as session:
            row = session.get_one(AccountRow, account.name)
            if self._passwords.is_stale(row.password_hash):
                row.password_hash = self._passwords.hash(password)
        return account

    def confirm(self, principal: Principal, password: str, address: str) -> None:
        """Check the password of somebody who has a session already (unlocking). Raises SignInError."""
        self._verify(principal.id, password, address, "session.unlock_refused")

    def _verify(self, name: str, password: str, address: str, refused: str) -> Account:
        attempt = Attempt(name.strip().lower(), address)
        known, wait_s = self._admit(attempt)
        if wait_s:
            raise too_many(wait_s)
        # outside of any transaction: the hash takes long on purpose and must not hold the only writer
        right = self._passwords.verify(None if known is None else known.password_hash, password)
        with self._database.transaction() as session:
            if known is None or not right:
                self._note_refusal(session, refused, known, address)
            else:
                self._throttle.succeed(session, attempt)
        if known is None or not right:
            raise SignInError(msg("tên đăng nhập hoặc mật khẩu không đúng"))
        return _require_active(_account(known), self._clock.now())

    def _admit(self, attempt: Attempt) -> tuple[AccountRow | None, int]:
        with self._database.transaction() as session:
            wait_s = self._throttle.admit(session, attempt, self._clock.now())
            return session.get(AccountRow, attempt.account), wait_s

    def _note_refusal(self, session: Session, refused: str, known: AccountRow | None, address: str) -> None:
        # an unknown name is not written down: people type their password there by mistake
        name, agency = (known.name, known.agency) if known is not None else ("", "")
        self._journal.record(session, Act(name, refused, f"account/{name}", agency=agency, origin=address))

    def change_password(self, principal: Principal, old: str, new: str, address: str = "") -> None:
        """Set one's own password; all sessions of the account end. Raises SignInError, InputError."""
        self._verify(principal.id, old, address, "account.password_refused")
        check_new(new, principal.id)
        if old == new:
            raise InputError(msg("mật khẩu mới trùng mật khẩu cũ"), advice=msg("chọn mật khẩu khác"))
        hashed = self._passwords.hash(new)
        with self._database.transaction() as session:
            row = session.get_one(AccountRow, principal.id)
            row.password_hash, row.must_change = hashed, False
            self._end_sessions(session, row.name)
            self._journal.record(session, _act(principal, "account.password", _account(row), {}))

    def reset_password(self, principal: Principal, name: str) -> str:
        """Give somebody a one-time password and end their sessions; returns it."""
        secret = one_time_password()
        hashed = self._passwords.hash(secret)
        with self._database.transaction() as session:
            row = self._managed(session, principal, name)
            row.password_hash, row.must_change = hashed, True
            self._end_sessions(session, row.name)
            self._journal.record(session, _act(principal, "account.reset", _account(row), {}))
        return secret

    def set_locked(self, principal: Principal, name: str, locked: bool) -> None:
        """Lock an account (its sessions end) or unlock it. Nobody locks themselves out."""
        with self._database.transaction() as session:
            row = self._managed(session, principal, name)
            if row.name == principal.id:
                raise ConflictError(
                    msg("không thể tự khóa tài khoản của mình"), advice=msg("nhờ quản trị viên khác thực hiện")
                )
            before, row.locked = row.locked, locked
            if locked:
                self._end_sessions(session, row.name)
            act = _act(principal, "account.lock" if locked else "account.unlock", _account(row), {})
            self._journal.record(session, _changed(act, {"locked": before}, {"locked": locked}))

    def set_expiry(self, principal: Principal, name: str, expires: datetime | None) -> None:
        """Set when an account ends; an auditor's always ends."""
        with self._database.transaction() as session:
            row = self._managed(session, principal, name)
            _check_expiry(Role(row.role), expires)
            before, row.expires = row.expires, expires
            act = _act(principal, "account.expiry", _account(row), {})
            self._journal.record(session, _changed(act, {"expires": before}, {"expires": expires}))

    def prefer(self, principal: Principal, *, lang: str | None = None, theme: str | None = None) -> None:
        """Keep one's own language ("" = the browser's) and theme."""
        if lang not in {None, "", *Lang} or theme not in {None, *THEMES}:
            raise InputError(msg("lựa chọn không có trong danh sách"), advice=msg("chọn lại trên trang của tôi"))
        with self._database.transaction() as session:
            row = session.get_one(AccountRow, principal.id)
            row.lang = row.lang if lang is None else lang
            row.theme = row.theme if theme is None else theme

    def all(self, principal: Principal) -> list[Account]:
        """The accounts of the agencies the administrator manages, by name."""
        principal.require(Right.ADMINISTER)
        with self._database.reading() as session:
            rows = session.scalars(select(AccountRow).order_by(AccountRow.name)).all()
        return [_account(row) for row in rows if principal.scope.sees(row.agency)]

    def principal(self, name: str) -> Principal:
        """Somebody as a principal, without signing in: for the command line and scheduled work."""
        with self._database.reading() as session:
            row = session.get(AccountRow, name)
            if row is None or not _account(row).is_active(self._clock.now()):
                raise NotFoundError(msg("không có tài khoản {name} đang hoạt động", name=name))
            return principal_of(session, row)

    def _managed(self, session: Session, principal: Principal, name: str) -> AccountRow:
        principal.require(Right.ADMINISTER)
        row = session.get(AccountRow, name)
        if row is None or not principal.scope.sees(row.agency):
            raise NotFoundError(msg("không tìm thấy"))
        return row

    def _end_sessions(self, session: Session, name: str) -> None:
        session.execute(delete(SessionRow).where(SessionRow.account == name))
        session.execute(delete(CeremonyRow).where(CeremonyRow.account == name))


def principal_of(session: Session, row: AccountRow) -> Principal:
    """The principal of an account, its scope read from the tree as it is now."""
    return Principal(row.name, Role(row.role), row.agency, scope_of(session, row.agency))


def account_of(row: AccountRow) -> Account:
    """The showable part of a row."""
    return _account(row)


def _account(row: AccountRow) -> Account:
    return Account(
        name=row.name,
        display_name=row.display_name,
        role=Role(row.role),
        agency=row.agency,
        must_change=row.must_change,
        locked=row.locked,
        second_factor=row.second_factor,
        expires=row.expires,
        lang=row.lang,
        theme=row.theme,
        created=row.created,
        last_sign_in=row.last_sign_in,
    )


def _new_row(new: NewAccount, hashed: str, must_change: bool, now: datetime) -> AccountRow:
    return AccountRow(
        name=new.name,
        display_name=new.display_name,
        role=new.role.value,
        agency=new.agency,
        password_hash=hashed,
        must_change=must_change,
        expires=new.expires,
        created=now,
    )


def _check(session: Session, new: NewAccount, now: datetime) -> None:
    if not _NAME.fullmatch(new.name):
        raise InputError(
            msg("tên đăng nhập {name} không hợp lệ", name=repr(new.name[:60])),
            expected=msg("2 đến 40 chữ thường không dấu, chữ số, dấu chấm, gạch nối"),
        )
    if new.role is Role.SERVICE:
        raise InputError(msg("vai trò dịch vụ không dành cho người"), advice=msg("chọn vai trò khác"))
    if find(session, new.agency) is None:
        raise InputError(
            msg("không có cơ quan {agency}", agency=new.agency), advice=msg("xem danh sách bằng 'soc agency list'")
        )
    if session.get(AccountRow, new.name) is not None:
        raise ConflictError(msg("tên đăng nhập {name} đã có", name=new.name), advice=msg("chọn tên khác"))
    _check_expiry(new.role, new.expires)


def _check_expiry(role: Role, expires: datetime | None) -> None:
    if role is Role.AUDITOR and expires is None:
        raise InputError(
            msg("tài khoản đánh giá viên phải có ngày hết hạn"), advice=msg("ghi ngày kết thúc đợt đánh giá")
        )


def _require_active(account: Account, now: datetime) -> Account:
    if account.locked:
        raise SignInError(msg("tài khoản đang bị khóa"), advice=msg("liên hệ quản trị viên"))
    if not account.is_active(now):
        raise SignInError(msg("tài khoản đã hết hạn"), advice=msg("liên hệ quản trị viên"))
    return account


def _facts(new: NewAccount) -> dict[str, object]:
    return {"role": new.role.value, "agency": new.agency, "expires": new.expires}


def _act(principal: Principal, action: str, account: Account | NewAccount, after: dict[str, object]) -> Act:
    target = f"account/{account.name}"
    return Act(principal.id, action, target, agency=account.agency, after=after)


def _changed(act: Act, before: dict[str, object], after: dict[str, object]) -> Act:
    return replace(act, before=before, after=after)
