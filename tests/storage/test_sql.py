"""The case database: readers beside a writer, and readers that must not write."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import String, insert, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from soc.core.errors import DatabaseError
from soc.storage.sql import Database, connect

DEADLINE_S = 20.0
"""Below the 30 s that a writer waits for the other one: a reader that queues fails."""


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
