"""A platform file made from sample lines: what reads them, and what each of their fields may mean, each guess with how sure it is.

The file is a beginning to be reviewed: every guess stands beside its line as a comment, names that mean nothing to us are kept under the
platform's own prefix, and what looks like a secret is left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from ipaddress import ip_address

from collectors.options import options_model, parser_of
from collectors.parsers import PARSERS
from collectors.parsing import ParseContext, Parser, Record
from collectors.times import any_time
from soc.core.clock import LOCAL_ZONE
from soc.core.errors import FaultsError, InputError, ParseError
from soc.core.i18n import Lang, Message, msg

MOST_LINES = 500
"""Sample lines that are looked at; more tell nothing new."""
ENOUGH = 0.9
"""A parser that reads less of the sample is not the one."""
_CONTEXT = ParseContext(datetime(2026, 1, 1, tzinfo=UTC), LOCAL_ZONE)
_NAME = re.compile(r"[\w@$:/ -][\w@$:/. -]{0,99}")


class Sure(StrEnum):
    """How sure a guess is."""

    LIKELY = "likely"
    MAYBE = "maybe"

    @property
    def label(self) -> Message:
        """The words shown to a person."""
        return msg("khá chắc") if self is Sure.LIKELY else msg("đoán, phải xem lại")


@dataclass(frozen=True, slots=True)
class Guess:
    """What was guessed: a raw field, or "" for the record as a whole."""

    field: str
    said: Message
    sure: Sure


@dataclass(frozen=True, slots=True)
class Draft:
    """A platform file to begin with.

    Attributes:
        text: YAML.
        guesses: in the order of the file.
        read: sample lines that its parser reads, of `lines`.
    """

    text: str
    guesses: tuple[Guess, ...]
    read: int
    lines: int


@dataclass(frozen=True, slots=True)
class _Target:
    """Where a raw field goes: the YAML after its name, and why."""

    yaml: str
    guess: Guess


def draft_platform(ident: str, lines: Sequence[str], parser: str | None = None) -> Draft:
    """A platform file for the format of `lines`.

    Args:
        ident: id of the platform, in the form that platform files ask for.
        lines: records, without line ends; blank ones do not count.
        parser: id of the parser where it is known.

    Raises:
        InputError: no lines, no such parser, or none reads enough of them.
    """
    sample = [line for line in lines if line.strip()][:MOST_LINES]
    if not sample:
        raise InputError(msg("tệp mẫu không có dòng nào"), advice=msg("đưa một tệp có ít nhất một bản ghi"))
    options = _csv_options(sample) if parser in {None, "csv"} else {}
    chosen = parser or ("csv" if options else _chosen(sample))
    reader = _reader(chosen, options)
    sample = sample[1:] if options else sample  # the line of names is no record
    records = list(_read(reader, sample))
    if not records or (parser is None and len(records) < ENOUGH * len(sample)):
        raise InputError(
            msg(
                "không bộ đọc nào đọc được mẫu; gần nhất là {parser}: {read}/{lines} dòng",
                parser=chosen,
                read=len(records),
                lines=len(sample),
            ),
            advice=msg("chọn bằng --parser, hoặc viết bộ đọc theo docs/add-a-parser.md"),
        )
    known = Guess(
        "",
        msg("bộ đọc {parser}: {read}/{lines} dòng", parser=chosen, read=len(records), lines=len(sample)),
        Sure.LIKELY if parser else Sure.MAYBE,
    )
    targets = list(_targets(records)) if reader.raw else []
    guesses = (known, *(target.guess for target in targets))
    form = _Form(chosen, options, known, tuple(targets), reader.raw)
    return Draft(_yaml(ident, form), guesses, len(records), len(sample))


_CELLS = re.compile(r"[A-Za-z_][\w -]{0,39}")


def _csv_options(sample: Sequence[str]) -> dict[str, object]:
    """Columns and delimiter of rows under a line of names; {} for anything else."""
    for delimiter in (",", ";", "|", "\t"):
        names = [cell.strip().strip('"') for cell in sample[0].split(delimiter)]
        if len(names) < _FEWEST_COLUMNS or len(set(names)) != len(names) or not all(map(_CELLS.fullmatch, names)):
            continue
        options: dict[str, object] = {"columns": names, "delimiter": delimiter}
        rows = list(_read(parser_of("csv", options), sample[1:]))
        if rows and len(rows) >= ENOUGH * (len(sample) - 1):
            return options
    return {}


_FEWEST_COLUMNS = 3


def _chosen(sample: Sequence[str]) -> str:
    """The parser that reads most lines; of those that read alike, the one that finds most ECS fields, then a general one."""
    if all(line.lstrip().startswith("{") for line in sample) and _share("json", sample)[0] == 1.0:
        return "json"
    candidates = [name for name in sorted(PARSERS) if name not in {"json", "gelf", "journald"} and _needs_nothing(name)]
    return max(candidates, key=lambda name: (*_share(name, sample), name == "kv"))


def _needs_nothing(name: str) -> bool:
    return not any(field.is_required() for field in options_model(name).model_fields.values())


def _share(name: str, sample: Sequence[str]) -> tuple[float, float]:
    """Part of the lines that a parser reads, and how many fields it finds in one."""
    records = list(_read(parser_of(name), sample[:_TRIED]))
    if not records:
        return 0.0, 0.0
    return len(records) / len(sample[:_TRIED]), sum(map(len, records)) / len(records)


_TRIED = 50
"""Lines that every parser is tried on."""


def _reader(name: str, options: Mapping[str, object]) -> Parser:
    try:
        return parser_of(name, options)
    except FaultsError as problem:
        raise InputError(
            msg("bộ đọc {parser} cần options, không đoán được", parser=name),
            advice=msg("chép một nền tảng dùng bộ đọc này và viết options"),
        ) from problem


def _read(parser: Parser, sample: Sequence[str]) -> Iterator[Record]:
    for line in sample:
        try:
            yield parser.parse(line, _CONTEXT)
        except ParseError:
            continue


# what a field may mean: by its name in either language, borne out by its values


def _targets(records: Sequence[Record]) -> Iterator[_Target]:
    values: dict[str, list[object]] = {}
    for record in records:
        for name, value in record.items():
            values.setdefault(name, []).append(value)
    taken: set[str] = set()
    for name, found in values.items():
        if not _NAME.fullmatch(name):
            continue
        target = next((made for rule in _RULES if (made := rule(name, found)) is not None), None)
        if target is not None and target.yaml not in taken:
            taken.add(target.yaml)
            yield target


def _words(name: str) -> str:
    """The last part of a dotted name, lower case, without separators: `thoi_gian` and `thoiGian` are one."""
    return re.sub(r"[^a-z0-9]", "", name.rpartition(".")[2].lower())


def _named(pattern: str) -> Callable[[str], bool]:
    regex = re.compile(pattern)
    return lambda name: regex.fullmatch(_words(name)) is not None


_TIME = _named(
    r"(time|timestamp|datetime|date|ts|eventtime|logtime|createdat|starttime|startedat|thoigian|ngaygio|thoidiem|when)"
)
_SECRET = _named(r".*(password|passwd|matkhau|secret|token|authorization|apikey|privatekey|cookie|otp).*|pin|pwd")
_PERSONAL = _named(
    r"(cccd|cmnd|socccd|socmnd|hoten|fullname|dienthoai|sodienthoai|phone|diachi|ngaysinh|email|biensoxe|bienso|mabn)"
)
_USER = _named(r"(user|username|taikhoan|account|login|uid|actor|nguoidung|tendangnhap|usr|loginname|canbo)")
_ACTION = _named(r"(action|hanhdong|event|eventtype|type|operation|thaotac|nghiepvu|activity|method|verb|op)")
_OUTCOME = _named(r"(ketqua|result|outcome|status|trangthai|success|state)")
_HOST = _named(r"(host|hostname|server|servername|machine|may|maychu|computer|devicename)")
_DESTINATION = _named(r"(dst|dstip|dest|destip|destination|destinationip|ipdich|serverip|targetip)")
_ADDRESS = _named(r".*ip|ip.*|src|source|client|remoteaddr|clientaddress|address|diachiip|ipaddress|remote")
_UNIT = _named(r"(donvi|unit|madonvi|phongban|coquan|department|agency)")
_PATH = _named(r"(url|uri|request|requesturi|duongdan)")
_MESSAGE = _named(r"(message|msg|noidung|mota|description|text)")
_SESSION = _named(r"(session|sessionid|sid|phien|maphien)")
_DOSSIER = _named(r"(mahoso|hosoid|dossier|dossierid)")
_AGENT = _named(r"(useragent|ua|agent|trinhduyet)")
_COUNT = _named(r"(sobanghi|count|records|recordcount|rows|soluong)")


def _is_time(value: object) -> bool:
    if isinstance(value, bool):
        return False
    try:
        any_time(value, LOCAL_ZONE)
    except (ValueError, OverflowError):
        return False
    return True


def _is_address(value: object) -> bool:
    try:
        ip_address(str(value).strip())
    except ValueError:
        return False
    return True


def _made(name: str, yaml: str, said: Message, sure: Sure = Sure.LIKELY) -> _Target:
    return _Target(f"{_quoted(name)}: {yaml}", Guess(name, said, sure))


def _quoted(text: str) -> str:
    """As YAML reads it, whatever the letters."""
    return json.dumps(text, ensure_ascii=not text.isprintable())


def _secret(name: str, values: list[object]) -> _Target | None:
    return _made(name, "[]", msg("giống bí mật: không thu")) if _SECRET(name) else None


def _personal(name: str, values: list[object]) -> _Target | None:
    if not _PERSONAL(name):
        return None
    return _made(name, "[]", msg("giống dữ liệu cá nhân: không thu; cần đối chiếu thì băm bằng redact"), Sure.MAYBE)


def _time(name: str, values: list[object]) -> _Target | None:
    if not _TIME(name) or not all(map(_is_time, values)):
        return None
    digits = {len(str(value).strip()) for value in values if str(value).strip().isdecimal()}
    unit = {13: "epoch_ms", 16: "epoch_us", 19: "epoch_ns"}.get(max(digits), "") if len(digits) == 1 else ""
    yaml = f'{{to: "@timestamp", as: {unit}}}' if unit else '"@timestamp"'
    return _made(name, yaml, msg("thời điểm của sự kiện; giờ không múi đọc theo zone của nguồn"))


def _address(name: str, values: list[object]) -> _Target | None:
    if not values or not all(map(_is_address, values)):
        return None
    if _DESTINATION(name):
        return _made(name, "{to: destination, as: address}", msg("địa chỉ đích"))
    sure = Sure.LIKELY if _ADDRESS(name) else Sure.MAYBE
    return _made(name, "{to: source, as: address}", msg("địa chỉ nguồn"), sure)


_GOOD = frozenset({"ok", "success", "succeeded", "thanhcong", "thành công", "true", "allow", "allowed", "accept", "0"})
_BAD = frozenset(
    {"fail", "failed", "failure", "error", "loi", "lỗi", "thatbai", "thất bại", "false", "deny", "denied", "reject"}
)


def _outcome(name: str, values: list[object]) -> _Target | None:
    if not _OUTCOME(name):
        return None
    if all(isinstance(value, (int, str)) and re.fullmatch(r"[1-5]\d\d", str(value)) for value in values):
        return _made(name, "{to: http.response.status_code, as: int}", msg("mã trả lời HTTP"))
    words = sorted({str(value) for value in values})
    known = {word: outcome for word in words if (outcome := _outcome_of(word))}
    if not known:
        return None
    listed = ", ".join(f"{_quoted(word)}: {outcome}" for word, outcome in known.items())
    sure = Sure.LIKELY if len(known) == len(words) else Sure.MAYBE
    return _made(
        name,
        f"{{to: event.outcome, values: {{{listed}}}, otherwise: unknown}}",
        msg("kết quả; từ lạ thành unknown"),
        sure,
    )


def _outcome_of(word: str) -> str:
    text = word.strip().lower()
    return "success" if text in _GOOD else "failure" if text in _BAD else ""


def _whole(name: str, values: list[object]) -> _Target | None:
    if _COUNT(name) and all(re.fullmatch(r"\d{1,18}", str(value)) for value in values):
        return _made(name, "{to: soc.record.count, as: int}", msg("số bản ghi"), Sure.MAYBE)
    return None


def _plain(
    is_named: Callable[[str], bool], yaml: str, said: Message, sure: Sure = Sure.MAYBE
) -> Callable[[str, list[object]], _Target | None]:
    def rule(name: str, values: list[object]) -> _Target | None:
        if not is_named(name) or not all(isinstance(value, str) for value in values):
            return None
        return _made(name, yaml, said, sure)

    return rule


_RULES: tuple[Callable[[str, list[object]], _Target | None], ...] = (
    _secret,
    _personal,
    _time,
    _address,
    _outcome,
    _whole,
    _plain(_USER, "user.name", msg("tài khoản"), Sure.LIKELY),
    _plain(_ACTION, "event.action", msg("hành động")),
    _plain(_HOST, "host.name", msg("tên máy")),
    _plain(_UNIT, "soc.unit", msg("đơn vị ghi trong nhật ký")),
    _plain(_DOSSIER, "soc.dossier.id", msg("mã hồ sơ")),
    _plain(_SESSION, "soc.session.id", msg("phiên")),
    _plain(_AGENT, "user_agent.original", msg("trình duyệt")),
    _plain(_PATH, "{to: url, as: url}", msg("đường dẫn")),
    _plain(_MESSAGE, "message", msg("lời mô tả")),
)


@dataclass(frozen=True, slots=True)
class _Form:
    """What the format section is made of."""

    parser: str
    options: Mapping[str, object]
    known: Guess
    targets: tuple[_Target, ...]
    raw: bool


def _yaml(ident: str, form: _Form) -> str:
    return "".join(f"{line}\n" for line in [*_head(ident), *_format(ident, form), *_TAIL])


def _note(guess: Guess) -> str:
    return f"# {guess.said.render(Lang.VI)} ({guess.sure.label.render(Lang.VI)}) / {guess.said.render(Lang.EN)}"


def _head(ident: str) -> list[str]:
    return [
        "# TODO: review every line; what was guessed from the sample is marked. docs/add-a-platform.md",
        f"id: {ident}",
        f"name_vi: {ident}",
        f"name_en: {ident} (platform)",
        "klass: provincial",
        "owner: null",
        "proposed_level: null",
        "level_reason_vi: chưa phân loại",
        "level_reason_en: not classified yet",
        "confidence: {name: assumed, owner: not_stated, log_types: assumed, level: not_stated}",
        "source: tệp mẫu",
        "log_types: [application]",
        "",
    ]


def _format(ident: str, form: _Form) -> Iterator[str]:
    yield "formats:"
    yield f"  - id: {ident[:_LONGEST]}_log"
    yield f"    parser: {form.parser} {_note(form.known)}"
    if form.options:
        yield f"    options: {json.dumps(form.options)}"
    yield "    fidelity: assumed"
    yield "    source: tệp mẫu"
    yield "    log_type: application"
    yield f"    logsource: {{product: {ident}, service: {ident}.log}}"
    if not form.raw:
        return
    yield "    fields:"
    yield f"      set: {{event.kind: event, event.dataset: {ident}.log}}"
    if form.targets:
        yield "      fields:"
    for target in form.targets:
        yield f"        {target.yaml} {_note(target.guess)}"
    yield f"      keep: {ident}"


_LONGEST = 60
"""Of the id of a platform within the id of its format, which has 64."""

_TAIL: Sequence[str] = (
    "",
    "calendar: office",
    "rhythm: {in_hours_minutes: 60, off_hours_minutes: 960}",
    "inputs: [file]",
    "threats: []",
)
