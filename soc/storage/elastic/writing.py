"""Bulk writes: create-only, several requests under way at once, each document judged by itself.

A duplicate is counted; a document that the mapping refuses is rejected with the reason; one that the cluster has no room for at the
moment is sent again, more slowly each time. A fault of an index (read-only, full disk, red) ends the write: nothing may be given up there.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import orjson
from elasticsearch import Elasticsearch

from soc.core.i18n import Message, msg
from soc.storage.elastic.faults import ElasticError, FaultKind, kind_of

CHUNK_DOCS = 500
CHUNK_BYTES = 5_000_000
AT_ONCE = 2
"""Requests under way: while the cluster works on one, the next is sent."""
TRIES = 6
FIRST_WAIT_S = 0.25
_FILTER = "items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by.reason"


@dataclass(frozen=True, slots=True)
class Item:
    """One document to be created: `id` is its `_id`, `alias` where it goes. `anew`: it takes the place of the one in index `alias`."""

    position: int
    id: str
    alias: str
    body: bytes
    anew: bool = False

    def lines(self) -> bytes:
        """Its two lines of a bulk request."""
        target = {"_index": self.alias, "_id": self.id}
        head = {"index": target} if self.anew else {"create": {**target, "require_alias": True}}
        return orjson.dumps(head) + b"\n" + self.body + b"\n"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a document: created, there already, or refused for a reason."""

    position: int
    created: bool
    reason: Message | None = None


class BulkWriter:
    """Creates documents.

    Args:
        wait: waits for so many seconds; ends early, with True, when the process is to stop.
        retried: called with how many documents had to be sent again.
    """

    def __init__(
        self, client: Elasticsearch, where: str, wait: Callable[[float], bool], retried: Callable[[int], None]
    ) -> None:
        self._client, self._where, self._wait, self._retried = client, where, wait, retried
        self._pool: ThreadPoolExecutor | None = None

    def create(self, items: Iterable[Item]) -> list[Verdict]:
        """Create documents; returns what became of each.

        Raises:
            ElasticError: the cluster takes nothing more; some of the documents may have been created.
            ApiError, TransportError: of the client.
        """
        verdicts: list[Verdict] = []
        again: list[Item] = []
        for attempt in range(TRIES):
            again = []
            for chunk, answer in self._send(items):
                for item, result in zip(chunk, answer, strict=True):
                    verdict = self._judge(item, next(iter(result.values())))
                    verdicts.append(verdict) if verdict else again.append(item)
            if not again:
                return verdicts
            items = again
            self._retried(len(again))
            if self._wait(FIRST_WAIT_S * 2**attempt * random.uniform(0.5, 1)):  # noqa: S311 - jitter
                break
        raise ElasticError(
            FaultKind.OVERLOAD,
            msg("Elasticsearch quá tải: {count} sự kiện chưa gửi được sau {tries} lần", count=len(again), tries=TRIES),
            where=self._where,
        )

    def _send(self, items: Iterable[Item]) -> Iterator[tuple[list[Item], list[dict[str, Any]]]]:
        """Each chunk with its answer; while the cluster works on one, the documents of the next are made."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(AT_ONCE, "bulk")
        sent = [(chunk, self._pool.submit(self._request, chunk)) for chunk in chunks(items)]
        return ((chunk, answer.result()) for chunk, answer in sent)

    def _request(self, chunk: Sequence[Item]) -> list[dict[str, Any]]:
        body = b"".join([item.lines() for item in chunk])
        answer = self._client.perform_request(
            "POST",
            f"/_bulk?filter_path={_FILTER}",
            headers={"content-type": "application/x-ndjson", "accept": "application/json"},
            body=body,
        )
        return list(answer.body["items"])

    def _judge(self, item: Item, result: dict[str, Any]) -> Verdict | None:
        """What became of a document; None when it is to be sent again."""
        status = int(result["status"])
        if status in {200, 201, 409}:
            return Verdict(item.position, status != 409)
        error = result.get("error", {})
        if status == 400:
            return Verdict(item.position, created=False, reason=_refusal(error))
        kind = kind_of(status, error)
        if kind is FaultKind.OVERLOAD:
            return None
        found = msg("Elasticsearch không ghi được vào {index}: {reason}", index=item.alias, reason=_reason(error))
        raise ElasticError(kind, found, where=self._where)

    def close(self) -> None:
        """Wait for what is under way."""
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None


def _refusal(error: dict[str, Any]) -> Message:
    cause = error.get("caused_by", {}).get("reason", "")
    return msg("Elasticsearch không nhận sự kiện này: {reason}", reason=f"{_reason(error)} {cause}".strip()[:400])


def _reason(error: dict[str, Any]) -> str:
    return f"{error.get('type', '')}: {error.get('reason', '')}"[:300]


def chunks(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Items in requests of bounded count and size."""
    chunk: list[Item] = []
    size = 0
    for item in items:
        if chunk and (len(chunk) == CHUNK_DOCS or size + len(item.body) > CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(item)
        size += len(item.body)
    if chunk:
        yield chunk
