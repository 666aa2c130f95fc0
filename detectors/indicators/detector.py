"""Indicators over the stream: an alert for each entity and indicator, with a counter for what repeats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson

from detectors.alert import Alert, Explanation, Names
from detectors.bundling import Bundled, Bundler, Occurrence, Subject
from detectors.coverage import RuleRun
from detectors.detector import ENTITIES, LATENESS
from detectors.finding import in_all, sentence
from detectors.indicators.matcher import Hit, Matcher
from detectors.indicators.model import Entry, Kind, Named, State
from detectors.selectors import combinations, moment_of
from soc.core.clock import LOCAL_ZONE, iso, parse_iso
from soc.core.event import Event
from soc.core.i18n import Message, msg
from soc.core.ids import digest
from soc.core.severity import Severity

SPAN = timedelta(hours=24)
"""Matches of one entity with one indicator within this time of the first are one alert and its continuations."""
RULE = "indicator"
TITLES: Mapping[str, Message] = {
    "ip": msg("Liên lạc với địa chỉ độc hại đã biết"),
    "network": msg("Liên lạc với dải địa chỉ độc hại đã biết"),
    "domain": msg("Tên miền độc hại đã biết"),
    "url": msg("URL độc hại đã biết"),
    "hash": msg("Tệp độc hại đã biết"),
}
ADVICE = msg(
    "Xem máy hoặc tài khoản này làm gì quanh lúc đó; chỉ dấu đúng thì cô lập máy và chặn chỉ dấu; sai thì báo lại nguồn."
)
_FIELD = {
    Kind.IP: "threat.indicator.ip",
    Kind.NETWORK: "threat.indicator.ip",
    Kind.DOMAIN: "threat.indicator.url.domain",
    Kind.URL: "threat.indicator.url.full",
    Kind.HASH: "threat.indicator.file.hash",
}
_FORMAT = 1


def rule_id(kind: Kind) -> str:
    """The rule that an alert about an indicator names: one for each kind."""
    return f"{RULE}.{kind.value}"


def titles() -> dict[str, Names]:
    """Rule id -> title, of every kind."""
    return {rule_id(kind): in_all(TITLES[kind]) for kind in Kind}


class IndicatorDetector:
    """Observes events in their order of arrival and tells which indicators they name."""

    def __init__(self, matcher: Matcher) -> None:
        self._matcher = matcher
        self._bundler = Bundler()
        self._seen: Counter[str] = Counter()
        self._matches: Counter[tuple[str, str]] = Counter()
        self._latest: datetime | None = None

    def observe(self, events: Sequence[Event]) -> list[Alert]:
        """The alerts that these events give rise to, in the order in which they arose."""
        if not self._matcher.refresh() and not self._bundler:
            return []
        return [alert for event in events for alert in self._observe(event)]

    def flush(self) -> list[Alert]:
        """Alerts for what bundles still hold: at the end of a period."""
        return [_continued(bundled) for bundled in self._bundler.close_all()]

    def tick(self, silence: timedelta) -> list[Alert]:
        """Alerts for the bundles whose time has passed while no event came for `silence`, by the time of the stream."""
        return [] if self._latest is None else list(self._closed(self._latest + silence))

    def ran(self) -> list[RuleRun]:
        """Per kind and platform the events looked at and the matches, exercises left out."""
        return [
            RuleRun(rule_id(kind), platform, seen, self._matches[rule_id(kind), platform], ())
            for kind in Kind
            for platform, seen in sorted(self._seen.items())
        ]

    def snapshot(self) -> bytes:
        """All that is remembered. The indicators are no part of it: they are the book's."""
        return orjson.dumps(
            {
                "format": _FORMAT,
                "bundles": self._bundler.state(),
                "seen": self._seen,
                "matches": [[*key, count] for key, count in self._matches.items()],
                "latest": None if self._latest is None else iso(self._latest),
            }
        )

    def restore(self, data: bytes) -> None:
        """Go on from a snapshot. Raises ValueError when `data` is none of this format."""
        state: Any = orjson.loads(data)
        if not isinstance(state, dict) or state.get("format") != _FORMAT:
            raise ValueError("unknown snapshot format")
        self._bundler.restore(state["bundles"])
        self._seen = Counter(state["seen"])
        self._matches = Counter({(rule, platform): count for rule, platform, count in state["matches"]})
        self._latest = parse_iso(state["latest"]) if state["latest"] else None

    def _observe(self, event: Event) -> Iterator[Alert]:
        if event.exercise is None:
            self._seen[event.platform] += 1
        answers = self._matcher.answers(event.fields)
        if not answers and not self._bundler:
            return
        moment = self._latest = moment_of(event)
        for hit in self._matcher.valid(answers, moment):
            yield from self._told(hit, event)
        yield from self._closed(moment)

    def _closed(self, moment: datetime) -> Iterator[Alert]:
        return map(_continued, self._bundler.close_before(moment - LATENESS))

    def _told(self, hit: Hit, event: Event) -> Iterator[Alert]:
        if event.exercise is None:
            self._matches[rule_id(hit.named.kind), event.platform] += 1
        occurrence = Occurrence(event.id, moment_of(event), _matched(hit))
        for bundled in self._bundler.add(_subject(hit, event), occurrence, SPAN):
            yield _alert(bundled, _explanation(hit)) if bundled.total == 1 else _continued(bundled)


def _subject(hit: Hit, event: Event) -> Subject:
    """Whose doing it is: the first entity of the event that is not the indicator itself."""
    present = [pair for name in ENTITIES for pair in next(iter(combinations(event.fields, [name], {})), ())]
    others = [pair for pair in present if pair[1] != hit.found] or [("soc.source", event.source)]
    indicator = (_FIELD[hit.named.kind], hit.named.value)
    return Subject(
        rule_id(hit.named.kind), event.agency, event.exercise, event.platform, (others[0], indicator), tuple(present)
    )


def _matched(hit: Hit) -> dict[str, object]:
    named: Named = hit.named
    sources = [entry.indicator.source for entry in hit.entries]
    marks = sorted({entry.reason for entry in hit.entries if entry.state is State.MARKED})
    matched: dict[str, object] = {
        hit.field: hit.found,
        "threat.indicator.type": named.kind.value,
        "threat.indicator.provider": ", ".join(sources),
        "threat.indicator.confidence": hit.confidence,
    }
    return matched | ({"soc.indicator.marked": ", ".join(marks)} if marks else {})


def _explanation(hit: Hit) -> Explanation:
    text = msg("{field} = {value} là chỉ dấu {indicator}", field=hit.field, value=hit.found, indicator=hit.named.value)
    return sentence(text, hit.found, *(sentence(_said(entry)) for entry in hit.entries))


def _said(entry: Entry) -> Message:
    indicator = entry.indicator
    if entry.state is State.MARKED:
        return msg(
            "nguồn {source}: tin cậy {confidence}/100, nhập ngày {imported}; danh sách cảnh báo {list} nhắc thận trọng. {label}",
            source=indicator.source,
            confidence=indicator.confidence,
            imported=f"{entry.imported.astimezone(LOCAL_ZONE):%d/%m/%Y}",
            list=entry.reason,
            label=indicator.label,
        )
    return msg(
        "nguồn {source}: tin cậy {confidence}/100, nhập ngày {imported}. {label}",
        source=indicator.source,
        confidence=indicator.confidence,
        imported=f"{entry.imported.astimezone(LOCAL_ZONE):%d/%m/%Y}",
        label=indicator.label,
    )


def _severity(matched: Mapping[str, object]) -> Severity:
    """By confidence; what a warning list marks is never more than low."""
    confidence = matched["threat.indicator.confidence"]
    if "soc.indicator.marked" in matched or not isinstance(confidence, int) or confidence < 50:
        return Severity.LOW
    return Severity.HIGH if confidence >= 80 else Severity.MEDIUM


def _continued(bundled: Bundled) -> Alert:
    text = msg(
        "luật khớp thêm {count} lần với cùng đối tượng, tổng {total} lần", count=bundled.count, total=bundled.total
    )
    return _alert(bundled, sentence(text, bundled.total))


def _alert(bundled: Bundled, explanation: Explanation) -> Alert:
    subject = bundled.subject
    kind = subject.rule_id.removeprefix(f"{RULE}.")
    count = {"soc.alert.events": bundled.count} if bundled.count > 1 else {}
    return Alert(
        id=digest(RULE, *subject.key, bundled.event_ids[0]),
        detector=RULE,
        rule_id=subject.rule_id,
        rule_version="",
        title=in_all(TITLES[kind]),
        severity=_severity(bundled.matched),
        agency=subject.agency,
        platform=subject.platform,
        first=bundled.first,
        last=bundled.last,
        entities=dict(subject.shown) | dict(subject.entities),
        event_ids=bundled.event_ids,
        matched={**bundled.matched, **count},
        explanation=explanation,
        advice=in_all(ADVICE),
        exercise=subject.exercise,
    )
