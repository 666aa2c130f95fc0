"""What goes wrong in the case database, in words of ours: translated once, here, on both engines.

No message carries a value that was written: rows hold personal data.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from soc.core.errors import ConflictError, DatabaseError, InputError, SocError
from soc.core.i18n import Message, msg

LONGEST = 200
"""Characters of a driver's own words that are passed on."""

_KINDS = {
    "08": "unreachable",  # connection
    "57": "unreachable",  # the server is going down, or starting
    "28": "refused",  # password, role
    "3D": "refused",  # no such database
    "42501": "refused",  # privilege
    "25006": "read_only",
    "53100": "disk",
    "53": "overload",  # connections, memory
    "55P03": "overload",  # waited too long for the writer before
    "40": "overload",  # deadlock with a writer that is not ours
    "SQLITE_CANTOPEN": "unreachable",
    "SQLITE_PERM": "refused",
    "SQLITE_READONLY": "read_only",
    "SQLITE_FULL": "disk",
    "SQLITE_BUSY": "overload",
}
"""SQLSTATE, its class, or the name of an error of SQLite -> kind of a DatabaseError."""

_ADVICE = {
    "refused": msg("kiểm tra tài khoản trong database_url và quyền của nó; xem docs/operate.md"),
    "read_only": msg("trỏ database_url về máy chủ chính, hoặc mở lại quyền ghi"),
    "disk": msg("giải phóng đĩa của cơ sở dữ liệu"),
    "overload": msg("thử lại; nếu lặp lại, xem tiến trình nào giữ kết nối hoặc giao dịch quá lâu"),
}
_DOCTOR = msg("chạy 'soc doctor' để xem nguyên nhân")


@contextmanager
def answering(url: URL) -> Iterator[None]:
    """Translate what the engine at `url` raises.

    Raises:
        ConflictError: a row of that key is there already, or one that others refer to is missing.
        InputError: a value that its column cannot hold.
        DatabaseError: everything else; `kind` says what an operator has to look at.
    """
    try:
        yield
    except IntegrityError as problem:
        raise ConflictError(
            msg("dữ liệu trùng hoặc không khớp với dữ liệu đã có"),
            where=_constraint(problem),
            advice=msg("tải lại để xem trạng thái mới nhất rồi thử lại"),
        ) from problem
    except DataError as problem:
        raise InputError(msg("cơ sở dữ liệu không nhận giá trị: {reason}", reason=_words(problem))) from problem
    except DBAPIError as problem:
        raise _database_error(
            url, kind_of(problem), msg("cơ sở dữ liệu không đáp ứng: {reason}", reason=_words(problem))
        ) from problem
    except PoolTimeoutError as problem:
        raise _database_error(url, "overload", msg("mọi kết nối đến cơ sở dữ liệu đều đang bận")) from problem


def kind_of(problem: DBAPIError) -> str:
    """What is wrong, as DatabaseError names it."""
    if problem.connection_invalidated:
        return "unreachable"
    code = _code(problem)
    if not code:  # libpq gives none when it never came through
        return "unreachable"
    found = (_KINDS[prefix] for prefix in (code, code[:2], "_".join(code.split("_")[:2])) if prefix in _KINDS)
    return next(found, "other")


def _code(problem: DBAPIError) -> str:
    return getattr(problem.orig, "sqlstate", None) or getattr(problem.orig, "sqlite_errorname", None) or ""


def _database_error(url: URL, kind: str, found: Message) -> SocError:
    error = DatabaseError(found, where=url.render_as_string(hide_password=True), advice=_ADVICE.get(kind, _DOCTOR))
    error.kind = kind
    return error


def _words(problem: DBAPIError) -> str:
    """The driver's first line: PostgreSQL puts values of the row into the next one."""
    return (str(problem.orig).splitlines() or [""])[0][:LONGEST]


def _constraint(problem: IntegrityError) -> str:
    """Its name; SQLite gives the columns."""
    named = getattr(getattr(problem.orig, "diag", None), "constraint_name", None)
    return named or _words(problem).rpartition(": ")[2]
