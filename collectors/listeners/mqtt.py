"""A subscription at an MQTT broker, as `sources.yaml` names it."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from collectors.definition import DefinitionProblem
from collectors.listener import Listener
from collectors.listeners.spec import FeedSpec, ListenerSpec, Opening, Port, Strict
from soc.core.errors import SetupError
from soc.core.i18n import msg


class MqttFeed(FeedSpec):
    """The `input` of a source that publishes.

    Attributes:
        topics: filters, with `+` and `#`.
        wrap: make each record `{"topic": ..., "payload": ...}`, where the topic says which station or vehicle it is.
    """

    kind: Literal["mqtt"]
    topics: Annotated[list[Annotated[str, Field(min_length=1, max_length=1024)]], Field(min_length=1)]
    wrap: bool = False


class BrokerTlsSpec(Strict):
    """How the broker is known, and how we show who we are."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def context(self, home: Path) -> ssl.SSLContext:
        """TLS 1.2 or newer; the broker's name is checked. Raises SetupError when a file cannot be used."""
        try:
            context = ssl.create_default_context(cafile=home / self.ca if self.ca else None)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            if self.certificate is not None:
                context.load_cert_chain(home / self.certificate, home / self.key if self.key else None)
        except (OSError, ssl.SSLError) as problem:
            raise SetupError(
                msg("không dùng được chứng thư TLS ({reason})", reason=problem.strerror or str(problem)),
                expected=msg("tệp PEM của chứng thư và của khóa đi với nó"),
                where=str(home / (self.certificate or self.ca or "")),
                advice=msg("kiểm tra ca, certificate và key trong sources.yaml"),
            ) from problem
        return context


class MqttSpec(ListenerSpec):
    """A broker to subscribe at. It keeps for us what comes while we are away: the session is ours for `session_days`.

    Attributes:
        host: of the broker; another machine is reached by TLS alone.
        password_file: holds the password of `user` alone in its first line.
        protocol: version 5 tells the broker how much may be under way; 3.1.1 leaves that to the broker.
        max_in_flight: messages that may wait for the disk.
    """

    feeds = "mqtt"

    kind: Literal["mqtt"]
    host: str
    port: Port = 8883
    tls: BrokerTlsSpec | None = None
    user: str = ""
    password_file: Path | None = None
    client_id: str = Field(default="", max_length=64)
    protocol: Literal["5", "3.1.1"] = "5"
    max_in_flight: int = Field(default=200, ge=1, le=2000)
    session_days: int = Field(default=7, ge=0, le=365)

    @model_validator(mode="after")
    def _hides_passwords(self) -> MqttSpec:
        if self.tls is None and not _is_loopback(self.host):
            raise DefinitionProblem(
                msg("broker {host} ở máy khác mà không có TLS", host=self.host),
                expected=msg("tls có ca là tệp PEM, hoặc host: 127.0.0.1"),
            )
        return self

    def check(self, feeds: Mapping[str, MqttFeed]) -> list[tuple[str, DefinitionProblem]]:
        owners: dict[str, str] = {}
        found = []
        for source, feed in feeds.items():
            for topic in feed.topics:
                owner = owners.setdefault(topic, source)
                if owner != source:
                    problem = msg("chủ đề '{topic}' đã thuộc nguồn {source}", topic=topic, source=owner)
                    advice = msg("mỗi chủ đề thuộc một nguồn")
                    found.append((source, DefinitionProblem(problem, advice=advice, place=("topics",))))
        return found

    def open(self, feeds: Mapping[str, MqttFeed], opening: Opening) -> Listener:
        from collectors.listeners.mqtt_session import MqttListener  # noqa: PLC0415 - brings the client

        context = None if self.tls is None else self.tls.context(opening.home)
        return MqttListener(self, dict(feeds), context, self._password(opening.home))

    def _password(self, home: Path) -> str | None:
        if self.password_file is None:
            return None
        try:
            return (home / self.password_file).read_text("utf-8").partition("\n")[0].strip()
        except (OSError, UnicodeDecodeError) as problem:
            raise SetupError(
                msg("không đọc được tệp mật khẩu của broker"),
                where=str(home / self.password_file),
                advice=msg("kiểm tra đường dẫn và quyền đọc của tệp"),
            ) from problem


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
