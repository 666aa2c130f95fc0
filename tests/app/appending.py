"""One of several processes that write at once: `python -m tests.app.appending URL NAME COUNT`.

Adds COUNT entries to the audit trail, and takes COUNT alerts about one host, the same ones in every process.
"""

from __future__ import annotations

import sys

from soc.core.act import Act
from soc.storage.sql import connect
from tests.incidents.desk import make_alert, make_desk


def main(url: str, name: str, count: str) -> None:
    desk = make_desk(connect(url))
    for number in range(int(count)):
        with desk.database.transaction() as session:
            desk.audit.record(session, Act(name, "test.append", f"entry/{number}"))
        desk.take(make_alert(id=f"alert-{number}"))
    desk.database.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
