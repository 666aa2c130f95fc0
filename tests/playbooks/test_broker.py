"""The way to the workers, over a folder and over a real Redis."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from playbooks.broker import ADVANCE, Broker, Lane, make_broker
from playbooks.outage import CALM_S, Outage
from soc.core.errors import BrokerError, SetupError
from tests.servers.redis import RedisServer

SECRET = "mat/khau %+#"


@pytest.fixture
def server(redis_server: RedisServer) -> RedisServer:
    """A Redis without a message; whoever kills it starts it again."""
    with redis_server.client() as client:
        client.flushall()
    return redis_server


def ask(broker: Broker, times: int = 1) -> None:
    for _ in range(times):
        broker.queue(ADVANCE, Lane.RESPONSE).enqueue("0" * 32)


def refused(broker: Broker) -> BrokerError:
    with pytest.raises(BrokerError) as problem:
        ask(broker)
    return problem.value


@pytest.mark.redis
def test_messages_wait_in_the_lane_they_were_sent_to(server: RedisServer, tmp_path: Path) -> None:
    for broker in (make_broker(tmp_path), make_broker(tmp_path, server.url)):
        ask(broker, 3)
        broker.queue("test.build", Lane.LONG).enqueue("a")
        assert (broker.depth(Lane.RESPONSE), broker.depth(Lane.LONG)) == (3, 1)


@pytest.mark.redis
def test_a_redis_that_dies_is_told_of_once_and_used_again_when_it_is_back(
    server: RedisServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broker = make_broker(tmp_path, server.url)
    ask(broker)
    server.kill()
    for _ in range(3):
        problem = refused(broker)
    with pytest.raises(BrokerError):
        broker.depth(Lane.RESPONSE)
    assert (problem.engine, problem.kind) == ("broker", "unreachable")
    server.restart()
    ask(broker)
    told = [(record.levelname, server.password in record.getMessage()) for record in caplog.records]
    assert told == [("ERROR", False), ("WARNING", False)]
    assert broker.depth(Lane.RESPONSE) == 1


@pytest.mark.redis
def test_a_redis_that_hangs_keeps_nobody_waiting_for_ever(server: RedisServer, tmp_path: Path) -> None:
    """The connection stays open and nothing answers, as behind a firewall that forgot it."""
    broker = make_broker(tmp_path, server.url)
    ask(broker)
    server.freeze()
    assert "Timeout" in str(refused(broker))
    server.thaw()
    ask(broker)


@pytest.mark.redis
@pytest.mark.parametrize("place", ["127.0.0.1:{port}", "127.0.0.1:1", "nowhere.invalid:6379"])
def test_a_password_is_never_told(
    server: RedisServer, tmp_path: Path, caplog: pytest.LogCaptureFixture, place: str
) -> None:
    """A wrong password, nobody listening, no such machine."""
    caplog.set_level(logging.DEBUG)
    broker = make_broker(tmp_path, f"redis://:mat%2Fkhau%20%25%2B%23@{place.format(port=server.port)}/0")
    problem = refused(broker)
    said = [str(problem), str(problem.__cause__), problem.where, broker.place, caplog.text]
    assert broker.secret == SECRET
    assert not [text for text in said if "khau" in text]
    assert place.partition(":")[0] in problem.where


@pytest.mark.redis
@pytest.mark.usefixtures("redis_server")  # skips where there is none
def test_tls_checks_the_certificate_always(tmp_path: Path) -> None:
    with RedisServer(tls=True) as server:
        assert server.certificate is not None
        assert make_broker(tmp_path, f"{server.url}?ssl_ca_certs={server.certificate.authority}").depth(Lane.LONG) == 0
        with pytest.raises(BrokerError, match="certificate verify failed"):
            make_broker(tmp_path, server.url).depth(Lane.LONG)


@pytest.mark.parametrize(
    "url",
    [
        "rediss://:s3cret@host:6379/0?ssl_cert_reqs=none",
        "redis://:s3cret@host:99999/0",
        "redis://:s3cret@:6379/0",
        "http://:s3cret@host",
        "redis//s3cret",
        "redis://:s3cret/x@host:6379",
    ],
)
def test_an_address_that_cannot_be_used_is_refused_at_the_start(tmp_path: Path, url: str) -> None:
    with pytest.raises(SetupError) as problem:
        make_broker(tmp_path, url)
    assert "SOC_BROKER_URL" in str(problem.value)
    assert "s3cret" not in str(problem.value)


def test_a_folder_that_was_deleted_is_made_again(tmp_path: Path) -> None:
    broker = make_broker(tmp_path)
    (tmp_path / "broker" / "messages").rmdir()
    ask(broker)
    assert broker.depth(Lane.RESPONSE) == 1


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    broker = make_broker(tmp_path)
    (tmp_path / "broker" / "messages").rmdir()
    (tmp_path / "broker" / "messages").touch()
    problem = refused(broker)
    assert str(tmp_path / "broker") in problem.where
    assert "broker_url" in str(problem)


def test_what_a_second_connection_says_late_of_the_same_loss_is_no_news(caplog: pytest.LogCaptureFixture) -> None:
    moment = [0.0]
    outage = Outage("broker", "work waits", lambda: moment[0])
    for told in (outage.lost, outage.lost, lambda _: outage.back(), lambda _: outage.back(), outage.lost):
        told("refused")
    assert len(caplog.records) == 2
    moment[0] += CALM_S
    outage.lost("refused")
    assert len(caplog.records) == 3
