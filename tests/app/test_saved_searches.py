"""Saved searches: validated, private or shared with the own agency, remembered in the audit trail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from soc.access.principal import SYSTEM, Principal, Role
from soc.app.saved_searches import MOST_COLUMNS, MOST_OF_ONE, NAME_CHARS, Question, SavedSearches
from soc.app.tables import SavedSearchRow
from soc.audit.chain import Entry
from soc.audit.trail import AuditTrail
from soc.core.clock import FixedClock, Window
from soc.core.errors import ConflictError, ForbiddenError, InputError, NotFoundError, QueryError
from soc.core.scope import PROVINCE, Scope
from soc.storage.sql import Database

NOW = datetime(2026, 11, 22, 3, 42, tzinfo=UTC)
FAILED = Question("event.outcome:failure AND user.name:an", columns=("user.name", "source.ip"), sort="user.name")
_COLUMNS = tuple(column.key for column in SavedSearchRow.__table__.columns)
MARCH = Window(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))


def officer(name: str, agency: str) -> Principal:
    return Principal(name, Role.OFFICER, agency, Scope(frozenset({agency})))


AN, BINH, CHI = officer("an", "xa-01"), officer("binh", "xa-01"), officer("chi", "xa-02")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def audit(clock: FixedClock) -> AuditTrail:
    return AuditTrail(clock)


@pytest.fixture
def saved(database: Database, clock: FixedClock, audit: AuditTrail) -> SavedSearches:
    return SavedSearches(database, clock, audit)


def trail(database: Database, audit: AuditTrail) -> list[Entry]:
    with database.reading() as session:
        return audit.entries(session)[::-1]


def test_what_was_saved_is_found_again_whole(saved: SavedSearches) -> None:
    fixed = Question("tran bien", span="", window=MARCH, sort="source.bytes", ascending=True)
    for question in (FAILED, fixed):
        made = saved.save(AN, f"  đăng   nhập {question.sort} ", question)
        assert made.name == f"đăng nhập {question.sort}"
        assert saved.get(AN, made.id) == made
        assert made.question == question


def test_a_window_that_ends_now_moves_and_a_fixed_one_stays() -> None:
    later = NOW + timedelta(days=9)
    assert FAILED.window_at(later) == Window(later - timedelta(days=7), later)
    assert Question(span="", window=MARCH).window_at(later) == MARCH


def test_it_is_always_run_within_the_scope_of_whoever_runs_it(saved: SavedSearches) -> None:
    shared = saved.save(AN, "của cơ quan", FAILED, shared=True)
    asked = saved.get(BINH, shared.id).question.search(BINH, NOW, size=7, after="x")
    assert asked.scope == BINH.scope
    assert (asked.query, asked.sort, asked.size, asked.after) == (FAILED.query, "user.name", 7, "x")


def test_a_private_one_is_seen_by_its_owner_a_shared_one_by_the_agency(saved: SavedSearches) -> None:
    private, shared = saved.save(AN, "riêng", FAILED), saved.save(AN, "chung", FAILED, shared=True)
    own = saved.save(BINH, "của tôi", FAILED)
    assert [one.id for one in saved.all(AN)] == [shared.id, private.id]
    assert [one.id for one in saved.all(BINH)] == [own.id, shared.id]
    assert saved.all(CHI) == []
    assert [one.id for one in saved.all(Principal("ts", Role.ANALYST, "tinh-mau", PROVINCE))] == [shared.id]
    assert len(saved.all(SYSTEM)) == 3


def test_one_out_of_sight_answers_like_a_made_up_one(saved: SavedSearches) -> None:
    """Law 7."""
    private, shared = saved.save(AN, "riêng", FAILED), saved.save(AN, "chung", FAILED, shared=True)
    for who, ident in ((BINH, private.id), (CHI, private.id), (CHI, shared.id), (CHI, "made-up")):
        for ask in (saved.get, saved.change, saved.delete):
            with pytest.raises(NotFoundError) as refused:
                ask(who, ident)
            assert refused.value.render() == "không tìm thấy"


def test_a_shared_one_is_changed_by_its_owner_only(saved: SavedSearches) -> None:
    shared = saved.save(AN, "chung", FAILED, shared=True)
    for act in (saved.change, saved.delete):
        with pytest.raises(ForbiddenError):
            act(BINH, shared.id)
    assert saved.change(AN, shared.id, name="khác", shared=False).name == "khác"
    assert saved.all(BINH) == []
    assert saved.delete(AN, shared.id).name == "khác"
    assert saved.all(AN) == []


def test_without_the_right_to_search_nothing_is_kept_or_listed(saved: SavedSearches) -> None:
    head = Principal("tt", Role.HEAD, "xa-01", AN.scope)
    for act in (lambda: saved.all(head), lambda: saved.save(head, "x", FAILED)):
        with pytest.raises(ForbiddenError):
            act()


@pytest.mark.parametrize(("query", "column"), [("user.name:(a", "13"), ("source.port:abc", "13"), ("a && b", "3")])
def test_a_query_that_cannot_be_understood_is_refused_with_its_column(
    saved: SavedSearches, query: str, column: str
) -> None:
    with pytest.raises(QueryError) as refused:
        saved.save(AN, "hỏng", Question(query))
    assert refused.value.where == column
    with pytest.raises(QueryError):
        saved.change(AN, saved.save(AN, "lành", FAILED).id, question=Question(query))


def test_a_query_that_a_newer_release_refuses_is_told_when_it_is_run(saved: SavedSearches, database: Database) -> None:
    made = saved.save(AN, "cũ", FAILED)
    with database.transaction() as session:
        session.execute(update(SavedSearchRow).values(query="user.name:/re.*x/"))
    with pytest.raises(QueryError):
        saved.get(AN, made.id).question.search(AN, NOW)


@pytest.mark.parametrize(
    "question",
    [
        Question(span="2h"),
        Question(span="", window=None),
        Question(window=MARCH),
        Question(span="", window=Window(MARCH.until, MARCH.since)),
        Question(sort="message"),
        Question(columns=("x",) * (MOST_COLUMNS + 1)),
        Question(columns=("",)),
        Question(columns=("a\nb",)),
    ],
)
def test_windows_columns_and_orders_that_make_no_sense_are_refused(saved: SavedSearches, question: Question) -> None:
    with pytest.raises(InputError):
        saved.save(AN, "hỏng", question)
    assert saved.all(AN) == []


@pytest.mark.parametrize("name", ["", "  ", "x" * (NAME_CHARS + 1), "a\u202eb"])
def test_a_name_nobody_could_read_is_refused(saved: SavedSearches, name: str) -> None:
    with pytest.raises(InputError):
        saved.save(AN, name, FAILED)


def test_a_name_is_one_persons_once_unless_it_shall_be_replaced(saved: SavedSearches) -> None:
    first = saved.save(AN, "Đêm", FAILED)
    with pytest.raises(ConflictError):
        saved.save(AN, "\u0110e\u0302m", Question("x"))
    other = saved.save(AN, "Ngày", FAILED)
    with pytest.raises(ConflictError):
        saved.change(AN, other.id, name="Đêm")
    assert saved.save(BINH, "Đêm", FAILED).owner == "binh"
    again = saved.save(AN, "Đêm", Question("x"), replace=True)
    assert (again.id, again.question) == (first.id, Question("x"))


def test_nobody_keeps_more_than_can_be_read(saved: SavedSearches, database: Database) -> None:
    first = saved.save(AN, "0", FAILED)
    with database.transaction() as session:
        row = session.get_one(SavedSearchRow, first.id)
        values = {name: getattr(row, name) for name in _COLUMNS}
        session.add_all(SavedSearchRow(**{**values, "id": f"{n}", "name": f"{n}"}) for n in range(1, MOST_OF_ONE))
    with pytest.raises(ConflictError):
        saved.save(AN, "thêm", FAILED)
    assert saved.save(AN, "0", Question("x"), replace=True).id == first.id


def test_one_is_named_by_name_or_id_an_own_one_first(saved: SavedSearches) -> None:
    own, others = saved.save(AN, "Đêm", FAILED), saved.save(BINH, "Đêm", FAILED, shared=True)
    assert saved.named(AN, "đêm".capitalize()) == own
    assert saved.named(AN, others.id) == others
    with pytest.raises(NotFoundError):
        saved.named(CHI, "Đêm")
    with pytest.raises(ConflictError, match=own.id):
        saved.named(SYSTEM, "Đêm")


def test_every_change_is_remembered_without_the_words_of_the_query(
    saved: SavedSearches, database: Database, audit: AuditTrail
) -> None:
    """A query may name a person, and nothing leaves the trail again."""
    made = saved.save(AN, "Đêm", FAILED)
    saved.change(AN, made.id, name="Ngày", shared=True)
    saved.delete(AN, made.id)
    entries = trail(database, audit)
    assert [(one.actor, one.action, one.target, one.agency) for one in entries] == [
        ("an", action, f"search/{made.id}", "xa-01") for action in ("search.save", "search.change", "search.delete")
    ]
    assert '"name":"Đêm"' in entries[1].before
    assert '"name":"Ngày"' in entries[1].after
    assert '"shared":true' in entries[2].before
    assert not any("failure" in one.before + one.after for one in entries)
