"""The `_bulk` request of Elasticsearch: taken apart into actions, and answered item by item, in their order.

Only what brings a document in is carried out: `create` and `index`. How a document is called:

- `create` with an `_id`: by index and id, as Elasticsearch has it: a document that is sent again under its id is the same one;
- `index` with an `_id`: by index, id and content: there a second document under the same id is a newer version, and for us another event;
- without an `_id`: by its content, as in a push (`collectors.listeners.http_records`), where it carries its own time.

Source: Elasticsearch 8.19 reference, "Bulk API" and "Common options" (filter_path).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import TypeAlias

import orjson

from collectors.listeners.http_body import RefusedError
from collectors.listeners.http_records import content_name, has_time, no_text, text_at, text_lines, too_many
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
        text_field: dotted path of the text that is the record, where the documents only wrap it; "" = they are the records.
        max_items: more are refused with 413: shippers then send smaller ones.
    """

    target: str = ""
    text_field: str = ""
    max_items: int = 20_000
    _line: bytes = field(default=b"", init=False)
    _read: Item | None = field(default=None, init=False)

    def read(self, body: bytes) -> list[Item]:
        """One item for each action, in order; whatever the body is, nothing but RefusedError 413 is raised."""
        items: list[Item] = []
        seen: Counter[str] = Counter()
        created: set[str] = set()
        for action, sent in self._actions(body):
            if len(items) >= self.max_items:
                raise RefusedError(413, too_many(len(items) + 1, self.max_items))
            name, data, fault = self._judged(action, sent, seen)
            status = 201 if fault is None else 400
            if fault is None and action.ident and action.action == "create":
                if name in created:
                    fault, status = msg("tài liệu {id} đã có trong yêu cầu này", id=action.ident[:100]), 409
                created.add(name)
            items.append(Item(len(items), action.action, action.target, action.ident, data, name, status, fault))
        return items

    def _judged(self, action: Item, data: bytes, seen: Counter[str]) -> tuple[str, bytes, Message | None]:
        """What the record is called, the record, and why it is none."""
        if action.fault is not None or action.action == "update":
            return "", data, action.fault or _refused(action.action)
        try:
            document = orjson.loads(data)
        except orjson.JSONDecodeError as problem:
            return "", data, msg("không phải JSON ở cột {column} ({reason})", column=problem.colno, reason=problem.msg)
        if not isinstance(document, dict):
            return "", data, msg("không phải một đối tượng JSON")
        inner = text_at(document, self.text_field) if self.text_field else data
        name = _name(action, document, data, seen)
        return (name, data, no_text(self.text_field)) if inner is None else (name, inner, None)

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
        if line != self._line:  # most senders repeat the same line before each document
            self._line, self._read = line, self._parsed(line)
        return self._read

    def _parsed(self, line: bytes) -> Item | None:
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


def _name(action: Item, document: Json, data: bytes, seen: Counter[str]) -> str:
    if action.ident and action.action == "create":
        return digest("create", action.target, action.ident)
    if action.ident:
        return digest("index", action.target, action.ident, content_name(document, Counter()) or data)
    return content_name(document, seen) if has_time(document) else ""


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


_Path: TypeAlias = tuple[str, ...]
_Paths: TypeAlias = tuple[_Path, ...]


def filtered(answer: object, filter_path: str) -> object:
    """The parts of `answer` that `filter_path` asks for: dotted names with `*` and `**`, with `-` before those to leave out."""
    patterns = [path.strip() for path in filter_path.split(",")[:64] if path.strip()]
    leave = tuple(tuple(path[1:].split(".")[:16]) for path in patterns if path.startswith("-"))
    keep = tuple(tuple(path.split(".")[:16]) for path in patterns if not path.startswith("-"))
    kept = _kept(answer, keep) if keep else answer
    left = _left(kept, leave) if leave else kept
    return {} if left is None else left


@lru_cache(maxsize=4096)  # the items of an answer have the same few keys
def _deeper(paths: _Paths, key: str) -> _Paths:
    """What of the paths is left below `key`; an empty one has arrived."""
    below: list[_Path] = []
    for path in paths:
        if path and path[0] == "**":
            below.append(path)
            below += _deeper((path[1:],), key)
        elif path and fnmatchcase(key, path[0]):
            below.append(path[1:])
    return tuple(below)


def _arrived(paths: _Paths) -> bool:
    return any(not path or path == ("**",) for path in paths)


def _kept(value: object, paths: _Paths) -> object | None:
    if _arrived(paths):
        return value
    if isinstance(value, dict):
        inner = {key: _kept(one, below) for key, one in value.items() if (below := _deeper(paths, key))}
        return {key: one for key, one in inner.items() if one is not None} or None
    if isinstance(value, list):
        return [one for one in (_kept(one, paths) for one in value) if one is not None] or None
    return None


def _left(value: object, paths: _Paths) -> object | None:
    if _arrived(paths):
        return None
    if isinstance(value, dict):
        inner = {key: _left(one, _deeper(paths, key)) for key, one in value.items()}
        return {key: one for key, one in inner.items() if one is not None}
    if isinstance(value, list):
        return [one for one in (_left(one, paths) for one in value) if one is not None]
    return value
