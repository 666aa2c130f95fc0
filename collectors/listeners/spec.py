"""How listeners, and the sources that they feed, are written down in `sources.yaml`."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from collectors.allowance import Allowance
from collectors.definition import DefinitionProblem
from collectors.listener import Listener
from soc.core.clock import Clock
from soc.core.errors import SetupError
from soc.core.i18n import msg

SOURCE_ID = r"^[a-z0-9][a-z0-9._-]{0,63}$"
SourceId: TypeAlias = Annotated[str, Field(pattern=SOURCE_ID)]
Port: TypeAlias = Annotated[int, Field(ge=1, le=65535)]


def _sender(text: str) -> str:
    if "/" not in text:
        return text
    try:
        ip_network(text, strict=False)
    except ValueError:
        raise DefinitionProblem(
            msg("'{text}' không phải địa chỉ hay dải mạng", text=text), msg("ví dụ 192.0.2.0/24")
        ) from None
    return text


Sender: TypeAlias = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_sender)]
"""An address, a network, or a name in a client's certificate."""


class Strict(BaseModel):
    """Unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class LimitsSpec(Strict):
    """What one source may send; 0 = as much as it likes. A longer record is cut and set aside."""

    records_per_second: int = Field(default=0, ge=0)
    bytes_per_second: int = Field(default=0, ge=0)
    max_record_bytes: int = Field(default=0, ge=0, le=64 * 1024 * 1024)

    @property
    def allowance(self) -> Allowance:
        return Allowance(self.records_per_second, self.bytes_per_second, self.max_record_bytes)


@dataclass(frozen=True, slots=True)
class Opening:
    """What a listener is given besides its spec and its feeds.

    Attributes:
        home: relative paths of specs are meant from here.
        max_record_bytes: length of the longest record of any source.
    """

    home: Path
    clock: Clock
    max_record_bytes: int


class FeedSpec(Strict):
    """The `input` of a source that a listener feeds.

    Attributes:
        listener: id of the listener.
        envelope: each record stands in a syslog header that its format does not have, as when rsyslog forwards a file.
    """

    kind: Any
    listener: SourceId
    envelope: bool = False


class ListenerSpec(Strict):
    """One entry of `listeners`.

    Attributes:
        kind: of the listener; a Literal in each class.
        feeds: kind of `input` of the sources it feeds.
    """

    feeds: ClassVar[str]

    kind: Any
    id: SourceId

    @property
    def addresses(self) -> list[tuple[str, str, int]]:
        """(udp or tcp, host, port) of every socket that it binds; none where it connects to somebody."""
        return []

    def check(self, feeds: Mapping[str, Any]) -> list[tuple[str, DefinitionProblem]]:
        """What is wrong with the sources it feeds, taken together: (source id, problem)."""
        return []

    def open(self, feeds: Mapping[str, Any], opening: Opening) -> Listener:
        """The listener; nothing is bound yet.

        Args:
            feeds: source id -> its `input`, all of kind `feeds` and all naming this listener.

        Raises:
            SetupError: a file that it needs cannot be read.
        """
        raise NotImplementedError


class AddressSpec(ListenerSpec):
    """A listener on a port. Other machines reach it only when `host` is an address of this one that they reach, or 0.0.0.0."""

    transport: ClassVar[str]

    host: str = "127.0.0.1"
    port: Port

    @property
    def addresses(self) -> list[tuple[str, str, int]]:
        return [(self.transport, self.host, self.port)]


class TlsSpec(Strict):
    """Certificate and key of the listener, and the authority of its clients.

    Attributes:
        client_certificates: False lets clients in that show none; they are told apart by their address then.
        client_ca: PEM file of the authority that signs the clients' certificates.
    """

    certificate: Path
    key: Path
    client_certificates: bool = True
    client_ca: Path | None = None

    @model_validator(mode="after")
    def _names_an_authority(self) -> TlsSpec:
        if self.client_certificates and self.client_ca is None:
            raise DefinitionProblem(
                msg("thiếu client_ca: không biết tin chứng thư của máy gửi nào"),
                expected=msg("tệp PEM của cơ quan ký chứng thư máy gửi, hoặc client_certificates: false"),
            )
        return self

    def context(self, home: Path) -> ssl.SSLContext:
        """TLS 1.2 or newer. Raises SetupError when a file cannot be used."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(home / self.certificate, home / self.key)
            if self.client_ca is not None:
                context.load_verify_locations(home / self.client_ca)
                context.verify_mode = ssl.CERT_REQUIRED if self.client_certificates else ssl.CERT_OPTIONAL
        except (OSError, ssl.SSLError) as problem:
            raise SetupError(
                msg("không dùng được chứng thư TLS ({reason})", reason=problem.strerror or str(problem)),
                expected=msg("tệp PEM của chứng thư và của khóa đi với nó"),
                where=str(home / self.certificate),
                advice=msg("kiểm tra certificate, key và client_ca trong sources.yaml"),
            ) from problem
        return context
