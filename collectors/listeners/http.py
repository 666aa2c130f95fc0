"""HTTP push and the bulk endpoint of the Elastic family, as `sources.yaml` names them. Both are one listener, on one port."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from collectors.definition import DefinitionProblem
from collectors.listener import Listener
from collectors.listeners.spec import AddressSpec, FeedSpec, Opening, TlsSpec
from collectors.platform import NetworkText
from soc.core.i18n import msg

Digest: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class HttpTlsSpec(TlsSpec):
    """Certificate and key; the token tells who sends, so a client needs no certificate unless one is asked for."""

    client_certificates: bool = False


class HttpFeed(FeedSpec):
    """The `input` of a source that sends by HTTP.

    Attributes:
        token_sha256: SHA-256 of its tokens, in hexadecimal; two while a new one takes the place of the old.
        field: dotted path of the text that is the record, where a shipper wraps each line it reads into a document (`message`); the
            source's format then reads that line. Empty = the documents, or lines, are the records.
    """

    kind: Literal["http"]
    token_sha256: Annotated[list[Digest], Field(min_length=1, max_length=8)]
    field: str = Field(default="", max_length=200)


class HttpSpec(AddressSpec):
    """A port that takes pushes and bulk requests.

    Attributes:
        tls: certificate; without it the listener stays on this machine, or behind a proxy.
        behind_proxy: networks of the proxies in front, which speak TLS to the senders: nobody else is let in, and they are believed
            about the address of the sender.
        max_body_bytes: longest body of a request, unpacked.
        max_records: most records of a request: it is kept whole or not at all.
        max_connections: at once.
        header_timeout_s: for the head of a request.
        body_timeout_s: for the whole body.
        elastic_version: what `GET /` says; shippers want a server at least as new as themselves.
    """

    feeds = "http"
    transport = "tcp"

    kind: Literal["http"]
    tls: HttpTlsSpec | None = None
    behind_proxy: tuple[NetworkText, ...] = ()
    max_body_bytes: int = Field(default=32 * 1024 * 1024, ge=1024, le=256 * 1024 * 1024)
    max_records: int = Field(default=20_000, ge=1, le=100_000)
    max_connections: int = Field(default=1024, ge=1, le=10_000)
    header_timeout_s: float = Field(default=10.0, gt=0, le=120)
    body_timeout_s: float = Field(default=60.0, gt=0, le=600)
    elastic_version: Annotated[str, Field(pattern=r"^\d{1,2}\.\d{1,3}\.\d{1,3}$")] = "8.19.0"

    @model_validator(mode="after")
    def _hides_tokens(self) -> HttpSpec:
        if self.tls is None and not self.behind_proxy and not _is_loopback(self.host):
            raise DefinitionProblem(
                msg("{host} không phải địa chỉ loopback; token đi trên mạng không mã hóa", host=self.host),
                expected=msg("tls, hoặc behind_proxy, hoặc host: 127.0.0.1"),
            )
        return self

    def check(self, feeds: Mapping[str, HttpFeed]) -> list[tuple[str, DefinitionProblem]]:
        owners: dict[str, str] = {}
        found = []
        for source, feed in feeds.items():
            for digest in feed.token_sha256:
                owner = owners.setdefault(digest, source)
                if owner != source:
                    problem = DefinitionProblem(
                        msg("token này đã thuộc nguồn {source}", source=owner),
                        advice=msg("tạo token riêng cho từng nguồn: soc sources token MÃ"),
                        place=("token_sha256",),
                    )
                    found.append((source, problem))
        return found

    def open(self, feeds: Mapping[str, HttpFeed], opening: Opening) -> Listener:
        from collectors.listeners.http_listener import HttpListener  # noqa: PLC0415 - brings the web server

        digests = tuple((digest, source) for source, feed in feeds.items() for digest in feed.token_sha256)
        fields = {source: feed.field for source, feed in feeds.items() if feed.field}
        return HttpListener(self, digests, fields, self.tls.context(opening.home) if self.tls is not None else None)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
