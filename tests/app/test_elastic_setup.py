"""`soc elastic setup|check` on a real cluster: what it makes, that the key can do all the store does and nothing more, what is told."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from elasticsearch import ApiError, AuthorizationException, Elasticsearch
from pydantic import SecretStr
from typer.testing import CliRunner, Result

from soc.app.elastic_check import ElasticCheck, Point, check_cluster
from soc.app.elastic_key import FILE, ApiKey, read_key, write_key
from soc.app.elastic_role import CHECK_CLUSTER, INDEX, STORE_CLUSTER, role
from soc.app.elastic_setup import RENEW_BEFORE, ElasticSetup, Outcome, Request
from soc.app.elastic_watermarks import Watermark, Watermarks, least_free
from soc.app.findings import State
from soc.cli import elastic
from soc.core.clock import FixedClock, SystemClock, Window, iso
from soc.core.errors import EngineError, SetupError
from soc.core.event import Event
from soc.core.i18n import Lang
from soc.core.scope import PROVINCE
from soc.storage.elastic.client import Cluster as Address
from soc.storage.elastic.client import connect
from soc.storage.elastic.indices import Indices
from soc.storage.elastic.names import LEVELS, Names
from soc.storage.elastic_store import ElasticEventStore
from soc.storage.events import AppendStatus, Search
from tests.servers.cluster import Cluster

START = datetime(2026, 11, 1, 1, 0, tzinfo=UTC)
GOOD = {State.OK, State.WARN}


@dataclass(frozen=True)
class Site:
    """A prefix of a cluster after the set-up."""

    cluster: Cluster
    names: Names
    admin: Elasticsearch
    key: ApiKey

    @property
    def setup(self) -> ElasticSetup:
        return ElasticSetup(self.admin, self.names, where=self.cluster.url, clock=SystemClock())

    def address(self, key: SecretStr) -> Address:
        return Address(self.cluster.url, key, ca=self.cluster.authority, prefix=self.names.prefix)

    def client(self, key: SecretStr | None = None) -> Elasticsearch:
        return connect(self.address(key or self.key.encoded)).options(max_retries=0)

    def store(self, key: SecretStr | None = None) -> ElasticEventStore:
        client, wait = self.client(key), threading.Event().wait
        return ElasticEventStore(client, self.names, where=self.cluster.url, level_of=lambda _: 3, wait=wait)

    def checked(self, key: SecretStr | None = None) -> dict[str, Point]:
        """Point -> what the service finds."""
        used = key or self.key.encoded
        client = self.client(used)
        try:
            points = ElasticCheck(client, self.address(used), self.key, SystemClock()).points()
            return {point.name: point for point in points}
        finally:
            client.close()

    def grant(self, request: Request) -> None:
        """Send, as the administrator, what a check proposes."""
        headers = {"accept": "application/json", "content-type": "application/json"}
        self.admin.perform_request(request.method, request.path, headers=headers, body=request.body)


@pytest.fixture(scope="module")
def site(elasticsearch: Cluster) -> Iterator[Site]:
    """Shared by the tests of this file, as indices take long to make: each leaves it as it found it."""
    names = Names(f"test-{secrets.token_hex(4)}")
    address = Address(
        elasticsearch.url,
        user=elasticsearch.user,
        password=SecretStr(elasticsearch.password),
        ca=elasticsearch.authority,
        prefix=names.prefix,
    )
    admin = connect(address)
    setup = ElasticSetup(admin, names, where=elasticsearch.url, clock=SystemClock())
    assert {step.outcome for step in setup.prepare()} == {Outcome.DONE}
    admin.cluster.health(index=names.pattern, wait_for_status="yellow")
    yield Site(elasticsearch, names, admin, setup.make_key(90))
    admin.close()
    elasticsearch.forget(names.prefix)


@pytest.fixture
def old_key(site: Site) -> ApiKey:
    return site.setup.make_key(90)


def event(number: int) -> Event:
    return Event(
        {
            "event.id": f"e-{number}",
            "@timestamp": iso(START + timedelta(hours=number)),
            "soc.agency": "xa-01",
            "soc.platform": "public_service_portal",
            "user.name": "cb.01",
            "http.response.status_code": 200,
            "lab.value": f"v{number}",
        }
    )


def empty(site: Site) -> None:
    site.admin.delete_by_query(index=site.names.reading, query={"match_all": {}}, refresh=True, conflicts="proceed")


def live(store: ElasticEventStore, client: Elasticsearch, names: Names) -> None:
    """Everything the program asks of a cluster, from the first event to the end of its retention."""
    statuses = [result.status for result in store.append([event(n) for n in range(30)])]
    assert set(statuses) == {AppendStatus.CREATED}
    assert store.append([event(1)])[0].status is AppendStatus.DUPLICATE
    assert store.existing(["e-1", "none"]) == {"e-1"}
    assert store.search(Search("user.name:cb.01", PROVINCE, size=7)).total == 30
    assert store.search(Search("", PROVINCE, sort="lab.value")).total == 30
    assert len(list(store.scan("", PROVINCE))) == 30
    assert store.get("e-3", PROVINCE) is not None
    day = Window(START, START + timedelta(days=2))
    assert sum(bar.count for bar in store.histogram("", PROVINCE, day, timedelta(hours=6))) == 30
    assert store.terms("", PROVINCE, "user.name").values[0].count == 30
    assert store.cardinality("", PROVINCE, "lab.value") == 30
    assert store.stats("", PROVINCE, "http.response.status_code").count == 30
    assert store.health().events == 30
    store.tend()
    assert len(Indices(client, names).roll_over({"max_docs": 1})) == 1
    assert store.append([event(30)])[0].status is AppendStatus.CREATED
    assert store.delete_before(START + timedelta(days=1, hours=1), "lab.value:v2") == 1
    assert store.delete_before(START + timedelta(days=30)) == 30
    assert store.health().events == 0


@pytest.mark.elasticsearch
class TestCluster:
    def test_a_second_set_up_changes_nothing(self, site: Site) -> None:
        steps = list(site.setup.prepare())
        assert len(steps) == 1 + len(LEVELS) + 1
        assert {step.outcome for step in steps} == {Outcome.THERE}
        assert site.setup.key_is_good(site.key)

    def test_the_key_is_enough_for_all_that_the_store_does(self, site: Site) -> None:
        client, store = site.client(), site.store()
        live(store, client, site.names)
        store.close()
        client.close()

    @pytest.mark.full
    def test_each_privilege_of_the_role_is_needed(self, site: Site) -> None:
        """Without any one of them something fails: of what the store does, or of what the check looks at."""
        for privilege in [*STORE_CLUSTER, *INDEX, *CHECK_CLUSTER]:
            body = role(site.names)
            body["cluster"] = [one for one in body["cluster"] if one != privilege]
            [indices] = body["indices"]
            indices["privileges"] = [one for one in indices["privileges"] if one != privilege]
            made = site.admin.security.create_api_key(name=site.names.prefix, role_descriptors={"r": body})
            key = SecretStr(made["encoded"])
            found = site.checked(key)["privileges"]
            assert found.state is State.BAD, privilege
            assert privilege in str(found.figures["missing"])
            if privilege in CHECK_CLUSTER:
                seen = [point for point in site.checked(key).values() if point.name != "privileges"]
                assert any(point.state is State.BAD and point.grant for point in seen), privilege
                continue
            store, client = site.store(key), site.client(key)
            try:
                with pytest.raises((EngineError, AuthorizationException), match=r"unauthorized|403"):
                    live(store, client, site.names)
            finally:
                store.close()
                client.close()
                empty(site)

    def test_the_key_reaches_nothing_else(self, site: Site) -> None:
        """Neither other indices, nor templates, roles and keys, nor an event that is there."""
        other = f"{site.names.prefix}-payroll"
        site.admin.index(index=other, id="1", document={"a": 1}, refresh=True)
        store, client = site.store(), site.client()
        store.append([event(1)])
        alias = site.names.writing(3)
        tries: list[Callable[[], Any]] = [
            lambda: client.search(index=other),
            lambda: client.indices.delete(index=other),
            lambda: client.indices.create(index=f"{site.names.prefix}-new"),
            lambda: client.indices.create(index=f"{site.names.prefix}-events-l3-000099"),
            lambda: client.index(index=alias, id="e-1", document={"user.name": "someone else"}),
            lambda: client.update(index=alias, id="e-1", doc={"user.name": "someone else"}),
            lambda: client.indices.put_settings(index=alias, settings={"index.blocks.write": True}),
            lambda: client.indices.put_index_template(name="x", index_patterns=["x"]),
            lambda: client.security.put_role(name="x", cluster=["all"]),
            lambda: client.security.create_api_key(name="x"),
            lambda: client.cluster.put_settings(persistent={"cluster.max_shards_per_node": 9}),
        ]
        for number, attempt in enumerate(tries):
            with pytest.raises(ApiError) as refused:
                attempt()
            assert refused.value.meta.status in {400, 403}, number
        kept = store.get("e-1", PROVINCE)
        assert kept is not None
        assert kept.fields["user.name"] == "cb.01"
        empty(site)
        site.admin.indices.delete(index=other)
        store.close()
        client.close()

    def test_a_sound_cluster_is_told_point_by_point(self, site: Site) -> None:
        points = site.checked()
        assert {point.state for point in points.values()} <= GOOD, points
        assert points["account"].figures["expires"] is not None
        assert points["version"].figures["version"].startswith(("8.", "9."))
        assert points["indices"].figures["indices"] >= len(LEVELS)
        assert points["disk"].figures["watermarks"].keys() == {"low", "high", "flood_stage"}
        assert abs(next(iter(points["clock"].figures["seconds"].values()))) < 60

    @pytest.mark.parametrize("damage", ["template", "aliases", "unread", "blocks"])
    def test_what_the_check_proposes_mends_what_it_finds(self, site: Site, damage: str) -> None:
        admin, names = site.admin, site.names
        if damage == "template":
            admin.indices.delete_index_template(name=names.template)
        elif damage == "aliases":
            admin.indices.delete(index=names.first(4))
        elif damage == "unread":
            admin.indices.delete_alias(index=names.first(2), name=names.reading)
        else:
            admin.indices.put_settings(index=names.writing(3), settings={"index.blocks.write": True})
        name = "aliases" if damage == "unread" else damage
        found = site.checked()[name]
        assert found.state is State.BAD
        assert found.detail.render(Lang.EN) != found.detail.render(Lang.VI)
        for request in found.grant:
            site.grant(request)
        assert site.checked()[name].state is State.OK

    def test_an_older_template_is_drift_and_set_up_renews_it(self, site: Site) -> None:
        site.admin.indices.put_index_template(
            name=site.names.template, index_patterns=[site.names.pattern], meta={"vonggac": {"version": 0}}
        )
        assert site.checked()["template"].state is State.WARN
        assert next(site.setup.prepare()).outcome is Outcome.DONE
        assert site.checked()["template"].state is State.OK

    def test_a_key_the_cluster_does_not_know_ends_the_check(self, site: Site) -> None:
        points = site.checked(SecretStr("bm9uZTpub25l"))
        assert list(points) == ["tls", "account"]
        assert points["account"].state is State.BAD

    def test_a_key_near_its_end_or_of_another_role_is_replaced(self, site: Site) -> None:
        soon = ElasticSetup(site.admin, site.names, where="", clock=FixedClock(datetime.now(UTC) + timedelta(days=70)))
        assert not soon.key_is_good(site.key)
        assert timedelta(days=20) < RENEW_BEFORE
        wide = site.admin.security.create_api_key(
            name=f"{site.names.prefix}-service", metadata={"application": "vonggac"}
        )
        assert not site.setup.key_is_good(replace(site.key, id=wide["id"]))

    def test_keys_are_rotated_without_a_moment_without_one(self, site: Site, old_key: ApiKey) -> None:
        new = site.setup.make_key(30)
        assert old_key.id in site.setup.others(new)
        for key in (old_key, new):
            assert site.checked(key.encoded)["account"].state in GOOD
        site.setup.withdraw([old_key.id])
        assert old_key.id not in site.setup.others(new)
        assert site.checked(new.encoded)["account"].state in GOOD
        assert site.checked(old_key.encoded)["account"].state is State.BAD

    def test_the_commands_make_a_home_that_works(
        self, elasticsearch: Cluster, elastic_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """And neither password nor key shows up in what they print."""
        at_home(monkeypatch, tmp_path, elasticsearch.url, elastic_prefix)
        assert run("check").exit_code == 1
        monkeypatch.setenv(elastic.ADMIN_USER, elasticsearch.user)
        monkeypatch.setenv(elastic.ADMIN_PASSWORD, elasticsearch.password)
        first = run("setup", "--days", "60")
        assert first.exit_code == 0, first.output
        key = read_key(tmp_path)
        assert key is not None
        assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
        again = run("setup")
        assert again.output.count("already there") == 1 + len(LEVELS) + 1 + 1
        checked = run("check", "--json")
        assert checked.exit_code == 0, checked.output
        rows = [orjson.loads(line) for line in checked.stdout.splitlines()]
        assert {row["state"] for row in rows} <= {"ok", "warn"}
        for output in (first.output, again.output, checked.output):
            assert key.encoded.get_secret_value() not in output
            assert elasticsearch.password not in output


def test_of_a_cluster_that_does_not_answer_only_that_is_said() -> None:
    """Not that its certificate was verified."""
    address = Address("https://127.0.0.1:9", SecretStr("bm9uZTpub25l"))
    (point,) = check_cluster(address, None, SystemClock())
    assert (point.name, point.state) == ("account", State.BAD)


def at_home(monkeypatch: pytest.MonkeyPatch, home: Path, url: str, prefix: str) -> None:
    for name, value in (("HOME", home), ("STORE", "elasticsearch"), ("ELASTICSEARCH_URL", url), ("LANG", "en")):
        monkeypatch.setenv(f"SOC_{name}", str(value))
    monkeypatch.setenv("SOC_ELASTICSEARCH_PREFIX", prefix)


def run(*words: str) -> Result:
    return CliRunner().invoke(elastic.app, [*words])


def test_a_dry_run_prints_every_request_and_connects_to_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_home(monkeypatch, tmp_path, "http://192.0.2.1:9200", "tinh-mau")
    rows = [orjson.loads(line) for line in run("setup", "--dry-run", "--json").stdout.splitlines()]
    assert [(row["method"], row["path"]) for row in rows] == [
        ("PUT", "/_index_template/tinh-mau-events"),
        *(("PUT", f"/tinh-mau-events-l{level}-000001") for level in LEVELS),
        ("PUT", "/_security/role/tinh-mau-service"),
        ("POST", "/_security/api_key"),
    ]
    assert "PUT /_security/role/tinh-mau-service\n{" in run("setup", "--dry-run").stdout


def test_lifecycle_management_is_printed_for_those_who_have_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_home(monkeypatch, tmp_path, "http://192.0.2.1:9200", "tinh-mau")
    rows = [orjson.loads(line) for line in run("setup", "--print-ilm", "--json").stdout.splitlines()]
    policies = [row for row in rows if row["path"].startswith("/_ilm/policy/")]
    assert len(policies) == len(LEVELS)
    assert policies[0]["body"]["policy"]["phases"]["delete"]["min_age"] == "372d"


def test_set_up_without_an_administrator_says_how_to_name_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_home(monkeypatch, tmp_path, "http://127.0.0.1:9", "tinh-mau")
    refused = run("setup").exception
    assert isinstance(refused, SetupError)
    assert elastic.ADMIN_PASSWORD in refused.render(Lang.EN)


def test_a_key_file_others_may_read_is_refused(tmp_path: Path) -> None:
    assert read_key(tmp_path) is None
    key = ApiKey("id", "name", SecretStr("secret"), START)
    path = write_key(tmp_path, key)
    assert read_key(tmp_path) == key
    path.chmod(0o644)
    with pytest.raises(SetupError, match="chmod 600"):
        read_key(tmp_path)
    path.chmod(0o600)
    path.write_text("{}")
    with pytest.raises(SetupError):
        read_key(tmp_path)


GB = 2**30


@pytest.mark.parametrize(
    ("value", "headroom", "free"),
    [
        ("85%", "", 15 * GB),
        ("0.95", "-1", 5 * GB),
        ("90%", "4gb", 4 * GB),
        ("90%", "150GB", 10 * GB),
        ("600mb", "", 600 * 2**20),
    ],
)
def test_a_watermark_says_how_much_must_stay_free(value: str, headroom: str, free: float) -> None:
    """Of a disk of 100 GB."""
    assert least_free(value, headroom, 100 * GB) == pytest.approx(free)


def test_the_gravest_watermark_that_is_passed_is_told() -> None:
    marks = Watermarks({Watermark.LOW: ("85%", ""), Watermark.HIGH: ("90%", ""), Watermark.FLOOD_STAGE: ("95%", "")})
    found = [marks.passed(free * GB, 100 * GB) for free in (20, 12, 7, 3)]
    assert found == [None, Watermark.LOW, Watermark.HIGH, Watermark.FLOOD_STAGE]
