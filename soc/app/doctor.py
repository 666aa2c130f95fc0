"""What works, what does not, what to do: one finding for each part, each asked on its own so that one fault hides no other."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce

from collectors.sources import load_source_file
from soc.app.application import Application
from soc.app.canary import LATE
from soc.app.elastic_key import read_key
from soc.app.exposure import RENEW_BEFORE, certificate_file, read_certificate
from soc.app.findings import State
from soc.app.outages import Outage, Part
from soc.app.retention import told_ages
from soc.app.rule_loading import Loaded
from soc.app.schema import drift
from soc.core.clock import LOCAL_ZONE
from soc.core.errors import SocError
from soc.core.i18n import Message, msg
from soc.core.scope import PROVINCE

LOW_DISK_SHARE = 0.10
TOLD_SOURCES = 5
"""Sources that one line names."""
SLOW_MINUTES = 15
"""A record that waits longer in the spool is worth a look: nobody collects, or an engine is slow."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor."""

    part: str
    state: State
    detail: Message


def examine(app: Application) -> Iterator[Finding]:
    """Every part in turn; a part that raises is bad, with its own words."""
    for part, check in CHECKS.items():
        try:
            state, detail = check(app)
        except SocError as problem:
            outage = next((one for one in app.outages.open().values() if one.part.value == part), None)
            state, detail = (State.BAD, problem.as_message()) if outage is None else _down(outage)
        yield Finding(part, state, detail)


def _disk(app: Application) -> tuple[State, Message]:
    usage = shutil.disk_usage(app.home)
    free = usage.free / usage.total
    detail = msg("còn trống {gb} GB ({share} %)", gb=usage.free // 10**9, share=round(free * 100))
    return (State.WARN if free < LOW_DISK_SHARE else State.OK), detail


def _database(app: Application) -> tuple[State, Message]:
    product, found = app.database.product(), drift(app.database)
    if found:
        return State.BAD, msg("lược đồ lệch {count} chỗ; chạy lại bản cài đặt mới nhất", count=len(found))
    return State.OK, msg("{engine}, lược đồ mới nhất", engine=product)


def _store(app: Application) -> tuple[State, Message]:
    if (outage := app.outages.open().get(Part.STORE)) is not None:
        return _down(outage)
    health = app.store.health()
    return (State.OK if health.ok else State.BAD), health.detail


def _down(outage: Outage) -> tuple[State, Message]:
    """What the collecting process found when it last tried."""
    since = f"{outage.since.astimezone(LOCAL_ZONE):%d/%m/%Y %H:%M:%S}"
    return State.BAD, msg("{title}, từ {since}; {advice}", title=outage.title, since=since, advice=outage.advice)


def _elasticsearch(app: Application) -> tuple[State, Message]:
    """The gravest of what `soc elastic check` finds."""
    if app.settings.store != "elasticsearch":
        return State.OK, msg("không dùng; sự kiện nằm trong thư mục của bản cài đặt")
    from soc.app.elastic_check import check_cluster  # noqa: PLC0415 - only a cluster needs it

    points = check_cluster(app.cluster, read_key(app.home), app.clock)
    worst = max(points, key=lambda point: list(State).index(point.state))
    if worst.state is State.OK:
        return State.OK, msg("{points} điểm kiểm tra đều tốt", points=len(points))
    others = sum(point.state is not State.OK for point in points) - 1
    told = msg(
        "{point}: {detail}; còn {others} điểm khác; chạy 'soc elastic check'",
        point=worst.name,
        detail=worst.detail,
        others=others,
    )
    return worst.state, told


def _broker(app: Application) -> tuple[State, Message]:
    from playbooks.broker import Lane  # noqa: PLC0415 - brings Celery

    waiting = sum(app.broker.depth(lane) for lane in Lane)
    return State.OK, msg("{place}, {count} việc đang chờ", place=app.broker.place, count=waiting)


def _spool(app: Application) -> tuple[State, Message]:
    if (outage := app.outages.open().get(Part.SPOOL)) is not None:
        return _down(outage)
    oldest = app.spool.oldest()
    if oldest is None:
        return State.OK, msg("trống")
    minutes = round((app.clock.now() - oldest).total_seconds() / 60)
    told = msg("{count} bản ghi đang chờ, cũ nhất {minutes} phút", count=app.spool.depth(), minutes=minutes)
    return (State.WARN if minutes >= SLOW_MINUTES else State.OK), told


def _quarantine(app: Application) -> tuple[State, Message]:
    count = app.quarantine.count()
    if count:
        return State.WARN, msg("{count} bản ghi bị cách ly; xem lý do từng nguồn bằng --json", count=count)
    return State.OK, msg("trống")


def _platforms(app: Application) -> tuple[State, Message]:
    if app.platform_faults:
        return State.BAD, msg(
            "{count} lỗi trong tệp nền tảng; chạy 'soc platforms check'", count=len(app.platform_faults)
        )
    return State.OK, msg("{count} nền tảng", count=len(app.platforms))


def _sources(app: Application) -> tuple[State, Message]:
    registered = app.sources.registered
    if not registered:
        return State.WARN, msg("chưa đăng ký nguồn nào; thêm vào {file}", file=str(app.home / "sources.yaml"))
    troubled = [(one, one.troubles) for one in app.source_desk.reports(PROVINCE, app.clock.now()) if one.troubles]
    if not troubled:
        return State.OK, msg("{count} nguồn, không nguồn nào có vấn đề", count=len(registered))
    told = [msg("{source}: {trouble}", source=one.source, trouble=troubles[0]) for one, troubles in troubled]
    return State.WARN, msg(
        "{count} trên {all} nguồn có vấn đề: {told}; xem bằng: soc platforms list --health",
        count=len(troubled),
        all=len(registered),
        told=_listed(told[:TOLD_SOURCES]),
    )


def _heartbeat(app: Application) -> tuple[State, Message]:
    """Whether a record of our own came the whole way of late, and where it stopped if not."""
    last, now = app.canary_beats.last(), app.clock.now()
    if last is None:
        return State.WARN, msg("chưa có nhịp tim nào; tiến trình thu thập chưa chạy")
    through = app.canary_beats.last_through()
    if through is not None and now - through.sent <= LATE:
        return State.OK, msg("nhịp tim qua cả đường trong {seconds} giây", seconds=round(through.seconds or 0.0, 1))
    sent = f"{last.sent.astimezone(LOCAL_ZONE):%d/%m/%Y %H:%M:%S}"
    if now - last.sent > LATE:
        return State.WARN, msg("nhịp tim cuối gửi lúc {sent}; tiến trình thu thập không chạy", sent=sent)
    waiting = next((beat for beat in app.canary_beats.unfinished() if beat.detected is None), last)
    if now - waiting.sent <= LATE:
        return State.OK, msg("nhịp tim gửi lúc {sent} đang đi", sent=sent)
    return State.BAD, msg("nhịp tim không đi hết đường; dừng ở {stop}", stop=app.canary_probe.stop(waiting))


def _listed(told: Sequence[Message]) -> Message:
    """Sentences after one another; there is at least one."""
    return reduce(lambda first, rest: msg("{first}; {rest}", first=first, rest=rest), told)


def _log_types(app: Application) -> tuple[State, Message]:
    """Kinds of log that are owed and that nobody switched on: rules and criteria are blind there however well the rest works."""
    missing = app.source_desk.missing(PROVINCE)
    if not missing:
        return State.OK, msg("nền tảng nào đã nối cũng có đủ loại nhật ký")
    told = [
        msg("{platform} ({agency}): {types}", platform=one.platform, agency=one.agency, types=", ".join(one.log_types))
        for one in missing
    ]
    return State.WARN, msg(
        "mù vì chưa bật hoặc chưa nối: {told}; còn {others} nơi khác",
        told=_listed(told[:TOLD_SOURCES]),
        others=max(0, len(told) - TOLD_SOURCES),
    )


def _listeners(app: Application) -> tuple[State, Message]:
    from soc.app.listeners_check import check_listeners  # noqa: PLC0415 - only a look needs it

    found = load_source_file(app.home / "sources.yaml", app.platforms)
    return check_listeners(app.home, found, app.clock.now())


def _rules(app: Application) -> tuple[State, Message]:
    """What the collecting process said of its last load, and what loading the same here comes to."""
    last = next(iter(app.rule_sets.loads(1)), None)
    if last is not None and not last.ok:
        return State.BAD, msg(
            "lần kích hoạt {number} không nạp được, luật cũ vẫn chạy; xem lý do bằng: soc rules history",
            number=last.activation,
        )
    loaded = app.loaded_rules
    if loaded.failed:
        number, problem = loaded.failed[0]
        return State.BAD, msg(
            "lần kích hoạt {number} không nạp được, luật cũ vẫn chạy: {reason}",
            number=number,
            reason=problem.as_message(),
        )
    return _refusals(app, loaded)


def _refusals(app: Application, loaded: Loaded) -> tuple[State, Message]:
    """A refused rule of ours is a defect; public sets have some now and then."""
    rules = loaded.ruleset
    imported = str(app.home / "rulesets")
    ours = [fault for fault in rules.refusals if not fault.where.startswith(imported)]
    if ours:
        return State.BAD, msg("{count} luật bị từ chối; chạy 'soc rules check'", count=len(ours))
    if rules.refusals:
        return State.WARN, msg(
            "{count} luật của bộ đã nhập bị từ chối; xem bằng: soc rules sets --json", count=len(rules.refusals)
        )
    return State.OK, msg(
        "{rules} luật, {correlations} tương quan", rules=len(rules.rules), correlations=len(rules.correlations)
    )


def _definitions(app: Application) -> tuple[State, Message]:
    """Of new terms, baselines and absences; one that is refused runs nowhere, so its fault is told here."""
    refusals = [*app.profiles.refusals, *app.absences.refusals]
    if refusals:
        return State.BAD, msg(
            "{count} định nghĩa bị từ chối: {first}", count=len(refusals), first=refusals[0].as_message()
        )
    return State.OK, msg("{count} định nghĩa", count=len(app.profiles.sections) + len(app.absences.dues))


def _lookups(app: Application) -> tuple[State, Message]:
    """Registers and lists of the province; a file with a fault is not taken, what it said before stays in force."""
    app.lookups.refresh()
    app.geo  # noqa: B018 - raises when there are files nothing can read
    faults = app.lookups.faults
    if faults:
        return State.BAD, msg("{count} lỗi: {first}", count=len(faults), first=faults[0].as_message())
    return State.OK, msg("{count} danh sách cho luật", count=len(app.lookups.current.placeholders))


def _indicators(app: Application) -> tuple[State, Message]:
    usable = sum(count for *_, state, _, count in app.indicators.counts() if state != "refused")
    _, fresh = app.indicators.unhunted()
    if fresh:
        return State.WARN, msg(
            "{count} chỉ dấu, {fresh} chưa tìm lại trong kho; chạy 'soc indicators hunt'", count=usable, fresh=fresh
        )
    return State.OK, msg("{count} chỉ dấu", count=usable)


def _retention(app: Application) -> tuple[State, Message]:
    """The oldest event of each level against its term."""
    ages = app.retention.ages()
    return (State.OK if all(age.ok for age in ages) else State.WARN), told_ages(ages)


def _audit(app: Application) -> tuple[State, Message]:
    with app.database.reading() as session:
        report = app.audit.verify(session)
    if not report.ok:
        return State.BAD, msg("chuỗi nhật ký kiểm toán bị gãy; chạy 'soc verify audit'")
    return State.OK, msg("chuỗi liền mạch")


def _console(app: Application) -> tuple[State, Message]:
    """As the settings have it: what was said to `soc up` alone is known to that process alone."""
    file, proxies = certificate_file(app.settings), app.settings.trusted_proxies
    if file is None:
        detail = msg("sau proxy {proxies}", proxies=", ".join(proxies)) if proxies else msg("HTTP, chỉ trong máy này")
        return State.OK, detail
    if app.settings.http_tls and not file.is_file():
        return State.OK, msg("chứng thư tự ký được tạo khi khởi động")
    left = read_certificate(file).not_valid_after_utc - app.clock.now()
    if left < RENEW_BEFORE:
        return State.WARN, msg("chứng thư {file} còn {days} ngày", file=file, days=max(left.days, 0))
    return State.OK, msg("TLS, chứng thư còn {days} ngày", days=left.days)


CHECKS: dict[str, Callable[[Application], tuple[State, Message]]] = {
    "disk": _disk,
    "database": _database,
    "store": _store,
    "elastic": _elasticsearch,
    "broker": _broker,
    "spool": _spool,
    "quarantine": _quarantine,
    "platforms": _platforms,
    "sources": _sources,
    "listeners": _listeners,
    "log_types": _log_types,
    "heartbeat": _heartbeat,
    "rules": _rules,
    "definitions": _definitions,
    "indicators": _indicators,
    "lookups": _lookups,
    "retention": _retention,
    "audit": _audit,
    "console": _console,
}
