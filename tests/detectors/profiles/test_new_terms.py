"""First seen: what is told, what is learnt, and that neither batches nor restarts change it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.alert import Alert
from detectors.baselines.season import plain_week
from detectors.newterms.memory import Key, Limits, Memories, TermMemory
from detectors.newterms.spec import NewTerms
from detectors.newterms.tracker import is_new
from detectors.profiles import ProfileDetector
from detectors.selectors import Definitions
from soc.core.event import Event

MakeEvent = Callable[..., Event]
DAY = 24


def logins(event: MakeEvent, *seen: tuple[float, str], **more: object) -> list[Event]:
    return [event("sso_eid", hour, event__action="LOGIN", source__ip=address, **more) for hour, address in seen]


def run(definitions: Definitions, events: Sequence[Event]) -> list[Alert]:
    detector = ProfileDetector(definitions, plain_week)
    return detector.observe(events) + detector.flush()


def test_a_known_user_from_a_new_network_is_told_once_in_words(definitions: Definitions, event: MakeEvent) -> None:
    events = logins(
        event, (0, "192.0.2.9"), (30, "192.0.2.77"), (3 * DAY, "203.0.113.5"), (3 * DAY + 1, "203.0.113.200")
    )
    (alert,) = run(definitions, events)
    assert (alert.detector, alert.title["vi"], alert.attack) == ("newterms", "Mạng lạ", ("T1078",))
    assert alert.entities["user.name"] == "canbo.01"
    assert alert.event_ids == (events[2].id,)
    assert alert.explanation is not None
    first, before, rule = alert.explanation.children
    assert first.text["en"] == "user.name = canbo.01: first time in 3 days that source.ip = 203.0.113.0/24 is seen"
    assert before.text["en"] == "1 values were known before, the latest: 192.0.2.0/24"
    assert rule.kind == "test"


def test_nothing_is_told_while_the_agency_is_learnt(definitions: Definitions, event: MakeEvent) -> None:
    assert not run(
        definitions, logins(event, (0, "192.0.2.9"), (DAY + 2, "203.0.113.5"), (2 * DAY - 1, "198.51.100.1"))
    )


def test_nothing_is_told_of_a_newcomer_whose_every_act_is_new(definitions: Definitions, event: MakeEvent) -> None:
    old = logins(event, (0, "192.0.2.9"))
    new = logins(event, (5 * DAY, "192.0.2.9"), (5 * DAY + 2, "203.0.113.5"), user__name="moi.den")
    assert not run(definitions, old + new)


def test_a_term_is_new_again_when_it_was_away_for_longer_than_it_is_remembered(
    definitions: Definitions, event: MakeEvent
) -> None:
    away = logins(event, (0, "192.0.2.9"), (20 * DAY, "192.0.2.9"), (41 * DAY, "192.0.2.9"))
    (alert,) = run(definitions, away)
    assert alert.explanation is not None
    assert "seen again after 21 days" in alert.explanation.children[0].text["en"]


def test_one_agency_teaches_another_nothing(definitions: Definitions, event: MakeEvent) -> None:
    here = logins(event, (0, "192.0.2.9"), (3 * DAY, "203.0.113.5"))
    there = logins(event, (0, "203.0.113.5"), (3 * DAY, "203.0.113.5"), agency="xa-mau-02")
    (alert,) = run(definitions, there + here)
    assert alert.agency == "xa-mau-01"


def test_an_exercise_asks_what_is_real_and_teaches_only_itself(definitions: Definitions, event: MakeEvent) -> None:
    before = logins(event, (0, "192.0.2.9"))
    drill = logins(event, (3 * DAY, "203.0.113.5"), (3 * DAY + 1, "203.0.113.6"), exercise="DT-1")
    after = logins(event, (4 * DAY, "203.0.113.7"))
    alerts = run(definitions, before + drill + after)
    assert [alert.exercise for alert in alerts] == ["DT-1", None]


def test_a_sensor_years_ahead_does_not_age_what_is_known(definitions: Definitions, event: MakeEvent) -> None:
    (wrong,) = logins(event, (1, "192.0.2.9"))
    ahead = Event({**wrong.fields, "@timestamp": "2031-01-01T00:00:00Z"})
    assert not run(definitions, [*logins(event, (0, "192.0.2.9")), ahead, *logins(event, (3 * DAY, "192.0.2.9"))])


@pytest.mark.parametrize("limits", [Limits(terms=40, per_entity=10), Limits(terms=400, per_entity=7)])
def test_memory_is_bounded_and_what_is_dropped_is_counted(limits: Limits) -> None:
    memory = TermMemory(limits)
    for number in range(3000):
        memory.learn(("r", "a", f"u{number % 60}"), f"t{number}", number // 10)
        assert memory.size <= limits.terms
    assert memory.size + memory.dropped == 3000
    assert max(len(e.terms) for entities in memory._spaces.values() for e in entities.values()) <= limits.per_entity


Sighting = tuple[int, str, str, str | None, int]
"""Hour, entity, term, exercise run, agency."""
SIGHTINGS = st.lists(
    st.tuples(
        st.integers(0, 120),
        st.sampled_from("ab"),
        st.sampled_from("xyz"),
        st.sampled_from([None, None, "DT-1"]),
        st.integers(1, 2),
    ),
    max_size=40,
)
SPEC = NewTerms(per=("u",), fields=("t",), learning="1d", forget="36h", known_after="6h")


def oracle(seen: Sequence[Sighting]) -> list[int]:
    """Places of the sightings that are new, by looking through all the earlier ones."""
    told = []
    for place, (hour, entity, term, run_of, agency) in enumerate(seen):
        real = [s for s in seen[:place] if s[3] is None and s[4] == agency]
        mine = [s for s in real if s[1] == entity]
        same = [s[0] for s in mine if s[2] == term]
        if run_of is not None and not same:
            same = [s[0] for s in seen[:place] if s[1:] == (entity, term, run_of, agency)]
        if real and hour - real[0][0] >= 24 and mine and hour - mine[0][0] >= 6 and (not same or hour - max(same) > 36):
            told.append(place)
    return told


@given(SIGHTINGS)
def test_new_terms_agree_with_a_search_through_everything(seen: list[Sighting]) -> None:
    memories, told = Memories(Limits()), []
    for place, (hour, entity, term, run_of, agency) in enumerate(seen):
        key: Key = ("rule", f"agency-{agency}", entity)
        if is_new(SPEC, memories.look(run_of, key, term, hour)):
            told.append(place)
        memories.learn(run_of, key, term, hour)
    assert told == oracle(seen)


@given(SIGHTINGS, st.lists(st.integers(0, 40), max_size=4))
def test_neither_batches_nor_restarts_change_an_alert(
    definitions: Definitions, seen: list[Sighting], cuts: list[int]
) -> None:
    addresses = {"x": "192.0.2.1", "y": "198.51.100.1", "z": "203.0.113.1"}
    events = [
        Event(
            {
                "@timestamp": f"2026-09-{1 + hour // 24:02}T{hour % 24:02}:00:00Z",
                "event.id": f"e{place}",
                "event.action": "LOGIN",
                "event.dataset": "x",
                "soc.platform": "sso_eid",
                "soc.agency": f"agency-{agency}",
                "soc.source": "s",
                "user.name": entity,
                "source.ip": addresses[term],
            }
            | ({"soc.exercise": run_of} if run_of else {})
        )
        for place, (hour, entity, term, run_of, agency) in enumerate(seen)
    ]
    detector, alerts, before = ProfileDetector(definitions, plain_week), [], 0
    for cut in (*sorted(cuts), len(events)):
        alerts += detector.observe(events[before:cut])
        before = max(before, cut)
        state, detector = detector.snapshot(), ProfileDetector(definitions, plain_week)
        detector.restore(state)
    assert alerts + detector.flush() == run(definitions, events)


def test_hours_of_a_limit_are_whole(definitions: Definitions) -> None:
    section = next(found for found in definitions.sections.values() if isinstance(found, NewTerms))
    assert section.forget == timedelta(days=20)
