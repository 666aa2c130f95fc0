"""What people do with exceptions: propose, look, approve, reject, end, undo. Every step is audited; nobody approves their own."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Mapping
from datetime import datetime

import orjson
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from detectors.alert import Alert, Names
from detectors.detector import title_of
from detectors.exceptions.acts import ALLOWED, LONGEST, ActKind, State
from detectors.exceptions.filters import ExceptionFilter, draft_filter, parse_filter
from detectors.exceptions.limits import MAX_REASON
from detectors.exceptions.managed import ManagedException, Proposal, agencies_of, managed, sees
from detectors.exceptions.tables import ExceptionActRow, ExceptionRow
from detectors.sigma.correlation_rules import CorrelationRule
from detectors.sigma.rule import LogSource, Rule
from detectors.sigma.ruleset import RuleSet
from soc.access.principal import Principal, Right
from soc.access.tables import AccountRow
from soc.audit.trail import AuditTrail
from soc.core.act import Act
from soc.core.clock import LOCAL_ZONE, Clock, iso
from soc.core.errors import ConflictError, ForbiddenError, InputError, NotFoundError
from soc.core.i18n import Lang, msg
from soc.core.ids import sha256
from soc.core.scope import Scope
from soc.storage.sql import Database

AnyRule = Rule | CorrelationRule
_RIGHTS = {
    ActKind.APPROVE: Right.APPROVE_EXCEPTIONS,
    ActKind.REJECT: Right.APPROVE_EXCEPTIONS,
    ActKind.END: Right.PROPOSE_EXCEPTIONS,
    ActKind.UNDO: Right.APPROVE_EXCEPTIONS,
}


class ExceptionService:
    """Use cases of exceptions.

    Every method raises ForbiddenError without the right, and NotFoundError for what is unknown or touches an agency out of sight:
    an exception for several agencies is seen by those who see all of them, one for the province by the province.

    Args:
        rules: the rules that are loaded, to check what a filter names.
    """

    def __init__(self, database: Database, clock: Clock, audit: AuditTrail, rules: Callable[[], RuleSet]) -> None:
        self._database, self._clock, self._audit, self._rules = database, clock, audit, rules

    def propose(self, principal: Principal, proposal: Proposal) -> ManagedException:
        """Write down a proposal; it hides nothing until somebody else approves it.

        Raises:
            DefinitionError, FaultsError: the filter (see `parse_filter`).
            InputError: no reason, a rule that is not loaded, an expiry in the past or more than twelve months away.
        """
        principal.require(Right.PROPOSE_EXCEPTIONS)
        now = self._clock.now()
        parsed = self.check(principal, proposal)
        _check_text(proposal, now)
        with self._database.transaction() as session:
            owner = _owner(session, principal, proposal.owner)
            row = _new_row(session, principal, proposal, owner, parsed.filter.title, now)
            session.add(row)
            session.flush()
            self._record(session, principal, "propose", row, {}, _facts(row), proposal.reason)
            return managed(session, row, now)

    def check(self, principal: Principal, proposal: Proposal) -> ExceptionFilter:
        """The filter of a proposal that one may make. Raises as `propose`."""
        _require_sight(principal.scope, proposal.agencies)
        parsed = parse_filter(proposal.filter, self._rules().pipeline)
        self.concerned(parsed)
        return parsed

    def concerned(self, parsed: ExceptionFilter) -> list[AnyRule]:
        """The loaded rules that a filter is about. Raises InputError when a name is unknown, or none is of its log source."""
        every = self._every_rule()
        known = {key for rule in every for key in (rule.id, rule.name) if key}
        for name in sorted(parsed.filter.rules or ()):
            if name not in known:
                raise _unknown_rule(name, known)
        found = [rule for rule in every if parsed.concerns(rule)]
        if not found:
            raise InputError(
                msg("không luật nào được nêu thuộc nguồn nhật ký của bộ lọc"),
                expected=msg("logsource bao trùm logsource của luật"),
                where="logsource",
            )
        return found

    def titles(self) -> Mapping[str, Names]:
        """Rule id -> title, of the rules that are loaded."""
        return {rule.id: title_of(rule) for rule in self._every_rule()}

    def draft(self, principal: Principal, alert: Alert, lang: Lang = Lang.VI) -> str:
        """A filter to begin with: what the alert's rule says about exactly its entities.

        Args:
            lang: of its title.

        Raises:
            ForbiddenError: no right to propose.
            InputError: the alert is of no Sigma rule that is loaded.
        """
        principal.require(Right.PROPOSE_EXCEPTIONS)
        every = {rule.id: rule for rule in self._every_rule()}
        rule = every.get(alert.rule_id)
        if rule is None:
            raise InputError(
                msg("cảnh báo này không do một luật Sigma đang nạp tạo ra"),
                where=alert.rule_id,
                advice=msg("ngoại lệ chỉ dùng được cho luật Sigma"),
            )
        title = msg("Ngoại lệ của luật: {title}", title=title_of(rule)[lang])
        return draft_filter(rule, _logsource(rule, every), alert.entities, title.render(lang))

    def approve(
        self, principal: Principal, ident: str, reason: str = "", number: int | None = None
    ) -> ManagedException:
        """Let it hide, from now on and for events from now on.

        Args:
            number: of acts that the approver has seen; another one meanwhile makes it a conflict.

        Raises:
            ForbiddenError: the principal proposed or owns it.
            ConflictError: it is not waiting, has expired, or changed meanwhile.
        """
        return self._act(principal, ident, ActKind.APPROVE, reason, number)

    def reject(self, principal: Principal, ident: str, reason: str, number: int | None = None) -> ManagedException:
        """Refuse it. Errors as in `approve`."""
        return self._act(principal, ident, ActKind.REJECT, reason, number)

    def end(self, principal: Principal, ident: str, reason: str, number: int | None = None) -> ManagedException:
        """Let it hide nothing more, or withdraw a proposal. ConflictError as in `approve`."""
        return self._act(principal, ident, ActKind.END, reason, number)

    def undo(self, principal: Principal, ident: str, reason: str, number: int | None = None) -> ManagedException:
        """Take back the newest approval, refusal or end: all is as before it. What was told meanwhile stays told.

        Errors as in `approve`: an exception that would hide again is not brought back by those it belongs to.
        """
        return self._act(principal, ident, ActKind.UNDO, reason, number)

    def get(self, principal: Principal, ident: str) -> ManagedException:
        """One exception."""
        principal.require(Right.READ_EXCEPTIONS)
        with self._database.reading() as session:
            return managed(session, _visible(session, principal, ident), self._clock.now())

    def all(self, principal: Principal, states: Collection[State] = ()) -> list[ManagedException]:
        """Those in sight, of some states or all: what asks for something first, then the newest."""
        principal.require(Right.READ_EXCEPTIONS)
        with self._database.reading() as session:
            rows = [row for row in session.scalars(select(ExceptionRow)) if sees(principal.scope, agencies_of(row))]
            found = [managed(session, row, self._clock.now()) for row in rows]
        wanted = [one for one in found if not states or one.state in states]
        return sorted(
            wanted, key=lambda one: (one.state is State.PROPOSED, one.asks_review, one.proposed), reverse=True
        )

    def _every_rule(self) -> list[AnyRule]:
        ruleset = self._rules()
        return [*ruleset.rules, *ruleset.correlations]

    def _act(
        self, principal: Principal, ident: str, kind: ActKind, reason: str, number: int | None
    ) -> ManagedException:
        principal.require(_RIGHTS[kind])
        now = self._clock.now()
        with self._database.transaction() as session:
            row = _visible(session, principal, ident)
            before = managed(session, row, now)
            _check_act(before, principal, kind, reason, number)
            session.add(
                ExceptionActRow(
                    exception=row.id,
                    position=before.number + 1,
                    kind=kind.value,
                    at=now,
                    by=principal.id,
                    reason=reason,
                )
            )
            session.flush()
            after = managed(session, row, now)
            states = {"state": before.state.value}, {"state": after.state.value}
            self._record(session, principal, kind.value, row, *states, reason)
            return after

    def _record(
        self,
        session: Session,
        principal: Principal,
        verb: str,
        row: ExceptionRow,
        before: Mapping[str, object],
        after: Mapping[str, object],
        reason: str,
    ) -> None:
        agencies = agencies_of(row) or frozenset()
        agency = next(iter(agencies)) if len(agencies) == 1 else ""
        act = Act(principal.id, f"exception.{verb}", f"exception/{row.id}", agency, before, after, reason)
        self._audit.record(session, act)


def _logsource(rule: AnyRule, every: Mapping[str, AnyRule]) -> LogSource:
    """Of the rule, or of the first one that a correlation rests on."""
    while isinstance(rule, CorrelationRule):
        rule = every[rule.sources[0]]
    return rule.logsource


def _check_act(before: ManagedException, principal: Principal, kind: ActKind, reason: str, number: int | None) -> None:
    if number is not None and number != before.number:
        raise ConflictError(
            msg("có người vừa thay đổi ngoại lệ này"), where=before.id, advice=msg("tải lại rồi xem trạng thái mới")
        )
    if kind not in ALLOWED[before.state]:
        raise ConflictError(msg("ngoại lệ đang ở trạng thái “{state}”", state=before.state.label), where=before.id)
    if kind is not ActKind.APPROVE and not reason.strip():
        raise InputError(msg("chưa ghi lý do"), where="reason", advice=msg("ghi lý do để người sau hiểu quyết định"))
    if kind in (ActKind.APPROVE, ActKind.UNDO) and before.is_of(principal.id):
        raise ForbiddenError(
            msg("không ai được phê duyệt ngoại lệ của chính mình"),
            advice=msg("nhờ một người khác có quyền phê duyệt"),
        )


def _check_text(proposal: Proposal, now: datetime) -> None:
    if not 0 < len(proposal.reason.strip()) <= MAX_REASON:
        raise InputError(
            msg("lý do trống hoặc quá dài"), expected=msg("1 đến {limit} ký tự", limit=MAX_REASON), where="reason"
        )
    if not now < proposal.expires <= now + LONGEST:
        raise InputError(
            msg("ngày hết hạn {date} không hợp lệ", date=f"{proposal.expires.astimezone(LOCAL_ZONE):%d/%m/%Y}"),
            expected=msg("sau hôm nay và nhiều nhất 12 tháng"),
            where="expires",
            advice=msg("cần lâu hơn thì đề xuất lại khi sắp hết hạn, sau khi xem nó đã ẩn những gì"),
        )


def _unknown_rule(name: str, known: Collection[str]) -> InputError:
    near = difflib.get_close_matches(name, known, 1)
    return InputError(
        msg("bộ lọc nêu luật {name} không có trong bộ đang nạp", name=name),
        where="filter.rules",
        advice=msg("có phải ý là {near}?", near=near[0]) if near else msg("xem tên bằng: soc rules list"),
    )


def _owner(session: Session, principal: Principal, owner: str) -> str:
    if not owner or owner == principal.id:
        return principal.id
    if session.scalar(select(AccountRow.name).where(AccountRow.name == owner)) is None:
        raise InputError(msg("không có tài khoản {name}", name=owner), where="owner")
    return owner


def _new_row(
    session: Session, principal: Principal, proposal: Proposal, owner: str, title: str, now: datetime
) -> ExceptionRow:
    agencies = proposal.agencies
    return ExceptionRow(
        id=_next_id(session, now),
        title=title,
        filter=proposal.filter,
        reason=proposal.reason.strip(),
        owner=owner,
        agencies=None if agencies is None else orjson.dumps(sorted(agencies)).decode(),
        alert=proposal.alert,
        expires=proposal.expires,
        proposed=now,
        proposed_by=principal.id,
    )


def _next_id(session: Session, now: datetime) -> str:
    """`NL-2026-0007`; only one writer counts at a time."""
    series = f"NL-{now.astimezone(LOCAL_ZONE):%Y}-"
    query = select(func.count()).select_from(ExceptionRow).where(ExceptionRow.id.startswith(series))
    return f"{series}{(session.scalar(query) or 0) + 1:04d}"


def _facts(row: ExceptionRow) -> dict[str, object]:
    """For the audit trail: the filter by its hash, as it may name persons."""
    return {
        "title": row.title,
        "filter": sha256(row.filter.encode()),
        "owner": row.owner,
        "agencies": sorted(agencies_of(row) or ()),
        "province": row.agencies is None,
        "expires": iso(row.expires),
    }


def _require_sight(scope: Scope, agencies: frozenset[str] | None) -> None:
    if agencies is None and scope.agencies is not None:
        raise ForbiddenError(
            msg("ngoại lệ cho toàn tỉnh chỉ do cấp tỉnh quyết định"), advice=msg("chọn cơ quan, đơn vị của mình")
        )
    if agencies is not None and not agencies:
        raise InputError(msg("chưa chọn cơ quan, đơn vị nào"), where="agencies")
    if not sees(scope, agencies):
        raise NotFoundError(msg("không tìm thấy"))


def _visible(session: Session, principal: Principal, ident: str) -> ExceptionRow:
    row = session.get(ExceptionRow, ident)
    if row is None or not sees(principal.scope, agencies_of(row)):
        raise NotFoundError(msg("không tìm thấy"))
    return row
