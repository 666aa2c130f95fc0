"""Polling: the cursor moves with the records and with nothing else, and nobody leads us elsewhere."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import pytest
from pydantic import ValidationError

from collectors.input import Input
from collectors.inputs.poll import ApiLooker, retry_after_s
from collectors.inputs.poll_beside import Beside
from collectors.inputs.poll_spec import PollSpec
from tests.collectors.http.api import Api, Asked, Said
from tests.collectors.machinery.post import LIMIT, NOW, Post
from tests.servers.certificates import make_certificates
from tests.servers.processes import wait_until


@dataclass
class Timer:
    """Seconds that a test moves."""

    now: float = 0.0
    rests: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now


def polled(post: Post, spec: PollSpec, timer: Timer | None = None) -> Beside:
    return Beside(ApiLooker(spec, post.home), timer or Timer(), lambda: 1.0)


def look(post: Post, inlet: Input, times: int = 1) -> None:
    """Let it ask so often, and keep what it found."""
    for _ in range(times):
        post.collector.collect("portal", inlet)
        pending = inlet._pending
        assert pending is not None, "it was not due"
        wait_until(pending.done, "the answer", 10)
        post.collector.collect("portal", inlet)


def spec(api: Api, **settings: object) -> PollSpec:
    return PollSpec.model_validate({"kind": "poll", "url": f"{api.url}/v1/audit?kind=login", **settings})


def rows(*ids: int) -> list[dict[str, object]]:
    return [{"id": n, "at": f"2026-11-17T08:00:{n:02}Z", "user": f"u{n}"} for n in ids]


def kept(post: Post) -> list[int]:
    return [orjson.loads(line)["id"] for line in post.lines()]


def faults(post: Post) -> list[str]:
    return [one.reason.render() for one in post.quarantine.list()]


BY_ID = {"by": "id", "field": "id", "param": "after"}


def after(asked: Asked) -> list[dict[str, object]]:
    first = int(asked.params.get("after", "0")) + 1
    return rows(*range(first, min(first + int(asked.params.get("limit", "3")), 8)))


def test_pages_by_id_are_read_to_the_end_and_on_after_a_restart(post: Post) -> None:
    with Api(lambda asked: Said({"data": {"items": after(asked)}})).running() as api:
        wanted = spec(api, records="data.items", cursor=BY_ID, page_size=3, page_param="limit")
        look(post, polled(post, wanted), 2)
        look(post, polled(post, wanted))
        assert kept(post) == [1, 2, 3, 4, 5, 6, 7]
        assert [asked.params.get("after") for asked in api.asked] == [None, "3", "6"]
        assert {asked.params["kind"] for asked in api.asked} == {"login"}


def test_what_was_not_kept_is_asked_for_again(post: Post) -> None:
    with Api(lambda asked: Said(after(asked))).running() as api:
        wanted = spec(api, cursor=BY_ID, page_size=3, page_param="limit")
        lost = polled(post, wanted)
        post.collector.collect("portal", lost)  # asked, and the process ends before it is handed over
        look(post, polled(post, wanted))
        assert kept(post) == [1, 2, 3]


@pytest.mark.parametrize("body", [b"{", b"[1", b'{"data": 3}', b"<html>login</html>", b'[{"other": 1}]'])
def test_a_broken_page_never_moves_the_cursor(post: Post, body: bytes) -> None:
    answers = [Said(rows(1, 2)), Said(body), Said(rows(3))]
    with Api(lambda _: answers.pop(0)).running() as api:
        timer = Timer()
        inlet = polled(post, spec(api, cursor=BY_ID), timer)
        for _ in range(3):
            look(post, inlet)
            timer.now += 1000
        assert [asked.params.get("after") for asked in api.asked] == [None, "2", "2"]
        assert kept(post) == [1, 2, 3]
        assert len(faults(post)) == 1


def test_records_that_share_a_moment_are_all_taken_and_none_is_two(post: Post) -> None:
    same = [{"id": n, "at": "2026-11-17T08:00:00Z"} for n in (1, 2, 3)]
    answers = [same[:2], same]
    with Api(lambda _: Said(answers.pop(0))).running() as api:
        timer = Timer()
        inlet = polled(
            post,
            spec(api, cursor={"by": "time", "field": "at", "param": "since", "start": "2026-11-17T00:00:00Z"}),
            timer,
        )
        for _ in range(2):
            look(post, inlet)
            timer.now += 60
        assert [asked.params["since"] for asked in api.asked] == ["2026-11-17T00:00:00Z", "2026-11-17T08:00:00Z"]
        assert len({item.ident for item in post.spool.read()}) == 3


def test_a_full_page_of_one_moment_is_told_and_not_skipped(post: Post) -> None:
    same = [{"id": n, "at": "2026-11-17T08:00:00Z"} for n in (1, 2)]
    with Api(lambda _: Said(same)).running() as api:
        cursor = {"by": "time", "field": "at", "param": "since", "start": "2026-11-17T08:00:00Z"}
        look(post, polled(post, spec(api, cursor=cursor, page_size=2)))
        assert "không tiến" in faults(post)[0]


@pytest.mark.parametrize("how", ["header", "body"])
def test_links_are_followed_and_kept(post: Post, how: str) -> None:
    def answer(asked: Asked) -> Said:
        page = int(asked.params.get("page", "1"))
        link = f"/v1/audit?page={page + 1}" if page < 3 else None
        body = {"items": rows(page), **({"next": f"{api.url}{link}"} if link and how == "body" else {})}
        return Said(body, headers={"Link": f'<{link}>; rel="next"'} if link and how == "header" else {})

    with Api(answer).running() as api:
        cursor = {"by": "link", "next": "next" if how == "body" else ""}
        inlet = polled(post, spec(api, records="items", cursor=cursor))
        look(post, inlet, 3)
        assert kept(post) == [1, 2, 3]


def test_numbered_pages_go_on_where_the_last_one_was_not_full(post: Post) -> None:
    listed = rows(*range(1, 4))

    def answer(asked: Asked) -> Said:
        page = int(asked.params["p"])
        return Said(listed[2 * (page - 1) : 2 * page])

    with Api(answer).running() as api:
        timer = Timer()
        inlet = polled(post, spec(api, cursor={"by": "page", "param": "p"}, page_size=2), timer)
        look(post, inlet, 2)
        listed += rows(4)
        timer.now += 60
        look(post, inlet)
        assert kept(post) == [1, 2, 3, 4]


def test_without_a_cursor_an_answer_is_taken_when_it_has_changed(post: Post) -> None:
    answers = [Said(rows(1)), Said(rows(1)), Said(rows(1, 2), headers={"ETag": '"v2"'}), Said(status=304)]
    with Api(lambda _: answers.pop(0)).running() as api:
        timer = Timer()
        inlet = polled(post, spec(api), timer)
        for _ in range(4):
            look(post, inlet)
            timer.now += 60
        assert kept(post) == [1, 1, 2]
        assert len({item.ident for item in post.spool.read()}) == 2
        assert [asked.headers.get("if-none-match") for asked in api.asked] == [None, None, None, '"v2"']


def test_a_record_that_was_deleted_behind_our_back_is_told(post: Post) -> None:
    answers = [rows(1, 2, 3), rows(3, 4), rows(5)]
    with Api(lambda _: Said(answers.pop(0))).running() as api:
        timer = Timer()
        inlet = polled(post, spec(api, cursor={**BY_ID, "overlap": True}), timer)
        for _ in range(3):
            look(post, inlet)
            timer.now += 60
        assert [asked.params.get("after") for asked in api.asked] == [None, "2", "3"]
        assert kept(post) == [1, 2, 3, 4, 5]
        assert len(faults(post)) == 1
        assert "id=4" in faults(post)[0]


def test_failures_are_told_once_and_tried_less_and_less_often(post: Post) -> None:
    with Api(lambda _: Said(status=500)).running() as api:
        timer = Timer()
        inlet = polled(post, spec(api, interval_s=60), timer)
        for due in (60, 120, 240, 480, 900, 900):
            look(post, inlet)
            timer.now += due - 1
            post.collector.collect("portal", inlet)
            assert inlet._pending is None
            timer.now += 1
        assert len(faults(post)) == 1


def test_a_look_that_never_comes_back_is_given_up(post: Post) -> None:
    go_on = threading.Event()

    def answer(_: Asked) -> Said:
        go_on.wait(10)
        return Said(rows(1))

    with Api(answer).running() as api:
        timer = Timer()
        inlet = polled(post, spec(api), timer)
        post.collector.collect("portal", inlet)
        timer.now += 149
        post.collector.collect("portal", inlet)
        assert faults(post) == []
        timer.now += 1
        post.collector.collect("portal", inlet)
        assert "150" in faults(post)[0]
        go_on.set()
        timer.now += 60
        look(post, inlet)
        assert kept(post) == [1]


def test_an_api_that_says_when_to_come_again_is_obeyed(post: Post) -> None:
    answers = [Said(status=429, headers={"Retry-After": "2000"}), Said(rows(1))]
    with Api(lambda _: answers.pop(0)).running() as api:
        timer = Timer()
        inlet = polled(post, spec(api), timer)
        look(post, inlet)
        timer.now += 1999
        post.collector.collect("portal", inlet)
        assert len(api.asked) == 1
        timer.now += 1
        look(post, inlet)
        assert kept(post) == [1]
    assert retry_after_s("Tue, 17 Nov 2026 01:06:11 GMT", NOW) == pytest.approx(59.588)
    assert [retry_after_s(text, NOW) for text in ("", "soon", "99999", "-5")] == [0, 0, 3600, 0]


@pytest.mark.parametrize(
    "location", ["http://192.0.2.1/", "http://169.254.169.254/latest", "http://localhost:1/x", "file:///etc/passwd"]
)
def test_no_redirect_and_no_link_leads_to_another_host(post: Post, location: str) -> None:
    for said, cursor in (
        (Said(status=302, headers={"Location": location}), None),
        (Said({"items": rows(1), "next": location}), {"by": "link", "next": "next"}),
    ):
        with Api(lambda _, said=said: said).running() as api:  # type: ignore[misc]
            timer = Timer()
            inlet = polled(post, spec(api, records="items" if cursor else "", cursor=cursor), timer)
            look(post, inlet)
            timer.now += 1000
            look(post, inlet)
            assert "chưa khai báo" in faults(post)[0]
            assert len(api.asked) == (2 if cursor is None else 1)


def test_a_redirect_within_the_host_is_followed_and_circles_end(post: Post) -> None:
    def answer(asked: Asked) -> Said:
        return Said(rows(1)) if asked.path == "/v2" else Said(status=308, headers={"Location": "/v2"})

    with Api(answer).running() as api:
        look(post, polled(post, spec(api)))
        assert kept(post) == [1]
    with Api(lambda _: Said(status=302, headers={"Location": "/v1/audit"})).running() as api:
        look(post, polled(post, spec(api)))
        assert len(api.asked) == 4


def test_secrets_come_from_files_and_stay_out_of_what_is_told(post: Post, caplog: pytest.LogCaptureFixture) -> None:
    (post.home / "api.key").write_text("Bearer s3cret-of-the-api\n")
    with Api(lambda _: Said(status=401, body=b"denied")).running() as api:
        wanted = spec(api, secret_headers={"Authorization": "api.key"})
        look(post, polled(post, wanted))
        assert api.asked[0].headers["authorization"] == "Bearer s3cret-of-the-api"
    assert "s3cret" not in " ".join([*faults(post), caplog.text, repr(post.quarantine.list())])
    look(post, polled(post, spec(api, secret_headers={"Authorization": "missing.key"})))
    assert any("tệp bí mật" in told for told in faults(post))


def test_an_answer_that_is_too_large_or_a_bomb_is_given_up(post: Post) -> None:
    bomb = gzip.compress(b"[" + b" " * 5_000_000 + b"]")
    answers: list[Callable[[], Said]] = [
        lambda: Said(b"[" + b" " * 5000 + b"]"),
        lambda: Said(bomb, headers={"Content-Encoding": "gzip"}),
    ]
    with Api(lambda _: answers.pop(0)()).running() as api:
        timer = Timer()
        inlet = polled(post, spec(api, max_bytes=4096), timer)
        for _ in range(2):
            look(post, inlet)
            timer.now += 1000
        assert "4096" in faults(post)[0]
    assert post.lines() == []


def test_elements_that_are_no_records_are_set_aside(post: Post) -> None:
    with Api(lambda _: Said([{"id": 1}, 7, {"id": 2, "x": "a" * LIMIT}])).running() as api:
        look(post, polled(post, spec(api, cursor=BY_ID)))
    assert kept(post) == [1]
    assert sorted(one.kind for one in post.quarantine.list()) == ["oversize", "parse"]


def test_a_post_sends_its_parameters_as_json(post: Post) -> None:
    with Api(lambda _: Said(rows(1))).running() as api:
        look(post, polled(post, spec(api, method="POST", params={"a": "b"})))
        assert orjson.loads(api.asked[0].body) == {"a": "b"}


@pytest.mark.parametrize(
    "settings",
    [
        {"url": "http://192.0.2.1/x"},
        {"url": "ftp://a.example/"},
        {"url": "https://u:p@a.example/"},
        {"cursor": {"by": "id"}},
        {"cursor": {"by": "time", "field": "a", "param": "b"}},
    ],
)
def test_what_would_be_unsafe_or_half_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        PollSpec.model_validate({"kind": "poll", "url": "https://a.example/", **settings})


def test_tls_is_checked_against_the_authority_that_is_named(post: Post, tmp_path: Path) -> None:
    files = make_certificates(tmp_path)
    with Api(lambda _: Said(rows(1)), files).running() as api:
        look(post, polled(post, spec(api)))
        assert (kept(post), api.asked) == ([], [])
        assert "certificate" in faults(post)[0].lower()
        look(post, polled(post, spec(api, ca=str(files.authority))))
        assert kept(post) == [1]
        look(post, polled(post, spec(api, ca=str(tmp_path / "none.pem"))))
        assert any("tệp CA" in told for told in faults(post))
