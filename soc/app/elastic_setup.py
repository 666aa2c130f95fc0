"""Makes in a cluster what the service needs, with an administrator's sign-in that is kept nowhere: template, indices, role, key.

Idempotent: what is there as it should be is left alone. Every request is a value that can be shown before it is sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import orjson
from elasticsearch import ApiError, Elasticsearch
from pydantic import SecretStr

from soc.app.elastic_key import ApiKey
from soc.app.elastic_role import role, role_name
from soc.core.clock import Clock
from soc.core.errors import SetupError
from soc.core.i18n import Message, msg
from soc.storage.elastic.faults import answering
from soc.storage.elastic.indices import Indices, template
from soc.storage.elastic.layout import VERSION
from soc.storage.elastic.names import LEVELS, Names

OLDEST = (8, 11)
"""The first version that answers everything we ask; tests run on 8.19."""
RENEW_BEFORE = timedelta(days=30)
"""A key that expires sooner is replaced by the next set-up."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request to the cluster, and what it is for."""

    method: str
    path: str
    why: Message
    body: Mapping[str, Any] | None = None

    @property
    def text(self) -> str:
        """As one types it into Kibana's console."""
        head = f"{self.method} {self.path}"
        if self.body is None:
            return head
        return f"{head}\n{orjson.dumps(self.body, option=orjson.OPT_INDENT_2).decode()}"


class Outcome(StrEnum):
    """What became of a request."""

    THERE = "there"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Step:
    """One request of the set-up and what became of it."""

    request: Request
    outcome: Outcome


def template_request(names: Names) -> Request:
    return Request(
        "PUT",
        f"/_index_template/{names.template}",
        msg("mẫu chỉ mục: kiểu trường, phân tích từ, cấu hình"),
        template(names),
    )


def index_request(names: Names, level: int) -> Request:
    """The first index of a level with its aliases; the read alias comes from the template."""
    why = msg("chỉ mục đầu tiên của cấp độ {level} và bí danh để ghi", level=level)
    aliases = {names.writing(level): {"is_write_index": True}}
    return Request("PUT", f"/{names.first(level)}", why, {"aliases": aliases})


def role_request(names: Names) -> Request:
    return Request(
        "PUT", f"/_security/role/{role_name(names)}", msg("vai trò ít quyền nhất, chỉ trên chỉ mục của ta"), role(names)
    )


def key_request(names: Names, days: int) -> Request:
    """A key with the privileges of the role, and no others that its maker may have."""
    body = {
        "name": role_name(names),
        "expiration": f"{days}d",
        "role_descriptors": {role_name(names): role(names)},
        "metadata": {"application": "vonggac", "prefix": names.prefix},
    }
    return Request("POST", "/_security/api_key", msg("khóa API gắn với vai trò, có hạn dùng"), body)


def all_requests(names: Names, days: int) -> list[Request]:
    """Everything a set-up may send that changes the cluster, in order."""
    indices = [index_request(names, level) for level in LEVELS]
    return [template_request(names), *indices, role_request(names), key_request(names, days)]


class ElasticSetup:
    """The set-up of one cluster.

    Args:
        client: signed in as an administrator by user and password: the cluster lets no API key make another one.
        where: address of the cluster for messages.
    """

    def __init__(self, client: Elasticsearch, names: Names, *, where: str, clock: Clock) -> None:
        self._client, self._names, self._where, self._clock = client, names, where, clock

    def prepare(self) -> Iterator[Step]:
        """Template, indices and role; each step is done when it is given.

        Raises:
            ElasticError: the cluster does not answer, or does not allow it.
            SetupError: the cluster is too old.
        """
        with answering(self._where):
            self._check_version()
            yield self._step(template_request(self._names), there=self._template_is_there())
            for level in LEVELS:
                alias = self._names.writing(level)
                there = bool(self._client.indices.exists_alias(name=alias))
                yield self._step(index_request(self._names, level), there=there)
            yield self._step(role_request(self._names), there=self._role_is_there())

    def key_is_good(self, held: ApiKey | None) -> bool:
        """Whether the key of the home is in force, has the privileges of now, and will be for a while."""
        if held is None:
            return False
        known = next((one for one in self._keys() if one["id"] == held.id), None)
        if known is None or known["role_descriptors"].keys() != {role_name(self._names)}:
            return False
        limit = (self._clock.now() + RENEW_BEFORE).timestamp() * 1000
        lasts = known.get("expiration") is None or known["expiration"] > limit
        return lasts and _same_role(known["role_descriptors"][role_name(self._names)], role(self._names))

    def make_key(self, days: int) -> ApiKey:
        """A new key. Raises ElasticError."""
        with answering(self._where):
            made = self._send(key_request(self._names, days))
        expires = made.get("expiration")
        moment = None if expires is None else datetime.fromtimestamp(expires / 1000, UTC)
        return ApiKey(made["id"], made["name"], SecretStr(made["encoded"]), moment)

    def others(self, held: ApiKey) -> list[str]:
        """Ids of keys of the same name that are still in force."""
        return sorted(str(one["id"]) for one in self._keys() if one["id"] != held.id)

    def withdraw(self, ids: Sequence[str]) -> None:
        """Take keys out of force for good. Raises ElasticError."""
        with answering(self._where):
            self._client.security.invalidate_api_key(ids=list(ids))

    def _keys(self) -> list[dict[str, Any]]:
        with answering(self._where):
            answer = self._client.security.get_api_key(name=role_name(self._names), active_only=True)
        return [one for one in answer["api_keys"] if one.get("metadata", {}).get("application") == "vonggac"]

    def _step(self, request: Request, *, there: bool) -> Step:
        if not there:
            self._send(request)
        return Step(request, Outcome.THERE if there else Outcome.DONE)

    def _send(self, request: Request) -> Any:
        headers = {"accept": "application/json", "content-type": "application/json"}
        return self._client.perform_request(request.method, request.path, headers=headers, body=request.body).body

    def _template_is_there(self) -> bool:
        version = Indices(self._client, self._names).template_version()
        return version is not None and version >= VERSION

    def _role_is_there(self) -> bool:
        name = role_name(self._names)
        try:
            found = self._client.security.get_role(name=name)
        except ApiError as problem:
            if problem.meta.status == 404:
                return False
            raise
        return _same_role(found[name], role(self._names))

    def _check_version(self) -> None:
        number = str(self._client.info()["version"]["number"])
        if tuple(int(part) for part in number.split(".")[:2]) < OLDEST:
            raise SetupError(
                msg("Elasticsearch {version} quá cũ", version=number),
                expected=msg("từ {oldest} trở lên", oldest=".".join(map(str, OLDEST))),
                where=self._where,
            )


def _same_role(held: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether two roles grant the same; the cluster adds keys of its own and keeps its own order."""
    if set(held.get("cluster", [])) != set(wanted["cluster"]) or held.get("applications") or held.get("run_as"):
        return False
    [mine] = wanted["indices"]
    return len(held.get("indices", [])) == 1 and all(
        set(held["indices"][0].get(part, [])) == set(mine[part]) for part in ("names", "privileges")
    )
