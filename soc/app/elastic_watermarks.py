"""Disk watermarks of a cluster: how full a node may be before it gets no new shard, gives shards away, is closed for writing.

Source: Elasticsearch Guide 8.19, "Cluster-level shard allocation and routing settings", disk-based shard allocation. A percentage or ratio
is of the space used; a size is of the space that must stay free. For percentages a limit by headroom applies on large disks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from elasticsearch import Elasticsearch

_SETTING = "cluster.routing.allocation.disk.watermark."
_UNITS = {"b": 1, "kb": 2**10, "mb": 2**20, "gb": 2**30, "tb": 2**40, "pb": 2**50}
_SIZE = re.compile(r"(?P<number>-?[\d.]+)(?P<unit>b|kb|mb|gb|tb|pb)", re.IGNORECASE)


class Watermark(StrEnum):
    """The three, the mildest first."""

    LOW = "low"
    HIGH = "high"
    FLOOD_STAGE = "flood_stage"


@dataclass(frozen=True, slots=True)
class Watermarks:
    """What is set: watermark -> value and headroom, as Elasticsearch writes them; "" or -1 for no headroom."""

    held: Mapping[Watermark, tuple[str, str]]

    @property
    def shown(self) -> dict[str, str]:
        return {mark.value: value for mark, (value, _) in self.held.items()}

    def passed(self, free_bytes: int, total_bytes: int) -> Watermark | None:
        """The gravest that a disk is past, None when it is past none."""
        found = None
        for mark, (value, headroom) in self.held.items():
            if free_bytes < least_free(value, headroom, total_bytes):
                found = mark
        return found


def least_free(value: str, headroom: str, total_bytes: int) -> float:
    """Bytes that must stay free under a watermark."""
    if size := _SIZE.fullmatch(value):
        return _bytes(size)
    used = float(value.rstrip("%")) / 100 if value.endswith("%") else float(value)
    free = total_bytes * (1 - used)
    limit = _SIZE.fullmatch(headroom)
    return free if limit is None or _bytes(limit) < 0 else min(free, _bytes(limit))


def _bytes(size: re.Match[str]) -> float:
    return float(size["number"]) * _UNITS[size["unit"].lower()]


def settings_of(client: Elasticsearch) -> dict[str, str]:
    """The settings of the cluster in force, defaults included, by their dotted names. Raises errors of the client."""
    answer = client.cluster.get_settings(include_defaults=True, flat_settings=True)
    parts = [answer.get(part, {}) for part in ("defaults", "persistent", "transient")]  # the later wins
    return {name: str(value) for part in parts for name, value in part.items()}


def watermarks(held: Mapping[str, str]) -> Watermarks:
    """Those in force, of the settings of a cluster."""
    named = {mark: f"{_SETTING}{mark.value}" for mark in Watermark}
    return Watermarks({mark: (held[name], held.get(f"{name}.max_headroom", "")) for mark, name in named.items()})


def free_share(total: Mapping[str, int]) -> float:
    """Free share of a disk, of the `fs.total` of a node's statistics."""
    return total["available_in_bytes"] / max(1, total["total_in_bytes"])
