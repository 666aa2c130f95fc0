"""A source that falls silent is told of in time, once, with what goes blind; one that rests is left alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from soc.app.gaps import GapKind
from soc.app.silence_book import SilenceKind
from soc.app.source_health import Batch
from soc.core.scope import PROVINCE, Scope
from soc.core.severity import Severity
from tests.app.health.conftest import SOURCES, House, local

MINUTE = timedelta(minutes=1)
START = local("2026-11-17T10:00")
Make = Callable[..., House]


def hear_all(house: House, moment: datetime) -> None:
    for source in house.app.sources.registered:
        house.hear(source, moment)


def test_a_silent_source_is_told_of_once_and_its_return_too(make_house: Make) -> None:
    """One alert after five minutes, none before; a gap as long as it lasts; a note on the incident at the end."""
    house = make_house(START)
    house.tend(START)
    hear_all(house, START)
    assert house.tend(START + 5 * MINUTE) == 0
    house.hear("portal-02", START + 4 * MINUTE)
    assert house.tend(START + 6 * MINUTE) == 1
    assert house.tend(START + 7 * MINUTE) == 0
    (alert,) = house.alerts()
    assert (alert.agency, alert.platform, alert.severity) == ("so-mau", "public_service_portal", Severity.HIGH)
    assert alert.first == START + 5 * MINUTE
    assert "portal-01" in alert.title["vi"]
    assert "fell silent" in alert.title["en"]
    (gap,) = house.app.gaps.all(PROVINCE)
    assert (gap.kind, gap.source, gap.since, gap.until) == (GapKind.SILENT, "portal-01", START, START + 7 * MINUTE)
    house.hear("portal-01", START + 8 * MINUTE)
    house.hear("portal-02", START + 8 * MINUTE)
    house.tend(START + 9 * MINUTE)
    assert len(house.alerts()) == 1
    assert house.app.gaps.all(PROVINCE) == []
    assert [gap.until for gap in house.app.gaps.all(PROVINCE, closed=True)] == [START + 8 * MINUTE]
    (note,) = house.notes()
    assert "8 phút" in note


def test_one_source_never_mutes_another(make_house: Make) -> None:
    """Two portals of two agencies: each has its own alert and its own incident, and each agency sees its own."""
    house = make_house(START)
    house.tend(START)
    assert house.tend(START + 6 * MINUTE) == 2
    codes = {one.incident: one.agency for one in house.app.silences.open(PROVINCE)}
    assert sorted(codes.values()) == ["so-mau", "xa-mau-01"]
    own = house.app.silences.open(Scope(frozenset({"xa-mau-01"})))
    assert [one.source for one in own] == ["portal-02"]


def test_a_source_never_heard_is_told_of_after_its_first_allowed_silence(make_house: Make) -> None:
    house = make_house(START)
    house.tend(START)
    house.tend(START + 6 * MINUTE)
    assert {one.kind for one in house.app.silences.open(PROVINCE)} == {SilenceKind.UNHEARD}
    house.hear("portal-01", START + 7 * MINUTE)
    house.tend(START + 8 * MINUTE)
    assert [one.source for one in house.app.silences.open(PROVINCE)] == ["portal-02"]


def test_a_source_that_cannot_be_read_is_silent_all_the_same(make_house: Make) -> None:
    """Its records arrive, and no rule sees any of them."""
    house = make_house(START)
    house.tend(START)
    hear_all(house, START)
    with house.app.database.transaction() as session:
        house.app.health.account(session, Batch([], {}, {"portal-01": 3}), START + 3 * MINUTE)
    house.tend(START + 6 * MINUTE)
    kinds = {one.source: one.kind for one in house.app.silences.open(PROVINCE)}
    assert kinds == {"portal-01": SilenceKind.UNREADABLE, "portal-02": SilenceKind.SILENT}


def test_an_exercise_is_no_sign_of_life(make_house: Make) -> None:
    house = make_house(START)
    house.tend(START)
    hear_all(house, START)
    house.hear("portal-01", START + 4 * MINUTE, exercise="DT-2026-0001")
    house.tend(START + 6 * MINUTE)
    assert len(house.alerts("portal-01")) == 1


def test_while_nobody_listened_nobody_was_silent(make_house: Make) -> None:
    """A process that was down for two hours begins to wait when it starts; what was told before is not told again."""
    house = make_house(START)
    house.tend(START)
    hear_all(house, START)
    house.app.__dict__.pop("silence_watch", None)
    later = START + timedelta(hours=2)
    assert house.tend(later) == 0
    assert house.tend(later + 5 * MINUTE) == 0
    assert house.tend(later + 6 * MINUTE) == 2
    house.app.__dict__.pop("silence_watch", None)
    assert house.tend(later + 20 * MINUTE) == 0
    assert len(house.app.silences.open(PROVINCE)) == 2


def test_a_source_that_is_taken_off_the_list_is_not_waited_for(make_house: Make) -> None:
    house = make_house(START)
    house.tend(START)
    house.tend(START + 6 * MINUTE)
    del house.app.sources.registered["portal-01"]  # type: ignore[attr-defined]
    house.tend(START + 7 * MINUTE)
    assert [one.source for one in house.app.silences.open(PROVINCE)] == ["portal-02"]


def test_the_alert_says_what_goes_blind(make_house: Make) -> None:
    """Rules by what the source sends, or by what its format declares; criteria by what no other source stands in for."""
    more = SOURCES + "  - {id: portal-03, platform: public_service_portal, agency: so-mau, format: nginx_access_json}\n"
    house = make_house(START, more)
    house.tend(START)
    house.hear("portal-03", START + 5 * MINUTE)
    house.tend(START + 6 * MINUTE)
    first, second = (house.alerts(name)[0] for name in ("portal-01", "portal-02"))
    assert first.matched["criteria"] == "L2-03"  # portal-03 stands in for it
    assert second.matched["criteria"] == "L2-01, L2-02, L2-03"
    assert isinstance(second.matched["rules"], int)
    assert second.matched["rules"] > 0
    assert second.explanation is not None
    assert all(one.text["en"] for one in second.explanation.children)
    assert "L2-01" in second.advice["vi"]


def test_unusually_quiet_is_told_as_a_hint(make_house: Make) -> None:
    """A week of 120 events an hour, then one event every four minutes: within the rhythm, and far below the usual."""
    start = local("2026-11-03T00:00")
    house = make_house(start, SOURCES.splitlines()[0] + "\n" + SOURCES.splitlines()[2] + "\n")
    house.tend(start)
    pace = timedelta(seconds=30)
    feed_ledger(house, start, timedelta(days=8), pace)
    moment = start + timedelta(days=8, hours=9)  # Wednesday 09:00
    house.hear("portal-01", *(moment - n * pace for n in range(120)))
    assert house.tend(moment) == 0
    for _ in range(16):
        moment += 4 * MINUTE
        house.hear("portal-01", moment)
        house.tend(moment)
    (alert,) = house.alerts()
    assert (alert.severity, alert.rule_id) == (Severity.LOW, "vonggac-source-quiet")
    assert house.app.gaps.all(PROVINCE) == []
    house.hear("portal-01", *(moment + n * pace for n in range(120)))
    house.tend(moment + timedelta(minutes=61))
    assert house.app.silences.open(PROVINCE) == []
    assert "như thường lệ" in house.notes()[0]


def feed_ledger(house: House, start: datetime, span: timedelta, pace: timedelta) -> None:
    """A week in the ledger, as detection leaves it."""
    from soc.app.tables import LedgerDay

    per_hour = timedelta(hours=1) // pace
    with house.app.database.transaction() as session:
        for number in range(span // timedelta(days=1)):
            day = f"{start + timedelta(days=number):%Y-%m-%d}"
            session.add(
                LedgerDay(
                    day=day,
                    source="portal-01",
                    version="v",
                    agency="so-mau",
                    events=24 * per_hour,
                    hours=str([per_hour] * 24),
                    kinds="{}",
                    newest=start,
                )
            )
    house.hear("portal-01", start)
