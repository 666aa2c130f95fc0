"""Saved searches: a question over the events with a name, one's own or shared in the agency.

A saved search holds no results and gives no rights: whoever runs it asks with the own scope. What the query says is validated when it is
saved and again when it is run. The audit trail gets the hash of a query in place of its text, as that may name a person.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson
from sqlalchemy import ColumnElement, and_, or_, select, true
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from soc.access.principal import Principal, Right, Role
from soc.app.tables import SavedSearchRow
from soc.audit.trail import AuditTrail
from soc.core.act import Act
from soc.core.clock import Clock, Window, iso
from soc.core.errors import ConflictError, ForbiddenError, InputError, NotFoundError
from soc.core.i18n import msg
from soc.core.ids import new_id, sha256
from soc.core.scope import Scope
from soc.storage.events import Search
from soc.storage.paging import TIME, check
from soc.storage.query import parse
from soc.storage.sql import Database

SPANS: Mapping[str, timedelta] = {
    "24h": timedelta(days=1),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "365d": timedelta(days=365),
}
"""How far back from now a search may look."""
NAME_CHARS = 120
FIELD_CHARS = 512
MOST_COLUMNS = 12
MOST_OF_ONE = 200
"""Searches that one account may keep."""
_NOTHING = Scope(frozenset())


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and how the answer is laid out.

    Attributes:
        span: a key of SPANS for a window that ends now; "" = the fixed `window`.
        columns: fields shown beside the time; none = the usual ones.
        sort: as in `Search`.
    """

    query: str = ""
    span: str = "7d"
    window: Window | None = None
    columns: tuple[str, ...] = ()
    sort: str = TIME
    ascending: bool = False

    def window_at(self, now: datetime) -> Window:
        """The window it means at a moment."""
        return self.window if self.window is not None else Window(now - SPANS[self.span], now)

    def search(self, principal: Principal, now: datetime, *, size: int = 50, after: str | None = None) -> Search:
        """The question as somebody asks it now: always within their own scope. Raises QueryError as `validate`."""
        self.validate()
        return Search(self.query, principal.scope, self.window_at(now), self.sort, self.ascending, size, after)

    def validate(self) -> None:
        """Raises QueryError (`where` is the column of the query, or the field), InputError for window and columns."""
        parse(self.query)
        check(Search(self.query, _NOTHING, sort=self.sort))
        for name in (self.sort, *self.columns):
            _check_field(name)
        if len(self.columns) > MOST_COLUMNS:
            raise InputError(
                msg("{count} cột", count=len(self.columns)),
                expected=msg("không quá {limit}", limit=MOST_COLUMNS),
                where="columns",
            )
        if (self.window is None) == (not self.span) or (self.span and self.span not in SPANS):
            raise InputError(
                msg("không hiểu khoảng thời gian {span}", span=repr(self.span)),
                expected=msg("một trong {spans}, hoặc một khoảng cố định", spans=", ".join(SPANS)),
                where="span",
            )
        if self.window is not None and self.window.since >= self.window.until:
            raise InputError(msg("khoảng thời gian kết thúc trước khi bắt đầu"), where="window")


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """A question with its name.

    Attributes:
        owner: account that made it and alone may change it.
        agency: the owner's when it was made; with `shared`, everybody sees it who may see that agency's data.
    """

    id: str
    name: str
    owner: str
    agency: str
    shared: bool
    question: Question
    made: datetime
    changed: datetime


class SavedSearches:
    """Use cases. All need the right to search; one that is out of sight answers as a made-up id does.

    Args:
        audit: where saving, changing and deleting are remembered.
    """

    def __init__(self, database: Database, clock: Clock, audit: AuditTrail) -> None:
        self._database, self._clock, self._audit = database, clock, audit

    def all(self, principal: Principal) -> list[SavedSearch]:
        """The own ones, those shared in the own agency, those shared in other agencies in sight; each by name."""
        principal.require(Right.SEARCH_EVENTS)
        with self._database.reading() as session:
            found = [_from_row(row) for row in session.scalars(select(SavedSearchRow).where(_visible(principal)))]

        def place(one: SavedSearch) -> tuple[bool, bool, str, str]:
            return one.owner != principal.id, one.agency != principal.agency, one.name, one.id

        return sorted(found, key=place)

    def get(self, principal: Principal, ident: str) -> SavedSearch:
        """One of `all`. Raises NotFoundError."""
        principal.require(Right.SEARCH_EVENTS)
        with self._database.reading() as session:
            return _from_row(_row(session, principal, ident))

    def named(self, principal: Principal, name: str) -> SavedSearch:
        """The one of `all` with an id or a name; an own one before a shared one.

        Raises:
            NotFoundError: none is called that.
            ConflictError: several are; `advice` lists their ids.
        """
        wanted = _composed(name)
        found = [one for one in self.all(principal) if wanted in (one.id, one.name)]
        found = [one for one in found if one.owner == principal.id] or found
        if not found:
            raise NotFoundError(
                msg("không có phép tìm đã lưu nào tên {name}", name=repr(name[:NAME_CHARS])),
                advice=msg("xem danh sách bằng 'soc search list'"),
            )
        if len(found) > 1:
            listed = ", ".join(f"{one.id} ({one.owner})" for one in found)
            raise ConflictError(
                msg("{count} phép tìm đã lưu cùng tên", count=len(found)),
                advice=msg("dùng mã thay cho tên: {ids}", ids=listed),
            )
        return found[0]

    def save(
        self, principal: Principal, name: str, question: Question, *, shared: bool = False, replace: bool = False
    ) -> SavedSearch:
        """Keep a question under a name.

        Args:
            replace: an own one of that name asks this from now on, in place of a conflict.

        Raises:
            QueryError: the query cannot be understood; with its column.
            InputError: name, window or columns.
            ConflictError: the name is taken, or too many are kept.
        """
        principal.require(Right.SEARCH_EVENTS)
        question.validate()
        if replace:
            known = [one for one in self.all(principal) if (one.owner, one.name) == (principal.id, _composed(name))]
            if known:
                return self.change(principal, known[0].id, question=question, shared=shared)
        now = self._clock.now()
        made = SavedSearch(new_id(), _checked_name(name), principal.id, principal.agency, shared, question, now, now)
        with self._database.transaction() as session:
            _keep(session, made)
            self._remember(session, principal, "search.save", None, made)
        return made

    def change(
        self,
        principal: Principal,
        ident: str,
        *,
        name: str | None = None,
        shared: bool | None = None,
        question: Question | None = None,
    ) -> SavedSearch:
        """Rename, share or keep for oneself, or ask something else; what is None stays.

        Raises:
            NotFoundError: none in sight.
            ForbiddenError: somebody else's.
            QueryError, InputError, ConflictError: as `save`.
        """
        if question is not None:
            question.validate()
        with self._database.transaction() as session:
            row = self._own(session, principal, ident)
            before = _from_row(row)
            after = SavedSearch(
                before.id,
                before.name if name is None else _checked_name(name),
                before.owner,
                before.agency,
                before.shared if shared is None else shared,
                before.question if question is None else question,
                before.made,
                self._clock.now(),
            )
            _keep(session, after)
            self._remember(session, principal, "search.change", before, after)
        return after

    def delete(self, principal: Principal, ident: str) -> SavedSearch:
        """Take one away; gives what it was. Raises NotFoundError, ForbiddenError as `change`."""
        with self._database.transaction() as session:
            row = self._own(session, principal, ident)
            gone = _from_row(row)
            session.delete(row)
            self._remember(session, principal, "search.delete", gone, None)
        return gone

    def _own(self, session: Session, principal: Principal, ident: str) -> SavedSearchRow:
        principal.require(Right.SEARCH_EVENTS)
        row = _row(session, principal, ident)
        if row.owner != principal.id and principal.role is not Role.SERVICE:
            raise ForbiddenError(
                msg("phép tìm này của {owner}", owner=row.owner),
                advice=msg("chỉ người đã lưu mới sửa hay xóa được; lưu một bản của mình để sửa"),
            )
        return row

    def _remember(
        self,
        session: Session,
        principal: Principal,
        action: str,
        before: SavedSearch | None,
        after: SavedSearch | None,
    ) -> None:
        one = after or before
        assert one is not None  # noqa: S101 - an act is about something
        told = [{} if side is None else _facts(side) for side in (before, after)]
        self._audit.record(session, Act(principal.id, action, f"search/{one.id}", one.agency, told[0], told[1]))


def _visible(principal: Principal) -> ColumnElement[bool]:
    if principal.role is Role.SERVICE:  # whoever works for the suite itself holds the home anyway
        return true()
    agencies = principal.scope.agencies
    within = true() if agencies is None else SavedSearchRow.agency.in_(agencies)
    return or_(SavedSearchRow.owner == principal.id, and_(SavedSearchRow.shared, within))


def _row(session: Session, principal: Principal, ident: str) -> SavedSearchRow:
    row = session.scalar(select(SavedSearchRow).where(SavedSearchRow.id == ident, _visible(principal)))
    if row is None:
        raise NotFoundError(msg("không tìm thấy"))
    return row


def _keep(session: Session, one: SavedSearch) -> None:
    """Raises ConflictError; of two at once with the same name, the table refuses the second."""
    names = dict(
        session.execute(select(SavedSearchRow.name, SavedSearchRow.id).where(SavedSearchRow.owner == one.owner)).all()
    )
    if names.get(one.name, one.id) != one.id:
        raise _taken(one.name)
    if one.id not in names.values() and len(names) >= MOST_OF_ONE:
        raise ConflictError(
            msg("đã lưu {count} phép tìm", count=len(names)),
            expected=msg("không quá {limit}", limit=MOST_OF_ONE),
            advice=msg("xóa những phép tìm không dùng nữa"),
        )
    session.merge(SavedSearchRow(**_columns(one)))
    try:
        session.flush()
    except IntegrityError as problem:
        raise _taken(one.name) from problem


def _taken(name: str) -> ConflictError:
    return ConflictError(
        msg("đã có phép tìm tên {name}", name=repr(name)), advice=msg("chọn tên khác, hoặc ghi đè phép tìm đó")
    )


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", " ".join(name.split()))


def _checked_name(name: str) -> str:
    composed = _composed(name)
    if not 1 <= len(composed) <= NAME_CHARS or not composed.isprintable():
        raise InputError(
            msg("tên dài {length} ký tự hoặc có ký tự không in được", length=len(composed)),
            expected=msg("từ 1 đến {limit} ký tự", limit=NAME_CHARS),
            where="name",
        )
    return composed


def _check_field(name: str) -> None:
    if not 1 <= len(name) <= FIELD_CHARS or not name.isprintable():
        raise InputError(
            msg("tên trường {name} không dùng được", name=repr(name[:40])),
            expected=msg("từ 1 đến {limit} ký tự", limit=FIELD_CHARS),
            where="columns",
        )


def _columns(one: SavedSearch) -> dict[str, object]:
    asked, window = one.question, one.question.window
    return {
        "id": one.id,
        "name": one.name,
        "owner": one.owner,
        "agency": one.agency,
        "shared": one.shared,
        "query": asked.query,
        "span": asked.span,
        "since": None if window is None else window.since,
        "until": None if window is None else window.until,
        "columns": orjson.dumps(asked.columns).decode(),
        "sort": asked.sort,
        "ascending": asked.ascending,
        "made": one.made,
        "changed": one.changed,
    }


def _facts(one: SavedSearch) -> dict[str, object]:
    """What the audit trail keeps of it."""
    facts = {name: value for name, value in _columns(one).items() if name in _TOLD}
    window = one.question.window
    fixed = "" if window is None else f"{iso(window.since)}/{iso(window.until)}"
    return {**facts, "window": one.question.span or fixed, "query_sha256": sha256(one.question.query.encode())}


_TOLD = frozenset({"name", "owner", "shared", "columns", "sort", "ascending"})


def _from_row(row: SavedSearchRow) -> SavedSearch:
    window = None if row.since is None or row.until is None else Window(row.since, row.until)
    question = Question(
        row.query, row.span, window, tuple(orjson.loads(row.columns)), row.sort, ascending=row.ascending
    )
    return SavedSearch(row.id, row.name, row.owner, row.agency, row.shared, question, row.made, row.changed)
