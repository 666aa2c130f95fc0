"""Tables of agencies, accounts, sign-in attempts and sessions."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String, false
from sqlalchemy.orm import Mapped, mapped_column

from soc.storage.sql import Base, UtcDateTime


class AgencyRow(Base):
    """An agency of the province; the root has no parent."""

    __tablename__ = "agencies"

    id: Mapped[str] = mapped_column(String(120), primary_key=True)
    name_vi: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(20))
    parent: Mapped[str | None] = mapped_column(ForeignKey("agencies.id"), index=True)


class AccountRow(Base):
    """A person's account. `password_hash` is argon2id in its own text form, with salt and parameters."""

    __tablename__ = "accounts"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    display_name: Mapped[str] = mapped_column(String(120))
    role: Mapped[str] = mapped_column(String(20))
    agency: Mapped[str] = mapped_column(ForeignKey("agencies.id"), index=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    must_change: Mapped[bool] = mapped_column(default=True)
    locked: Mapped[bool] = mapped_column(default=False)
    second_factor: Mapped[bool] = mapped_column(default=False, server_default=false())
    expires: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    lang: Mapped[str] = mapped_column(String(2), default="")
    theme: Mapped[str] = mapped_column(String(10), default="system")
    created: Mapped[datetime] = mapped_column(UtcDateTime)
    last_sign_in: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)


class AttemptRow(Base):
    """Recent sign-in attempts of one account name or one address; `key` is `account:...` or `address:...`."""

    __tablename__ = "sign_in_attempts"

    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    failures: Mapped[int]
    last: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    until: Mapped[datetime] = mapped_column(UtcDateTime)


class SessionRow(Base):
    """A signed-in browser. Only the SHA-256 of its token is kept: a stolen database opens no session."""

    __tablename__ = "sessions"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    account: Mapped[str] = mapped_column(ForeignKey("accounts.name"), index=True)
    address: Mapped[str] = mapped_column(String(60))
    started: Mapped[datetime] = mapped_column(UtcDateTime)
    seen: Mapped[datetime] = mapped_column(UtcDateTime)
    ends: Mapped[datetime] = mapped_column(UtcDateTime)


class TotpKeyRow(Base):
    """The key of an account's one-time codes, sealed. Before `confirmed` it opens nothing; `last_step` was used last."""

    __tablename__ = "totp_keys"

    account: Mapped[str] = mapped_column(ForeignKey("accounts.name"), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    confirmed: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    last_step: Mapped[int] = mapped_column(BigInteger)


class SpareCodeRow(Base):
    """The SHA-256 of a spare code that was not used yet."""

    __tablename__ = "spare_codes"

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    account: Mapped[str] = mapped_column(ForeignKey("accounts.name"), index=True)


class CeremonyRow(Base):
    """A sign-in whose password was right and that waits for a code. Only the SHA-256 of its token is kept."""

    __tablename__ = "sign_in_ceremonies"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    account: Mapped[str] = mapped_column(ForeignKey("accounts.name"), index=True)
    ends: Mapped[datetime] = mapped_column(UtcDateTime)
