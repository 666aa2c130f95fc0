"""The condition language: `selection and not 1 of filter_*`.

A parser of our own, since pySigma's takes `notable` for `not able`, and knows ASCII identifiers only. Source: Sigma rules
specification 2.1.0, section Condition; operators in upper case are accepted as well.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterable

from detectors.sigma.faults import RuleFault
from detectors.sigma.tree import Leaf, Node, Not, all_of, some_of
from soc.core.i18n import msg

Named = Callable[[str], Node]

_TOKEN = re.compile(r"\(|\)|[^\s()]+")
_OPERATORS = frozenset({"and", "or", "not"})
_QUANTIFIERS = frozenset({"1", "any", "all"})
_MAX_DEPTH = 100


def parse_condition(text: str, names: Collection[str], named: Named) -> Node:
    """The program of a condition; `named` gives the program of each identifier.

    Raises:
        RuleFault: syntax, an unknown identifier, or a pattern that names none.
    """
    if "|" in text:
        raise RuleFault(
            msg("điều kiện có dấu | của Sigma cũ"),
            advice=msg("viết phần đếm thành một quy tắc tương quan (correlation)"),
        )
    return _Parser(text, names, named).parse()


def only_negates(conditions: Iterable[str], names: Collection[str]) -> bool:
    """Whether every name in the conditions stands under a `not`: such a filter says what stays, not what goes.

    Raises:
        RuleFault: as `parse_condition`.
    """

    def negative(node: Node, *, negated: bool) -> bool:
        if isinstance(node, Not):
            return negative(node.part, negated=not negated)
        return negated if isinstance(node, Leaf) else all(negative(part, negated=negated) for part in node.parts)

    index = {name: position for position, name in enumerate(names)}
    try:
        return all(negative(parse_condition(c, names, lambda n: Leaf(index[n])), negated=False) for c in conditions)
    except RuleFault as fault:
        raise fault.at("filter", "condition") from None


class _Parser:
    """Recursive descent over the tokens; or binds least, then and, not, x of."""

    def __init__(self, text: str, names: Collection[str], named: Named) -> None:
        self._text, self._names, self._named = text, names, named
        self._tokens = _TOKEN.findall(text)
        self._at = 0
        self._depth = 0

    def parse(self) -> Node:
        node = self._or()
        if self._at < len(self._tokens):
            raise self._unexpected()
        return node

    def _or(self) -> Node:
        return self._chain("or", self._and, some_of)

    def _and(self) -> Node:
        return self._chain("and", self._not, all_of)

    def _chain(self, word: str, part: Callable[[], Node], join: Callable[[tuple[Node, ...]], Node]) -> Node:
        parts = [part()]
        while self._word() == word:
            self._at += 1
            parts.append(part())
        return join(tuple(parts))

    def _not(self) -> Node:
        if self._word() == "not":
            self._at += 1
            return Not(self._deeper(self._not))
        return self._operand()

    def _operand(self) -> Node:
        token = self._peek()
        if token == "(":  # noqa: S105 - a bracket
            self._at += 1
            node = self._deeper(self._or)
            if self._peek() != ")":
                raise self._unexpected(msg("dấu đóng ngoặc"))
            self._at += 1
            return node
        if token.lower() in _QUANTIFIERS and self._word(1) == "of":
            return self._selector(token.lower())
        if token in ("", ")") or token.lower() in _OPERATORS:
            raise self._unexpected(msg("tên một phần dò tìm"))
        self._at += 1
        return self._named_checked(token)

    def _selector(self, quantifier: str) -> Node:
        self._at += 2
        pattern = self._peek()
        if not pattern or pattern in "()":
            raise self._unexpected(msg("mẫu tên hoặc them"))
        self._at += 1
        names = matching_names(pattern, self._names)
        if not names:
            raise RuleFault(
                msg("mẫu {pattern} trong điều kiện không khớp tên nào", pattern=pattern),
                expected=msg("một trong các tên: {names}", names=", ".join(sorted(self._names))),
            )
        parts = tuple(self._named(name) for name in names)
        return all_of(parts) if quantifier == "all" else some_of(parts)

    def _named_checked(self, name: str) -> Node:
        if name not in self._names:
            near = difflib.get_close_matches(name, self._names, 1)
            raise RuleFault(
                msg("điều kiện nêu tên {name} chưa được định nghĩa", name=name),
                expected=msg("một trong các tên: {names}", names=", ".join(sorted(self._names))),
                advice=msg("có phải ý là {near}?", near=near[0]) if near else None,
            )
        return self._named(name)

    def _deeper(self, part: Callable[[], Node]) -> Node:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise RuleFault(msg("điều kiện lồng nhau quá {limit} tầng", limit=_MAX_DEPTH))
        node = part()
        self._depth -= 1
        return node

    def _peek(self, ahead: int = 0) -> str:
        index = self._at + ahead
        return self._tokens[index] if index < len(self._tokens) else ""

    def _word(self, ahead: int = 0) -> str:
        return self._peek(ahead).lower()

    def _unexpected(self, expected: object = None) -> RuleFault:
        found = self._peek() or msg("hết điều kiện")
        return RuleFault(
            msg("điều kiện sai ở từ thứ {position}: {found}", position=self._at + 1, found=found),
            expected=expected if expected is not None else msg("and, or hoặc hết điều kiện"),  # type: ignore[arg-type]
            advice=msg("xem lại điều kiện: {text}", text=self._text),
        )


def matching_names(pattern: str, names: Collection[str]) -> list[str]:
    """The identifiers a pattern of `x of` names; those with a leading underscore only if the pattern has it too."""
    if pattern.lower() == "them":
        pattern = "*"
    regex = re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL)
    hidden = pattern.startswith("_")
    return [name for name in names if regex.fullmatch(name) and (hidden or not name.startswith("_"))]
