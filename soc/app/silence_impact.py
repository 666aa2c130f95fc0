"""What goes blind with a source: which rules have nothing to look at, and which criteria of the 4-layer model rest on less."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

import orjson

from collectors.platform import Format, Platform
from collectors.sources import Source
from detectors.detector import title_of
from detectors.feeds import Sighting, feeds
from detectors.sigma import RuleSet
from detectors.sigma.routing import origin_of
from soc.app.ledger_view import LedgerView, every_rule
from soc.compliance.catalogue import Catalogue
from soc.compliance.measures import MEASURES
from soc.core.clock import LOCAL_ZONE
from soc.core.scope import PROVINCE

SHOWN = 20
"""Rules that are named; of the others only the number is told."""


@dataclass(frozen=True, slots=True)
class Impact:
    """What a source that says nothing takes away.

    Attributes:
        rules: how many alerting rules could fire on what it sends.
        only_here: how many of these no other source of its agency feeds.
        titles: language -> title of some of them, those that are fed from nowhere else first.
        criteria: ids of the criteria whose figures rest on it.
    """

    rules: int = 0
    only_here: int = 0
    titles: tuple[Mapping[str, str], ...] = ()
    criteria: tuple[str, ...] = ()

    def to_json(self) -> str:
        """As kept in SQL."""
        return orjson.dumps(asdict(self)).decode()

    @classmethod
    def from_json(cls, text: str) -> Impact:
        """The inverse of `to_json`."""
        plain = orjson.loads(text)
        return cls(plain["rules"], plain["only_here"], tuple(plain["titles"]), tuple(plain["criteria"]))


class Surveyor:
    """Works out impacts, for many sources at once.

    Args:
        rules: gives the rules in force.
        sources: the registered ones.
    """

    def __init__(
        self,
        ledger: LedgerView,
        rules: Callable[[], RuleSet],
        sources: Callable[[], Mapping[str, Source]],
        platforms: Callable[[], Mapping[str, Platform]],
        catalogue: Callable[[], Catalogue],
    ) -> None:
        self._ledger, self._rules = ledger, rules
        self._sources, self._platforms, self._catalogue = sources, platforms, catalogue

    def survey(self, wanted: Collection[str], silent: Collection[str], now: datetime) -> dict[str, Impact]:
        """Source -> impact of its silence, for each wanted one.

        Args:
            silent: sources that say nothing at the moment; they stand in for nobody.
        """
        if not wanted:
            return {}
        fed, titles = self._ledger.feeding(PROVINCE), self._titles()
        return {ident: self._of(self._sources()[ident], fed, titles, frozenset(silent), now) for ident in wanted}

    def _of(
        self,
        source: Source,
        fed: Mapping[str, frozenset[str]],
        titles: Mapping[str, Mapping[str, str]],
        silent: frozenset[str],
        now: datetime,
    ) -> Impact:
        others = [one for one in self._sources().values() if one.agency == source.agency and one.id != source.id]
        speaking = [one for one in others if one.id not in silent]
        rules = fed[source.id] if source.id in fed else self._expected(source)
        elsewhere = frozenset[str]().union(*(fed.get(one.id, frozenset()) for one in speaking))
        ranked = sorted(rules & titles.keys(), key=lambda rule: (rule in elsewhere, titles[rule]["vi"], rule))
        named = tuple(dict(titles[rule]) for rule in ranked[:SHOWN])
        return Impact(len(rules), len(rules - elsewhere), named, self._criteria(source, speaking, now))

    def _titles(self) -> dict[str, Mapping[str, str]]:
        return {rule.id: title_of(rule) for rule in every_rule(self._rules())}

    def _expected(self, source: Source) -> frozenset[str]:
        """Rules that look at what the format declares, of a source that was never heard: which fields it will send nobody knows."""
        form = _format(source, self._platforms())
        if form is None:
            return frozenset()
        ruleset = self._rules()
        sent = Sighting(origin_of(_document(source, form)), frozenset())
        loud = {rule.id for rule in every_rule(ruleset) if rule.reported}
        return frozenset(feed.rule_id for feed in feeds(ruleset, [sent])) & loud

    def _criteria(self, source: Source, speaking: Iterable[Source], now: datetime) -> tuple[str, ...]:
        """Criteria that telemetry proves and whose facts lose this source, in the order of the catalogue."""
        system = [one for one in speaking if one.platform == source.platform]
        kinds = {form.log_type for one in system if (form := _format(one, self._platforms())) is not None}
        own = _format(source, self._platforms())
        lost = {"sources_heard"}
        if not system:
            lost.add("systems_heard")
        if own is None or own.log_type not in kinds:
            lost.add("log_types")
        blind = {ident for ident, measures in MEASURES.items() if any(one.facts in lost for one in measures)}
        day = now.astimezone(LOCAL_ZONE).date()
        return tuple(one.id for one in self._catalogue().criteria if one.id in blind and one.applies(day))


def _format(source: Source, platforms: Mapping[str, Platform]) -> Format | None:
    platform = platforms.get(source.platform)
    return None if platform is None else platform.find_format(source.format)


def _document(source: Source, form: Format) -> dict[str, str]:
    """What routing looks at of an event of that format."""
    declared = form.logsource.model_dump(exclude_none=True)
    found = {f"soc.logsource.{name}": str(value) for name, value in declared.items()} | {
        "soc.platform": source.platform
    }
    dataset = form.fields.set_.get("event.dataset")
    return found | ({"event.dataset": str(dataset)} if dataset else {})
