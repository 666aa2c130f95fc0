"""What the service may do in a cluster, and no more: each privilege with the work that fails without it.

Where a named privilege of Elasticsearch opens more than we need (`manage`, `monitor`), the action itself is granted. A test takes each
privilege of the store away and sees something fail.
"""

from __future__ import annotations

from typing import Any

from soc.storage.elastic.names import Names

STORE_CLUSTER = {
    "cluster:monitor/health": "state of our own indices, in health",
}
CHECK_CLUSTER = {
    "cluster:monitor/main": "version of the cluster",
    "cluster:monitor/nodes/stats": "free disk, number of shards and clock of the nodes",
    "cluster:monitor/allocation/stats": "part of the same answer since 8.14",
    "cluster:monitor/settings": "disk watermarks, limit of shards",
    "indices:admin/index_template/get": "version of the index template",
}
INDEX = {
    "create_doc": "append; an event that is there cannot be overwritten",
    "read": "search",
    "maintenance": "refresh before a question",
    "view_index_metadata": "which indices and aliases there are",
    "indices:monitor/stats": "size of the indices, for rollover and check",
    "indices:admin/rollover": "begin a new index when one is full",
    "delete": "retention, event by event where an index is only partly past its time",
    "delete_index": "retention, whole indices",
}


def role_name(names: Names) -> str:
    """Name of the role, and of the key that is bound to it."""
    return f"{names.prefix}-service"


def role(names: Names) -> dict[str, Any]:
    """The body of the role: our own indices, nothing else."""
    return {
        "cluster": [*STORE_CLUSTER, *CHECK_CLUSTER],
        "indices": [{"names": [names.reading, names.pattern], "privileges": [*INDEX]}],
    }


def missing_privileges(answer: dict[str, Any]) -> list[str]:
    """What an answer of `_has_privileges` says is lacking: cluster privileges by name, index privileges as `name on index`."""
    cluster = [name for name, held in answer["cluster"].items() if not held]
    index = [
        f"{name} → {where}"
        for where, privileges in answer["index"].items()
        for name, held in privileges.items()
        if not held
    ]
    return cluster + index


def question(names: Names) -> dict[str, Any]:
    """The body of `_has_privileges` for everything the role holds."""
    return {"cluster": role(names)["cluster"], "index": role(names)["indices"]}
