"""`soc reparse`: stored records read again; the difference is shown before anything is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner, Result

from soc.app.application import Application
from soc.audit.trail import Filters
from soc.cli.main import cli
from soc.core.event import Event
from soc.core.scope import PROVINCE
from soc.core.settings import Settings

LINES = [
    f'203.0.113.{n} - - [17/Nov/2026:08:05:{n:02d} +0700] "GET /hoso/{n} HTTP/1.1" 200 {n}00 "-" "curl/8.1"'
    for n in range(10, 14)
]
SOURCES = "sources:\n  - {id: portal, platform: public_service_portal, agency: so-mau, zone: %s}\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settle: Callable[[Path], None]) -> Path:
    """A home with four requests that an older parser has read: it knew no sizes and wrote a field of its own."""
    folder = tmp_path / "home"
    settle(folder)
    (folder / "sources.yaml").write_text(SOURCES % "Asia/Ho_Chi_Minh")
    monkeypatch.setenv("SOC_HOME", str(folder))
    (tmp_path / "access.log").write_text("\n".join(LINES) + "\n")
    assert soc("ingest", str(tmp_path / "access.log"), "--source", "portal").exit_code == 0
    with Application(Settings(), writer=True) as app:
        app.store.rewrite([older(event) for event in app.store.scan("", PROVINCE)])
    return folder


def soc(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments))


def older(event: Event) -> Event:
    fields = {name: value for name, value in event.fields.items() if name != "http.response.body.bytes"}
    return Event(
        {**fields, "soc.parser": "nginx@0", "nginx.old": "x", "soc.agency": "so-cu", "soc.baseline.bytes_ratio": 2.5}
    )


def stored() -> list[Event]:
    with Application(Settings()) as app:
        return list(app.store.scan("", PROVINCE))


def test_the_difference_is_shown_and_nothing_is_written(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Field by field, with examples; what was stored stays."""
    before = stored()
    shown = soc("reparse", "--json")
    assert shown.exit_code == 0
    (row,) = [orjson.loads(line) for line in shown.stdout.splitlines()]
    assert (row["source"], row["read"], row["changed"], row["refused"]) == ("portal", 4, 4, 0)
    assert [(one["before"], one["records"]) for one in row["parsers"]] == [("nginx@0", 4)]
    assert row["fields"]["http.response.body.bytes"] == {
        "added": 4,
        "examples": [{"before": None, "after": size} for size in (1000, 1100, 1200)],
    }
    assert row["fields"]["nginx.old"]["removed"] == 4
    assert set(row["fields"]) == {"http.response.body.bytes", "nginx.old"}
    assert stored() == before
    for lang, words in (("vi", "4 khác đi"), ("en", "4 differ")):
        monkeypatch.setenv("SOC_LANG", lang)
        assert words in soc("reparse").stdout


def test_what_is_written_is_the_newer_reading_and_what_decides_who_sees_stays(home: Path) -> None:
    """Also the deed is in the audit trail, and a second run finds nothing to do."""
    before = {event.id: event for event in stored()}
    assert soc("reparse", "--write", "--yes").exit_code == 0
    for event in stored():
        old = before[event.id].fields
        assert event.fields["http.response.body.bytes"] == int(event.original.split()[9])
        assert "nginx.old" not in event.fields
        assert event.fields["soc.parser"] != "nginx@0"
        kept = ("soc.agency", "soc.received", "event.ingested", "soc.baseline.bytes_ratio", "event.original")
        assert [event.fields[name] for name in kept] == [old[name] for name in kept]
    with Application(Settings()) as app, app.database.reading() as session:
        (deed,) = [one for one in app.audit.entries(session, Filters()) if one.action == "events.reparse"]
        assert deed.after == '{"portal":4}'
    again = soc("reparse", "--write", "--yes", "--json")
    assert (again.exit_code, again.stdout) == (0, "")


def test_a_wrong_zone_is_mended_for_the_past_too(home: Path, tmp_path: Path) -> None:
    """The line says no offset, the source was registered with another zone; the events move to their day."""
    (tmp_path / "error.log").write_text("2026/11/17 06:30:00 [error] 7#7: *1 open() failed, client: 203.0.113.9\n")
    assert soc("ingest", str(tmp_path / "error.log"), "--source", "portal").exit_code == 0
    (home / "sources.yaml").write_text(SOURCES % "UTC")
    shown = soc("reparse", "event.original:failed", "--all", "--json").stdout
    assert orjson.loads(shown)["fields"]["@timestamp"]["examples"] == [
        {"before": "2026-11-16T23:30:00Z", "after": "2026-11-17T06:30:00Z"}
    ]
    assert soc("reparse", "event.original:failed", "--all", "--write", "--yes").exit_code == 0
    (event,) = [one for one in stored() if "failed" in one.original]
    assert event.fields["@timestamp"] == "2026-11-17T06:30:00Z"
    assert len(stored()) == 5


def test_records_that_nobody_can_read_any_more_stay_as_they_are(home: Path) -> None:
    """A source that was taken off the register: counted with its reason."""
    (home / "sources.yaml").write_text("sources: []\n")
    before = stored()
    (row,) = [orjson.loads(line) for line in soc("reparse", "--write", "--yes", "--json").stdout.splitlines()]
    assert (row["read"], row["refused"]) == (4, 4)
    assert "portal" in row["refusals"][0]
    assert stored() == before
