"""Roles, rights and the principal: the person or service behind a request.

Rights are data. A use case asks `principal.require(Right.X)`, and `principal.require_agency(agency)` for a thing of one agency;
pages decide what to show with `may`. The table follows docs/roles.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from soc.core.errors import ForbiddenError, NotFoundError
from soc.core.i18n import Message, msg
from soc.core.scope import PROVINCE, Scope


class Role(StrEnum):
    """What a person is for; one role per account."""

    ANALYST = "analyst"
    SHIFT_LEAD = "shift_lead"
    OFFICER = "officer"
    HEAD = "head"
    REVIEWER = "reviewer"
    AUDITOR = "auditor"
    ORGANISER = "organiser"
    ADMIN = "admin"
    SERVICE = "service"

    @property
    def label(self) -> Message:
        """The word shown to a person."""
        return _LABELS[self]


class Right(StrEnum):
    """One thing that a role may do."""

    READ_ALERTS = "read_alerts"
    TRIAGE_ALERTS = "triage_alerts"
    READ_INCIDENTS = "read_incidents"
    MANAGE_INCIDENTS = "manage_incidents"
    SEARCH_EVENTS = "search_events"
    RUN_HUNTS = "run_hunts"
    READ_RULES = "read_rules"
    READ_EXCEPTIONS = "read_exceptions"
    PROPOSE_EXCEPTIONS = "propose_exceptions"
    APPROVE_EXCEPTIONS = "approve_exceptions"
    MANAGE_RULES = "manage_rules"
    READ_SOURCES = "read_sources"
    PLAN_PLAYBOOKS = "plan_playbooks"
    APPROVE_PLAYBOOKS = "approve_playbooks"
    READ_EXERCISES = "read_exercises"
    RUN_EXERCISES = "run_exercises"
    READ_COMPLIANCE = "read_compliance"
    SUBMIT_EVIDENCE = "submit_evidence"
    REVIEW_EVIDENCE = "review_evidence"
    READ_REPORTS = "read_reports"
    BUILD_REPORTS = "build_reports"
    READ_AUDIT = "read_audit"
    ADMINISTER = "administer"


_LABELS = {
    Role.ANALYST: msg("Chuyên viên trực SOC"),
    Role.SHIFT_LEAD: msg("Trưởng ca trực"),
    Role.OFFICER: msg("Cán bộ phụ trách an ninh mạng"),
    Role.HEAD: msg("Thủ trưởng cơ quan"),
    Role.REVIEWER: msg("Cán bộ thẩm định"),
    Role.AUDITOR: msg("Đánh giá viên"),
    Role.ORGANISER: msg("Người tổ chức diễn tập"),
    Role.ADMIN: msg("Quản trị viên"),
    Role.SERVICE: msg("Dịch vụ"),
}

_READS = frozenset({Right.READ_INCIDENTS, Right.READ_COMPLIANCE, Right.READ_REPORTS, Right.READ_EXERCISES})
_DUTY = _READS | {
    Right.READ_ALERTS,
    Right.TRIAGE_ALERTS,
    Right.MANAGE_INCIDENTS,
    Right.SEARCH_EVENTS,
    Right.RUN_HUNTS,
    Right.READ_RULES,
    Right.READ_EXCEPTIONS,
    Right.PROPOSE_EXCEPTIONS,
    Right.READ_SOURCES,
    Right.PLAN_PLAYBOOKS,
}
RIGHTS: dict[Role, frozenset[Right]] = {
    Role.ANALYST: _DUTY,
    Role.SHIFT_LEAD: _DUTY
    | {Right.APPROVE_EXCEPTIONS, Right.APPROVE_PLAYBOOKS, Right.BUILD_REPORTS, Right.MANAGE_RULES},
    Role.OFFICER: _READS
    | {
        Right.READ_ALERTS,
        Right.SEARCH_EVENTS,
        Right.RUN_HUNTS,
        Right.READ_SOURCES,
        Right.READ_EXCEPTIONS,
        Right.PROPOSE_EXCEPTIONS,
        Right.APPROVE_EXCEPTIONS,
        Right.APPROVE_PLAYBOOKS,
        Right.SUBMIT_EVIDENCE,
        Right.BUILD_REPORTS,
    },
    Role.HEAD: _READS | {Right.READ_ALERTS, Right.READ_EXCEPTIONS, Right.READ_SOURCES},
    Role.REVIEWER: _READS
    | {
        Right.READ_ALERTS,
        Right.READ_RULES,
        Right.READ_EXCEPTIONS,
        Right.READ_SOURCES,
        Right.REVIEW_EVIDENCE,
        Right.BUILD_REPORTS,
    },
    Role.AUDITOR: _READS
    | {
        Right.READ_ALERTS,
        Right.SEARCH_EVENTS,
        Right.READ_RULES,
        Right.READ_EXCEPTIONS,
        Right.READ_SOURCES,
        Right.READ_AUDIT,
    },
    Role.ORGANISER: frozenset({Right.READ_EXERCISES, Right.RUN_EXERCISES, Right.READ_RULES}),
    Role.ADMIN: frozenset({Right.ADMINISTER, Right.READ_SOURCES, Right.READ_AUDIT}),
    Role.SERVICE: frozenset(Right),
}


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking.

    Attributes:
        id: user name of the account, as written to the audit trail.
        agency: the agency the person works for.
        scope: what of the data they may see; real data only.
    """

    id: str
    role: Role
    agency: str
    scope: Scope

    def may(self, right: Right) -> bool:
        """Whether the role holds the right."""
        return right in RIGHTS[self.role]

    def require(self, right: Right) -> None:
        """Raise ForbiddenError unless the role holds the right."""
        if not self.may(right):
            raise ForbiddenError(
                msg("vai trò {role} không có quyền này", role=self.role.label),
                advice=msg("quản trị viên có thể cấp vai trò khác"),
            )

    def require_agency(self, agency: str) -> None:
        """Raise NotFoundError, the same as for a made-up id, unless the agency's data may be seen."""
        if not self.scope.sees(agency):
            raise NotFoundError(msg("không tìm thấy"))


SYSTEM = Principal(id="vonggac", role=Role.SERVICE, agency="", scope=PROVINCE)
"""The suite itself, for work nobody asked for by hand."""
