"""The pure parts: bodies, bulk requests and tokens, on whatever may come."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from collectors.listeners.elastic_api import BulkReader, bulk_answer, filtered
from collectors.listeners.http import HttpFeed, HttpSpec
from collectors.listeners.http_auth import credential_of, new_token
from collectors.listeners.http_body import BodyLimits, RefusedError, Unpacker
from collectors.listeners.http_records import Sent, Splitter, body_type

WORDS = st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**63), st.text(max_size=8))
VALUES = st.recursive(
    WORDS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)
OBJECTS = st.dictionaries(st.sampled_from(["@timestamp", "_id", "a", "soc", "message"]), VALUES, max_size=4)
ABOUT = st.fixed_dictionaries({}, optional={"_index": WORDS, "_id": WORDS, "_type": WORDS, "pipeline": WORDS})
ACTIONS = st.sampled_from(["index", "create", "update", "delete"])


def refusal(call: Callable[[], None]) -> int | None:
    """The status that a call is refused with; None where it is not."""
    try:
        call()
    except RefusedError as problem:
        return problem.status
    return None


def written(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)


@given(st.lists(st.tuples(ACTIONS, ABOUT, OBJECTS)), st.sampled_from([b"\n", b"\r\n", b"\n\n"]))
def test_a_bulk_has_as_many_results_as_actions_in_their_order(
    actions: list[tuple[str, dict[str, object], object]], end: bytes
) -> None:
    lines = [
        line
        for action, about, document in actions
        for line in ([written({action: about})] + ([written(document)] if action != "delete" else []))
    ]
    items = BulkReader("logs").read(b"".join(line + end for line in lines))
    assert [item.action for item in items] == [action for action, _, _ in actions]
    assert [item.index for item in items] == list(range(len(actions)))
    answer = bulk_answer(items, 1)
    assert [next(iter(result)) for result in answer["items"]] == [action for action, _, _ in actions]  # type: ignore[attr-defined]
    assert answer["errors"] is any(item.status >= 300 for item in items)


PIECES = st.sampled_from(
    [
        b'{"create":{}}',
        b'{"index":{"_id":1}}',
        b'{"delete":{}}',
        b'{"a":1}',
        b"\n",
        b"\r\n",
        b"{",
        b'"\\ud800"',
        b"\xff",
        b"[]",
        b" ",
    ]
)


@given(
    st.one_of(
        st.binary(max_size=200),
        st.lists(PIECES, max_size=30).map(b"".join),
        st.lists(PIECES, max_size=30).map(b"\n".join),
    )
)
def test_any_body_is_answered_and_none_of_it_is_lost(body: bytes) -> None:
    items = BulkReader().read(body)
    assert [item.index for item in items] == list(range(len(items)))
    assert {item.status for item in items} <= {201, 400, 409}
    assert all((item.fault is None) == (item.status == 201) for item in items)
    orjson.dumps(bulk_answer(items, 0))
    for kind in ("application/json", "application/x-ndjson", "text/plain", ""):
        sent: list[Sent] = []
        status = refusal(lambda kind=kind, sent=sent: sent.extend(Splitter("key").split(body, body_type(kind))))  # type: ignore[misc]
        assert status in (None, 400)
        assert len({one.name for one in sent}) == len(sent)


def test_lines_between_actions_stay_together_as_one_broken_item() -> None:
    body = b'nonsense\nmore\n{"create":{}}\n{"a":1}\n{"index":{}}\n'
    items = BulkReader("logs").read(body)
    assert [(item.status, item.data) for item in items] == [
        (400, b"nonsense\nmore"),
        (201, b'{"a":1}'),
        (400, b'{"index":{}}'),
    ]


@given(st.binary(max_size=5000), st.integers(1, 700), st.sampled_from(["gzip", "deflate", "raw", "members"]))
def test_packed_bodies_come_out_as_they_went_in(body: bytes, step: int, how: str) -> None:
    half = len(body) // 2
    packed = {
        "gzip": lambda: gzip.compress(body),
        "deflate": lambda: zlib.compress(body),
        "raw": lambda: zlib.compress(body, wbits=-15),
        "members": lambda: gzip.compress(body[:half]) + gzip.compress(body[half:]),
    }[how]()
    unpacker = Unpacker("deflate" if how in ("deflate", "raw") else "gzip", BodyLimits())
    out = b"".join(block for at in range(0, len(packed), step) for block in unpacker.feed(packed[at : at + step]))
    unpacker.finish()
    assert out == body


@given(st.binary(max_size=300), st.sampled_from(["gzip", "deflate", "", "br"]))
def test_any_bytes_are_unpacked_or_refused(body: bytes, encoding: str) -> None:
    def unpack() -> None:
        unpacker = Unpacker(encoding, BodyLimits(max_bytes=1000))
        unpacker.feed(body)
        unpacker.finish()

    assert refusal(unpack) in (None, 400, 415)


def test_a_bomb_is_stopped_at_its_limit_not_after() -> None:
    unpacker = Unpacker("gzip", BodyLimits(max_bytes=1_000_000, max_ratio=10**6))
    with pytest.raises(RefusedError) as refused:
        unpacker.feed(gzip.compress(bytes(50_000_000)))
    assert refused.value.status == 413
    assert unpacker.unpacked_bytes == 1_000_001


@given(st.text(max_size=60))
def test_any_authorization_is_a_credential_or_none(header: str) -> None:
    found = credential_of(header)
    assert found is None or found.token


def test_tokens_are_long_and_never_the_same() -> None:
    assert len({new_token() for _ in range(100)}) == 100
    assert all(len(new_token()) > 40 for _ in range(3))


def test_filter_path_knows_stars_and_what_to_leave_out() -> None:
    answer = {"took": 1, "items": [{"create": {"status": 201, "_id": "1"}}, {"index": {"status": 200, "_id": "2"}}]}
    assert filtered(answer, "items.*.status") == {"items": [{"create": {"status": 201}}, {"index": {"status": 200}}]}
    assert filtered(answer, "**._id") == {"items": [{"create": {"_id": "1"}}, {"index": {"_id": "2"}}]}
    assert filtered(answer, "items.create") == {"items": [{"create": {"status": 201, "_id": "1"}}]}
    assert filtered(answer, "-items.*._id,-took") == {
        "items": [{"create": {"status": 201}}, {"index": {"status": 200}}]
    }
    assert filtered(answer, "nothing") == {}


def test_a_listener_that_others_reach_wants_tls_or_a_proxy() -> None:
    given = {"id": "x", "kind": "http", "port": 9200, "host": "192.0.2.1"}
    with pytest.raises(ValidationError, match="loopback"):
        HttpSpec.model_validate(given)
    assert HttpSpec.model_validate({**given, "behind_proxy": ["192.0.2.2"]})
    assert HttpSpec.model_validate({**given, "tls": {"certificate": "c", "key": "k"}})


def test_a_token_that_two_sources_share_is_a_fault() -> None:
    spec = HttpSpec.model_validate({"id": "x", "kind": "http", "port": 9200})
    feed = HttpFeed(kind="http", listener="x", token_sha256=["0" * 64])
    assert [source for source, _ in spec.check({"a": feed, "b": feed})] == ["b"]
