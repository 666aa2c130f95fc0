"""The tree of agencies: province, departments, units, communes. One sees one's own agency and what stands below it, never sideways.

There is no district level (abolished on 2025-07-01); communes hang directly on the province.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from soc.access.journal import Journal
from soc.access.principal import Principal, Right
from soc.access.tables import AgencyRow
from soc.core.act import Act
from soc.core.errors import ConflictError, InputError, NotFoundError
from soc.core.i18n import Lang, msg
from soc.core.scope import Scope
from soc.storage.sql import Database

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class AgencyKind(StrEnum):
    """Place of an agency in the apparatus of the province."""

    PROVINCE = "province"
    DEPARTMENT = "department"
    UNIT = "unit"
    COMMUNE = "commune"


@dataclass(frozen=True, slots=True)
class Agency:
    """One agency. `id` is a slug without marks (`xa-mau-01`); `parent` is None for the province only."""

    id: str
    name_vi: str
    name_en: str
    kind: AgencyKind
    parent: str | None = None

    def name(self, lang: Lang) -> str:
        """The name in one language."""
        return self.name_en if lang is Lang.EN else self.name_vi


def find(session: Session, agency: str) -> Agency | None:
    """One agency, whoever asks; None when there is none."""
    row = session.get(AgencyRow, agency)
    return None if row is None else _from_row(row)


def visible(session: Session, agency: str) -> frozenset[str] | None:
    """What somebody of `agency` may see, as `Scope.agencies` wants it.

    Returns:
        None (everything) for the province; else the agency with all below it; an empty set for an unknown agency.
    """
    row = session.get(AgencyRow, agency)
    if row is None:
        return frozenset()
    if row.kind == AgencyKind.PROVINCE:
        return None
    return frozenset(_below(session, agency))


def scope_of(session: Session, agency: str) -> Scope:
    """`visible` as a scope over real data."""
    return Scope(visible(session, agency))


def _below(session: Session, agency: str) -> list[str]:
    tree = select(AgencyRow.id).where(AgencyRow.id == agency).cte("tree", recursive=True)
    tree = tree.union(select(AgencyRow.id).where(AgencyRow.parent == tree.c.id))
    return list(session.scalars(select(tree.c.id)))


class AgencyService:
    """Keeps the tree.

    Args:
        database: the case database.
        journal: the audit trail.
    """

    def __init__(self, database: Database, journal: Journal) -> None:
        self._database, self._journal = database, journal

    def add(self, principal: Principal, agencies: Sequence[Agency]) -> None:
        """Add agencies, parents first; all or none. One that is there already with the same values is left alone.

        Raises:
            InputError: a bad id, a missing or forbidden parent.
            ConflictError: the id is taken by other values.
        """
        principal.require(Right.ADMINISTER)
        with self._database.transaction() as session:
            for agency in agencies:
                self._add(session, principal, agency)

    def _add(self, session: Session, principal: Principal, agency: Agency) -> None:
        if find(session, agency.id) == agency:
            return
        _check(session, agency)
        principal.require_agency(agency.parent or agency.id)
        session.add(
            AgencyRow(
                id=agency.id,
                name_vi=agency.name_vi,
                name_en=agency.name_en,
                kind=agency.kind.value,
                parent=agency.parent,
            )
        )
        session.flush()
        after = {"name": agency.name_vi, "kind": agency.kind.value, "parent": agency.parent}
        act = Act(principal.id, "agency.add", f"agency/{agency.id}", agency=agency.id, after=after)
        self._journal.record(session, act)

    def all(self, principal: Principal) -> list[Agency]:
        """The agencies the principal may see, by kind and id."""
        with self._database.reading() as session:
            rows = session.scalars(select(AgencyRow).order_by(AgencyRow.kind, AgencyRow.id)).all()
        return [_from_row(row) for row in rows if principal.scope.sees(row.id)]

    def get(self, principal: Principal, agency: str) -> Agency:
        """One agency; NotFoundError when there is none or it may not be seen."""
        principal.require_agency(agency)
        with self._database.reading() as session:
            found = find(session, agency)
        if found is None:
            raise NotFoundError(msg("không tìm thấy"))
        return found


def _from_row(row: AgencyRow) -> Agency:
    return Agency(row.id, row.name_vi, row.name_en, AgencyKind(row.kind), row.parent)


def _check(session: Session, agency: Agency) -> None:
    if not _SLUG.fullmatch(agency.id):
        raise InputError(
            msg("mã cơ quan {agency} không hợp lệ", agency=repr(agency.id)),
            expected=msg("chữ thường không dấu, chữ số và dấu gạch nối"),
        )
    if find(session, agency.id) is not None:
        raise ConflictError(
            msg("mã cơ quan {agency} đã được dùng", agency=agency.id), advice=msg("chọn mã khác hoặc sửa cơ quan cũ")
        )
    if (agency.parent is None) != (agency.kind is AgencyKind.PROVINCE):
        raise InputError(msg("chỉ cấp tỉnh không có cơ quan cấp trên"), where=agency.id)
    if agency.parent is not None and find(session, agency.parent) is None:
        raise InputError(
            msg("không có cơ quan cấp trên {parent}", parent=agency.parent),
            where=agency.id,
            advice=msg("khai báo cơ quan cấp trên trước"),
        )
