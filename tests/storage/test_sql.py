"""The case database, alike on both engines: readers beside a writer, what a column takes, what goes wrong in words of ours."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import BigInteger, Integer, String, Text, func, insert, make_url, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from soc.core.errors import ConflictError, DatabaseError, InputError, SetupError
from soc.storage.postgresql import connection_arguments
from soc.storage.sql import Database, UtcDateTime, connect
from tests.servers.databases import PostgresqlDatabases

DEADLINE_S = 20.0
"""Below the 30 s that a writer waits for the other one: a reader that queues fails."""


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
READ_ONLY = "readonly|read-only"


class Tables(DeclarativeBase):
    """A schema of its own: that of the suite must not know the table."""


class Note(Tables):
    """A row to read and write."""

    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(String(40))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = connect(database_url)
    Tables.metadata.create_all(database.engine)
    with database.transaction() as session:
        session.add(Note(id=1, text="first"))
    yield database
    database.close()


def texts(database: Database) -> list[str]:
    with database.reading() as session:
        return list(session.scalars(select(Note.text).order_by(Note.id)))


def test_a_reader_neither_waits_for_a_writer_nor_sees_what_is_not_committed(database: Database) -> None:
    """The writer goes on only after the reader has answered, so a reader that queues never answers in time."""
    holding, answered = threading.Event(), threading.Event()

    def write() -> None:
        with database.transaction() as session:
            session.add(Note(id=2, text="second"))
            session.flush()
            holding.set()
            assert answered.wait(DEADLINE_S)

    with ThreadPoolExecutor(2) as pool:
        writer = pool.submit(write)
        try:
            assert holding.wait(DEADLINE_S)
            assert pool.submit(texts, database).result(DEADLINE_S) == ["first"]
        finally:
            answered.set()
        writer.result(DEADLINE_S)
    assert texts(database) == ["first", "second"]


def test_a_reader_holds_no_writer_up_and_keeps_seeing_one_state(database: Database) -> None:
    with database.reading() as session:
        before = session.scalars(select(Note.id)).all()
        with database.transaction() as other:
            other.add(Note(id=2, text="second"))
        assert session.scalars(select(Note.id)).all() == before == [1]
    assert texts(database) == ["first", "second"]


def test_a_write_within_a_reading_fails_loudly(database: Database) -> None:
    """As a statement at once, as a changed or a new object at the end of the block at the latest."""
    with pytest.raises(DatabaseError, match=READ_ONLY), database.reading() as session:
        session.execute(insert(Note).values(id=2, text="second"))
    with pytest.raises(DatabaseError, match=READ_ONLY), database.reading() as session:
        session.get_one(Note, 1).text = "changed"
    with pytest.raises(DatabaseError, match=READ_ONLY) as caught, database.reading() as session:
        session.add(Note(id=2, text="second"))
    assert caught.value.kind == "read_only"
    assert texts(database) == ["first"]


def test_a_write_that_was_caught_leaves_nothing_behind(database: Database) -> None:
    with database.reading() as session:
        with pytest.raises(DBAPIError, match=READ_ONLY):
            session.execute(insert(Note).values(id=2, text="second"))
        session.commit()
    assert texts(database) == ["first"]


def test_connections_change_between_reading_and_writing(database: Database) -> None:
    """The pool hands the connection of a reader, even of one that failed, to the next writer, and back."""
    for number in range(2, 6):
        with pytest.raises(ZeroDivisionError), database.reading() as session:
            session.get(Note, 1 // 0)
        with database.transaction() as session:
            session.add(Note(id=number, text=str(number)))
        with pytest.raises(DatabaseError, match=READ_ONLY), database.reading() as session:
            session.execute(insert(Note).values(id=99, text="x"))
    assert texts(database) == ["first", "2", "3", "4", "5"]


def test_what_was_read_can_be_used_after_the_block(database: Database) -> None:
    with database.reading() as session:
        note = session.get_one(Note, 1)
    assert note.text == "first"


# what both engines take alike


class Wide(Tables):
    """A column of each kind that has a limit."""

    __tablename__ = "wide"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    short: Mapped[str] = mapped_column(String(4), default="")
    text: Mapped[str] = mapped_column(Text, default="")
    small: Mapped[int] = mapped_column(Integer, default=0)
    big: Mapped[int] = mapped_column(BigInteger, default=0)
    flag: Mapped[bool] = mapped_column(default=False)
    data: Mapped[bytes] = mapped_column(default=b"")
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=EPOCH)


def kept(database: Database, **values: object) -> Wide:
    """A row as it comes back."""
    with database.transaction() as session:
        session.add(Wide(id=1, **values))
    with database.reading() as session:
        return session.get_one(Wide, 1)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("short", "đềốữ"),
        ("text", "đường dẫn \\ % _ ' \" \U0001f6e1 e\u0301"),
        ("small", -(2**31)),
        ("small", 2**31 - 1),
        ("big", 2**63 - 1),
        ("flag", True),
        ("data", bytes(range(256))),
        ("at", datetime(2026, 11, 22, 3, 42, 7, 123456, tzinfo=UTC)),
        ("at", datetime(1969, 12, 31, 23, 59, 59, tzinfo=timezone(timedelta(hours=7)))),
    ],
)
def test_a_value_comes_back_as_it_was_written(database: Database, column: str, value: object) -> None:
    assert getattr(kept(database, **{column: value}), column) == value


@pytest.mark.parametrize(
    ("column", "value"), [("short", "mười"[:4] + "x"), ("small", 2**31), ("small", -(2**31) - 1), ("big", 2**63)]
)
def test_a_value_that_its_column_cannot_hold_is_refused_with_the_limit(
    database: Database, column: str, value: object
) -> None:
    """The message names the column and never the value; a changed row is looked at like a new one."""
    with pytest.raises(InputError, match=f"wide.{column}") as refused:
        kept(database, **{column: value})
    assert str(value) not in str(refused.value)
    kept(database)
    with pytest.raises(InputError, match=f"wide.{column}"), database.transaction() as session:
        setattr(session.get_one(Wide, 1), column, value)


def test_nul_becomes_its_picture_and_is_found_by_it(database: Database) -> None:
    """PostgreSQL has no U+0000 in a text: rather one shown character than a batch that can never be kept."""
    assert kept(database, text="a\x00b").text == "a\u2400b"
    with database.transaction() as session:
        session.execute(insert(Wide), [{"id": 2, "text": "\x00"}, {"id": 3, "text": "c"}])
        session.execute(update(Wide).where(Wide.text == "a\x00b").values(short="\x00"))
    with database.reading() as session:
        assert session.scalars(select(Wide.text).order_by(Wide.id)).all() == ["a\u2400b", "\u2400", "c"]
        assert session.scalars(select(Wide.id).where(Wide.text.in_(["a\x00b"]))).all() == [1]
        assert session.get_one(Wide, 1).short == "\u2400"


def test_text_is_ordered_by_code_point_and_a_pattern_minds_capitals(database: Database) -> None:
    """Else a page turned on one engine would not be the page of the other, nor a hash over rows the same."""
    names = ["b", "B", "a-c", "ab", "a c", "đ", "Đ", "z", "_", "á", "a"]
    with database.transaction() as session:
        session.add_all(Wide(id=number, text=name) for number, name in enumerate(names))
    with database.reading() as session:
        assert session.scalars(select(Wide.text).order_by(Wide.text)).all() == sorted(names)
        assert session.scalars(select(Wide.text).where(Wide.text.startswith("B"))).all() == ["B"]
        assert session.scalars(select(Wide.text).where(Wide.text.startswith("_", autoescape=True))).all() == ["_"]


def test_a_key_that_is_taken_is_a_conflict_and_says_no_value(database: Database) -> None:
    with pytest.raises(ConflictError) as refused, database.transaction() as session:
        session.add(Note(id=1, text="a secret"))
    assert "notes" in refused.value.where
    assert "secret" not in str(refused.value)
    with pytest.raises(ConflictError), database.transaction() as session:
        session.execute(insert(Note).values(id=1, text="x"))
    assert texts(database) == ["first"]


def test_a_missing_table_is_a_fault_of_the_database(database: Database) -> None:
    with pytest.raises(DatabaseError), database.reading() as session:
        session.execute(text("SELECT 1 FROM nowhere"))


def test_a_check_within_a_transaction_stays_true_until_its_end(database: Database) -> None:
    """Twenty threads count and add one: no two count the same."""

    def add_one(_: int) -> None:
        with database.transaction() as session:
            number = session.scalar(select(func.count()).select_from(Note)) or 0
            session.add(Note(id=number + 1, text=str(number + 1)))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add_one, range(20)))
    assert texts(database) == ["first", *(str(number) for number in range(2, 22))]


def test_the_engine_says_what_it_is(database: Database) -> None:
    assert re.fullmatch(r"(SQLite 3|PostgreSQL \d\d)\.\d+(\.\d+)?", database.product())


@pytest.mark.parametrize(
    "url", ["", "cases.sqlite", "mysql://u:geheim@192.0.2.1/c", "postgresql//u:geheim@192.0.2.1/c"]
)
def test_an_address_of_another_kind_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(SetupError, match="postgresql://") as refused:
        connect(url)
    assert "geheim" not in str(refused.value)


def test_an_address_keeps_its_own_parameters() -> None:
    """Those of the operator win over ours."""
    url = "postgresql://u:p@192.0.2.1/c?sslmode=verify-full&connect_timeout=3&options=-c%20statement_timeout%3D9"
    engine = connect(url).engine
    _, parameters = engine.dialect.create_connect_args(engine.url)
    assert parameters["sslmode"] == "verify-full"
    assert parameters["connect_timeout"] == "3"
    assert connection_arguments(make_url(url)) == {
        name: value
        for name, value in connection_arguments(make_url("postgresql://h/c")).items()
        if name != "connect_timeout"
    } | {"options": f"{connection_arguments(make_url('postgresql://h/c'))['options']} -c statement_timeout=9"}


@pytest.mark.postgresql
def test_a_refused_password_is_told_as_such_and_not_repeated(postgresql: PostgresqlDatabases) -> None:
    database = connect(make_url(postgresql.address).set(password="geheim").render_as_string(hide_password=False))
    with pytest.raises(DatabaseError) as refused, database.reading() as session:
        session.execute(select(1))
    assert "geheim" not in f"{refused.value}"
    database.close()


@pytest.mark.postgresql
def test_a_role_without_the_right_is_refused_with_a_hint(postgresql: PostgresqlDatabases) -> None:
    """The program works with rights on rows alone; only the schema needs more."""
    url = postgresql.make()
    database = connect(url)
    with database.transaction() as session:
        session.execute(text("CREATE ROLE vonggac_reader"))
    try:
        with pytest.raises(DatabaseError) as refused, database.transaction() as session:
            session.execute(text("SET LOCAL ROLE vonggac_reader; SELECT * FROM accounts"))
        assert refused.value.kind == "refused"
        assert "docs/operate.md" in str(refused.value)
    finally:
        with database.transaction() as session:
            session.execute(text("DROP ROLE vonggac_reader"))
        database.close()
        postgresql.drop(url)


@pytest.mark.postgresql
def test_a_writer_that_waits_too_long_gives_up_and_says_why(postgresql: PostgresqlDatabases) -> None:
    """As on SQLite: not forever."""
    url = postgresql.make()
    slow, quick = connect(url), connect(f"{url}?options=-c%20lock_timeout%3D50ms")
    try:
        with slow.transaction() as session:
            session.execute(select(1))
            with pytest.raises(DatabaseError) as refused, quick.transaction() as other:
                other.execute(select(1))
        assert refused.value.kind == "overload"
    finally:
        slow.close()
        quick.close()
        postgresql.drop(url)
