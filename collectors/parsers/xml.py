"""XML of a log record as plain elements, read so that the record cannot cost more than its length.

A document type declaration is refused before anything is read of it: with it go entity expansion ("billion laughs") and external entities.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers.expat import ExpatError, ParserCreate

from collectors.parsing import unreadable
from soc.core.errors import ParseError
from soc.core.i18n import msg

MAX_DEPTH = 64
MAX_ELEMENTS = 5000


@dataclass(slots=True)
class Element:
    """One element: local name without its prefix, attributes, text of its own, children in their order."""

    name: str
    attributes: dict[str, str]
    children: list[Element] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.pieces).strip()

    def child(self, name: str) -> Element | None:
        """The first child of that name."""
        return next((child for child in self.children if child.name == name), None)

    def leaves(self) -> Iterator[tuple[str, str]]:
        """(name, text) of every element below that has text and no children, in the order of the document."""
        stack = [*reversed(self.children)]
        while stack:
            element = stack.pop()
            if element.children:
                stack += reversed(element.children)
            elif element.text:
                yield element.name, element.text


class _Builder:
    """Collects the elements that expat reports, and stops at the limits."""

    def __init__(self) -> None:
        self.root: Element | None = None
        self._open: list[Element] = []
        self._count = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        element = Element(name.rpartition(":")[2], attributes)
        self._count += 1
        if len(self._open) >= MAX_DEPTH or self._count > MAX_ELEMENTS:
            raise _refusal()
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)

    def end(self, _name: str) -> None:
        self._open.pop()

    def text(self, piece: str) -> None:
        if self._open:
            self._open[-1].pieces.append(piece)

    def refuse(self, *_: object) -> None:
        raise _refusal()


def load_xml(text: str) -> Element:
    """The root element of `text`.

    Raises:
        ParseError: no well-formed XML, a document type declaration, more than 64 levels or 5,000 elements.

    Source: XML 1.0; OWASP XML External Entity Prevention (no DTD at all).
    """
    builder = _Builder()
    # The text is decoded: an encoding named in its declaration (utf-16 in Windows events) is that of a file it no longer is in.
    parser = ParserCreate("utf-8")
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    parser.StartDoctypeDeclHandler = builder.refuse
    parser.buffer_text = True
    try:
        parser.Parse(text.encode("utf-8"), True)
    except (ExpatError, UnicodeEncodeError) as problem:
        raise _refusal(getattr(problem, "offset", 0) + 1) from problem
    if builder.root is None:
        raise _refusal()
    return builder.root


def _refusal(column: int = 1) -> ParseError:
    expected = msg(
        "XML đúng cú pháp, không có DOCTYPE, không quá {depth} tầng, {count} phần tử",
        depth=MAX_DEPTH,
        count=MAX_ELEMENTS,
    )
    return unreadable(expected, column=column)
