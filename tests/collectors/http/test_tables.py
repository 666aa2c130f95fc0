"""Tables read by their key: late rows are found, deleted ones are told, on every database that the cases may live in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import orjson
import pytest
from pydantic import ValidationError
from sqlalchemy import create_engine, text

from collectors.inputs.poll_beside import Beside
from collectors.inputs.poll_spec import SqlSpec
from collectors.inputs.poll_sql import RECENT, TableLooker
from tests.collectors.http.test_poll import Timer, faults, look
from tests.collectors.machinery.post import Post
from tests.servers.databases import CaseDatabases


@dataclass
class Table:
    """A log table, and the input that reads it."""

    post: Post
    url: str

    def run(self, statement: str, *rows: dict[str, object]) -> None:
        engine = create_engine(self.url)
        with engine.begin() as connection:
            connection.execute(text(statement), rows or None)
        engine.dispose()

    def insert(self, *keys: int) -> None:
        self.run(
            "INSERT INTO nv4_logs (id, note, amount) VALUES (:id, :note, 1.5)",
            *[{"id": k, "note": f"việc {k}"} for k in keys],
        )

    def read(self, times: int = 1, **settings: object) -> list[int]:
        """Look at it again; gives the keys that the spool has by now."""
        spec = SqlSpec.model_validate(
            {"kind": "sql", "url_file": "db.url", "table": "nv4_logs", "key": "id", **settings}
        )
        timer = Timer()
        inlet = Beside(TableLooker(spec, self.post.home), timer, lambda: 1.0)
        for _ in range(times):
            look(self.post, inlet)
            timer.now += 1000
        return [orjson.loads(line)["id"] for line in self.post.lines()]


@pytest.fixture
def table(databases: CaseDatabases, post: Post) -> Iterator[Table]:
    """An empty table of an application, on either engine."""
    url = databases.empty()
    (post.home / "db.url").write_text(url + "\n")
    made = Table(post, url)
    made.run("CREATE TABLE nv4_logs (id BIGINT PRIMARY KEY, note TEXT, amount NUMERIC(9, 2))")
    yield made
    databases.drop(url)


def test_rows_are_read_in_pages_by_their_key_and_on_after_a_restart(table: Table) -> None:
    table.insert(*range(1, 8))
    assert table.read(3, page_size=3) == [1, 2, 3, 4, 5, 6, 7]
    table.insert(8)
    assert table.read(page_size=3, columns=["id", "note"]) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert table.read() == [1, 2, 3, 4, 5, 6, 7, 8]
    first, *_, last = (orjson.loads(line) for line in table.post.lines())
    assert {name: str(value)[:3] for name, value in first.items()} == {"id": "1", "note": "việ", "amount": "1.5"}
    assert last == {"id": 8, "note": "việc 8"}
    assert faults(table.post) == []


def test_a_row_that_was_committed_late_under_a_lower_key_is_found(table: Table) -> None:
    table.insert(1, 2, 4)
    table.read()
    table.insert(3, 5)
    assert sorted(table.read()) == [1, 2, 3, 4, 5]


def test_deleted_rows_are_told_once(table: Table) -> None:
    table.insert(1, 2, 3, 4, 5)
    table.read()
    table.run("DELETE FROM nv4_logs WHERE id IN (3, 5)")
    table.insert(6)
    assert table.read(2) == [1, 2, 3, 4, 5, 6]
    assert len(faults(table.post)) == 1
    assert "2 dòng" in faults(table.post)[0]


def test_keys_that_are_used_again_after_a_rollback_are_events_of_their_own(table: Table) -> None:
    table.insert(1, 2, 3)
    table.read()
    table.run("DELETE FROM nv4_logs WHERE id > 1")
    table.read()
    table.run("INSERT INTO nv4_logs (id, note) VALUES (2, 'khác')")
    assert table.read() == [1, 2, 3, 2]
    assert len({item.ident for item in table.post.spool.read()}) == 4


def test_a_table_that_was_emptied_is_told_and_read_from_its_start(table: Table) -> None:
    table.insert(*range(100, 110))
    table.read()
    table.run("DELETE FROM nv4_logs")
    table.insert(1, 2)
    assert table.read()[-2:] == [1, 2]
    assert "10 dòng" in faults(table.post)[0]


def test_dropping_what_is_past_its_time_is_no_fault(table: Table) -> None:
    table.insert(*range(1, 11))
    table.read()
    table.run("DELETE FROM nv4_logs WHERE id <= 4")
    table.insert(11)
    assert table.read()[-1] == 11
    assert faults(table.post) == []


def test_more_rows_than_are_looked_at_again_stay_in_order(table: Table) -> None:
    table.insert(*range(1, 3 * RECENT))
    assert table.read(page_size=RECENT // 2, times=7) == list(range(1, 3 * RECENT))


def test_what_cannot_be_read_is_told_without_the_password(table: Table) -> None:
    table.read(table="no_such_table")
    (table.post.home / "db.url").write_text("postgresql+psycopg://reader:p4ssword@127.0.0.1:1/none")
    table.read()
    (table.post.home / "db.url").write_text("no address")
    table.read()
    told = faults(table.post)
    assert len(told) == 3
    assert "p4ssword" not in " ".join(told)


@pytest.mark.parametrize("name", ["logs; DROP TABLE x", 'a"b', "", "a b", "a.b"])
def test_names_that_are_no_names_are_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        SqlSpec.model_validate({"kind": "sql", "url_file": "x", "table": name, "key": "id"})
