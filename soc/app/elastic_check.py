"""Looks at a cluster with the service's own sign-in: what is there, what is missing, and the request that would grant it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from elastic_transport import TlsError
from elasticsearch import Elasticsearch

from soc.app.elastic_key import ApiKey
from soc.app.elastic_role import missing_privileges, question
from soc.app.elastic_setup import Request, index_request, role_request, template_request
from soc.app.elastic_watermarks import Watermark, free_share, settings_of, watermarks
from soc.app.findings import State
from soc.core.clock import Clock
from soc.core.errors import EngineError
from soc.core.i18n import Message, msg
from soc.storage.elastic.client import Cluster, connect
from soc.storage.elastic.faults import FaultKind, answering
from soc.storage.elastic.indices import Indices
from soc.storage.elastic.layout import VERSION
from soc.storage.elastic.names import LEVELS, Names

ANSWER_S = 10
"""Whoever looks after a cluster that hangs wants to hear so soon."""
EXPIRES_SOON = timedelta(days=30)
CLOCK_WARN, CLOCK_BAD = timedelta(seconds=5), timedelta(seconds=60)
SHARDS_WARN = 0.8
"""Of the limit of the cluster."""


@dataclass(frozen=True, slots=True)
class Point:
    """One thing looked at.

    Attributes:
        figures: for programs; no secrets.
        grant: requests that an administrator may send to mend it.
    """

    name: str
    state: State
    detail: Message
    figures: Mapping[str, Any] = field(default_factory=dict)
    grant: Sequence[Request] = ()


class ElasticCheck:
    """A check of one cluster.

    Args:
        client: signed in as the service is.
        key: the key of the home, if that is what the service signs in with.
    """

    def __init__(self, client: Elasticsearch, cluster: Cluster, key: ApiKey | None, clock: Clock) -> None:
        self._client, self._cluster, self._key, self._clock = client, cluster, key, clock
        self._names = Names(cluster.prefix)
        self._indices = Indices(client, self._names)

    def points(self) -> Iterator[Point]:
        """Each point in turn; after the first two nothing more where the cluster does not answer or knows us not."""
        try:
            with answering(self._cluster.url):
                account = self._account()
        except EngineError as problem:
            yield from self._stranger(problem)
            return
        yield from (self._tls(), account)
        for name, look in self._looks.items():
            try:
                with answering(self._cluster.url):
                    yield look()
            except EngineError as problem:
                yield self._unseen(name, problem)

    def _stranger(self, problem: EngineError) -> Iterator[Point]:
        """What can be said of a cluster that does not answer, or not to us."""
        if isinstance(problem.__cause__, TlsError):
            told = msg(
                "chứng chỉ của cụm không được CA đã đặt công nhận, hoặc địa chỉ không khớp; sửa SOC_ELASTICSEARCH_CA"
            )
            yield Point("tls", State.BAD, told, {"verified": False})
        elif problem.kind != FaultKind.UNREACHABLE:
            yield self._tls()
        yield Point("account", State.BAD, problem.as_message())

    @property
    def _looks(self) -> dict[str, Callable[[], Point]]:
        return {
            "privileges": self._privileges,
            "version": self._version,
            "template": self._template,
            "aliases": self._aliases,
            "indices": self._layout,
            "blocks": self._blocks,
            "health": self._health,
            "disk": self._disk,
            "shards": self._shards,
            "clock": self._skew,
        }

    def _unseen(self, name: str, problem: EngineError) -> Point:
        refused = problem.kind == FaultKind.REFUSED
        return Point(name, State.BAD, problem.as_message(), grant=(role_request(self._names),) if refused else ())

    def _tls(self) -> Point:
        plain = [url for url in self._cluster.url.split(",") if urlsplit(url.strip()).scheme == "http"]
        if not plain:
            ca = "–" if self._cluster.ca is None else str(self._cluster.ca)
            return Point("tls", State.OK, msg("TLS, chứng chỉ được kiểm tra (CA: {ca})", ca=ca), {"verified": True})
        away = [url for url in plain if not _is_loopback(urlsplit(url.strip()).hostname or "")]
        state = State.BAD if away else State.WARN
        found = (
            msg("không có TLS: khóa và nhật ký đi qua mạng ở dạng rõ")
            if away
            else msg("không có TLS, chỉ trong máy này")
        )
        return Point("tls", state, found, {"verified": False})

    def _account(self) -> Point:
        who = self._client.security.authenticate()
        name = str(who["api_key"]["name"] if "api_key" in who else who["username"])
        figures = {"name": name, "type": who["authentication_type"], "expires": None}
        if "api_key" not in who:
            return Point("account", State.OK, msg("đăng nhập bằng tài khoản {name}", name=name), figures)
        expires = self._key.expires if self._key is not None and self._key.id == who["api_key"]["id"] else None
        if expires is None:
            return Point("account", State.OK, msg("khóa API {name}, không rõ hạn dùng", name=name), figures)
        figures["expires"] = expires.isoformat()
        left = (expires - self._clock.now()).days
        told = msg("khóa API {name}, còn {days} ngày", name=name, days=left)
        return Point("account", State.WARN if left < EXPIRES_SOON.days else State.OK, told, figures)

    def _privileges(self) -> Point:
        asked = question(self._names)
        answer = self._client.security.has_privileges(cluster=asked["cluster"], index=asked["index"])
        missing = missing_privileges(dict(answer))
        if missing:
            told = msg("thiếu quyền: {missing}", missing=", ".join(missing))
            return Point("privileges", State.BAD, told, {"missing": missing}, (role_request(self._names),))
        return Point("privileges", State.OK, msg("đủ quyền"), {"missing": []})

    def _version(self) -> Point:
        found = self._client.info()
        number = str(found["version"]["number"])
        told = msg("Elasticsearch {version}, cụm {name}", version=number, name=found["cluster_name"])
        return Point("version", State.OK, told, {"version": number, "cluster": found["cluster_name"]})

    def _template(self) -> Point:
        version = self._indices.template_version()
        figures = {"found": version, "wanted": VERSION}
        if version is None:
            return Point("template", State.BAD, msg("chưa có mẫu chỉ mục"), figures, (template_request(self._names),))
        if version < VERSION:
            told = msg("mẫu chỉ mục phiên bản {found}, cần {wanted}", found=version, wanted=VERSION)
            return Point("template", State.WARN, told, figures, (template_request(self._names),))
        if version > VERSION:
            told = msg(
                "mẫu chỉ mục phiên bản {found} mới hơn chương trình này ({wanted})", found=version, wanted=VERSION
            )
            return Point("template", State.WARN, told, figures)
        return Point("template", State.OK, msg("mẫu chỉ mục phiên bản {found}", found=version), figures)

    def _aliases(self) -> Point:
        absent = [level for level in LEVELS if not self._client.indices.exists_alias(name=self._names.writing(level))]
        if absent:
            told = msg("thiếu chỉ mục ghi của cấp độ {levels}", levels=", ".join(map(str, absent)))
            grant = tuple(index_request(self._names, level) for level in absent)
            return Point("aliases", State.BAD, told, {"missing": absent}, grant)
        unread = sorted(set(self._all()) - set(self._indices.all()))
        if unread:
            told = msg(
                "chỉ mục không nằm trong bí danh đọc {alias}: {names}",
                alias=self._names.reading,
                names=", ".join(unread),
            )
            actions = [{"add": {"index": name, "alias": self._names.reading}} for name in unread]
            request = Request("POST", "/_aliases", msg("đưa vào bí danh đọc"), {"actions": actions})
            return Point("aliases", State.BAD, told, {"unread": unread}, (request,))
        self._client.indices.refresh(index=self._names.reading)
        return Point("aliases", State.OK, msg("bí danh đọc và ghi đủ, làm mới được"), {"missing": [], "unread": []})

    def _all(self) -> list[str]:
        return sorted(self._client.indices.get_alias(index=self._names.pattern, allow_no_indices=True))

    def _layout(self) -> Point:
        mappings = self._client.indices.get_mapping(index=self._names.pattern)
        versions = {name: _version_of(held) for name, held in mappings.items()}
        older = sorted(name for name, version in versions.items() if version != VERSION)
        found = self._client.indices.stats(index=self._names.pattern, metric="docs,store")["_all"]
        events = found.get("primaries", {}).get("docs", {}).get("count", 0)
        size = found.get("total", {}).get("store", {}).get("size_in_bytes", 0)
        figures = {"indices": len(versions), "events": events, "size_bytes": size, "other_layout": older}
        if older:
            told = msg(
                "chỉ mục có bố cục khác phiên bản {wanted}: {names}; chúng được thay dần khi cuộn sang chỉ mục mới",
                wanted=VERSION,
                names=", ".join(older),
            )
            return Point("indices", State.WARN, told, figures)
        told = msg(
            "{indices} chỉ mục, {events} sự kiện, {mb} MB", indices=len(versions), events=events, mb=size // 10**6
        )
        return Point("indices", State.OK, told, figures)

    def _blocks(self) -> Point:
        held = self._client.indices.get_settings(index=self._names.pattern, name="index.blocks.*", flat_settings=True)
        blocked = {
            name: sorted(found["settings"]) for name, found in held.items() if "true" in found["settings"].values()
        }
        if not blocked:
            return Point("blocks", State.OK, msg("không chỉ mục nào bị khóa"), {"blocked": {}})
        off = {key: None for keys in blocked.values() for key in keys}
        request = Request("PUT", f"/{','.join(sorted(blocked))}/_settings", msg("bỏ khóa"), off)
        told = msg(
            "chỉ mục bị khóa: {names}", names=", ".join(f"{n} ({', '.join(b)})" for n, b in sorted(blocked.items()))
        )
        return Point("blocks", State.BAD, told, {"blocked": blocked}, (request,))

    def _health(self) -> Point:
        found = self._client.cluster.health(index=self._names.pattern)
        status, unassigned = str(found["status"]), int(found["unassigned_shards"])
        state = {"green": State.OK, "yellow": State.WARN}.get(status, State.BAD)
        told = msg("trạng thái {status}, {unassigned} phân mảnh chưa cấp phát", status=status, unassigned=unassigned)
        return Point("health", state, told, {"status": status, "unassigned_shards": unassigned})

    def _disk(self) -> Point:
        marks = watermarks(settings_of(self._client))
        nodes = {str(node["name"]): node["fs"]["total"] for node in self._nodes()}
        free = {name: free_share(total) for name, total in nodes.items()}
        passed = {
            name: mark
            for name, total in nodes.items()
            if (mark := marks.passed(total["available_in_bytes"], total["total_in_bytes"])) is not None
        }
        figures = {"free_share": free, "watermarks": marks.shown, "passed": {n: m.value for n, m in passed.items()}}
        name, least = min(free.items(), key=lambda one: one[1])
        told = msg("ít nhất còn trống {share} % (nút {node})", share=round(least * 100, 1), node=name)
        if not passed:
            return Point("disk", State.OK, told, figures)
        worst = max(passed.values(), key=list(Watermark).index)
        bad = msg("{free}; vượt ngưỡng {mark} ở {count} nút", free=told, mark=worst.value, count=len(passed))
        return Point("disk", State.WARN if worst is Watermark.LOW else State.BAD, bad, figures)

    def _nodes(self) -> list[dict[str, Any]]:
        return [node for node in self._client.nodes.stats(metric="fs")["nodes"].values() if "fs" in node]

    def _shards(self) -> Point:
        health = self._client.cluster.health()
        per_node = int(settings_of(self._client).get("cluster.max_shards_per_node", "1000"))
        limit = per_node * int(health["number_of_data_nodes"])
        active = int(health["active_shards"])
        told = msg("{active} phân mảnh, giới hạn {limit}", active=active, limit=limit)
        return Point(
            "shards", State.WARN if active > limit * SHARDS_WARN else State.OK, told, {"active": active, "limit": limit}
        )

    def _skew(self) -> Point:
        before = self._clock.now()
        nodes = self._nodes()
        middle = before + (self._clock.now() - before) / 2
        skews = {str(node["name"]): round(_seconds(node["timestamp"], middle), 1) + 0.0 for node in nodes}
        name, worst = max(skews.items(), key=lambda one: abs(one[1]))
        told = msg("đồng hồ lệch nhiều nhất {seconds} giây (nút {node})", seconds=worst, node=name)
        away = timedelta(seconds=abs(worst))
        state = State.BAD if away > CLOCK_BAD else State.WARN if away > CLOCK_WARN else State.OK
        return Point("clock", state, told, {"seconds": skews})


def check_cluster(cluster: Cluster, key: ApiKey | None, clock: Clock) -> list[Point]:
    """All points of a cluster. Raises SetupError for an address that cannot be used."""
    client = connect(cluster).options(request_timeout=ANSWER_S, max_retries=0)
    try:
        return list(ElasticCheck(client, cluster, key, clock).points())
    finally:
        client.close()


def _version_of(held: Mapping[str, Any]) -> int:
    return int(held["mappings"].get("_meta", {}).get("vonggac", {}).get("version", 0))


def _seconds(millis: int, moment: datetime) -> float:
    return millis / 1000 - moment.timestamp()


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
