"""The words that platform files are written with: kinds of log, degrees of confidence, ids, networks, charsets, ways in."""

from __future__ import annotations

from enum import StrEnum
from ipaddress import ip_network
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field

from collectors.definition import DefinitionProblem, advice_for
from collectors.viet_charsets import LEGACY
from soc.core.i18n import Message, msg

LOG_TYPES = frozenset(
    {
        "analyst_audit",
        "api_gateway",
        "application",
        "audit",
        "authentication",
        "backup",
        "camera",
        "console_audit",
        "database_audit",
        "dhcp",
        "dns",
        "edr",
        "endpoint_av",
        "federation",
        "firewall",
        "gpu_host",
        "host",
        "hsm",
        "hypervisor",
        "iot",
        "ips",
        "mobile_api",
        "network_flow",
        "nms",
        "object_storage",
        "payment",
        "print_scan",
        "router_syslog",
        "rule_change",
        "siem_audit",
        "signing",
        "sip",
        "storage",
        "switch_syslog",
        "tls",
        "vpn",
        "waf",
        "web_access",
    }
)
"""Kinds of log that platforms owe. Source: the platform register of the province (proposed, see each platform's confidence)."""


class Confidence(StrEnum):
    """How sure a stated fact is; shown beside it."""

    STATED = "stated"
    NOT_STATED = "not_stated"
    READ = "read"
    GENERAL = "general"
    PROPOSED = "proposed"
    ASSUMED = "assumed"

    @property
    def label(self) -> Message:
        """The words shown to a person."""
        return _CONFIDENCE[self]


_CONFIDENCE = {
    Confidence.STATED: msg("theo kế hoạch của tỉnh"),
    Confidence.NOT_STATED: msg("tài liệu không nêu"),
    Confidence.READ: msg("đã đối chiếu tài liệu hoặc mẫu"),
    Confidence.GENERAL: msg("kiến thức chung, chưa đối chiếu"),
    Confidence.PROPOSED: msg("đề xuất của dự án"),
    Confidence.ASSUMED: msg("giả định, phải thay bằng mẫu thật"),
}


def _known_log_type(name: str) -> str:
    if name not in LOG_TYPES:
        raise DefinitionProblem(msg("loại nhật ký lạ '{name}'", name=name), advice=advice_for(name, sorted(LOG_TYPES)))
    return name


def _network(text: str) -> str:
    try:
        ip_network(text, strict=False)
    except ValueError:
        raise DefinitionProblem(
            msg("'{text}' không phải địa chỉ hay dải mạng", text=text), msg("ví dụ 192.0.2.0/24")
        ) from None
    return text


def _charset(name: str) -> str:
    if name in ("", *LEGACY):
        return name
    try:
        "".encode(name)
    except LookupError:
        raise DefinitionProblem(
            msg("không có bảng mã '{name}'", name=name),
            msg("tcvn3, vni, cp1258, utf-16-le, utf-8 hoặc tên khác mà Python biết"),
        ) from None
    return name


Id: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,63}$")]
LogType: TypeAlias = Annotated[str, AfterValidator(_known_log_type)]
NetworkText: TypeAlias = Annotated[str, AfterValidator(_network)]
Charset: TypeAlias = Annotated[str, AfterValidator(_charset)]
ThreatId: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
"""As in the register of threats (`shared/domain/logs`): lower case with hyphens."""
InputKind: TypeAlias = Literal[
    "drop", "evtx", "file", "gelf", "http", "journald", "mqtt", "ndjson", "netflow", "poll", "sql", "syslog"
]
"""Ways in, by the kinds of `sources.yaml`; `syslog` and `gelf` stand for all their transports."""
Klass: TypeAlias = Literal["provincial", "security", "proposed", "external_link"]
