"""The body of a push as records: each with its name and its fault, in the order in which they were sent.

How a record is called decides what happens when a sender repeats itself, which every sender does whose connection broke before the
answer came:

- with an `Idempotency-Key` a record is called by the key, its place in the batch, and its content. So the batch may be repeated as
  often as the sender likes; and a sender that uses one key for two batches by mistake loses nothing;
- without one, a JSON document that carries its own time is called by its content, and by how many like it stood before it in the
  same batch: the same thing at the same moment is the same event, whichever batch it comes in. The order of keys does not matter, as
  some senders write a document anew, in another order, when they repeat it;
- a line of text, or a document without a time, has no name: ten equal lines are ten events (ten failed logins of one second), and
  taking nine of them for copies would hide them. Repeated without a key, they are doubled.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import orjson

from collectors.listeners.http_body import RefusedError
from soc.core.i18n import Message, msg
from soc.core.ids import digest

Form: TypeAlias = Literal["json", "ndjson", "text", "unknown"]

_FORMS: dict[str, Form] = {
    "application/json": "json",
    "application/vnd.elasticsearch+json": "json",
    "application/x-ndjson": "ndjson",
    "application/ndjson": "ndjson",
    "application/jsonl": "ndjson",
    "application/x-jsonlines": "ndjson",
    "application/json-lines": "ndjson",
    "text/plain": "text",
    "": "unknown",
    "application/octet-stream": "unknown",
    # what curl says when it is told nothing
    "application/x-www-form-urlencoded": "unknown",
}
_TIMES = (
    "@timestamp",
    "timestamp",
    "time",
    "ts",
    "datetime",
    "date",
    "eventTime",
    "event_time",
    "created_at",
    "TimeCreated",
)
_MARK = codecs.BOM_UTF8


@dataclass(frozen=True, slots=True)
class Sent:
    """One record of a body; `fault` says why it is none. `index` counts from 0 over all, good or not."""

    index: int
    data: bytes
    name: str = ""
    fault: Message | None = None


@dataclass(frozen=True, slots=True)
class BodyType:
    """What a Content-Type says: the form of the body, and a Python codec name where it is not UTF-8."""

    form: Form
    charset: str = ""


def body_type(header: str) -> BodyType:
    """Read a Content-Type. Raises RefusedError 415 for a type or charset that holds no records."""
    media, _, parameters = header.partition(";")
    form = _FORMS.get(media.strip().lower())
    if form is None:
        found = msg("không nhận Content-Type {name}", name=repr(media.strip()[:60]))
        raise RefusedError(
            415, msg("{found}; dùng application/x-ndjson, application/json hoặc text/plain", found=found)
        )
    return BodyType(form, _charset(parameters))


def _charset(parameters: str) -> str:
    for parameter in parameters.split(";"):
        key, _, value = parameter.partition("=")
        if key.strip().lower() == "charset":
            name = value.strip().strip("\"'").lower()
            return "" if name in ("utf-8", "utf8", "") else _codec(name)
    return ""


def _codec(name: str) -> str:
    try:
        found = codecs.lookup(name[:40])
        "".encode(found.name)  # a codec of bytes to bytes, such as hex or zip, is no charset
    except (LookupError, UnicodeError, TypeError) as problem:
        raise RefusedError(415, msg("không biết bảng mã {name}", name=repr(name[:40]))) from problem
    return found.name


@dataclass
class Splitter:
    """Takes a body apart.

    Args:
        key: the Idempotency-Key of the request; "" for none.
        text_field: dotted path of the text that is the record, where the documents only wrap it; "" = they are the records.
        max_records: more than these are refused with 413, as one request is kept whole or not at all.
    """

    key: str = ""
    text_field: str = ""
    max_records: int = 20_000
    _seen: Counter[str] = field(default_factory=Counter, init=False)

    def split(self, body: bytes, kind: BodyType) -> list[Sent]:
        """The records of `body`.

        Raises:
            RefusedError: 400 for a JSON body that is none or not in its charset, 413 for too many records.
        """
        body, form = _as_utf8(body, kind).removeprefix(_MARK), kind.form
        if form == "unknown":
            form = _guess(body)
        return self._whole(body) if form == "json" else self._lines(body, form)

    def _whole(self, body: bytes) -> list[Sent]:
        """An array, an object, or - as many say JSON who mean it - one object a line."""
        try:
            value = orjson.loads(body)
        except orjson.JSONDecodeError as problem:
            if b"\n" in body.strip():
                return self._lines(body, "ndjson")
            raise RefusedError(400, _not_json(problem)) from problem
        elements = value if isinstance(value, list) else [value]
        self._limit(len(elements))
        if elements is not value:
            return [self._document(0, body.strip(), value)]
        try:
            return [self._document(index, orjson.dumps(element), element) for index, element in enumerate(elements)]
        except orjson.JSONEncodeError as problem:  # nested deeper than it writes
            raise RefusedError(400, msg("JSON lồng quá sâu")) from problem

    def _lines(self, body: bytes, form: Form) -> list[Sent]:
        make = self._text if form == "text" else self._ndjson
        sent: list[Sent] = []
        for index, line in enumerate(text_lines(body)):
            self._limit(index + 1)
            sent.append(make(index, line))
        return sent

    def _text(self, index: int, line: bytes) -> Sent:
        return self._ndjson(index, line) if self.text_field else Sent(index, line, self._keyed(index, line))

    def _ndjson(self, index: int, line: bytes) -> Sent:
        try:
            return self._document(index, line, orjson.loads(line))
        except orjson.JSONDecodeError as problem:
            return Sent(index, line, self._keyed(index, line), _not_json(problem))

    def _document(self, index: int, data: bytes, value: object) -> Sent:
        if not isinstance(value, dict):
            return Sent(index, data, self._keyed(index, data), msg("không phải một đối tượng JSON"))
        name = self._keyed(index, data) or (content_name(value, self._seen) if has_time(value) else "")
        inner = text_at(value, self.text_field) if self.text_field else data
        return Sent(index, data, name, no_text(self.text_field)) if inner is None else Sent(index, inner, name)

    def _keyed(self, index: int, data: bytes) -> str:
        return digest("key", self.key, index, data) if self.key else ""

    def _limit(self, count: int) -> None:
        if count > self.max_records:
            raise RefusedError(413, too_many(count, self.max_records))


_LINE = re.compile(rb"[^\n]+")


def text_lines(body: bytes) -> Iterator[bytes]:
    """The lines that hold something, one by one: a body of nothing but line ends must not become a list of millions."""
    for found in _LINE.finditer(body):
        line = found[0].removesuffix(b"\r")
        if line and not line.isspace():
            yield line


def too_many(count: int, limit: int) -> Message:
    """Why a batch of so many is not taken."""
    return msg(
        "yêu cầu có {count} bản ghi, mỗi lần nhận tối đa {limit}; chia nhỏ rồi gửi lại", count=count, limit=limit
    )


def text_at(document: dict[str, object], path: str) -> bytes | None:
    """The text that a document wraps: a line that a shipper has read from a file. None where it has none there."""
    value = value_at(document, path)
    return value.encode() if isinstance(value, str) and value else None


def no_text(path: str) -> Message:
    """Why a document without it is no record."""
    return msg("tài liệu không có chữ ở trường '{field}'", field=path)


def has_time(document: dict[str, object]) -> bool:
    """Whether a document says when it happened, under one of the usual names."""
    return any(document.get(name) for name in _TIMES)


def content_name(document: dict[str, object], seen: Counter[str]) -> str:
    """The name of a document by its content, whatever the order of its keys; `seen` counts the equal ones before it.

    One that is nested too deep to be written again has none.
    """
    try:
        content = digest("content", orjson.dumps(document, option=orjson.OPT_SORT_KEYS))
    except orjson.JSONEncodeError:
        return ""
    seen[content] += 1
    return f"{content}.{seen[content]}"


def _as_utf8(body: bytes, kind: BodyType) -> bytes:
    """JSON and wide charsets as UTF-8; lines of text in a charset of single bytes stay as they are, their charset goes along."""
    if not kind.charset or (kind.form == "text" and _is_narrow(kind.charset)):
        return body
    try:
        return body.decode(kind.charset).encode()
    except UnicodeError as problem:
        raise RefusedError(400, msg("thân yêu cầu không đúng bảng mã {name} đã khai", name=kind.charset)) from problem


def _is_narrow(charset: str) -> bool:
    return "\n".encode(charset) == b"\n"


def line_charset(kind: BodyType) -> str:
    """The charset that goes along with the records of a body."""
    return kind.charset if kind.form == "text" and kind.charset and _is_narrow(kind.charset) else ""


def _guess(body: bytes) -> Form:
    """The form of a body whose sender did not say: lines of JSON objects, a JSON array or object, or text."""
    start = body.lstrip()[:1]
    if start == b"{":
        return "json" if not _is_object(body.lstrip().partition(b"\n")[0]) else "ndjson"
    if start == b"[":
        return "json" if _is_json(body) else "text"  # an Apache error log begins with a bracket, too
    return "text"


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return False


def _is_json(body: bytes) -> bool:
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return True


def _not_json(problem: orjson.JSONDecodeError) -> Message:
    return msg("không phải JSON ở cột {column} ({reason})", column=problem.colno, reason=problem.msg)


def value_at(document: object, path: str) -> object:
    """The value at a dotted path; None where there is none. A name that holds dots itself is found, too."""
    if not path:
        return document
    if isinstance(document, dict) and path in document:
        return document[path]
    head, _, rest = path.partition(".")
    if isinstance(document, dict) and head in document:
        return value_at(document[head], rest)
    return None
