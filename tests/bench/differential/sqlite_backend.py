"""Places where the SQL of pySigma's SQLite backend finds an event: `python sqlite_backend.py RULES < EVENTS > FOUND`.

Needs pysigma-backend-sqlite in an environment of its own, and nothing of ours.

2,406 queries over 500,000 wide rows take hours. A query can only tell events apart by the fields it names, so each set of fields
that some rule names becomes one table of its distinct rows, and the query runs over that: the same SQL, the same answer, far
fewer rows. Columns are `TEXT COLLATE NOCASE`, as the backend's own `ensure_fields` makes them; the text for keywords holds every
value of the event, one a line.
"""

from __future__ import annotations

import json
import re
import sqlite3
import sys
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sigma.backends.sqlite import sqliteBackend
from sigma.collection import SigmaCollection
from sigma.exceptions import SigmaError

FULLTEXT = "fulltext"
Fields = tuple[str, ...]


@dataclass(frozen=True)
class Query:
    """A rule as SQL; `fields` are those it names."""

    rule: str
    sql: str
    fields: Fields


def converted(files: Iterable[Path]) -> Iterator[Query]:
    """The queries of all rules; refusals go to stderr."""
    for file in files:
        backend = sqliteBackend(fulltext_field=FULLTEXT)
        rules = SigmaCollection.from_yaml(file.read_text("utf-8"))
        try:
            (sql,) = backend.convert(rules)
        except SigmaError as error:
            print("refused:", file.name, error, file=sys.stderr)
            continue
        yield Query(str(rules.rules[0].id), sql, tuple(backend.required_fields(rules.rules[0])))


class Columns:
    """Every field some query names, as one array of numbers of its values."""

    def __init__(self, fields: Iterable[str]) -> None:
        self.values: list[str | None] = [None]
        self._numbers: dict[str | None, int] = {None: 0}
        self._columns = {field: array("i") for field in fields}

    def add(self, event: Mapping[str, Any]) -> None:
        for field, column in self._columns.items():
            if field == FULLTEXT:
                column.append(self._number("\n".join(_texts(event))))
            else:
                column.append(self._number(_stored(event.get(field))))

    def _number(self, value: str | None) -> int:
        number = self._numbers.setdefault(value, len(self.values))
        if number == len(self.values):
            self.values.append(value)
        return number

    def rows(self, fields: Fields) -> dict[tuple[int, ...], list[int]]:
        """Distinct row -> the places of the events that have it."""
        places = defaultdict[tuple[int, ...], list[int]](list)
        for place, row in enumerate(zip(*(self._columns[field] for field in fields), strict=True)):
            places[row].append(place)
        return places


def _stored(value: object) -> str | None:
    """A value as a column holds it: lists and objects as their JSON."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            if name != "_place":
                yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif value is not None:
        yield value if isinstance(value, str) else json.dumps(value)


def found(columns: Columns, fields: Fields, queries: Sequence[Query]) -> Iterator[tuple[str, list[int]]]:
    """Rule id and places, for the queries that name these fields."""
    rows = columns.rows(fields)
    connection = sqlite3.connect(":memory:")
    connection.create_function("regexp", 2, _regexp, deterministic=True)
    named = ", ".join(f"`{field}` TEXT COLLATE NOCASE" for field in fields)
    connection.execute(f"CREATE TABLE logs ({named})")
    texts = ([columns.values[number] for number in row] for row in rows)
    connection.executemany(f"INSERT INTO logs VALUES ({', '.join('?' * len(fields))})", texts)  # noqa: S608 - own text
    each = list(rows.values())
    for query in queries:
        sql = query.sql.replace("SELECT *", "SELECT rowid", 1)
        places = [place for (rowid,) in connection.execute(sql) for place in each[rowid - 1]]
        if places:
            yield query.rule, sorted(places)
    connection.close()


def _regexp(pattern: str, value: object) -> bool:
    return value is not None and re.search(pattern, str(value)) is not None


def main(rules: Path) -> None:
    by_fields = defaultdict[Fields, list[Query]](list)
    for query in converted(sorted(rules.rglob("*.yml"))):
        by_fields[query.fields].append(query)
    columns = Columns({field for fields in by_fields for field in fields})
    for line in sys.stdin.buffer:
        columns.add(json.loads(line))
    for fields, queries in by_fields.items():
        for rule, places in found(columns, fields, queries):
            print(json.dumps({"rule": rule, "places": places}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
