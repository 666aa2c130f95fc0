"""Redis as the broker, for Celery: a message that was taken is gone."""

from __future__ import annotations

import ssl
from typing import Any
from urllib.parse import SplitResult, parse_qs

from kombu.transport import redis, virtual

TLS_FILES = frozenset({"ssl_ca_certs", "ssl_certfile", "ssl_keyfile"})
"""What a `rediss://` address may name: the CAs to trust, certificate and key of our own."""

CONNECT_S, ANSWER_S = 2.0, 3.0
"""How long Redis may take. Whoever starts a run waits for it, and a run that nobody was asked for is found by the sweep."""


class LocalQoS(virtual.QoS):
    """Counts what a worker has in hand, and tells nobody."""

    restore_at_shutdown = False


class RedisChannel(redis.Channel):
    """Kombu's channel without its account, in Redis, of messages that were not acknowledged.

    That account does what the leases in SQL already do. And it makes a worker stop for good when Redis dies while all its threads
    are busy: an acknowledgement that fails never frees its place.
    """

    ack_emulation = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call]
        self.QoS = LocalQoS  # type: ignore[assignment]  # kombu itself puts its plain one here


class RedisTransport(redis.Transport):
    """The transport over `RedisChannel`."""

    Channel = RedisChannel


def redis_broker(url: SplitResult) -> dict[str, object]:
    """What Celery is to be told for its messages to go through Redis.

    Over `rediss://` the certificate of the server is always checked: against the CAs in the file that `?ssl_ca_certs=` names,
    else against those of the machine. Raises ValueError for any other parameter.
    """
    options = {
        "max_retries": 0,
        "socket_connect_timeout": CONNECT_S,
        "socket_timeout": ANSWER_S,
        "socket_keepalive": True,
    }
    return {
        "broker_url": url._replace(query="").geturl(),
        "broker_use_ssl": _tls(parse_qs(url.query, strict_parsing=bool(url.query)))
        if url.scheme == "rediss"
        else False,
        "broker_transport": f"{__name__}:{RedisTransport.__name__}",
        "broker_transport_options": options,
        "broker_connection_timeout": CONNECT_S,
    }


def _tls(parameters: dict[str, list[str]]) -> dict[str, object]:
    files = {name: values[-1] for name, values in parameters.items()}
    if not set(files) <= TLS_FILES:
        raise ValueError(sorted(set(files) - TLS_FILES))
    return {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_check_hostname": True, **files}
