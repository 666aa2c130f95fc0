"""Sources that are asked again and again, as `sources.yaml` names them: an HTTP API, or a table of a database."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from collectors.definition import DefinitionProblem
from collectors.input import Input
from collectors.inputs.spec import PullSpec
from collectors.listeners.spec import Strict
from soc.core.i18n import msg


def _address(text: str) -> str:
    parts = urlsplit(text)
    if not parts.hostname or parts.username or parts.scheme not in ("https", "http"):
        raise DefinitionProblem(
            msg("'{url}' không phải địa chỉ HTTPS", url=text), msg("https://máy/đường-dẫn, không kèm mật khẩu")
        )
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise DefinitionProblem(msg("'{url}' không mã hóa", url=text), msg("https://…; http chỉ dùng trong máy này"))
    return text


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


Address: TypeAlias = Annotated[str, AfterValidator(_address)]
Name: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_$]{0,127}$")]


class CursorSpec(Strict):
    """How the next page is asked for.

    Attributes:
        by: id = records behind a key that only grows; time = records since a moment, which is asked for again, as several share it;
            link = the address that the answer names; page = a page number over a list that is only added to.
        field: dotted path of the key or moment in a record.
        param: query parameter that carries it, or the page number.
        start: its first value.
        overlap: with whole-numbered ids: the last record is asked for again each time, so that it is noticed when it was deleted.
        next: dotted path of the next address in the answer; empty = the Link header, rel=next.
    """

    by: Literal["id", "time", "link", "page"]
    field: str = ""
    param: str = ""
    start: str = ""
    overlap: bool = False
    next: str = ""

    @model_validator(mode="after")
    def _is_whole(self) -> CursorSpec:
        missing = [name for name in _NEEDED[self.by] if not getattr(self, name)]
        if missing:
            raise DefinitionProblem(msg("con trỏ theo {by} thiếu {names}", by=self.by, names=", ".join(missing)))
        return self


_NEEDED = {"id": ("field", "param"), "time": ("field", "param", "start"), "link": (), "page": ("param",)}


class PollSpec(PullSpec):
    """An HTTP API that answers JSON.

    Attributes:
        method: POST sends the parameters as a JSON object.
        secret_headers: header -> file that holds its value; relative to the home.
        records: dotted path of the list in the answer; empty = the answer is the list.
        cursor: without one the whole answer is asked for each time, and taken when it has changed.
        page_size, page_param: records asked for at once, and the parameter that says so.
        hosts: further hosts that a link or redirect may lead to. Nothing else is ever asked.
        ca: PEM file of the authority of the API, where the system does not know it.
    """

    kind: Literal["poll"]
    url: Address
    method: Literal["GET", "POST"] = "GET"
    headers: dict[str, str] = Field(default={})
    secret_headers: dict[str, Path] = Field(default={})
    params: dict[str, str] = Field(default={})
    records: str = ""
    cursor: CursorSpec | None = None
    page_size: int = Field(default=500, ge=1, le=10_000)
    page_param: str = ""
    hosts: list[str] = Field(default=[])
    ca: Path | None = None
    proxy: str | None = None
    interval_s: float = Field(default=60.0, ge=1, le=86_400)
    timeout_s: float = Field(default=30.0, gt=0, le=300)
    max_bytes: int = Field(default=16 * 1024 * 1024, ge=1024, le=256 * 1024 * 1024)

    def inputs(self, home: Path) -> Sequence[Input]:
        from collectors.inputs.poll import ApiLooker  # noqa: PLC0415 - of who only reads the file
        from collectors.inputs.poll_beside import Beside  # noqa: PLC0415

        return [Beside(ApiLooker(self, home))]


class SqlSpec(PullSpec):
    """A table that is read by its key, with an account that may only read.

    Attributes:
        url_file: file that holds the SQLAlchemy URL, as it holds a password; relative to the home.
        key: column that only grows.
        columns: empty = all.
    """

    kind: Literal["sql"]
    url_file: Path
    table: Name
    schema_name: Name | None = Field(default=None, alias="schema")
    key: Name
    columns: list[Name] = Field(default=[])
    page_size: int = Field(default=1000, ge=1, le=10_000)
    interval_s: float = Field(default=60.0, ge=1, le=86_400)
    timeout_s: float = Field(default=60.0, gt=0, le=3600)

    def inputs(self, home: Path) -> Sequence[Input]:
        from collectors.inputs.poll_beside import Beside  # noqa: PLC0415 - of who only reads the file
        from collectors.inputs.poll_sql import TableLooker  # noqa: PLC0415

        return [Beside(TableLooker(self, home))]
