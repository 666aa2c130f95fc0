"""The client library of Elasticsearch, as it is, against our bulk endpoint; and what shippers ask before they send."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import httpx
import orjson
import pytest
from elasticsearch import ApiError, AuthenticationException, AuthorizationException, Elasticsearch
from elasticsearch.helpers import bulk, parallel_bulk, streaming_bulk

from collectors.door import Capacity
from collectors.normalise import Normaliser
from collectors.sources import Source
from tests.collectors.http.listening import OTHER_TOKEN, TOKEN, Listening, api_key, spec
from tests.collectors.live.post_office import platforms
from tests.collectors.machinery.post import Post
from tests.servers.certificates import make_certificates

PROVIDER = "Microsoft-Windows-Security-Auditing"


def event(number: int) -> dict[str, object]:
    return {"@timestamp": "2026-11-17T08:00:00+07:00", "event": {"code": "4625"}, "winlog": {"record_id": number}}


@pytest.fixture
def client(listening: Listening) -> Iterator[Elasticsearch]:
    with Elasticsearch(listening.url, api_key=("portal", TOKEN), http_compress=True) as there:
        yield there


def test_the_client_accepts_who_answers(client: Elasticsearch) -> None:
    assert client.ping()
    assert client.info()["version"]["number"] == "8.19.0"
    assert client.cluster.health()["status"] == "green"
    assert client.license.get()["license"]["status"] == "active"


def test_bulk_of_the_client_keeps_every_document_in_order(listening: Listening, client: Elasticsearch) -> None:
    documents = ({"_op_type": "create", "_index": "winlogbeat", "_source": event(n)} for n in range(1200))
    assert bulk(client, documents, chunk_size=500) == (1200, [])
    kept = [orjson.loads(item.data)["winlog"]["record_id"] for item in listening.items()]
    assert kept == list(range(1200))
    assert "/_bulk/winlogbeat#" in listening.items()[0].where


def test_what_winlogbeat_sends_becomes_an_event_of_its_source(listening: Listening, client: Elasticsearch) -> None:
    """The forged marks of a document stay without effect."""
    data = {"TargetUserName": "an.nv", "IpAddress": "192.0.2.7"}
    winlog = {"channel": "Security", "event_id": "4625", "record_id": 7, "event_data": data, "computer_name": "pc-01"}
    sent = {**event(7), "winlog": winlog | {"provider_name": PROVIDER}, "soc": {"agency": "so-khac", "source": "x"}}
    bulk(client, [{"_op_type": "create", "_index": "winlogbeat-8.19.0", "_source": sent}])
    (item,) = listening.items()
    source = Source.model_validate(
        {"id": "portal", "platform": "commune_network", "agency": "xa-mau-01", "parser": "winlogbeat"}
    )
    made = Normaliser(platforms(), (), listening.post.clock).normalise(item.record, source, item.ident).fields
    assert [made[name] for name in ("event.code", "user.name", "source.ip")] == ["4625", "an.nv", "192.0.2.7"]
    assert [made[name] for name in ("soc.agency", "soc.source", "event.id")] == ["xa-mau-01", "portal", item.ident]


def test_bulk_over_tls_from_several_threads(post: Post, tmp_path: Path) -> None:
    files = make_certificates(tmp_path)
    tls = {"certificate": str(files.certificate), "key": str(files.key)}
    with (
        Listening(post, spec(tls=tls)).running() as listening,
        Elasticsearch(listening.url, basic_auth=("portal", TOKEN), ca_certs=str(files.authority)) as client,
    ):
        documents = ({"_index": "logs", "_source": event(n)} for n in range(600))
        assert all(ok for ok, _ in parallel_bulk(client, documents, thread_count=4, chunk_size=50))
        assert len({item.ident for item in listening.items()}) == 600


def test_a_document_that_is_sent_again_is_the_same_one(listening: Listening, client: Elasticsearch) -> None:
    documents = [
        {"_op_type": "create", "_index": "a", "_id": "1", "_source": event(1)},
        {"_op_type": "index", "_index": "a", "_id": "2", "_source": event(2)},
        {"_op_type": "index", "_index": "a", "_source": event(3)},
    ]
    for _ in range(3):
        assert bulk(client, documents) == (3, [])
    assert len({item.ident for item in listening.items()}) == 3


def test_lines_that_a_shipper_wraps_are_taken_out(post: Post) -> None:
    documents = [
        {"_op_type": "create", "_index": "filebeat", "_source": {**event(n), "message": f"<134>dòng {n}"}}
        for n in (1, 2)
    ]
    with (
        Listening(post, spec(), text_field="message").running() as listening,
        Elasticsearch(listening.url, api_key=("portal", TOKEN)) as client,
    ):
        for _ in range(2):
            assert bulk(client, documents) == (2, [])
        assert set(listening.lines()) == {"<134>dòng 1", "<134>dòng 2"}
        assert len({item.ident for item in listening.items()}) == 2
        (told,) = streaming_bulk(client, [{"_index": "filebeat", "_source": event(3)}], raise_on_error=False)
        assert told[1]["index"]["status"] == 400
        pushed = listening.push(b'{"message": "pushed"}\nnothing\n', Content_Type="text/plain")
        assert (pushed.status_code, listening.lines()[-1]) == (400, "pushed")
        assert post.quarantine.count("portal") == 2


def test_a_newer_version_under_an_id_is_an_event_of_its_own(listening: Listening, client: Elasticsearch) -> None:
    for number in (1, 2):
        bulk(client, [{"_op_type": "index", "_index": "a", "_id": "1", "_source": event(number)}])
    assert len({item.ident for item in listening.items()}) == 2


def test_single_items_fail_for_themselves(listening: Listening, client: Elasticsearch) -> None:
    documents = [
        {"_op_type": "create", "_index": "a", "_id": "1", "_source": event(1)},
        {"_op_type": "create", "_index": "a", "_id": "1", "_source": event(1)},
        {"_op_type": "delete", "_index": "a", "_id": "1"},
        {"_op_type": "update", "_index": "a", "_id": "1", "doc": {"x": 1}},
        {"_op_type": "create", "_index": "a", "_source": event(2)},
    ]
    told = list(streaming_bulk(client, documents, raise_on_error=False))
    statuses = [next(iter(item.values()))["status"] for _, item in told]
    assert statuses == [201, 409, 400, 400, 201]
    assert len(listening.items()) == 2
    assert listening.post.quarantine.count("portal") == 1
    assert listening.door.tally.take()["portal"].faults["action"] == 2


def test_a_closed_door_is_told_to_the_whole_request_and_the_client_comes_again(post: Post) -> None:
    with (
        Listening(post, spec(), Capacity(spool_records=1)).running() as listening,
        Elasticsearch(listening.url, api_key=("portal", TOKEN), max_retries=0) as client,
    ):
        assert bulk(client, [{"_index": "a", "_source": event(1)}]) == (1, [])
        with pytest.raises(ApiError) as refused:
            bulk(client, [{"_index": "a", "_source": event(2)}])
        assert refused.value.status_code == 429
        assert int(refused.value.meta.headers["retry-after"]) >= 1
        assert len(listening.items()) == 1


def test_wrong_and_foreign_tokens_are_refused_in_the_words_of_the_product(listening: Listening) -> None:
    with Elasticsearch(listening.url, api_key=("portal", "wrong")) as client, pytest.raises(AuthenticationException):
        client.info()
    with (
        Elasticsearch(listening.url, basic_auth=("portal", OTHER_TOKEN)) as client,
        pytest.raises(AuthorizationException),
    ):
        bulk(client, [{"_index": "a", "_source": event(1)}])
    assert listening.items() == []


def test_the_answer_of_a_bulk_can_be_filtered(listening: Listening) -> None:
    body = b'{"create":{"_index":"x"}}\n{"a":1}\n{"delete":{"_id":"1"}}\n'
    wanted = "errors,items.*.status,items.*.error"
    answer = listening.bulk(body, f"/_bulk?filter_path={wanted}").json()
    assert answer["errors"] is True
    assert answer["items"][0] == {"create": {"status": 201}}
    assert set(answer["items"][1]["delete"]) == {"status", "error"}
    assert set(listening.bulk(body, "/logs/_bulk?filter_path=-items,-took").json()) == {"errors"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/_xpack"),
        ("GET", "/_nodes/http"),
        ("GET", "/_ilm/policy/filebeat"),
        ("PUT", "/_ilm/policy/filebeat"),
        ("HEAD", "/_index_template/filebeat-8.19.0"),
        ("PUT", "/_index_template/filebeat-8.19.0"),
        ("GET", "/_template/filebeat"),
        ("GET", "/_component_template/ecs@mappings"),
        ("GET", "/_ingest/pipeline/filebeat-8.19.0-nginx"),
        ("PUT", "/_ingest/pipeline/filebeat-8.19.0-nginx"),
        ("GET", "/_data_stream/filebeat-8.19.0"),
        ("PUT", "/_data_stream/filebeat-8.19.0"),
        ("HEAD", "/_alias/filebeat"),
        ("GET", "/_alias/logstash"),
        ("PUT", "/logstash-2026.11.17-000001"),
        ("HEAD", "/logstash"),
        ("HEAD", "/"),
    ],
)
def test_what_shippers_ask_and_make_before_they_send_is_answered(listening: Listening, method: str, path: str) -> None:
    answer = httpx.request(method, listening.url + path, headers={"Authorization": api_key("portal", TOKEN)})
    assert answer.status_code == 200
    assert answer.headers["x-elastic-product"] == "Elasticsearch"
    assert answer.content == b"" or orjson.loads(answer.content)


def test_whatever_is_no_sending_is_not_there(listening: Listening) -> None:
    for path in ("/_search", "/logs/_search", "/_cat/indices", "/_security/api_key", "/_snapshot/x", "/logs/_doc/1"):
        answer = listening.bulk(b"{}", path)
        assert (answer.status_code, answer.json()["status"]) == (404, 404)


def test_vector_and_fluent_bit_sign_in_with_a_password(listening: Listening) -> None:
    word = base64.b64encode(f"portal:{TOKEN}".encode()).decode()
    headers = {"Authorization": f"Basic {word}", "Content-Type": "application/x-ndjson", "User-Agent": "Fluent-Bit"}
    body = b'{"create":{"_index":"fluent-bit","_type":"_doc"}}\n{"@timestamp":"2026-11-17T01:00:00.1Z","log":"x"}\n'
    answer = httpx.post(f"{listening.url}/_bulk/?timeout=60s", content=body, headers=headers)
    assert (answer.status_code, answer.json()["errors"]) == (200, False)
    assert httpx.get(f"{listening.url}/_cluster/health", headers=headers).status_code == 200
