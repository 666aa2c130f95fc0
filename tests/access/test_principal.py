"""Roles and rights as data, and the table of docs/roles.md that shows them."""

from __future__ import annotations

import pytest

from soc.access.principal import RIGHTS, SYSTEM, Principal, Right, Role
from soc.core.errors import ForbiddenError, NotFoundError
from soc.core.scope import Scope
from tests.conftest import ROOT

OFFICER = Principal("cb.mau", Role.OFFICER, "xa-mau-01", Scope(frozenset({"xa-mau-01"})))


def test_the_document_shows_the_rights_that_the_code_grants() -> None:
    lines = (ROOT / "docs" / "roles.md").read_text(encoding="utf-8").splitlines()
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    roles = [Role(name.strip("`")) for name in table[0][1:]]
    shown = {
        (Right(row[0].strip("`")), role) for row in table[2:] for role, cell in zip(roles, row[1:], strict=True) if cell
    }
    granted = {(right, role) for role in roles for right in RIGHTS[role]}
    assert shown == granted
    assert {*roles, Role.SERVICE} == set(Role)


def test_a_missing_right_is_refused_with_who_can_grant_it() -> None:
    with pytest.raises(ForbiddenError) as problem:
        OFFICER.require(Right.ADMINISTER)
    assert problem.value.advice is not None
    OFFICER.require(Right.SUBMIT_EVIDENCE)


def test_a_foreign_agency_does_not_exist() -> None:
    OFFICER.require_agency("xa-mau-01")
    with pytest.raises(NotFoundError):
        OFFICER.require_agency("xa-mau-02")


def test_an_auditor_changes_nothing_and_an_administrator_reads_no_data() -> None:
    changing = {right for right in Right if not right.value.startswith(("read_", "search_"))}
    assert not RIGHTS[Role.AUDITOR] & changing
    data = {Right.READ_ALERTS, Right.READ_INCIDENTS, Right.SEARCH_EVENTS, Right.READ_COMPLIANCE, Right.READ_REPORTS}
    assert not RIGHTS[Role.ADMIN] & data


def test_the_suite_itself_may_do_everything() -> None:
    assert all(SYSTEM.may(right) for right in Right)
