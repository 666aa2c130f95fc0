"""What shippers of the Elastic family ask before they send, and the answers that let them go on.

They look who is there, whether its licence is active, and whether templates, pipelines, policies and aliases exist that they would make
otherwise. Nothing of that has a meaning here, so everything they ask for exists, and everything they make is acknowledged and forgotten.

Source: Elasticsearch 8.19 reference ("Info", "License", "Cluster health", "Nodes info", "Index templates", "Ingest pipelines", "ILM",
"Data streams", "Aliases"); what is asked for: libbeat 8, Logstash 8, Vector 0.40 (`elasticsearch` sink), Fluent Bit 3 (`out_es`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from collectors.listeners.elastic_api import Json

PRODUCT = ("X-Elastic-Product", "Elasticsearch")
"""Clients from 7.14 on refuse a server that does not say this."""
_NAME = "vong-gac"
_ID = "vonggac-0000000000000w"
_LICENCE: Json = {
    "status": "active",
    "uid": "00000000-0000-4000-8000-000000000000",
    "type": "basic",
    "issue_date": "2026-01-01T00:00:00.000Z",
    "issue_date_in_millis": 1767225600000,
    "max_nodes": 1000,
    "issued_to": _NAME,
    "issuer": "elasticsearch",
    "start_date_in_millis": -1,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: the address that the client used, and the name in its path ("" for none)."""

    host: str
    name: str
    version: str


def banner(version: str) -> Json:
    """What `GET /` says; shippers compare the version with their own."""
    about = {
        "number": version,
        "build_flavor": "default",
        "build_type": "tar",
        "build_hash": "0" * 40,
        "build_date": "2026-01-01T00:00:00.000Z",
        "build_snapshot": False,
        "lucene_version": "9.12.1",
        "minimum_wire_compatibility_version": "7.17.0",
        "minimum_index_compatibility_version": "7.0.0",
    }
    return {
        "name": _NAME,
        "cluster_name": _NAME,
        "cluster_uuid": _ID,
        "version": about,
        "tagline": "You Know, for Search",
    }


def _licence(_: Asked) -> Json:
    return {"license": _LICENCE}


def _xpack(_: Asked) -> Json:
    on = {"available": True, "enabled": True}
    licence = {name: _LICENCE[name] for name in ("uid", "type", "status")} | {"mode": "basic"}
    return {
        "build": {"hash": "0" * 40, "date": "2026-01-01T00:00:00.000Z"},
        "license": licence,
        "features": {"ilm": on, "data_streams": on, "security": on, "monitoring": on},
        "tagline": "You know, for X",
    }


def _health(_: Asked) -> Json:
    counts = ("active_primary_shards", "active_shards", "relocating_shards", "initializing_shards", "unassigned_shards")
    answer: Json = {"cluster_name": _NAME, "status": "green", "timed_out": False, "number_of_nodes": 1}
    answer |= {"number_of_data_nodes": 1, "active_shards_percent_as_number": 100.0}
    return answer | dict.fromkeys(counts, 0)


def _nodes(asked: Asked) -> Json:
    """One node, at the address by which the client came: it must not go looking for others."""
    http = {"bound_address": [asked.host], "publish_address": asked.host, "max_content_length_in_bytes": 1 << 25}
    node = {"name": _NAME, "version": asked.version, "roles": ["data", "ingest"], "http": http}
    return {"_nodes": {"total": 1, "successful": 1, "failed": 0}, "cluster_name": _NAME, "nodes": {_ID: node}}


def _by_name(asked: Asked) -> Json:
    return {asked.name: {}}


def _policy(asked: Asked) -> Json:
    return {asked.name: {"version": 1, "modified_date": "2026-01-01T00:00:00.000Z", "policy": {"phases": {}}}}


def _index_template(asked: Asked) -> Json:
    template = {"index_patterns": [], "template": {}, "composed_of": [], "version": 1}
    return {"index_templates": [{"name": asked.name, "index_template": template}]}


def _component_template(asked: Asked) -> Json:
    return {"component_templates": [{"name": asked.name, "component_template": {"template": {}}}]}


def _data_stream(asked: Asked) -> Json:
    return {
        "data_streams": [
            {"name": asked.name, "timestamp_field": {"name": "@timestamp"}, "indices": [], "status": "GREEN"}
        ]
    }


def _alias(asked: Asked) -> Json:
    return {asked.name: {"aliases": {asked.name: {"is_write_index": True}}}}


def _user(_: Asked) -> Json:
    return {"username": _NAME, "roles": [], "enabled": True}


_WORD = r"([^/_][^/]*)"
_QUESTIONS: tuple[tuple[re.Pattern[str], Callable[[Asked], Json]], ...] = tuple(
    (re.compile(pattern), answer)
    for pattern, answer in (
        (r"/_license", _licence),
        (r"/_xpack(?:/.*)?", _xpack),
        (r"/_cluster/health(?:/[^/]+)?", _health),
        (r"/_nodes(?:/_all|/_local)?(?:/http)?", _nodes),
        (r"/_security/_authenticate", _user),
        (rf"/_ilm/policy/{_WORD}", _policy),
        (rf"/_index_template/{_WORD}", _index_template),
        (rf"/_component_template/{_WORD}", _component_template),
        (rf"/_template/{_WORD}", _by_name),
        (rf"/_ingest/pipeline/{_WORD}", _by_name),
        (rf"/_data_stream/{_WORD}", _data_stream),
        (rf"/(?:[^/_][^/]*/)?_alias/{_WORD}", _alias),
        (rf"/{_WORD}", _by_name),
    )
)
_MADE = re.compile(
    rf"/(?:_ilm/policy|_index_template|_component_template|_template|_ingest/pipeline|_data_stream)/{_WORD}"
    rf"|/{_WORD}(?:/_alias/{_WORD})?"
)


def answer_question(path: str, asked: Asked) -> Json | None:
    """What a GET or HEAD of `path` is answered with; None for what nobody needs in order to send."""
    for pattern, answer in _QUESTIONS:
        if found := pattern.fullmatch(path):
            name = found[1] if pattern.groups else ""
            return answer(Asked(asked.host, name, asked.version))
    return None


def answer_making(path: str) -> Json | None:
    """What a PUT of a template, policy, pipeline, data stream, index or alias is answered with; None for anything else."""
    return {"acknowledged": True} if _MADE.fullmatch(path) else None
