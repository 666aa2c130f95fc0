"""A real Elasticsearch that dies, locks its indices, fills its disk or has a hostile mapping, under load.

Each time: every accepted record is kept exactly once (law 1), the alerts are those of an undisturbed run, everything goes on by itself
when the fault is over, and the operator sees one alert. The cluster is one that these tests may hurt, reached over TLS with its own CA.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from collectors.inputs import open_input
from soc.access.principal import SYSTEM
from soc.app.application import Application
from soc.app.collecting import collect_until
from soc.app.engine_watch import REJECTIONS_ID, RULE_ID
from soc.app.outages import OutageBook, Part
from soc.core.scope import PROVINCE
from soc.core.settings import Settings
from soc.incidents.tables import AlertRow
from soc.storage.elastic.layout import index_settings, mapping
from soc.storage.elastic.names import Names
from soc.storage.elastic.writing import BulkWriter, Item
from tests.app.test_exactly_once import SHELLS, write_log
from tests.servers.elasticsearch import ElasticsearchServer
from tests.servers.processes import wait_until

PATIENCE_S = 300
FEW = 2_000
MANY = 200_000
WATERMARKS = [f"cluster.routing.allocation.disk.watermark.{level}" for level in ("low", "high", "flood_stage")]
SIZE, BIGGEST_BYTE = "http.response.body.bytes", 127
LEVEL = 3
"""Of the portal, as its platform file proposes."""

pytestmark = [
    pytest.mark.elasticsearch,
    pytest.mark.parametrize("lines", [FEW, pytest.param(MANY, marks=pytest.mark.full)]),
]


@dataclass(frozen=True, slots=True)
class Site:
    """An installation over the fragile cluster, with a log that is being written."""

    app: Application
    server: ElasticsearchServer
    prefix: str
    lines: Sequence[bytes]

    @property
    def log(self) -> Path:
        return self.app.home / "access.log"

    def arrive(self, share: float) -> None:
        """Let the log grow up to a share of its lines."""
        there = self.log.read_bytes().count(b"\n")
        with self.log.open("ab") as stream:
            stream.writelines(self.lines[there : int(len(self.lines) * share)])

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Something the operator does in the cluster."""
        with self.server.cluster.client() as client:
            return client.request(method, path, json=body).raise_for_status().json()

    def lock(self, block: str, value: bool | None) -> None:
        self.ask("PUT", f"/{self.prefix}-events-l*/_settings", {f"index.blocks.{block}": value})

    def stored(self) -> int:
        """How many events the cluster holds; heartbeats come by themselves."""
        self.ask("POST", f"/{self.prefix}-events*/_refresh")
        real = {"query": {"bool": {"must_not": {"exists": {"field": "soc.exercise"}}}}}
        return int(self.ask("POST", f"/{self.prefix}-events*/_count", real)["count"])

    def is_down(self) -> bool:
        """Whether the operator can see an outage of the store."""
        return Part.STORE in OutageBook(self.app.home).open()

    def is_done(self) -> bool:
        """Whether all that arrived is in its place and nothing is known to be broken."""
        if self.is_down() or self.app.spool.depth():
            return False
        return self.stored() + self.app.quarantine.count() == self.log.read_bytes().count(b"\n")

    def alerts(self, rule: str) -> list[str]:
        """Incidents of the alerts of a rule."""
        with self.app.database.reading() as session:
            return list(session.scalars(select(AlertRow.incident).where(AlertRow.rule_id == rule)))

    def notes(self, incident: str) -> list[str]:
        entries = self.app.incident_reader.timeline(SYSTEM, incident)
        return [str(entry.event.data["text"]) for entry in entries if entry.event.kind.value == "note"]


@pytest.fixture
def site(
    fragile_elasticsearch: ElasticsearchServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: int
) -> Iterator[Site]:
    """It tries again within a second, so that nobody waits for the end of a long pause."""
    monkeypatch.setattr("soc.app.effort.MOST_S", 1.0)
    server, prefix = fragile_elasticsearch, f"fault-{secrets.token_hex(4)}"
    write_log(tmp_path / "whole.log", lines)
    log = tmp_path / "access.log"
    log.touch()
    (tmp_path / "sources.yaml").write_text(
        "sources:\n  - {id: portal, platform: public_service_portal, agency: so-mau, "
        f"input: {{kind: ndjson, paths: ['{log}']}}}}\n",
        "utf-8",
    )
    cluster = server.cluster
    settings = Settings(
        home=tmp_path,
        store="elasticsearch",
        elasticsearch_url=cluster.url,
        elasticsearch_user=cluster.user,
        elasticsearch_password=SecretStr(cluster.password),
        elasticsearch_ca=cluster.authority,
        elasticsearch_prefix=prefix,
        batch_size=max(200, lines // 20),
    )
    with Application(settings, writer=True) as app:
        yield Site(app, server, prefix, (tmp_path / "whole.log").read_bytes().splitlines(keepends=True))
    cluster.forget(prefix)


@contextmanager
def collecting(site: Site) -> Iterator[None]:
    """The collecting process at work, as a thread; what ends it before its time fails the test."""
    stop = threading.Event()
    site.app.pipeline  # noqa: B018 - built by one thread, before two use it
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(collect_until, site.app, stop)
        try:
            yield
            assert not running.done(), running.exception()
        finally:
            stop.set()
            running.result()


def until(condition: Callable[[], bool]) -> None:
    wait_until(condition, "the suite", PATIENCE_S)


def check_nothing_lost_or_doubled(site: Site) -> None:
    """Law 1; and detection over the repeated batches came to what one undisturbed run gives."""
    kept = sorted(event.original for event in site.app.store.scan("", PROVINCE))
    assert kept == sorted(line.decode().rstrip("\n") for line in site.lines)
    with site.app.database.reading() as session:
        found = list(session.scalars(select(AlertRow.rule_id).where(AlertRow.rule_id.not_in([RULE_ID, REJECTIONS_ID]))))
    assert len(found) == SHELLS


def check_one_alert(site: Site) -> None:
    """One alert about the store, and one note that it is back."""
    (incident,) = site.alerts(RULE_ID)
    assert len(site.notes(incident)) == 1


def kill_during_a_bulk(server: ElasticsearchServer, monkeypatch: pytest.MonkeyPatch) -> threading.Thread:
    """Kill the server while the next bulk request is on its way to it; gives the killer, who can be waited for."""
    killing, send = threading.Thread(target=server.kill), BulkWriter._request

    def request(writer: BulkWriter, chunk: Sequence[Item]) -> list[dict[str, Any]]:
        with suppress(RuntimeError):  # a thread starts once
            killing.start()
        return send(writer, chunk)

    monkeypatch.setattr(BulkWriter, "_request", request)
    return killing


def test_killed_in_the_middle_of_a_bulk_and_started_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with collecting(site):
        site.arrive(0.3)
        until(site.is_done)
        killing = kill_during_a_bulk(site.server, monkeypatch)
        site.arrive(0.6)
        until(site.is_down)
        killing.join()
        site.arrive(1)
        until(lambda: site.app.spool.depth() > len(site.lines) // 2)  # goes on taking records in
        site.server.restart()
        until(site.is_done)
    check_nothing_lost_or_doubled(site)
    check_one_alert(site)


@pytest.mark.parametrize("block", ["write", pytest.param("read_only", marks=pytest.mark.full)])
def test_an_index_that_somebody_locked(site: Site, block: str) -> None:
    with collecting(site):
        site.arrive(0.3)
        until(site.is_done)
        site.lock(block, True)
        site.arrive(1)
        until(site.is_down)
        assert OutageBook(site.app.home).open()[Part.STORE].kind == "read_only"
        until(lambda: OutageBook(site.app.home).open()[Part.STORE].tries > 2)
        site.lock(block, None)
        until(site.is_done)
    check_nothing_lost_or_doubled(site)
    check_one_alert(site)


def test_a_disk_over_its_flood_stage(site: Site) -> None:
    """Elasticsearch locks the indices by itself, and unlocks them by itself when there is room again."""
    with collecting(site):
        site.arrive(0.3)
        until(site.is_done)
        site.ask("PUT", "/_cluster/settings", {"persistent": dict.fromkeys(WATERMARKS, "900tb")})
        try:
            until(lambda: "read_only_allow_delete" in str(site.ask("GET", f"/{site.prefix}-events-l*/_settings")))
            site.arrive(1)
            until(site.is_down)
            assert OutageBook(site.app.home).open()[Part.STORE].kind == "disk"
        finally:
            site.ask("PUT", "/_cluster/settings", {"persistent": dict.fromkeys(WATERMARKS)})
        until(site.is_done)
    check_nothing_lost_or_doubled(site)
    check_one_alert(site)


def test_a_storm_of_mapping_conflicts(site: Site) -> None:
    """An operator's index takes a byte where sizes stand: what does not fit lies in quarantine, once, and can be taken in again."""
    names = Names(site.prefix)
    hostile = mapping()
    hostile["properties"] |= {SIZE: {"type": "byte"}}  # type: ignore[operator]
    sound = {"settings": index_settings(), "mappings": mapping(), "aliases": {names.reading: {}}}
    aliases = {names.reading: {}, names.writing(LEVEL): {"is_write_index": True}}
    site.ask("PUT", f"/{names.first(LEVEL)}", sound | {"mappings": hostile, "aliases": aliases})
    with collecting(site):
        site.arrive(1)
        until(site.is_done)
    assert site.stored() == BIGGEST_BYTE + 1
    assert len(site.alerts(REJECTIONS_ID)) == 1
    assert site.alerts(RULE_ID) == []

    site.ask("POST", f"/{names.writing(LEVEL)}/_rollover", sound)
    take_in_again(site)
    check_nothing_lost_or_doubled(site)


def take_in_again(site: Site) -> None:
    """What lies in quarantine, through the collector once more."""
    quarantine, again = site.app.quarantine, site.app.home / "again.log"
    entries = [entry.id for entry in quarantine.list(limit=len(site.lines))]
    again.write_bytes(b"".join(quarantine.payload(entry).rstrip(b"\n") + b"\n" for entry in entries))
    quarantine.remove(entries)
    site.app.collector.collect("portal", open_input(again))
    site.app.pipeline.drain()
    assert quarantine.count() == 0
