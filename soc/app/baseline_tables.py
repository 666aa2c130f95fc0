"""What the stream has taught the baselines, one row an entry."""

from __future__ import annotations

from sqlalchemy import BigInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from soc.storage.sql import Base


class BaselineEntry(Base):
    """One entry of one baseline; `key` is a hash (no name of a person lies here), `value` JSON, `touched` the order of last changes."""

    __tablename__ = "baseline_entries"

    baseline: Mapped[str] = mapped_column(String(40), primary_key=True)
    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    touched: Mapped[int] = mapped_column(BigInteger)
    value: Mapped[str] = mapped_column(Text)
