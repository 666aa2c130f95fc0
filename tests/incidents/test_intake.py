"""Alerts become incidents: grouping, idempotence, codes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from soc.core.scope import PROVINCE
from soc.core.severity import Severity
from soc.incidents.grouping import primary_entity
from soc.incidents.model import Status, Verdict
from soc.incidents.projection import project
from soc.incidents.stream import read_streams
from soc.incidents.tables import AlertRow
from tests.incidents.desk import ANALYST, T0, Desk, make_alert, make_desk
from tests.servers.databases import EXAMPLES, CaseDatabases, opened


def test_an_alert_opens_an_incident_with_a_code_of_the_local_year(desk: Desk) -> None:
    assert desk.take(make_alert()) == ["SC-2026-0001"]
    incident = desk.reader.get(ANALYST, "SC-2026-0001")
    assert (incident.status, incident.severity, incident.entity) == (
        Status.NEW,
        Severity.HIGH,
        ("host.name", "web-01"),
    )
    assert incident.detected == T0


def test_the_same_alert_again_changes_nothing(desk: Desk) -> None:
    alert = make_alert()
    desk.take(alert, alert)
    before = desk.reader.get(ANALYST, "SC-2026-0001")
    assert desk.take(alert) == []
    assert desk.reader.get(ANALYST, "SC-2026-0001") == before


def test_an_alert_about_the_same_host_joins_and_the_gravest_names_the_incident(desk: Desk) -> None:
    worse = make_alert(severity=Severity.CRITICAL, title={"vi": "Có vỏ web", "en": "Web shell"}, rule_id="other")
    assert desk.take(make_alert()) == desk.take(worse) == ["SC-2026-0001"]
    incident = desk.reader.get(ANALYST, "SC-2026-0001")
    assert (incident.severity, incident.title["en"], len(incident.alerts)) == (Severity.CRITICAL, "Web shell", 2)


@pytest.mark.parametrize(
    "change",
    [
        {"entities": {"host.name": "web-02", "source.ip": "203.0.113.9"}},
        {"agency": "xa-mau-02"},
        {"exercise": "DT-2026-02"},
        {"first": T0 + timedelta(days=2), "last": T0 + timedelta(days=2)},
    ],
    ids=["another host", "another agency", "an exercise", "two days later"],
)
def test_an_alert_of_another_kind_never_joins(desk: Desk, change: dict[str, object]) -> None:
    """Laws 5 and 10: the key holds entity, agency and exercise."""
    [first] = desk.take(make_alert())
    [other] = desk.take(make_alert(**change))
    assert first != other


def test_exercise_incidents_have_their_own_series_and_are_not_among_the_real_ones(desk: Desk) -> None:
    assert desk.take(make_alert(exercise="DT-2026-02")) == ["DT-SC-2026-0001"]
    assert desk.reader.page(ANALYST).total == 0
    player = replace(ANALYST, scope=PROVINCE.during("DT-2026-02"))
    assert [item.code for item in desk.reader.page(player).items] == ["DT-SC-2026-0001"]


def test_a_closed_incident_takes_no_alert(desk: Desk) -> None:
    [code] = desk.take(make_alert())
    desk.service.acknowledge(ANALYST, code)
    desk.service.close(ANALYST, code, Verdict.FALSE_POSITIVE, "quét định kỳ")
    assert desk.take(make_alert()) == ["SC-2026-0002"]


def test_takers_at_the_same_time_get_different_codes_and_share_one_host(desk: Desk) -> None:
    def feed(number: int) -> list[str]:
        return desk.take(make_alert(entities={"host.name": f"web-{number % 4}"}))

    with ThreadPoolExecutor(4) as pool:
        codes = {code for codes in pool.map(feed, range(16)) for code in codes}
    assert sorted(codes) == [f"SC-2026-000{number}" for number in range(1, 5)]


def test_the_call_does_not_care_in_which_order_alerts_come(desk: Desk) -> None:
    late = make_alert(first=T0 + timedelta(hours=20), last=T0 + timedelta(hours=20))
    later = make_alert(first=T0 + timedelta(hours=40), last=T0 + timedelta(hours=40))
    assert desk.take(later, late, make_alert()) == ["SC-2026-0001"]


def test_an_alert_is_read_back_whole_with_its_explanation(desk: Desk) -> None:
    alert = make_alert()
    [code] = desk.take(alert)
    stored = desk.reader.alert(ANALYST, alert.id)
    assert (stored.alert, stored.incident, stored.raised) == (alert, code, T0)


NAMES = st.sampled_from(["web-01", "web-02"])
ALERTS = st.lists(
    st.builds(
        lambda agency, exercise, host, user, hours: {
            "agency": agency,
            "exercise": exercise,
            "entities": {name: value for name, value in (("host.name", host), ("user.name", user)) if value},
            "first": T0 + timedelta(hours=hours),
            "last": T0 + timedelta(hours=hours + 1),
        },
        st.sampled_from(["xa-mau-01", "xa-mau-02"]),
        st.sampled_from([None, "DT-2026-02"]),
        st.one_of(st.just(""), NAMES),
        st.one_of(st.just(""), NAMES),
        st.integers(0, 96),
    ),
    min_size=1,
    max_size=12,
)


@EXAMPLES
def test_an_incident_holds_one_entity_of_one_agency_and_no_alert_is_lost(
    databases: CaseDatabases, examples: int
) -> None:
    """Laws 2, 5 and 10 for grouping, whatever comes, in one call or in two, and all of it twice."""

    @settings(max_examples=examples, deadline=None, derandomize=True)
    @given(changes=ALERTS, cut=st.integers(0, 12))
    def holds(changes: list[dict[str, object]], cut: int) -> None:
        with opened(databases) as database:
            desk = make_desk(database)
            alerts = [make_alert(**change) for change in changes]
            for batch in (alerts[:cut], alerts[cut:], alerts):
                desk.take(*batch)
            by_id = {alert.id: alert for alert in alerts}
            with desk.database.transaction() as session:
                codes = set(session.scalars(select(AlertRow.incident)))
                incidents = [project(stream) for stream in read_streams(session, codes).values()]
            held = [alert.id for incident in incidents for alert in incident.alerts]
            assert sorted(held) == sorted(by_id)
            for incident in incidents:
                keys = {
                    (one.agency, one.exercise, primary_entity(one.entities, one.rule_id))
                    for one in (by_id[fact.id] for fact in incident.alerts)
                }
                assert keys == {(incident.agency, incident.exercise, incident.entity)}

    holds()
