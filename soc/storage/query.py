"""The search language: Lucene text to the small typed tree that every event store evaluates.

    user.name:admin                       keyword, letter case folded      message:"web shell"       words in a row
    url.path:/wp-*  file.name:shell?.php  wildcards; `\\*` is a plain star  source.ip:203.0.113.0/24  network, bare or quoted
    source.port:>=1024  a:[1 TO 5}        ranges, `*` for an open end      source.ip:"2001:db8::/32" colons need quotes
    @timestamp:2026-11-17                 that day, hour, minute ...       field:*  _exists_:field   holds a value
    a b, a AND b, +a +b                   all of them                      a OR b, NOT a, -a, user.name:(a OR b)

Words without a field look into the text fields and some hot keyword fields (`soc.storage.values`). Quotes take `*` and `?` literally.
Times without an offset are read in Asia/Ho_Chi_Minh, as the person who types them reads the clock; a bound of less than full
precision stands for its whole span, so `[2026-11-01 TO 2026-11-30]` ends with that day. Keyword ranges compare numbers when their
bounds are numbers, else folded text.

Refused, with advice: regular expressions, fuzzy and proximity search, boosts, `&&`, `||`, `!`, wildcards in field names, ranges on text
fields, wildcards on dates, fractions and booleans, and `now-1d` (a figure must recompute to the same value tomorrow).
Source: classic query parser syntax of Apache Lucene; unlike there, terms side by side are AND, and there is no ranking.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from luqum import tree  # type: ignore[import-untyped]
from luqum.exceptions import ParseError as LuqumError  # type: ignore[import-untyped]
from luqum.thread import parse as parse_lucene  # type: ignore[import-untyped]

from soc.core.ecs import FieldType, field_type
from soc.core.errors import QueryError
from soc.core.i18n import Message, msg
from soc.storage.conditions import (
    AllOf,
    AnyOf,
    Between,
    Condition,
    Equals,
    Everything,
    Exists,
    Like,
    Not,
    Pattern,
    Wild,
    Words,
)
from soc.storage.literals import Cover, cover
from soc.storage.values import fold, fold_words, number, words

MAX_CHARS = 8192
MAX_DEPTH = 40

_SLASH = re.compile(r'"(?:[^"\\]|\\.)*"|\\.|(?<![^\s:(\[{+\-<>=])/', re.DOTALL)
_REGEX = re.compile(r"/[^/\s]+/(?=[\s)]|$)")
_PIECE = re.compile(r"\\(.)|([*?])|([^\\*?]+)", re.DOTALL)
_POSITION = re.compile(r"at position (\d+)")
_NON_WORD = re.compile(r"\W+")
_ODD = re.compile(r"^-|[^\w.@-]")
_QUOTED = str.maketrans({"\\": "\\\\", '"': '\\"'})
_LIKE_TYPES = {FieldType.KEYWORD, FieldType.IP, FieldType.LONG}


def parse(text: str) -> Condition:
    """The condition that `text` writes; everything for blank text.

    Raises:
        QueryError: `where` is the column, counted from 1.
    """
    if not text.strip():
        return Everything()
    if len(text) > MAX_CHARS:
        expected = msg("không quá {limit} ký tự", limit=MAX_CHARS)
        raise _fault(MAX_CHARS, msg("câu tìm dài {length} ký tự", length=len(text)), msg("bỏ bớt điều kiện"), expected)
    return _Reader(text).read()


def condition_of(query: str | Condition) -> Condition:
    """The condition that a question asks for, written as text or built. Raises QueryError as `parse` does."""
    return parse(query) if isinstance(query, str) else query


def term(field: str, value: object) -> str:
    """A query for one value of a field, quoted so that nothing in the name or the value is read as an operator."""
    return f'{_ODD.sub(_escaped, field)}:"{str(value).translate(_QUOTED)}"'


def _escaped(found: re.Match[str]) -> str:
    return f"\\{found[0]}"


def _fault(column: int, found: Message, advice: Message, expected: Message | None = None) -> QueryError:
    return QueryError(found, expected=expected, where=str(column), advice=advice)


class _Reader:
    """Walks the tree luqum makes of one query text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._added: list[int] = []

    def read(self) -> Condition:
        escaped = _SLASH.sub(self._escape_slash, self._text)
        try:
            root = parse_lucene(escaped)
        except LuqumError as problem:
            raise self._syntax_fault(str(problem), len(escaped)) from problem
        return self._condition(root, None, 0)

    def _escape_slash(self, found: re.Match[str]) -> str:
        """A path may start with a slash, which Lucene takes for a regular expression."""
        if found[0] != "/":
            return found[0]
        if _REGEX.match(self._text, found.start()):
            raise _fault(
                found.start() + 1,
                msg("biểu thức chính quy không được hỗ trợ"),
                msg("dùng ký tự đại diện * và ?; nếu là đường dẫn thì đặt trong dấu nháy kép"),
            )
        self._added.append(found.start() + len(self._added))
        return "\\/"

    def _column(self, position: int | None) -> int:
        at = position or 0
        return at - sum(1 for added in self._added if added < at) + 1

    def _syntax_fault(self, problem: str, end: int) -> QueryError:
        found = _POSITION.search(problem)
        if found is None or int(found[1]) >= end:
            return _fault(
                self._column(end),
                msg("câu tìm dừng giữa chừng"),
                msg("kiểm tra ngoặc, dấu nháy và từ nối ở cuối"),
            )
        column = self._column(int(found[1]))
        return _fault(
            column,
            msg("không hiểu từ chỗ «{rest}»", rest=self._text[column - 1 : column + 19]),
            msg("đặt giá trị có dấu hai chấm, ngoặc hay ký tự đặc biệt trong dấu nháy kép"),
        )

    def _condition(self, node: tree.Item, field: str | None, depth: int) -> Condition:
        if depth > MAX_DEPTH:
            raise self._refuse(node, msg("câu tìm lồng quá {depth} tầng", depth=MAX_DEPTH), msg("tách thành nhiều câu"))
        match node:
            case tree.AndOperation() | tree.UnknownOperation():
                return AllOf(tuple(self._condition(part, field, depth + 1) for part in node.children))
            case tree.OrOperation():
                return AnyOf(tuple(self._condition(part, field, depth + 1) for part in node.children))
            case tree.Not() | tree.Prohibit():
                return Not(self._condition(node.a, field, depth + 1))
            case tree.Plus() | tree.Group() | tree.FieldGroup():
                return self._condition(node.children[0], field, depth + 1)
            case tree.SearchField():
                return self._field(node, field, depth)
            case _:
                return self._leaf(node, field)

    def _field(self, node: tree.SearchField, outer: str | None, depth: int) -> Condition:
        name = _unescape(node.name)
        if outer is not None:
            raise self._refuse(
                node,
                msg("trường {inner} nằm trong giá trị của trường {outer}", inner=name, outer=outer),
                msg("đặt giá trị có dấu hai chấm, ngoặc hay ký tự đặc biệt trong dấu nháy kép"),
            )
        if node.name == "*" and str(node.expr).strip() == "*":
            return Everything()
        if Wild.ANY in _pieces(node.name) or Wild.ONE in _pieces(node.name):
            raise self._refuse(
                node,
                msg("ký tự đại diện trong tên trường {name}", name=name),
                msg("ghi đủ tên trường, hoặc tìm không kèm trường"),
            )
        if name == "_exists_":
            return Exists(self._literal(node.expr))
        if isinstance(node.expr, (tree.Prohibit, tree.Plus)):
            return self._exact(node.expr, name, self._literal(node.expr))
        return self._condition(node.expr, name, depth + 1)

    def _leaf(self, node: tree.Item, field: str | None) -> Condition:
        match node:
            case tree.Word():
                return self._word(node, field)
            case tree.Phrase():
                return self._exact(node, field, _unescape(node.value[1:-1]))
            case tree.Range() | tree.From() | tree.To():
                return self._range(node, field)
            case tree.Regex():
                found = msg("biểu thức chính quy không được hỗ trợ")
                advice = msg("dùng ký tự đại diện * và ?; nếu là đường dẫn thì đặt trong dấu nháy kép")
            case tree.Fuzzy() | tree.Proximity():
                found = msg("tìm gần đúng (dấu ~) không được hỗ trợ")
                advice = msg("dùng ký tự đại diện * và ?")
            case _:
                found = msg("phần «{text}» không được hỗ trợ", text=str(node)[:40])
                advice = msg("bỏ phần đó; kết quả không xếp hạng theo điểm")
        raise self._refuse(node, found, advice)

    def _word(self, node: tree.Word, field: str | None) -> Condition:
        if node.value in {"&&", "||"} or node.value.startswith("!"):
            raise self._refuse(
                node, msg("toán tử {operator} không được hỗ trợ", operator=node.value[:2]), msg("dùng AND, OR, NOT")
            )
        pattern = _pieces(node.value)
        if pattern == (Wild.ANY,):
            return Everything() if field is None else Exists(field)
        if len(pattern) == 1 and isinstance(pattern[0], str):
            return self._exact(node, field, pattern[0])
        if field is None or field_type(field) is FieldType.TEXT:
            return Words(field, self._word_patterns(node, pattern))
        if field_type(field) not in _LIKE_TYPES:
            raise self._refuse(
                node,
                msg("ký tự đại diện trên trường {field} kiểu {kind}", field=field, kind=field_type(field).value),
                msg("dùng khoảng, ví dụ {field}:[a TO b]", field=field),
            )
        return Like(field, tuple(fold(part) if isinstance(part, str) else part for part in pattern))

    def _exact(self, node: tree.Item, field: str | None, text: str) -> Condition:
        if field is None or field_type(field) is FieldType.TEXT:
            return Words(field, self._some_words(node, [(word,) for word in words(text)]))
        first, last = self._cover(node, field, text)
        return Equals(field, first) if first == last else Between(field, first, last)

    def _word_patterns(self, node: tree.Item, pattern: Pattern) -> tuple[Pattern, ...]:
        """The pattern of each word; a star at either end reaches into the neighbouring words, so it asks for nothing more."""
        found = _by_word(pattern)
        while found and found[0] == (Wild.ANY,):
            del found[0]
        while found and found[-1] == (Wild.ANY,):
            del found[-1]
        if (Wild.ANY,) in found:
            raise self._refuse(
                node, msg("dấu * đứng một mình giữa hai chữ"), msg("tách thành hai điều kiện nối bằng AND")
            )
        return self._some_words(node, found)

    def _some_words(self, node: tree.Item, found: Sequence[Pattern]) -> tuple[Pattern, ...]:
        if not found:
            raise self._refuse(
                node,
                msg("«{text}» không có chữ hay số nào để tìm", text=str(node)[:40]),
                msg("trường văn bản được tìm theo từng chữ; dấu câu không được lập chỉ mục"),
            )
        return tuple(found)

    def _range(self, node: tree.Range | tree.From | tree.To, field: str | None) -> Condition:
        if field is None or field_type(field) is FieldType.TEXT:
            raise self._refuse(
                node,
                msg("khoảng chỉ dùng được với một trường không phải văn bản"),
                msg("ghi tên trường, ví dụ source.port:>=1024"),
            )
        low, high, with_low, with_high = _bounds(node)
        texts = [None if _is_open(bound) else self._literal(bound) for bound in (low, high)]
        if texts == [None, None]:
            return Exists(field)
        numeric = field_type(field) is FieldType.KEYWORD and all(
            text is None or number(text) is not None for text in texts
        )
        kind = FieldType.FLOAT if numeric else field_type(field)
        covers = [None if text is None else self._cover(node, field, text, kind) for text in texts]
        return _between(field, covers, with_low=with_low, with_high=with_high, numeric=numeric)

    def _cover(self, node: tree.Item, field: str, text: str, kind: FieldType | None = None) -> Cover:
        kind = kind or field_type(field)
        try:
            return cover(kind, text)
        except (ValueError, OverflowError) as problem:
            raise _fault(
                self._column(node.pos),
                msg("giá trị «{text}» không hợp với trường {field}", text=text[:40], field=field),
                _EXAMPLES[kind](field),
                expected=msg("kiểu {kind}", kind=kind.value),
            ) from problem

    def _literal(self, node: tree.Item) -> str:
        match node:
            case tree.Word():
                return _unescape(node.value)
            case tree.Phrase():
                return _unescape(node.value[1:-1])
            case tree.Prohibit(a=tree.Word() as word):
                return "-" + _unescape(word.value)
            case tree.Plus(a=tree.Word() as word):
                return "+" + _unescape(word.value)
            case _:
                raise self._refuse(
                    node,
                    msg("«{text}» không phải một giá trị", text=str(node)[:40]),
                    msg("ghi một chữ, hoặc một cụm trong dấu nháy kép"),
                )

    def _refuse(self, node: tree.Item, found: Message, advice: Message) -> QueryError:
        return _fault(self._column(node.pos), found, advice)


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


def _pieces(text: str) -> Pattern:
    """Literal text and wildcards of a word, escapes resolved; neighbours of one kind are joined."""
    joined: list[str | Wild] = []
    for found in _PIECE.finditer(text):
        piece: str | Wild = Wild(found[2]) if found[2] else found[1] or found[3]
        if joined and piece is Wild.ANY and joined[-1] is Wild.ANY:
            continue
        if joined and isinstance(piece, str) and isinstance(joined[-1], str):
            joined[-1] += piece
        else:
            joined.append(piece)
    return tuple(joined)


def _by_word(pattern: Pattern) -> list[Pattern]:
    """A pattern over running text as one pattern for each word, in order."""
    found: list[list[str | Wild]] = [[]]
    for part in pattern:
        if isinstance(part, Wild):
            found[-1].append(part)
            continue
        first, *others = _NON_WORD.split(fold_words(part))
        found[-1].extend([first] if first else [])
        found.extend([other] if other else [] for other in others)
    return [tuple(word) for word in found if word]


def _bounds(node: tree.Range | tree.From | tree.To) -> tuple[tree.Item | None, tree.Item | None, bool, bool]:
    if isinstance(node, tree.Range):
        return node.low, node.high, node.include_low, node.include_high
    if isinstance(node, tree.From):
        return node.a, None, node.include, True
    return None, node.a, True, node.include


def _is_open(bound: tree.Item | None) -> bool:
    return bound is None or (isinstance(bound, tree.Word) and bound.value == "*")


def _between(field: str, covers: Sequence[Cover | None], *, with_low: bool, with_high: bool, numeric: bool) -> Between:
    """A bound that covers a span counts with all of it: above a day means after its last instant."""
    low, high = covers
    return Between(
        field,
        None if low is None else low[0 if with_low else 1],
        None if high is None else high[1 if with_high else 0],
        include_low=with_low,
        include_high=with_high,
        numeric=numeric,
    )


_EXAMPLES: dict[FieldType, Callable[[str], Message]] = {
    FieldType.KEYWORD: lambda field: msg("ví dụ {field}:admin", field=field),
    FieldType.BOOLEAN: lambda field: msg("ví dụ {field}:true", field=field),
    FieldType.LONG: lambda field: msg("ví dụ {field}:443 hoặc {field}:[1 TO 1024]", field=field),
    FieldType.FLOAT: lambda field: msg("ví dụ {field}:>=0.5", field=field),
    FieldType.IP: lambda field: msg('ví dụ {field}:203.0.113.0/24 hoặc {field}:"2001:db8::1"', field=field),
    FieldType.DATE: lambda field: msg("ví dụ {field}:2026-11-17 hoặc {field}:[2026-11-01 TO 2026-11-30]", field=field),
}
