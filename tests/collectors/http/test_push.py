"""Pushes over a real connection: what is answered, what is kept, and under which name."""

from __future__ import annotations

import gzip
import subprocess
import zlib

import httpx
import orjson
import pytest

from collectors.allowance import Allowance
from tests.collectors.http.listening import OTHER_TOKEN, TOKEN, Listening, spec
from tests.collectors.machinery.post import LIMIT, Post


def document(text: str, **more: object) -> dict[str, object]:
    return {"@timestamp": "2026-11-17T08:00:00+07:00", "message": text, **more}


def ndjson(*documents: object) -> bytes:
    return b"".join(orjson.dumps(one) + b"\n" for one in documents)


NDJSON = {"Content_Type": "application/x-ndjson"}


@pytest.mark.parametrize(
    ("body", "kind", "kept"),
    [
        (b'{"a":1}\n\n{"a":2}\r\n', "application/x-ndjson", ['{"a":1}', '{"a":2}']),
        (b'[{"a":1},{"a":2}]', "application/json", ['{"a":1}', '{"a":2}']),
        (b'{\n "a": 1\n}', "application/json; charset=utf-8", ['{\n "a": 1\n}']),
        (b'{"a":1}\n{"a":2}', "application/json", ['{"a":1}', '{"a":2}']),
        (b"one\ntwo\n", "text/plain", ["one", "two"]),
        (b'{"a":1}\n{"a":2}', "application/x-www-form-urlencoded", ['{"a":1}', '{"a":2}']),
        (b"[Tue Nov 17] one\n[Tue Nov 17] two", "", ["[Tue Nov 17] one", "[Tue Nov 17] two"]),
    ],
)
def test_every_form_of_body_becomes_records(listening: Listening, body: bytes, kind: str, kept: list[str]) -> None:
    answer = listening.push(body, Content_Type=kind)
    assert (answer.status_code, answer.json()) == (200, {"accepted": len(kept), "quarantined": 0})
    assert listening.lines() == kept


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [("gzip", gzip.compress), ("deflate", zlib.compress), ("deflate", lambda b: zlib.compress(b, wbits=-15))],
)
def test_packed_bodies_are_unpacked(listening: Listening, encoding: str, pack: object) -> None:
    assert callable(pack)
    assert listening.push(pack(b"one\ntwo"), Content_Encoding=encoding).status_code == 200
    assert listening.lines() == ["one", "two"]


def test_curl_is_enough(listening: Listening) -> None:
    command = ["curl", "-sS", "-H", f"Authorization: Bearer {TOKEN}", "--data-binary", "@-", f"{listening.url}/v1/push"]
    done = subprocess.run(command, input=b"one\ntwo\n", capture_output=True, check=True)
    assert orjson.loads(done.stdout) == {"accepted": 2, "quarantined": 0}
    assert [(item.source, item.data) for item in listening.items()] == [("portal", b"one"), ("portal", b"two")]


def test_a_replayed_batch_with_its_key_is_accepted_and_doubles_nothing(listening: Listening) -> None:
    for _ in range(3):
        assert listening.push(b"same\nsame\n", Idempotency_Key="batch-7").json()["accepted"] == 2
    assert len({item.ident for item in listening.items()}) == 2


def test_one_key_for_two_batches_loses_nothing(listening: Listening) -> None:
    for line in (b"one", b"two"):
        listening.push(line, Idempotency_Key="always-the-same")
    assert len({item.ident for item in listening.items()}) == 2


def test_documents_with_a_time_are_known_again_whatever_the_order_of_their_keys(listening: Listening) -> None:
    listening.push(ndjson(document("a"), document("a"), document("b")), **NDJSON)
    listening.push(ndjson(dict(reversed(document("a").items())), document("a"), document("b")), **NDJSON)
    assert len(listening.items()) == 6
    assert len({item.ident for item in listening.items()}) == 3


def test_equal_lines_of_text_are_events_of_their_own(listening: Listening) -> None:
    for _ in range(2):
        listening.push(b"Failed password for root\nFailed password for root", Content_Type="text/plain")
    assert len({item.ident for item in listening.items()}) == 4


def test_broken_records_are_named_and_set_aside_and_the_others_kept(listening: Listening) -> None:
    answer = listening.push(b'{"a":1}\n{"a":\n[1]\n{"a":2}\n', **NDJSON, Accept_Language="en")
    assert answer.status_code == 400
    assert answer.json()["accepted"] == 2
    assert [(one["index"], one["reason"][:10]) for one in answer.json()["errors"]] == [
        (1, "not JSON a"),
        (2, "not a JSON"),
    ]
    assert listening.lines() == ['{"a":1}', '{"a":2}']
    assert listening.post.quarantine.count("portal") == 2


def test_a_record_that_is_too_long_is_cut_set_aside_and_named(listening: Listening) -> None:
    answer = listening.push(b"short\n" + b"x" * (LIMIT + 1), Content_Type="text/plain")
    assert (answer.status_code, answer.json()["errors"][0]["index"]) == (400, 1)
    assert listening.lines() == ["short"]
    assert [one.kind for one in listening.post.quarantine.list()] == ["oversize"]


@pytest.mark.parametrize("charset", ["windows-1258", "utf-16", "utf-16-le"])
def test_a_charset_that_the_sender_names_is_read(listening: Listening, charset: str) -> None:
    listening.push("đăng nhập\nthất bại".encode(charset, "replace"), Content_Type=f"text/plain; charset={charset}")
    assert listening.lines()[0].startswith("đăng nh")


def test_json_that_is_not_in_its_charset_is_set_aside(listening: Listening) -> None:
    answer = listening.push(b'{"m":"\xe1\xba"}\n{"m":"x"}\n', **NDJSON)
    assert (answer.status_code, answer.json()["accepted"]) == (400, 1)
    assert listening.push(b'{"m":"\xff"}', Content_Type="application/json; charset=ascii").status_code == 400
    assert listening.push(b"x", Content_Type="text/plain; charset=klingon").status_code == 415


def test_a_gzip_bomb_is_refused_and_the_service_lives(listening: Listening) -> None:
    bomb = gzip.compress(b"0" * (64 * 1024 * 1024), 9)
    double = gzip.compress(b"0" * (8 * 1024 * 1024), 9)
    assert listening.push(bomb, Content_Encoding="gzip").status_code == 413
    assert listening.push(double, Content_Encoding="gzip").status_code == 413
    assert listening.push(b"alive").status_code == 200
    assert listening.lines() == ["alive"]
    assert listening.door.tally.take()["portal"].faults["body"] == 2


def test_bodies_that_are_broken_cut_or_in_an_unknown_packing_are_refused(listening: Listening) -> None:
    packed = gzip.compress(b"one\ntwo\n" * 1000)
    assert listening.push(packed[:-20], Content_Encoding="gzip").status_code == 400
    assert listening.push(b"no gzip", Content_Encoding="gzip").status_code == 400
    assert listening.push(packed, Content_Encoding="zstd").status_code == 415
    assert listening.push(b"<x/>", Content_Type="application/xml").status_code == 415
    assert listening.lines() == []


def test_a_batch_that_is_too_large_is_refused_whole(post: Post) -> None:
    with Listening(post, spec(max_records=3, max_body_bytes=1024)).running() as listening:
        assert listening.push(b"1\n2\n3\n4\n").status_code == 413
        assert listening.push(b"x" * 1025).status_code == 413
        assert listening.push(gzip.compress(b"x" * 1025), Content_Encoding="gzip").status_code == 413
        assert listening.push(b"1\n2\n3\n").status_code == 200
        assert listening.lines() == ["1", "2", "3"]


def test_a_source_beyond_its_rate_is_told_when_to_come_again(post: Post) -> None:
    with Listening(post, spec(), allowances={"portal": Allowance(records_per_second=1)}).running() as listening:
        assert listening.push(b"1\n2\n3\n4\n5\n6\n").status_code == 200
        refused = listening.push(b"7\n")
        assert refused.status_code == 429
        assert 1 <= int(refused.headers["Retry-After"]) <= 6
        assert listening.push(b"8\n", OTHER_TOKEN, "/v1/push").status_code == 200
        assert listening.lines() == ["1", "2", "3", "4", "5", "6", "8"]


def test_the_token_of_another_agency_sends_for_nobody_else(listening: Listening) -> None:
    for path in ("/v1/push/portal", "/v1/push/no-such-source", "/v1/push/portal/x"):
        answer = listening.push(b"forged", OTHER_TOKEN, path)
        assert (answer.status_code, set(answer.json())) == (403, {"error"})
    assert listening.lines() == []


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer wrong", "Basic !!!", "ApiKey cG9ydGFsOndyb25n", "Negotiate x"]
)
def test_without_a_token_of_ours_nothing_is_said(listening: Listening, header: str) -> None:
    for path in ("/v1/push/portal", "/v1/push/no-such-source", "/", "/_bulk", "/_license"):
        answer = listening.push(b"x", path=path, Authorization=header)
        assert answer.status_code == 401
        assert "www-authenticate" in answer.headers
    assert listening.lines() == []


def test_wrong_tokens_are_slowed_down_and_right_ones_never(listening: Listening) -> None:
    answers = [listening.push(b"x", "wrong").status_code for _ in range(12)]
    assert answers == [401] * 10 + [429] * 2
    assert listening.push(b"x").status_code == 200


def test_a_marks_of_the_record_stay_words_of_the_sender(listening: Listening) -> None:
    listening.push(ndjson(document("x", soc={"agency": "so-khac"})), **NDJSON)
    assert [item.source for item in listening.items()] == ["portal"]


def test_other_methods_are_refused(listening: Listening) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    assert httpx.get(f"{listening.url}/v1/push", headers=headers).status_code == 405
    assert httpx.delete(f"{listening.url}/logs-1", headers=headers).status_code == 404
