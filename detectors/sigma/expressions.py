"""Regular expressions of rules: their text as written, their flags, and whether they can be run at all."""

from __future__ import annotations

import re

from sigma.types import SigmaRegularExpression, SpecialChars

from detectors.sigma.faults import RuleFault
from detectors.sigma.linear import NotLinearError
from detectors.sigma.predicates import compiled
from soc.core.i18n import msg

_FLAGS = {"IGNORECASE": re.IGNORECASE, "MULTILINE": re.MULTILINE, "DOTALL": re.DOTALL}
_SHOWN = 200
"""Letters of an expression that a message repeats."""


def regex_source(value: SigmaRegularExpression) -> str:
    """The expression as written. str() would put backslashes before its stars."""
    multi = SpecialChars.WILDCARD_MULTI
    return "".join(part if isinstance(part, str) else "*" if part is multi else "?" for part in value.regexp.s)


def checked_regex(value: SigmaRegularExpression) -> tuple[str, int]:
    """The expression and its flags, tried.

    Raises:
        RuleFault: not an expression, or one whose search might never come back.
    """
    source, flags = regex_source(value), 0
    for flag in value.flags:
        flags |= _FLAGS[flag.name]
    try:
        compiled(source, flags)
    except NotLinearError as error:
        raise RuleFault(
            msg("biểu thức chính quy có thể chạy lâu theo hàm mũ: {regex}", regex=source[:_SHOWN]),
            advice=msg(
                "đừng lặp một phần mà bên trong nó lại lặp cùng chữ, như (a+)+; bỏ nhìn trước và tham chiếu ngược"
            ),
        ) from error
    except (re.error, OverflowError, RecursionError) as error:
        raise RuleFault(msg("biểu thức chính quy sai: {reason}", reason=str(error))) from error
    return source, flags
