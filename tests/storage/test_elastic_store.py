"""What only the store in a cluster does: indices by level, rollover, closed mapping, refusals of the cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from elasticsearch import Elasticsearch

from soc.core.clock import iso
from soc.core.errors import EngineError, SetupError
from soc.core.event import Event
from soc.core.scope import PROVINCE
from soc.storage.conditions import AllOf, Altered, AnyOf, Like, Not, Wild
from soc.storage.elastic.client import Cluster as Address
from soc.storage.elastic.client import connect
from soc.storage.elastic.faults import FaultKind, kind_of
from soc.storage.elastic.indices import Indices
from soc.storage.elastic.names import Names
from soc.storage.elastic_store import ElasticEventStore
from soc.storage.events import AppendStatus
from soc.storage.memory import MemoryEventStore
from tests.servers.cluster import Cluster
from tests.storage.elastic import make_store

pytestmark = pytest.mark.elasticsearch
MakeEvent = Callable[..., Event]
NOON = datetime(2026, 11, 17, 12, tzinfo=UTC)


@pytest.fixture
def levels(elasticsearch: Cluster, elastic_prefix: str) -> Iterator[ElasticEventStore]:
    """A store of its own whose events name their level."""
    store = make_store(elasticsearch, elastic_prefix, lambda event: int(str(event.fields.get("level", "3"))))
    yield store
    store.close()


@pytest.fixture
def client(elasticsearch: Cluster) -> Iterator[Elasticsearch]:
    """The administrator of the cluster."""
    made = Elasticsearch(elasticsearch.url, basic_auth=(elasticsearch.user, elasticsearch.password))
    yield made
    made.close()


def statuses(store: ElasticEventStore, *events: Event) -> list[AppendStatus]:
    return [result.status for result in store.append(events)]


def roll_over(store: ElasticEventStore, client: Elasticsearch, prefix: str) -> list[str]:
    store.count("", PROVINCE)  # refreshes: the cluster counts only what can be seen
    return Indices(client, Names(prefix)).roll_over({"max_docs": 1})


def test_events_lie_in_the_indices_of_their_level(
    levels: ElasticEventStore, client: Elasticsearch, elastic_prefix: str, make_event: MakeEvent
) -> None:
    levels.append([make_event(1, level="1"), make_event(2, level="4"), make_event(3, level="4")])
    assert levels.count("", PROVINCE) == 3
    held = {alias: client.count(index=f"{elastic_prefix}-events-{alias}")["count"] for alias in ("l1", "l4")}
    assert held == {"l1": 1, "l4": 2}


def test_an_event_is_kept_once_though_its_index_was_rolled_over(
    levels: ElasticEventStore, client: Elasticsearch, elastic_prefix: str, make_event: MakeEvent
) -> None:
    levels.append([make_event(1), make_event(2)])
    assert roll_over(levels, client, elastic_prefix) == [f"{elastic_prefix}-events-l3-000002"]
    again = [make_event(1), make_event(3), make_event(2, level="5")]
    assert statuses(levels, *again) == [AppendStatus.DUPLICATE, AppendStatus.CREATED, AppendStatus.DUPLICATE]
    assert levels.existing(["id-0001", "id-0003", "id-0009"]) == {"id-0001", "id-0003"}
    assert levels.count("", PROVINCE) == 3


def test_a_second_store_sees_and_knows_what_the_first_one_just_wrote(
    levels: ElasticEventStore, elasticsearch: Cluster, elastic_prefix: str, make_event: MakeEvent
) -> None:
    """As a process does that takes over from a killed one."""
    levels.append([make_event(1)])
    other = make_store(elasticsearch, elastic_prefix)
    assert statuses(other, make_event(1), make_event(2)) == [AppendStatus.DUPLICATE, AppendStatus.CREATED]
    assert levels.count("", PROVINCE) == 2
    other.close()


def test_indices_that_ended_are_dropped_whole(
    levels: ElasticEventStore, client: Elasticsearch, elastic_prefix: str, make_event: MakeEvent
) -> None:
    levels.append([make_event(n) for n in range(3)])
    roll_over(levels, client, elastic_prefix)
    levels.append([make_event(7, **{"@timestamp": iso(NOON + timedelta(days=3))})])
    assert levels.delete_before(NOON + timedelta(days=1)) == 3
    assert Indices(client, Names(elastic_prefix)).all() == [f"{elastic_prefix}-events-l3-000002"]
    assert levels.count("", PROVINCE) == 1


def test_names_that_a_log_makes_up_never_grow_the_mapping(
    levels: ElasticEventStore, client: Elasticsearch, elastic_prefix: str, make_event: MakeEvent
) -> None:
    levels.append([make_event(0)])
    before = client.indices.get_mapping(index=f"{elastic_prefix}-events")
    for first in range(0, 5000, 500):
        odd = {f"made.up.name{n}": f"value {n}" for n in range(first, first + 500)}
        assert statuses(levels, make_event(first + 1, **odd)) == [AppendStatus.CREATED]
    assert client.indices.get_mapping(index=f"{elastic_prefix}-events") == before
    assert levels.count('made.up.name4711:"VALUE 4711"', PROVINCE) == 1
    assert levels.terms("", PROVINCE, "made.up.name4711").values[0].value == "value 4711"


def test_a_long_script_is_kept_whole_and_marked_as_seen_in_part(
    levels: ElasticEventStore, make_event: MakeEvent
) -> None:
    script = "x = 1\n" * 17_000 + "Invoke-Evil"
    event = make_event(1, **{"powershell.file.script_block_text": script, "ScriptBlockText": script})
    levels.append([event, make_event(2, ScriptBlockText="Invoke-Evil")])
    assert levels.get("id-0001", PROVINCE) == event
    assert levels.count("ScriptBlockText:*evil*", PROVINCE) == 1
    assert [found.id for found in levels.scan(Altered("ScriptBlockText"), PROVINCE)] == ["id-0001"]


@pytest.mark.parametrize(
    "name",
    ["_id", "_source", "vonggac.key.user.name", "vonggac.free", "a..b", ".a", "a.", ".", " ", "a. .b", "vonggac_rest"],
)
def test_names_that_the_cluster_refuses_are_kept_all_the_same(
    elastic_store: ElasticEventStore, make_event: MakeEvent, name: str
) -> None:
    event = make_event(1, **{name: ["x", "Y"]})
    assert statuses(elastic_store, event) == [AppendStatus.CREATED]
    assert elastic_store.get("id-0001", PROVINCE) == event
    assert elastic_store.terms("", PROVINCE, name).values[0].count == 1


def test_ids_that_the_cluster_refuses_are_ids_all_the_same(
    elastic_store: ElasticEventStore, make_event: MakeEvent
) -> None:
    events = [make_event(n, **{"event.id": ident}) for n, ident in enumerate(["ố" * 512, "a b", "x" * 512, "_x"])]
    assert set(statuses(elastic_store, *events)) == {AppendStatus.CREATED}
    assert set(statuses(elastic_store, *events)) == {AppendStatus.DUPLICATE}
    assert [elastic_store.get(event.id, PROVINCE) for event in events] == events


def test_what_a_foreign_mapping_refuses_is_rejected_with_the_reason_and_the_rest_is_kept(
    levels: ElasticEventStore, client: Elasticsearch, elastic_prefix: str, make_event: MakeEvent
) -> None:
    client.indices.create(
        index=f"{elastic_prefix}-events-l3-000001",
        mappings={"properties": {"user.name": {"type": "long"}}},
        aliases={f"{elastic_prefix}-events-l3": {"is_write_index": True}, f"{elastic_prefix}-events": {}},
    )
    bad, good = levels.append([make_event(1, user__name="admin"), make_event(2)])
    assert (bad.status, good.status) == (AppendStatus.REJECTED, AppendStatus.CREATED)
    assert "user.name" in str(bad.reason)


@pytest.mark.parametrize("block", ["write", "read_only", "read_only_allow_delete"])
def test_a_blocked_index_is_told_apart_and_nothing_is_lost(
    levels: ElasticEventStore, client: Elasticsearch, elastic_prefix: str, make_event: MakeEvent, block: str
) -> None:
    levels.append([make_event(1)])
    client.indices.put_settings(index=f"{elastic_prefix}-events", settings={f"index.blocks.{block}": True})
    with pytest.raises(EngineError) as refused:
        levels.append([make_event(2)])
    assert refused.value.kind == (FaultKind.DISK if block == "read_only_allow_delete" else FaultKind.READ_ONLY)
    client.indices.put_settings(index=f"{elastic_prefix}-events", settings={f"index.blocks.{block}": None})
    assert statuses(levels, make_event(1), make_event(2)) == [AppendStatus.DUPLICATE, AppendStatus.CREATED]


def test_what_does_not_answer_is_said_without_the_password() -> None:
    store = make_store(Cluster("http://127.0.0.1:9", "someone", "hunter22"), "none")
    with pytest.raises(EngineError) as refused:
        store.count("", PROVINCE)
    assert refused.value.kind == FaultKind.UNREACHABLE
    assert "hunter22" not in str(refused.value)
    store.close()


def test_the_wrong_password_is_told_apart(elasticsearch: Cluster, elastic_prefix: str) -> None:
    store = make_store(Cluster(elasticsearch.url, elasticsearch.user, "wrong", elasticsearch.authority), elastic_prefix)
    with pytest.raises(EngineError) as refused:
        store.count("", PROVINCE)
    assert refused.value.kind == FaultKind.REFUSED
    store.close()


@pytest.mark.parametrize("url", ["", "127.0.0.1:9200", "ftp://es.example", "https://someone:secret@es.example:9200"])
def test_an_address_that_cannot_be_used_is_refused(url: str) -> None:
    with pytest.raises(SetupError) as refused:
        connect(Address(url))
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("status", "cause", "kind"),
    [
        (429, {"type": "es_rejected_execution_exception"}, FaultKind.OVERLOAD),
        (503, {"type": "unavailable_shards_exception"}, FaultKind.RED),
        (503, {"type": "cluster_block_exception", "reason": "blocked by: [no master]"}, FaultKind.RED),
        (403, {"type": "security_exception"}, FaultKind.REFUSED),
        (500, {}, FaultKind.OTHER),
    ],
)
def test_refusals_have_their_kind(status: int, cause: dict[str, str], kind: FaultKind) -> None:
    assert kind_of(status, cause) is kind


@pytest.mark.parametrize(("text", "asked"), [("か\u3099", "が"), ("\u1112\u1161\u11ab", "한")])
def test_letters_composed_of_others_than_marks_are_not_folded_in_text_fields(
    elastic_store: ElasticEventStore, make_event: MakeEvent, text: str, asked: str
) -> None:
    """The one difference in what a search finds; docs/decisions/elasticsearch-store.md lists it."""
    event = make_event(1, message=text, user__name=text)
    memory = MemoryEventStore()
    for store in (memory, elastic_store):
        store.append([event])
    assert (memory.count(f"message:{asked}", PROVINCE), elastic_store.count(f"message:{asked}", PROVINCE)) == (1, 0)
    assert elastic_store.count(f"user.name:{asked}", PROVINCE) == 1


def test_hundreds_of_long_patterns_do_not_break_the_node(
    elastic_store: ElasticEventStore, make_event: MakeEvent
) -> None:
    """Some hundred patterns of 40 characters in one request took more memory than a small node has; see MOST_WEIGHT."""
    elastic_store.append([make_event(n, path=f"C:\\{n:039d}\\x.exe") for n in range(30)])
    patterns = [Like("path", (Wild.ANY, f"{n:039d}", Wild.ANY)) for n in range(15, 315)]
    assert elastic_store.count(AnyOf(tuple(patterns)), PROVINCE) == 15
    assert elastic_store.count(AllOf((AnyOf(tuple(patterns)), patterns[3])), PROVINCE) == 1
    assert elastic_store.count(Not(AnyOf(tuple(patterns))), PROVINCE) == 15
    assert elastic_store.count(AllOf(tuple(Not(one) for one in patterns)), PROVINCE) == 15
