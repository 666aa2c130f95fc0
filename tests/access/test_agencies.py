"""The tree of agencies: down, never sideways."""

from __future__ import annotations

import pytest

from soc.access.agencies import Agency, AgencyKind, AgencyService, visible
from soc.access.principal import SYSTEM, Principal, Role
from soc.audit.trail import AuditTrail
from soc.core.errors import ConflictError, ForbiddenError, InputError, NotFoundError
from soc.core.i18n import Lang
from soc.core.scope import Scope
from soc.storage.sql import Database

COMMUNE = AgencyKind.COMMUNE


def admin_of(*agencies: str) -> Principal:
    return Principal("qt", Role.ADMIN, agencies[0], Scope(frozenset(agencies)))


@pytest.mark.parametrize(
    ("agency", "seen"),
    [
        ("tinh-mau", None),
        ("so-mau", {"so-mau", "trung-tam-mau"}),
        ("trung-tam-mau", {"trung-tam-mau"}),
        ("xa-mau-01", {"xa-mau-01"}),
        ("khong-co", set()),
    ],
)
def test_one_sees_down_never_sideways(
    database: Database, agencies: AgencyService, agency: str, seen: set[str] | None
) -> None:
    with database.transaction() as session:
        assert visible(session, agency) == seen


def test_adding_again_with_the_same_values_changes_nothing(
    database: Database, agencies: AgencyService, trail: AuditTrail
) -> None:
    agencies.add(SYSTEM, agencies.all(SYSTEM))
    with database.transaction() as session:
        assert len(trail.entries(session)) == 5


@pytest.mark.parametrize(
    ("agency", "error"),
    [
        (Agency("Xã Mẫu", "x", "x", COMMUNE, "tinh-mau"), InputError),
        (Agency("xa-moi", "x", "x", COMMUNE, "khong-co"), InputError),
        (Agency("xa-moi", "x", "x", COMMUNE), InputError),
        (Agency("tinh-moi", "x", "x", AgencyKind.PROVINCE, "tinh-mau"), InputError),
        (Agency("xa-mau-01", "Tên khác", "x", COMMUNE, "tinh-mau"), ConflictError),
    ],
)
def test_a_bad_agency_is_refused_and_the_good_one_before_it_is_not_kept(
    agencies: AgencyService, agency: Agency, error: type[Exception]
) -> None:
    with pytest.raises(error):
        agencies.add(SYSTEM, [Agency("xa-mau-03", "x", "x", COMMUNE, "tinh-mau"), agency])
    assert "xa-mau-03" not in {known.id for known in agencies.all(SYSTEM)}


def test_an_administrator_adds_only_below_what_they_see(agencies: AgencyService) -> None:
    admin = admin_of("so-mau", "trung-tam-mau")
    agencies.add(admin, [Agency("phong-mau", "Phòng Mẫu", "Sample Office", AgencyKind.UNIT, "so-mau")])
    with pytest.raises(NotFoundError):
        agencies.add(admin, [Agency("xa-mau-09", "x", "x", COMMUNE, "tinh-mau")])


def test_only_an_administrator_adds(agencies: AgencyService) -> None:
    with pytest.raises(ForbiddenError):
        agencies.add(Principal("a", Role.ANALYST, "tinh-mau", Scope(None)), [])


def test_a_foreign_agency_is_as_unknown_as_a_made_up_one(agencies: AgencyService) -> None:
    officer = Principal("cb", Role.OFFICER, "xa-mau-01", Scope(frozenset({"xa-mau-01"})))
    assert agencies.get(officer, "xa-mau-01").name(Lang.EN) == "Sample Commune 01"
    assert [agency.id for agency in agencies.all(officer)] == ["xa-mau-01"]
    said = []
    for agency in ("xa-mau-02", "khong-co"):
        with pytest.raises(NotFoundError) as problem:
            agencies.get(officer, agency)
        said.append(str(problem.value))
    assert said[0] == said[1]
