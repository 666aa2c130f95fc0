"""`soc detect`: Sigma over files; nothing is stored.

One line per match on stdout; refusals and statistics on stderr. Exit codes: EXIT_CLEAN, EXIT_MATCHES, EXIT_NOTHING_RAN,
EXIT_REFUSED (docs/command-line.md).
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import IO, Annotated

import orjson
import typer

from detectors.rulepack import own_rules, sigma_files
from detectors.sigma import Correlator, Engine, Firing, Match, RuleSet
from detectors.sigma.files import SUFFIXES, Documents, document_files, documents
from detectors.sigma.moments import from_us, moment_us
from detectors.sigma.pipelines import AUTO
from detectors.sigma.values import MISSING, Document, read
from soc.cli.context import settings
from soc.core.clock import iso
from soc.core.errors import InputError
from soc.core.i18n import Lang, Message, msg
from soc.core.ids import event_id

EXIT_CLEAN, EXIT_MATCHES, EXIT_NOTHING_RAN, EXIT_REFUSED = 0, 1, 2, 3
MAX_FAULTS_SHOWN = 20
"""Per file; the rest is counted."""


class Format(StrEnum):
    """Forms of the output."""

    NDJSON = "ndjson"
    TABLE = "table"


@dataclass
class Tally:
    """What happened, for the exit code and `--stats`."""

    events: int = 0
    faults: int = 0
    matches: Counter[str] = field(default_factory=Counter)
    readable: int = 0


@dataclass(frozen=True)
class Job:
    """One call of the command.

    Attributes:
        paths: files and folders with logs.
        documents: how a file becomes documents.
        rules: rule files and folders.
        pipeline, placeholders: see `RuleSet.load`.
        suffixes: of files looked at under a folder; None looks at all.
    """

    paths: Sequence[Path]
    documents: Documents
    rules: Sequence[Path]
    pipeline: str = AUTO
    placeholders: Mapping[str, Sequence[object]] = field(default_factory=dict)
    format: Format = Format.NDJSON
    stats: bool = False
    suffixes: frozenset[str] | None = SUFFIXES
    lang: Lang = Lang.VI


def detect(
    paths: Annotated[
        list[Path], typer.Argument(help=msg("Tệp hoặc thư mục: EVTX, NDJSON, JSON, dòng nhật ký; gz, xz").text)
    ],
    platform: Annotated[str | None, typer.Option(help=msg("Nền tảng đã ghi các tệp này").text)] = None,
    parser: Annotated[str | None, typer.Option(help=msg("Bộ đọc, nếu khác bộ đọc của nền tảng").text)] = None,
    rules: Annotated[
        list[Path] | None, typer.Option(help=msg("Tệp hoặc thư mục luật; mặc định là luật đi kèm").text)
    ] = None,
    pipeline: Annotated[str, typer.Option(help=msg("auto, none hoặc tệp quy trình của pySigma").text)] = AUTO,
    placeholders: Annotated[
        Path | None, typer.Option(help=msg("Tệp JSON: tên chỗ điền -> danh sách giá trị").text)
    ] = None,
    format: Annotated[Format, typer.Option(help=msg("Dạng kết quả").text)] = Format.NDJSON,  # noqa: A002
    stats: Annotated[bool, typer.Option("--stats", help=msg("Số liệu ra stderr").text)] = False,
) -> None:
    raw = platform is not None or parser is not None
    job = Job(
        paths=paths,
        documents=_raw_documents(platform, parser) if raw else documents,
        rules=rules or sigma_files(own_rules()),
        pipeline=pipeline,
        placeholders=read_placeholders(placeholders) if placeholders else {},
        format=format,
        stats=stats,
        suffixes=None if raw else SUFFIXES,
        lang=settings().lang,
    )
    raise typer.Exit(run_detect(job, sys.stdout.buffer, sys.stderr))


def run_detect(job: Job, out: IO[bytes], err: IO[str]) -> int:
    """Run a job; the exit code.

    Raises:
        SetupError: the pipeline cannot be loaded.
    """
    started = time.monotonic()
    ruleset = RuleSet.load(job.rules, job.pipeline, job.placeholders)
    for refusal in ruleset.refusals:
        err.write(refusal.render(job.lang) + "\n")
    tally = Tally()
    if ruleset.rules:
        _scan(job, ruleset, tally, out, err)
    else:
        err.write(msg("không nạp được luật nào").render(job.lang) + "\n")
    out.flush()
    if job.stats:
        _write_stats(ruleset, tally, time.monotonic() - started, err)
    return _exit_code(ruleset, tally)


def _exit_code(ruleset: RuleSet, tally: Tally) -> int:
    if not ruleset.rules or not tally.readable:
        return EXIT_NOTHING_RAN
    if ruleset.refusals or tally.faults:
        return EXIT_REFUSED
    return EXIT_MATCHES if tally.matches.total() else EXIT_CLEAN


def _scan(job: Job, ruleset: RuleSet, tally: Tally, out: IO[bytes], err: IO[str]) -> None:
    engine, correlator = Engine(ruleset), Correlator(ruleset)
    write = _WRITERS[job.format]
    for file in _files(job, err):
        faults = _Faults(file, job.lang, err)
        before, tally.matches[str(file)] = tally.events, 0
        for index, document in job.documents(file, faults.add):
            tally.events += 1
            matches = engine.match(document)
            if matches:
                for row in _rows(file, index, document, matches, correlator):
                    tally.matches[str(file)] += 1
                    out.write(write(row))
        faults.close()
        tally.faults += faults.count
        tally.readable += tally.events > before or not faults.count


def _files(job: Job, err: IO[str]) -> Iterator[Path]:
    """Every file once, in the order given; a folder without any is said."""
    seen: set[Path] = set()
    for path in job.paths:
        found = (
            document_files(path)
            if job.suffixes or not path.is_dir()
            else sorted(p for p in path.rglob("*") if p.is_file())
        )
        if not found:
            err.write(msg("{path}: không có tệp nhật ký nào", path=str(path)).render(job.lang) + "\n")
        for file in found:
            if file.resolve() not in seen:
                seen.add(file.resolve())
                yield file


@dataclass
class _Faults:
    """Shows the first faults of a file and counts the others."""

    file: Path
    lang: Lang
    err: IO[str]
    count: int = 0

    def add(self, fault: InputError) -> None:
        self.count += 1
        if self.count <= MAX_FAULTS_SHOWN:
            self.err.write(fault.render(self.lang) + "\n")

    def close(self) -> None:
        if self.count > MAX_FAULTS_SHOWN:
            more = msg("{path}: còn {count} lỗi nữa", path=str(self.file), count=self.count - MAX_FAULTS_SHOWN)
            self.err.write(more.render(self.lang) + "\n")


def _rows(
    file: Path, index: int, document: Document, matches: Sequence[Match], correlator: Correlator
) -> Iterator[dict[str, object]]:
    ident = _ident(file, index, document)
    for match in matches:
        if match.rule.reported:
            yield _row(file, index, match, ident, _time(match.document))
    for firing in correlator.feed(document, matches, ident):
        if firing.rule.reported and not firing.repeated:
            yield {**_row(file, index, firing, ident, iso(firing.last)), "group": firing.group}


def _row(file: Path, index: int, found: Match | Firing, ident: str, moment: str | None) -> dict[str, object]:
    return {
        "file": str(file),
        "record": index,
        "rule_id": found.rule.id,
        "rule_title": found.rule.title,
        "level": found.rule.level.value,
        "event_id": ident,
        "@timestamp": moment,
        "matched": found.matched,
    }


def _ident(file: Path, index: int, document: Document) -> str:
    """The event's own id, else one of its place and content."""
    known = read(document, "event.id")
    if known is not MISSING and known is not None:
        return str(known)
    return event_id(file.name, index, orjson.dumps(document, default=str))


def _time(document: Document) -> str | None:
    moment = moment_us(document)
    return None if moment is None else iso(from_us(moment))


def _ndjson(row: dict[str, object]) -> bytes:
    return orjson.dumps(row, default=str, option=orjson.OPT_APPEND_NEWLINE)


def _line(row: dict[str, object]) -> bytes:
    place = f"{row['file']}#{row['record']}"
    return f"{row['level']:<13} {row['@timestamp'] or '-':<27} {row['rule_title']}  {place}\n".encode()


_WRITERS: Mapping[Format, Callable[[dict[str, object]], bytes]] = {Format.NDJSON: _ndjson, Format.TABLE: _line}


def _write_stats(ruleset: RuleSet, tally: Tally, seconds: float, err: IO[str]) -> None:
    found = {
        "rules": len(ruleset.rules) + len(ruleset.correlations),
        "refused": len(ruleset.refusals),
        "events": tally.events,
        "unreadable": tally.faults,
        "matches": tally.matches.total(),
        "seconds": round(seconds, 3),
        "events_per_second": round(tally.events / seconds) if seconds else 0,
        "matches_by_file": dict(tally.matches),
    }
    err.write(orjson.dumps(found).decode() + "\n")


def read_placeholders(file: Path) -> dict[str, list[object]]:
    """Lists by the name of the placeholder, from a JSON file. Raises InputError."""
    expected = msg("đối tượng JSON: tên -> giá trị hoặc danh sách giá trị")
    try:
        found = orjson.loads(file.read_bytes())
    except OSError as error:
        raise InputError(_reason(error.strerror or str(error)), where=str(file), expected=expected) from error
    except orjson.JSONDecodeError as error:
        raise InputError(_reason(error.msg), where=f"{file}:{error.lineno}:{error.colno}", expected=expected) from error
    if not isinstance(found, dict) or any(isinstance(value, dict) for value in found.values()):
        raise InputError(_reason(type(found).__name__), where=str(file), expected=expected)
    return {name: value if isinstance(value, list) else [value] for name, value in found.items()}


def _reason(reason: str) -> Message:
    return msg("không dùng được tệp chỗ điền: {reason}", reason=reason)


def _raw_documents(platform: str | None, parser: str | None) -> Documents:
    # The collectors cost half a second to import; documents that are JSON already don't need them.
    from soc.cli.raw_documents import raw_documents  # noqa: PLC0415

    return raw_documents(platform, parser)
