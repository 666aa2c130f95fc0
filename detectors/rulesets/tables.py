"""Tables of the rule sets: what was imported, what was activated, what a process really loaded."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from soc.storage.sql import Base, UtcDateTime


class RuleSetRow(Base):
    """One version of an imported set; it never changes. `body` holds its rules, refusals and filters as JSON."""

    __tablename__ = "rule_sets"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    content: Mapped[str] = mapped_column(String(64), primary_key=True)
    archive: Mapped[str] = mapped_column(String(64))
    imported: Mapped[datetime] = mapped_column(UtcDateTime)
    imported_by: Mapped[str] = mapped_column(String(120))
    source: Mapped[str] = mapped_column(Text)
    licence: Mapped[str] = mapped_column(String(120))
    files: Mapped[int] = mapped_column(Integer)
    rules: Mapped[int] = mapped_column(Integer)
    refused: Mapped[int] = mapped_column(Integer)
    body: Mapped[str] = mapped_column(Text)


class RuleActivationRow(Base):
    """One choice of what shall run; the newest one counts. `members` and `preferred` are JSON."""

    __tablename__ = "rule_activations"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    by: Mapped[str] = mapped_column(String(120))
    note: Mapped[str] = mapped_column(Text)
    members: Mapped[str] = mapped_column(Text)
    preferred: Mapped[str] = mapped_column(Text)
    own: Mapped[bool] = mapped_column(Boolean)
    site: Mapped[bool] = mapped_column(Boolean)
    restores: Mapped[int | None] = mapped_column(Integer)


class RuleLoadRow(Base):
    """One attempt of the collecting process to load what is wanted. `content` is the hash over all files that were read."""

    __tablename__ = "rule_loads"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    activation: Mapped[int] = mapped_column(Integer)
    content: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16))
    rules: Mapped[int] = mapped_column(Integer)
    correlations: Mapped[int] = mapped_column(Integer)
    refused: Mapped[int] = mapped_column(Integer)
    body: Mapped[str] = mapped_column(Text)
