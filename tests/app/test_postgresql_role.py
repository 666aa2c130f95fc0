"""The accounts that docs/operate.md tells an operator to make are enough, and no more than enough."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest
from sqlalchemy import make_url, text

from soc.access.principal import SYSTEM
from soc.app.schema import drift, migrate
from soc.core.act import Act
from soc.core.errors import DatabaseError
from soc.incidents.model import Status
from soc.storage.sql import Database, connect
from tests.conftest import ROOT
from tests.incidents.desk import ANALYST, make_alert, make_desk
from tests.servers.databases import PostgresqlDatabases

pytestmark = pytest.mark.postgresql
FORBIDDEN = (
    "CREATE TABLE more (id INTEGER)",
    "DROP TABLE accounts",
    "ALTER TABLE accounts ADD COLUMN more TEXT",
    "UPDATE audit_entries SET actor = 'somebody'",
    "DELETE FROM audit_entries",
    "DELETE FROM incident_events",
    "TRUNCATE accounts CASCADE",
)


@dataclass
class House:
    """The database of the document, by each of its accounts."""

    owner: Database
    app: Database


@pytest.fixture
def house(postgresql: PostgresqlDatabases) -> Iterator[House]:
    """As the document has it, under a name of its own: roles belong to the whole server."""
    name = f"vonggac_doc_{secrets.token_hex(4)}"
    guide = (ROOT / "docs" / "operate.md").read_text("utf-8").replace("vonggac", name)
    server, inside, after = re.findall(r"```sql\n(.*?)```", guide, re.DOTALL)
    admin = make_url(postgresql.address)
    say(postgresql.address, server)
    say(admin.set(database=name).render_as_string(hide_password=False), inside)
    accounts = [
        connect(admin.set(username=f"{name}_{role}", password=password, database=name).render_as_string(False))
        for role, password in (("owner", "change-this-1"), ("app", "change-this-2"))
    ]
    migrate(accounts[0])
    say(admin.set(database=name).render_as_string(hide_password=False), after)
    yield House(*accounts)
    for account in accounts:
        account.close()
    say(postgresql.address, f"DROP DATABASE {name} WITH (FORCE); DROP ROLE {name}_owner; DROP ROLE {name}_app")


def say(address: str, statements: str) -> None:
    with psycopg.connect(address, autocommit=True) as connection:
        for statement in filter(str.strip, statements.split(";")):
            connection.execute(statement.encode())


def test_the_program_works_with_the_account_that_cannot_change_the_schema(house: House) -> None:
    migrate(house.app)
    desk = make_desk(house.app)
    [code] = desk.take(make_alert())
    assert desk.service.acknowledge(ANALYST, code).status is Status.ACKNOWLEDGED
    assert drift(house.app) == []
    with house.app.reading() as session:
        assert desk.audit.verify(session).ok


def test_what_nobody_may_do_is_refused(house: House) -> None:
    desk = make_desk(house.app)
    with house.app.transaction() as session:
        desk.audit.record(session, Act(SYSTEM.id, "test.act", "one"))
    for act in FORBIDDEN:
        with pytest.raises(DatabaseError) as refused, house.app.transaction() as session:
            session.execute(text(act))
        assert refused.value.kind == "refused", act


def test_an_upgrade_with_the_wrong_account_is_refused_and_says_so(house: House) -> None:
    with house.owner.transaction() as session:
        session.execute(text("DROP TABLE alembic_version"))
    with pytest.raises(DatabaseError) as refused:
        migrate(house.app)
    assert refused.value.kind == "refused"
    assert "docs/operate.md" in str(refused.value)
