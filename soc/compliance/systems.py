"""The register of information systems: whose they are, on which platform, and at which legal security level."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from soc.access.principal import Principal, Right
from soc.audit.trail import Act, AuditTrail
from soc.compliance.tables import SystemRow
from soc.core.clock import iso
from soc.core.errors import ConflictError, InputError, NotFoundError
from soc.core.i18n import Message, msg
from soc.core.scope import Scope
from soc.storage.sql import Database


class LevelState(StrEnum):
    """How far the level of a system has got."""

    PROPOSED = "proposed"
    APPROVED = "approved"

    @property
    def label(self) -> Message:
        """The word shown to a person."""
        return msg("đã phê duyệt") if self is LevelState.APPROVED else msg("đề xuất")


class SystemStatus(StrEnum):
    """A retired system is kept for its history and counts in nothing."""

    ACTIVE = "active"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class System:
    """One information system.

    Attributes:
        level: legal security level ("cấp độ") 1 to 5.
        decision: number of the decision that approved the level; "" while it is proposed.
        connected: when its logs were first connected; None = not known.
    """

    id: str
    agency: str
    platform: str
    name_vi: str
    name_en: str
    level: int
    level_state: LevelState = LevelState.PROPOSED
    decision: str = ""
    connected: datetime | None = None
    status: SystemStatus = SystemStatus.ACTIVE


class SystemRegister:
    """Use cases of the register.

    Args:
        database: the case database.
        audit: where changes are remembered.
    """

    def __init__(self, database: Database, audit: AuditTrail) -> None:
        self._database, self._audit = database, audit

    def put(self, principal: Principal, system: System) -> None:
        """Add a system, or change one of the same id; its agency cannot change.

        Raises:
            ForbiddenError, NotFoundError: not an administrator; an agency out of sight.
            InputError: a level outside 1 to 5, or an approved one without its decision.
            ConflictError: the id belongs to another agency's system.
        """
        principal.require(Right.ADMINISTER)
        principal.require_agency(system.agency)
        _check(system)
        with self._database.transaction() as session:
            row = session.get(SystemRow, system.id)
            before = {} if row is None else _facts(_system(row))
            if row is not None and row.agency != system.agency:
                raise ConflictError(msg("mã hệ thống '{id}' đã dùng cho cơ quan khác", id=system.id))
            session.merge(SystemRow(**_columns(system)))
            self._audit.record(
                session, Act(principal.id, "system.put", f"system/{system.id}", system.agency, before, _facts(system))
            )

    def visible(self, principal: Principal) -> list[System]:
        """The systems the principal may see, by agency and id."""
        principal.require(Right.READ_COMPLIANCE)
        with self._database.reading() as session:
            return systems_of(session, principal.scope)

    def get(self, principal: Principal, ident: str) -> System:
        """One system. Raises NotFoundError, also for one of an agency out of sight."""
        principal.require(Right.READ_COMPLIANCE)
        with self._database.reading() as session:
            row = session.get(SystemRow, ident)
            if row is None:
                raise NotFoundError(msg("không tìm thấy"))
            principal.require_agency(row.agency)
            return _system(row)


def systems_of(session: Session, scope: Scope) -> list[System]:
    """Active and retired systems within a scope, by agency and id."""
    query = select(SystemRow).order_by(SystemRow.agency, SystemRow.id)
    if scope.agencies is not None:
        query = query.where(SystemRow.agency.in_(scope.agencies))
    return [_system(row) for row in session.scalars(query)]


def _check(system: System) -> None:
    if not 1 <= system.level <= 5:
        raise InputError(
            msg("cấp độ {level} không có", level=system.level), expected=msg("1 đến 5"), where=f"system/{system.id}"
        )
    if system.level_state is LevelState.APPROVED and not system.decision:
        raise InputError(
            msg("cấp độ đã phê duyệt nhưng thiếu số quyết định"),
            where=f"system/{system.id}",
            advice=msg("ghi số quyết định, hoặc để trạng thái đề xuất"),
        )


def _columns(system: System) -> dict[str, object]:
    return {**asdict(system), "level_state": system.level_state.value, "status": system.status.value}


def _facts(system: System) -> dict[str, object]:
    return {**_columns(system), "connected": None if system.connected is None else iso(system.connected)}


def _system(row: SystemRow) -> System:
    return System(
        row.id,
        row.agency,
        row.platform,
        row.name_vi,
        row.name_en,
        row.level,
        LevelState(row.level_state),
        row.decision,
        row.connected,
        SystemStatus(row.status),
    )
