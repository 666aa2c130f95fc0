"""The `_bulk` request of Elasticsearch: taken apart into actions, and answered item by item, in their order.

Only what brings a document in is carried out: `create` and `index`. How a document is called:

- `create` with an `_id`: by index and id, as Elasticsearch has it: a document that is sent again under its id is the same one;
- `index` with an `_id`: by index, id and content: there a second document under the same id is a newer version, and for us another event;
- without an `_id`: by its content, as in a push (`collectors.listeners.http_records`), where it carries its own time.

Source: Elasticsearch 8.19 reference, "Bulk API" and "Common options" (filter_path).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TypeAlias

import orjson

from collectors.listeners.http_body import RefusedError
from collectors.listeners.http_records import content_name, has_time, text_lines, too_many
from soc.core.i18n import Lang, Message, msg
from soc.core.ids import digest

Json: TypeAlias = dict[str, object]

_WITH_DOCUMENT = ("index", "create", "update")
_ACTIONS = (*_WITH_DOCUMENT, "delete")


@dataclass(frozen=True, slots=True)
class Item:
    """One action of a bulk request.

    Attributes:
        action: index, create, update or delete; index for a line that is none of them.
        ident: the `_id` it was given, "" for none.
        data: the document as sent; for a broken action what came with it.
        name: what the record is called at the door.
        status: 201, or why not: 400 not to be kept, 409 the same id came before in this request.
        fault: the same for a person.
    """

    index: int
    action: str
    target: str
    ident: str = ""
    data: bytes = b""
    name: str = ""
    status: int = 201
    fault: Message | None = None

    def failed(self, fault: Message, status: int = 400) -> Item:
        """The same, not kept."""
        return replace(self, status=status, fault=fault)


@dataclass
class BulkReader:
    """Reads one bulk request.

    Args:
        target: index named in the path; an action may name its own.
        max_items: more are refused with 413: shippers then send smaller ones.
    """

    target: str = ""
    max_items: int = 20_000

    def read(self, body: bytes) -> list[Item]:
        """One item for each action, in order; whatever the body is, nothing but RefusedError 413 is raised."""
        items: list[Item] = []
        seen: Counter[str] = Counter()
        created: set[tuple[str, str]] = set()
        for action, data in self._actions(body):
            if len(items) >= self.max_items:
                raise RefusedError(413, too_many(len(items) + 1, self.max_items))
            item = replace(action, index=len(items), data=data)
            item = item if item.fault is not None else _named(item, seen)
            if item.action == "create" and item.ident and item.status == 201:
                if (item.target, item.ident) in created:
                    item = item.failed(msg("tài liệu {id} đã có trong yêu cầu này", id=item.ident[:100]), 409)
                created.add((item.target, item.ident))
            items.append(item)
        return items

    def _actions(self, body: bytes) -> Iterator[tuple[Item, bytes]]:
        """(action, its document). Lines that are no action where one is due are one broken action, up to the next that is."""
        lines = text_lines(body)
        broken: list[bytes] = []
        for line in lines:
            action = self._action(line)
            if action is None:
                broken.append(line)
                continue
            if broken:
                yield self._broken(), b"\n".join(broken)
                broken = []
            if action.action in _WITH_DOCUMENT:
                document = next(lines, None)
                yield (action, document) if document is not None else (action.failed(_NO_DOCUMENT), line)
            else:
                yield action.failed(_refused(action.action)), b""
        if broken:
            yield self._broken(), b"\n".join(broken)

    def _action(self, line: bytes) -> Item | None:
        """The action of a line such as `{"create":{"_index":"logs","_id":"1"}}`; None for any other."""
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError:
            return None
        if not isinstance(value, dict) or len(value) != 1:
            return None
        ((action, about),) = value.items()
        if action not in _ACTIONS or not isinstance(about, dict):
            return None
        return Item(0, action, _word(about.get("_index")) or self.target, _word(about.get("_id")))

    def _broken(self) -> Item:
        return Item(0, "index", self.target).failed(msg("dòng thao tác không hợp lệ; cần create hoặc index"))


_NO_DOCUMENT = msg("thiếu tài liệu sau dòng thao tác")


def _refused(action: str) -> Message:
    return msg("không nhận thao tác {action}: sự kiện đã nhận không bị sửa, xóa", action=action)


def _word(value: object) -> str:
    """A name as Elasticsearch takes it: text, or a number."""
    return str(value)[:1024] if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _named(item: Item, seen: Counter[str]) -> Item:
    """The item with its name, or with its fault."""
    if item.action == "update":
        return item.failed(_refused(item.action))
    try:
        document = orjson.loads(item.data)
    except orjson.JSONDecodeError as problem:
        return item.failed(msg("không phải JSON ở cột {column} ({reason})", column=problem.colno, reason=problem.msg))
    if not isinstance(document, dict):
        return item.failed(msg("không phải một đối tượng JSON"))
    if item.ident and item.action == "create":
        return replace(item, name=digest("create", item.target, item.ident))
    if item.ident:
        return replace(
            item, name=digest("index", item.target, item.ident, content_name(document, Counter()) or item.data)
        )
    return replace(item, name=content_name(document, seen) if has_time(document) else "")


def bulk_answer(items: Sequence[Item], took_ms: int, lang: Lang = Lang.VI) -> Json:
    """The answer to a bulk request: `errors`, and one result for each item."""
    results = [_result(item, lang) for item in items]
    return {"took": took_ms, "errors": any(item.status >= 300 for item in items), "items": results}


def _result(item: Item, lang: Lang) -> Json:
    about: Json = {"_index": item.target, "_id": item.ident or item.name or str(item.index), "status": item.status}
    if item.fault is None:
        about |= {"_version": 1, "result": "created", "_seq_no": item.index, "_primary_term": 1}
        about["_shards"] = {"total": 1, "successful": 1, "failed": 0}
    else:
        about["error"] = {
            "type": _TYPES.get(item.status, "document_parsing_exception"),
            "reason": item.fault.render(lang),
        }
    return {item.action: about}


_TYPES = {
    400: "document_parsing_exception",
    401: "security_exception",
    403: "security_exception",
    404: "resource_not_found_exception",
    405: "illegal_argument_exception",
    408: "timeout_exception",
    409: "version_conflict_engine_exception",
    413: "content_too_long_exception",
    415: "media_type_header_exception",
    429: "es_rejected_execution_exception",
}


def error_answer(status: int, reason: str) -> Json:
    """An error in the shape that clients of Elasticsearch read."""
    cause = {"type": _TYPES.get(status, "illegal_argument_exception"), "reason": reason}
    return {"error": {"root_cause": [cause], **cause}, "status": status}


def filtered(answer: object, filter_path: str) -> object:
    """The parts of `answer` that `filter_path` asks for: dotted names with `*` and `**`, with `-` before those to leave out."""
    patterns = [path.strip() for path in filter_path.split(",")[:64] if path.strip()]
    leave = [path[1:].split(".")[:16] for path in patterns if path.startswith("-")]
    keep = [path.split(".")[:16] for path in patterns if not path.startswith("-")]
    kept = _kept(answer, keep) if keep else answer
    left = _left(kept, leave) if leave else kept
    return {} if left is None else left


_Paths: TypeAlias = Sequence[Sequence[str]]


def _deeper(paths: _Paths, key: str) -> list[Sequence[str]]:
    """What of the paths is left below `key`; an empty one has arrived."""
    below: list[Sequence[str]] = []
    for path in paths:
        if path and path[0] == "**":
            below.append(path)
            below += _deeper([path[1:]], key)
        elif path and fnmatchcase(key, path[0]):
            below.append(path[1:])
    return below


def _kept(value: object, paths: _Paths) -> object | None:
    if any(not path or path == ["**"] for path in paths):
        return value
    if isinstance(value, Mapping):
        inner = {key: _kept(one, below) for key, one in value.items() if (below := _deeper(paths, key))}
        return {key: one for key, one in inner.items() if one is not None} or None
    if isinstance(value, list):
        return [one for one in (_kept(one, paths) for one in value) if one is not None] or None
    return None


def _left(value: object, paths: _Paths) -> object | None:
    if any(not path or path == ["**"] for path in paths):
        return None
    if isinstance(value, Mapping):
        inner = {key: _left(one, _deeper(paths, key)) for key, one in value.items()}
        return {key: one for key, one in inner.items() if one is not None}
    if isinstance(value, list):
        return [one for one in (_left(one, paths) for one in value) if one is not None]
    return value
