"""`soc detect`: Sigma over files; nothing is stored.

One line per match on stdout; refusals and statistics on stderr. Exit codes: EXIT_CLEAN, EXIT_MATCHES, EXIT_NOTHING_RAN,
EXIT_REFUSED (docs/command-line.md).
"""

from __future__ import annotations

import gc
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from typing import IO, Annotated

import orjson
import typer

from detectors.feeds import Sighting, feeds, joined
from detectors.rulepack import own_rules, sigma_files
from detectors.sigma import CorrelationRule, Correlator, Engine, Rule, RuleSet
from detectors.sigma.correlate import CorrelationStats, Limits
from detectors.sigma.files import MAX_FAULTS, SUFFIXES, Fault, Parts, Tally, document_files, parts
from detectors.sigma.kept import Kept
from detectors.sigma.moments import from_us
from detectors.sigma.ruleset import AUTO
from detectors.sigma.scan import Finder, Found, scan
from detectors.sigma.state import RuleState
from soc.cli.context import settings
from soc.core.clock import iso
from soc.core.errors import InputError
from soc.core.i18n import Lang, Message, msg
from soc.core.ids import event_id

EXIT_CLEAN, EXIT_MATCHES, EXIT_NOTHING_RAN, EXIT_REFUSED = 0, 1, 2, 3
_LATENESS = timedelta(days=31)
"""Files are read one after another: what one host did at an hour may come long after another's."""
MAX_FAULTS_SHOWN = MAX_FAULTS
"""Per file; the rest is counted."""


class Format(StrEnum):
    """Forms of the output."""

    NDJSON = "ndjson"
    TABLE = "table"


@dataclass
class Totals:
    """What happened, for the exit code and `--stats`."""

    events: int = 0
    faults: int = 0
    matches: Counter[str] = field(default_factory=Counter)
    readable: int = 0
    sightings: list[Sighting] = field(default_factory=list)
    correlation: CorrelationStats | None = None


@dataclass(frozen=True)
class Job:
    """One call of the command.

    Attributes:
        paths: files and folders with logs.
        parts: how a file is cut into parts that are read one by one.
        jobs: processes that match.
        rules: rule files and folders.
        pipeline, placeholders: see `RuleSet.load`.
        suffixes: of files looked at under a folder; None looks at all.
    """

    paths: Sequence[Path]
    parts: Parts
    rules: Sequence[Path]
    pipeline: str = AUTO
    placeholders: Mapping[str, Sequence[object]] = field(default_factory=dict)
    format: Format = Format.NDJSON
    stats: bool = False
    suffixes: frozenset[str] | None = SUFFIXES
    jobs: int = 1
    kept: Kept | None = None
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
    jobs: Annotated[int, typer.Option(min=0, help=msg("Số tiến trình dò; 0 là theo số bộ xử lý").text)] = 0,
) -> None:
    raw = platform is not None or parser is not None
    chosen = settings()
    job = Job(
        paths=paths,
        parts=_raw_parts(platform, parser) if raw else parts,
        rules=rules or sigma_files(own_rules()),
        pipeline=pipeline,
        placeholders=read_placeholders(placeholders) if placeholders else {},
        format=format,
        stats=stats,
        suffixes=None if raw else SUFFIXES,
        jobs=1 if raw else jobs or len(os.sched_getaffinity(0)),
        kept=Kept(chosen.home / "cache" / "sigma"),
        lang=chosen.lang,
    )
    raise typer.Exit(run_detect(job, sys.stdout.buffer, sys.stderr))


def run_detect(job: Job, out: IO[bytes], err: IO[str]) -> int:
    """Run a job; the exit code.

    Raises:
        SetupError: the pipeline cannot be loaded.
    """
    started = time.monotonic()
    with _without_collecting():
        ruleset = RuleSet.load(job.rules, job.pipeline, job.placeholders, job.kept)
    for refusal in ruleset.refusals:
        err.write(refusal.render(job.lang) + "\n")
    totals = Totals()
    if ruleset.rules:
        _scan(job, ruleset, totals, out, err)
    else:
        err.write(msg("không nạp được luật nào").render(job.lang) + "\n")
    out.flush()
    if job.stats:
        _write_stats(ruleset, totals, time.monotonic() - started, err)
    return _exit_code(ruleset, totals)


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Loading makes half a million lasting objects; the collector of cycles would walk over them again and again, now and later."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _exit_code(ruleset: RuleSet, totals: Totals) -> int:
    if not ruleset.rules or not totals.readable:
        return EXIT_NOTHING_RAN
    if ruleset.refusals or totals.faults:
        return EXIT_REFUSED
    return EXIT_MATCHES if totals.matches.total() else EXIT_CLEAN


def _scan(job: Job, ruleset: RuleSet, totals: Totals, out: IO[bytes], err: IO[str]) -> None:
    engine = Engine(ruleset, kept=job.kept)
    rows, write = _Rows(engine, Correlator(ruleset, Limits(lateness=_LATENESS))), _WRITERS[job.format]
    outcomes = scan(
        (part for file in _files(job, err) for part in job.parts(file)),
        Finder.of(engine, tells_kinds=job.stats),
        job.jobs,
    )
    for path, of_file in groupby(outcomes, key=lambda outcome: outcome.path):
        faults, events, records, lines = _Faults(path, job.lang, err), 0, 0, 0
        totals.matches[str(path)] = 0
        for outcome in of_file:
            for found in outcome.found:
                for row in rows.of(path, records + found.record, found):
                    totals.matches[str(path)] += 1
                    out.write(write(row))
            faults.take(outcome.tally, lines, records)
            events += outcome.events
            totals.sightings = joined((*totals.sightings, *outcome.sightings))
            records, lines = records + outcome.tally.records, lines + outcome.tally.lines
        faults.close()
        totals.events += events
        totals.faults += faults.count
        totals.readable += bool(events) or not faults.count
    totals.correlation = rows.correlator.stats()


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

    def take(self, tally: Tally, lines_before: int, records_before: int) -> None:
        """The faults of a part that begins behind so many lines and records."""
        for fault in tally.faults[: max(0, MAX_FAULTS_SHOWN - self.count)]:
            error = fault.error(self.file, lines_before, records_before) if isinstance(fault, Fault) else fault
            self.err.write(error.render(self.lang) + "\n")
        self.count += tally.fault_count

    def close(self) -> None:
        if self.count > MAX_FAULTS_SHOWN:
            more = msg("{path}: còn {count} lỗi nữa", path=str(self.file), count=self.count - MAX_FAULTS_SHOWN)
            self.err.write(more.render(self.lang) + "\n")


@dataclass(frozen=True, slots=True)
class _Rows:
    """What is written of a record."""

    engine: Engine
    correlator: Correlator

    def of(self, file: Path, index: int, found: Found) -> Iterator[dict[str, object]]:
        """A row for each rule that matched, then for each correlation that holds with it."""
        ident = found.event_id or event_id(file.name, index, found.content)
        moment = None if found.moment is None else iso(from_us(found.moment))
        for place, matched in found.rows:
            yield _row(file, index, self.engine.ruleset.rules[place], matched, ident, moment)
        if found.document is None:
            return
        matches = self.engine.match(found.document) if found.matches is None else found.matches
        for firing in self.correlator.feed(found.document, matches, ident):
            if firing.rule.reported and not firing.repeated:
                row = _row(file, index, firing.rule, firing.matched, ident, iso(firing.last))
                yield {**row, "group": firing.group}


def _row(
    file: Path,
    index: int,
    rule: Rule | CorrelationRule,
    matched: Mapping[str, object],
    ident: str,
    moment: str | None,
) -> dict[str, object]:
    return {
        "file": str(file),
        "record": index,
        "rule_id": rule.id,
        "rule_title": rule.title,
        "level": rule.level.value,
        "event_id": ident,
        "@timestamp": moment,
        "matched": matched,
    }


def _ndjson(row: dict[str, object]) -> bytes:
    return orjson.dumps(row, default=str, option=orjson.OPT_APPEND_NEWLINE)


def _line(row: dict[str, object]) -> bytes:
    place = f"{row['file']}#{row['record']}"
    return f"{row['level']:<13} {row['@timestamp'] or '-':<27} {row['rule_title']}  {place}\n".encode()


_WRITERS: Mapping[Format, Callable[[dict[str, object]], bytes]] = {Format.NDJSON: _ndjson, Format.TABLE: _line}


def _write_stats(ruleset: RuleSet, totals: Totals, seconds: float, err: IO[str]) -> None:
    fed = feeds(ruleset, totals.sightings)
    found = {
        "rules": len(ruleset.rules) + len(ruleset.correlations),
        "refused": len(ruleset.refusals),
        "events": totals.events,
        "unreadable": totals.faults,
        "matches": totals.matches.total(),
        "seconds": round(seconds, 3),
        "events_per_second": round(totals.events / seconds) if seconds else 0,
        "matches_by_file": dict(totals.matches),
        "correlation": totals.correlation,
        "states": Counter(feed.state.value for feed in fed),
        "not_ready": [
            {"rule_id": feed.rule_id, "state": feed.state.value, "seen": feed.seen, "blind": feed.blind}
            for feed in fed
            if feed.state is not RuleState.READY
        ],
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


def _raw_parts(platform: str | None, parser: str | None) -> Parts:
    # The collectors cost half a second to import; documents that are JSON already don't need them.
    from soc.cli.raw_documents import raw_parts  # noqa: PLC0415

    return raw_parts(platform, parser)
