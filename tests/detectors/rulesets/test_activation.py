"""Activation: what shall run, who said so, and the way back."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from detectors.rulesets.importing import Filters
from detectors.rulesets.model import Load, Plan, Refusal
from detectors.rulesets.service import Choice
from soc.access.principal import SYSTEM, Principal, Role
from soc.core.errors import ConflictError, ForbiddenError, InputError, NotFoundError
from soc.core.scope import PROVINCE
from tests.detectors.rulesets.conftest import Desk, ident, rule


def take(desk: Desk, name: str, files: dict[str, str]) -> str:
    """Import a set; gives its label."""
    return desk.sets.import_set(SYSTEM, desk.write(f"in-{name}-{len(files)}", files), name, Filters()).version.label


def running(plan: Plan) -> list[str]:
    """Ids of the rules of a plan, in the order of loading."""
    return [entry.rule.id for entry in plan.entries]


def test_an_activation_adds_a_set_to_the_own_rules(desk: Desk) -> None:
    label = take(desk, "demo", {"a.yml": rule(2)})
    made = desk.sets.activate(SYSTEM, Choice(("demo",), note="first pack"))
    assert running(desk.sets.plan()) == [ident(1), ident(2)]
    assert [member.label for member in made.activation.members] == [label]
    assert (made.activation.number, made.activation.by, made.activation.note) == (1, "vonggac", "first pack")
    assert desk.sets.wanted() == 1
    assert desk.acts()[-1] == ("rules.activate", "rules/activation/1")


def test_own_rules_stay_out_only_when_told_so(desk: Desk) -> None:
    take(desk, "demo", {"a.yml": rule(2)})
    desk.sets.activate(SYSTEM, Choice(("demo",), own=False))
    assert running(desk.sets.plan()) == [ident(2)]


def test_rules_of_the_site_take_part(desk: Desk) -> None:
    desk.write("site", {"s.yml": rule(5)})
    assert running(desk.sets.plan()) == [ident(1), ident(5)]
    desk.sets.activate(SYSTEM, Choice(site=False))
    assert running(desk.sets.plan()) == [ident(1)]


def test_one_rule_in_two_sets_is_refused_until_one_is_preferred(desk: Desk) -> None:
    take(desk, "first", {"a.yml": rule(2, "one"), "b.yml": rule(3)})
    take(desk, "second", {"x.yml": rule(2, "two"), "y.yml": rule(4)})
    with pytest.raises(ConflictError, match=ident(2)):
        desk.sets.activate(SYSTEM, Choice(("first", "second")))
    assert desk.sets.wanted() == 0
    made = desk.sets.activate(SYSTEM, Choice(("first", "second"), preferred=("second",)))
    assert sorted(running(made.plan)) == [ident(n) for n in (1, 2, 3, 4)]
    assert made.plan.overridden == ("first: a.yml",)
    assert made.ruleset.refusals == ()


def test_a_set_can_be_preferred_over_the_own_rules(desk: Desk) -> None:
    take(desk, "demo", {"a.yml": rule(1, "theirs", title="Theirs")})
    with pytest.raises(ConflictError):
        desk.sets.activate(SYSTEM, Choice(("demo",)))
    made = desk.sets.activate(SYSTEM, Choice(("demo",), preferred=("demo",)))
    assert [found.title for found in made.ruleset.rules] == ["Theirs"]


def test_the_very_same_file_in_two_sets_is_no_conflict(desk: Desk) -> None:
    take(desk, "core", {"a.yml": rule(2)})
    take(desk, "more", {"sub/a.yml": rule(2), "b.yml": rule(3)})
    made = desk.sets.activate(SYSTEM, Choice(("core", "more")))
    assert running(made.plan) == [ident(1), ident(2), ident(3)]
    assert made.ruleset.refusals == ()


def test_one_name_for_two_rules_is_a_conflict_too(desk: Desk) -> None:
    """A correlation may refer to rules by name; the name must have one meaning."""
    take(desk, "first", {"a.yml": rule(2) + "name: logon\n"})
    take(desk, "second", {"b.yml": rule(3) + "name: logon\n"})
    with pytest.raises(ConflictError, match="logon"):
        desk.sets.activate(SYSTEM, Choice(("first", "second")))


@pytest.mark.parametrize(
    ("choice", "error"),
    [
        (Choice(("absent",)), NotFoundError),
        (Choice(("demo", "demo")), InputError),
        (Choice(("demo",), preferred=("other",)), InputError),
        (Choice(own=False, site=False), InputError),
        (Choice(("vonggac",)), InputError),
    ],
)
def test_a_choice_that_cannot_run_changes_nothing(desk: Desk, choice: Choice, error: type[Exception]) -> None:
    take(desk, "demo", {"a.yml": rule(2)})
    with pytest.raises(error):
        desk.sets.activate(SYSTEM, choice)
    assert desk.sets.history(SYSTEM) == []


def test_a_broken_rule_stays_out_and_the_others_load(desk: Desk) -> None:
    take(desk, "demo", {"a.yml": rule(2), "b.yml": rule(3).replace("condition: word", "condition: wort")})
    made = desk.sets.activate(SYSTEM, Choice(("demo",)))
    assert len(made.ruleset.rules) == 2
    assert [refusal.where.split("/")[-1].split(":")[0] for refusal in made.ruleset.refusals] == ["b.yml"]


def test_going_back_goes_further_each_time(desk: Desk) -> None:
    """Three activations, four ways back: the last one is refused."""
    for number in (2, 3, 4):
        take(desk, f"set{number}", {"a.yml": rule(number)})
        desk.sets.activate(SYSTEM, Choice((f"set{number}",)))
    shown = []
    for _ in range(3):
        desk.sets.rollback(SYSTEM, note="too loud")
        shown.append(running(desk.sets.plan())[1:])
    assert shown == [[ident(3)], [ident(2)], []]
    with pytest.raises(ConflictError):
        desk.sets.rollback(SYSTEM)
    assert [made.restores for made in desk.sets.history(SYSTEM)] == [0, 1, 2, None, None, None]
    assert desk.acts()[-1] == ("rules.rollback", "rules/activation/6")


def test_going_back_to_a_number_restores_the_exact_version(desk: Desk) -> None:
    old = take(desk, "demo", {"a.yml": rule(2)})
    desk.sets.activate(SYSTEM, Choice(("demo",)))
    take(desk, "demo", {"a.yml": rule(2), "b.yml": rule(3)})
    desk.sets.activate(SYSTEM, Choice(("demo",)))
    assert running(desk.sets.plan()) == [ident(1), ident(2), ident(3)]
    made = desk.sets.rollback(SYSTEM, 1)
    assert [member.label for member in made.activation.members] == [old]
    assert running(desk.sets.plan()) == [ident(1), ident(2)]
    with pytest.raises(NotFoundError):
        desk.sets.rollback(SYSTEM, 17)


def test_only_who_manages_rules_chooses(desk: Desk) -> None:
    take(desk, "demo", {"a.yml": rule(2)})
    lead = Principal("tc.01", Role.SHIFT_LEAD, "", PROVINCE)
    for role in (Role.ANALYST, Role.ADMIN, Role.REVIEWER):
        with pytest.raises(ForbiddenError):
            desk.sets.activate(Principal("x", role, "", PROVINCE), Choice(("demo",)))
        with pytest.raises(ForbiddenError):
            desk.sets.rollback(Principal("x", role, "", PROVINCE))
    assert desk.sets.activate(lead, Choice(("demo",))).activation.by == "tc.01"


def test_the_content_of_a_plan_changes_with_any_file(desk: Desk) -> None:
    before = desk.sets.plan().content
    assert desk.sets.plan().content == before
    desk.write("own", {"own.yml": rule(1, "another")})
    assert desk.sets.plan().content != before


def test_loads_are_remembered_and_audited(desk: Desk) -> None:
    at = datetime(2026, 11, 17, 2, tzinfo=UTC)
    fine = Load(at, 0, "c" * 64, True, 3, 1, 1, (Refusal("a.yml:1", {"vi": "sai", "en": "wrong"}),))
    failed = Load(at, 1, "", False, 0, 0, 0, (Refusal("", {"vi": "hỏng", "en": "broken"}),))
    desk.sets.note_load(fine)
    desk.sets.note_load(failed)
    assert desk.sets.loads() == [failed, fine]
    assert [action for action, _ in desk.acts()] == ["rules.load", "rules.load_failed"]
