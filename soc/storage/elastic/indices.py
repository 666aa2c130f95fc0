"""Template, indices and aliases of the events: made, looked after, rolled over and dropped; on any cluster, without ILM or data streams."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from elasticsearch import ApiError, Elasticsearch, NotFoundError

from soc.core.i18n import msg
from soc.storage.elastic.faults import ElasticError, FaultKind
from soc.storage.elastic.layout import TIME, VERSION, index_settings, mapping
from soc.storage.elastic.names import Names

ROLLOVER: dict[str, object] = {
    "max_age": "30d",
    "max_primary_shard_size": "30gb",
    "max_primary_shard_docs": 200_000_000,
}
"""When an index is full: sizes that Elastic advises for a shard; by age, so that retention can drop whole indices."""

MANY = 10_000
"""From here on a new index is cheaper than deleting event by event."""

_log = logging.getLogger("vonggac.elasticsearch")


def template(names: Names) -> dict[str, Any]:
    """The body of the index template."""
    return {
        "index_patterns": [names.pattern],
        "priority": 500,
        "template": {
            "settings": index_settings(),
            "mappings": mapping(),
            "aliases": {names.reading: {}},
        },
        "_meta": {"vonggac": {"version": VERSION}},
    }


class Indices:
    """The indices under one prefix."""

    def __init__(self, client: Elasticsearch, names: Names) -> None:
        self._client, self.names = client, names
        self._ready: set[int] = set()

    def ensure(self, level: int) -> None:
        """Have an index to write events of a level into, making template and first index where this account may.

        Raises:
            ElasticError: it is not there and this account may not make it; until somebody does, what comes stays in the spool.
        """
        if level in self._ready:
            return
        alias = self.names.writing(level)
        if not self._client.indices.exists_alias(name=alias):
            self._make(level, alias)
        self._ready.add(level)

    def forget(self) -> None:
        """Look again before the next write: somebody may have removed an index."""
        self._ready.clear()

    def _make(self, level: int, alias: str) -> None:
        try:
            self.put_template()
            self._client.indices.create(index=self.names.first(level), aliases={alias: {"is_write_index": True}})
        except ApiError as problem:
            if problem.meta.status == 400 and "resource_already_exists" in str(problem):
                return  # another process was faster
            if problem.meta.status not in {401, 403}:
                raise
            found = msg("chưa có chỉ mục sự kiện {alias} và tài khoản này không được tạo", alias=alias)
            raise ElasticError(FaultKind.REFUSED, found, where=alias) from problem

    def put_template(self) -> None:
        """Write the index template; that of a later version stays."""
        held = self.template_version()
        if held is None or held < VERSION:
            self._client.indices.put_index_template(name=self.names.template, **template(self.names))

    def template_version(self) -> int | None:
        """The layout that the template in the cluster has, None without one."""
        try:
            found = self._client.indices.get_index_template(name=self.names.template)
        except NotFoundError:
            return None
        meta: Mapping[str, Any] = found["index_templates"][0]["index_template"].get("_meta", {})
        return int(meta.get("vonggac", {}).get("version", 0))

    def all(self) -> list[str]:
        """Every index of events, by name."""
        try:
            return sorted(self._client.indices.get_alias(name=self.names.reading))
        except NotFoundError:
            return []

    def written(self) -> set[str]:
        """Those that new events go into."""
        found = self._client.indices.get_alias(index=self.names.pattern, allow_no_indices=True)
        return {
            index for index, held in found.items() if any(a.get("is_write_index") for a in held["aliases"].values())
        }

    def roll_over(self, conditions: Mapping[str, object] = ROLLOVER) -> list[str]:
        """Begin a new index for each level whose index is full; gives the names of the new ones."""
        made = []
        for index in self.written():
            alias = self.names.writing(self.names.level_of(index))
            done = self._client.indices.rollover(alias=alias, conditions=dict(conditions))
            if done["rolled_over"]:
                made.append(str(done["new_index"]))
                _log.info("%s is full; events go on into %s", done["old_index"], done["new_index"])
        return made

    def ended_before(self, micros: int) -> list[tuple[str, int]]:
        """(index, events) of those whose last event is older; one that is still written into gives way to a new one if it holds many."""
        written = self.written()
        ended = []
        for index in self.all():
            events, last = self._last_event(index)
            if last is None or last >= micros or (index in written and events < MANY):
                continue
            if index in written:
                self._client.indices.rollover(alias=self.names.writing(self.names.level_of(index)))
            ended.append((index, events))
        return ended

    def _last_event(self, index: str) -> tuple[int, float | None]:
        """How many events an index holds, and the time of the last in microseconds of the epoch."""
        last = {"last": {"max": {"field": TIME}}}
        answer = self._client.search(index=index, size=0, track_total_hits=True, aggs=last)
        return int(answer["hits"]["total"]["value"]), answer["aggregations"]["last"]["value"]

    def drop(self, index: str) -> None:
        """Delete an index and all it holds."""
        self._client.indices.delete(index=index)
