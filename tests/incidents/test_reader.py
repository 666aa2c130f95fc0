"""Lists, pages, tenants."""

from __future__ import annotations

from datetime import timedelta

import pytest

from soc.access.principal import Principal, Role
from soc.core.errors import ForbiddenError, InputError, NotFoundError
from soc.core.scope import PROVINCE
from soc.core.severity import Severity
from soc.incidents.model import Status
from soc.incidents.reader import IncidentFilter, Order
from tests.incidents.desk import ANALYST, OFFICER_A, Desk, make_alert


def fill(desk: Desk, number: int) -> None:
    levels = tuple(Severity)
    for at in range(number):
        desk.take(make_alert(entities={"host.name": f"host-{at}"}, severity=levels[at % 5]))
        desk.clock.advance(timedelta(minutes=at % 2))


@pytest.mark.parametrize("order", Order)
def test_pages_show_every_incident_once_in_order(desk: Desk, order: Order) -> None:
    fill(desk, 11)
    seen, after = [], ""
    while True:
        page = desk.reader.page(ANALYST, order=order, limit=3, after=after)
        assert page.total == 11
        seen += page.items
        after = page.after
        if not after:
            break
    assert len({item.code for item in seen}) == len(seen) == 11
    keys = [(item.severity.rank if order is Order.GRAVEST else 0, item.detected, item.code) for item in seen]
    assert keys == sorted(keys, reverse=True)


def test_arrivals_do_not_move_the_next_page(desk: Desk) -> None:
    fill(desk, 6)
    first = desk.reader.page(ANALYST, limit=3)
    expected = [item.code for item in desk.reader.page(ANALYST, limit=3, after=first.after).items]
    fill(desk, 9)
    assert [item.code for item in desk.reader.page(ANALYST, limit=3, after=first.after).items] == expected


def test_a_broken_cursor_is_refused_by_name(desk: Desk) -> None:
    with pytest.raises(InputError):
        desk.reader.page(ANALYST, after="yesterday~SC")


@pytest.mark.parametrize(
    ("wanted", "codes"),
    [
        (IncidentFilter(severity=(Severity.CRITICAL,)), {"SC-2026-0005"}),
        (IncidentFilter(status=(Status.ACKNOWLEDGED,)), {"SC-2026-0002"}),
        (IncidentFilter(text="HOST-3"), {"SC-2026-0004"}),
        (IncidentFilter(text="%"), set()),
        (IncidentFilter(agency="xa-mau-02"), set()),
        (IncidentFilter(assignee="ts.01"), {"SC-2026-0002"}),
    ],
)
def test_filters_narrow_the_list(desk: Desk, wanted: IncidentFilter, codes: set[str]) -> None:
    fill(desk, 5)
    desk.service.acknowledge(ANALYST, "SC-2026-0002")
    assert {item.code for item in desk.reader.page(ANALYST, wanted).items} == codes


def test_an_officer_sees_the_own_agency_only(desk: Desk) -> None:
    """Law 7, for every question."""
    own, foreign = make_alert(), make_alert(agency="xa-mau-02")
    [own_code], [foreign_code] = desk.take(own), desk.take(foreign)
    reader = desk.reader
    assert [item.code for item in reader.page(OFFICER_A).items] == [own_code]
    assert [item.alert.id for item in reader.alerts(OFFICER_A).items] == [own.id]
    assert reader.alerts(OFFICER_A, foreign_code).items == ()
    assert reader.related(OFFICER_A, own_code) == ()
    assert [item.code for item in reader.related(ANALYST, own_code)] == [foreign_code]
    for ask in (reader.get, reader.timeline, reader.clocks, reader.related):
        with pytest.raises(NotFoundError):
            ask(OFFICER_A, foreign_code)
    with pytest.raises(NotFoundError):
        reader.alert(OFFICER_A, foreign.id)


def test_exercise_data_is_not_found_among_the_real(desk: Desk) -> None:
    """Law 10, for every question."""
    alert = make_alert(exercise="DT-2026-02")
    [code] = desk.take(alert)
    assert desk.reader.page(ANALYST, IncidentFilter()).items == ()
    assert desk.reader.alerts(ANALYST).items == ()
    with pytest.raises(NotFoundError):
        desk.reader.get(ANALYST, code)
    with pytest.raises(NotFoundError):
        desk.reader.alert(ANALYST, alert.id)


def test_alerts_are_paged_newest_first(desk: Desk) -> None:
    fill(desk, 5)
    first = desk.reader.alerts(ANALYST, limit=3)
    rest = desk.reader.alerts(ANALYST, limit=3, after=first.after)
    raised = [item.raised for item in (*first.items, *rest.items)]
    assert len(raised) == 5
    assert raised == sorted(raised, reverse=True)
    assert rest.after == ""


def test_an_organiser_reads_no_incident(desk: Desk) -> None:
    organiser = Principal("dt.01", Role.ORGANISER, "so-mau", PROVINCE)
    with pytest.raises(ForbiddenError):
        desk.reader.page(organiser)
