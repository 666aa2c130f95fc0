"""Law 7 for the console: every route, every role, every foreign id. A route that is not in the table fails the suite."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from fastapi.routing import iter_route_contexts

from soc.access.agencies import Agency, AgencyKind
from soc.access.principal import SYSTEM
from tests.web.house import ACCOUNTS, Browser, House, Ids

EVERYBODY = frozenset(ACCOUNTS)
READERS = EVERYBODY - {"dt.01", "qt.01"}
SEARCHERS = frozenset({"ts.01", "tc.01", "dg.01", "cb.01", "cb.02"})
HUNTERS = frozenset({"ts.01", "tc.01", "cb.01", "cb.02"})
OFFICERS = frozenset({"cb.01", "cb.02"})
AUDIT = frozenset({"dg.01", "qt.01"})
ADMIN = frozenset({"qt.01"})
REVIEWERS = frozenset({"td.01"})
PROPOSERS = frozenset({"ts.01", "tc.01", "cb.01", "cb.02"})
SOURCES = EVERYBODY - {"dt.01"}
RULES = frozenset({"ts.01", "tc.01", "td.01", "dg.01", "dt.01"})

OPEN = {
    ("GET", "/"),
    ("GET", "/health"),
    ("GET", "/static/{name}"),
    ("GET", "/metrics"),
    ("GET", "/signin"),
    ("POST", "/signin"),
    ("GET", "/signin/totp"),
    ("POST", "/signin/totp"),
    ("GET", "/unlock"),
    ("POST", "/unlock"),
    ("POST", "/signout"),
}
"""Routes without a session; `test_signin.py`, `test_headers.py` and `test_metrics.py` are about them."""

ALLOWED = {
    ("GET", "/me"): EVERYBODY,
    ("POST", "/me/preferences"): EVERYBODY,
    ("POST", "/me/password"): EVERYBODY,
    ("POST", "/me/sessions/end"): EVERYBODY,
    ("GET", "/me/factors"): EVERYBODY,
    ("POST", "/me/factors"): EVERYBODY,
    ("POST", "/me/factors/confirm"): EVERYBODY,
    ("POST", "/me/factors/remove"): EVERYBODY,
    ("GET", "/today"): EVERYBODY,
    ("GET", "/_ui"): EVERYBODY,
    ("GET", "/alerts"): READERS,
    ("GET", "/alerts/{ident}"): READERS,
    ("GET", "/incidents"): READERS,
    ("GET", "/incidents/{code}"): READERS,
    ("POST", "/incidents/{code}/events"): READERS,
    ("GET", "/rules/exceptions"): READERS,
    ("GET", "/rules/exceptions/new"): PROPOSERS,
    ("POST", "/rules/exceptions"): PROPOSERS,
    ("GET", "/rules/exceptions/{ident}"): READERS,
    ("POST", "/rules/exceptions/{ident}/acts"): PROPOSERS,
    ("GET", "/search"): SEARCHERS,
    ("GET", "/search/saved"): SEARCHERS,
    ("POST", "/search/saved"): SEARCHERS,
    ("GET", "/search/{ident}"): SEARCHERS,
    ("POST", "/search/{ident}"): SEARCHERS,
    ("GET", "/hunts"): SEARCHERS,
    ("GET", "/hunts/new"): HUNTERS,
    ("POST", "/hunts"): HUNTERS,
    ("GET", "/hunts/{ident}"): SEARCHERS,
    ("POST", "/hunts/{ident}/acts"): HUNTERS,
    ("GET", "/hunts/{ident}/statement"): SEARCHERS,
    ("GET", "/events/{ident}"): READERS,
    ("GET", "/rules"): RULES,
    ("GET", "/sources"): SOURCES,
    ("GET", "/sources/{ident}"): SOURCES,
    ("GET", "/platforms"): SOURCES,
    ("GET", "/platforms/{ident}"): SOURCES,
    ("GET", "/rules/coverage"): RULES,
    ("GET", "/rules/quality"): RULES,
    ("GET", "/rules/coverage/layer"): RULES,
    ("GET", "/compliance"): READERS,
    ("GET", "/compliance/{criterion}"): READERS,
    ("GET", "/evidence"): READERS,
    ("POST", "/evidence"): OFFICERS,
    ("GET", "/evidence/review"): REVIEWERS,
    ("GET", "/evidence/{ident}"): READERS,
    ("GET", "/evidence/{ident}/file"): READERS,
    ("POST", "/evidence/{ident}/submit"): OFFICERS,
    ("POST", "/evidence/{ident}/review"): REVIEWERS,
    ("GET", "/reports"): READERS,
    ("GET", "/reports/{ident}"): READERS,
    ("GET", "/reports/{ident}/files/{name}"): READERS,
    ("GET", "/audit"): AUDIT,
    ("GET", "/audit/pack"): AUDIT,
    ("GET", "/audit/anchor"): AUDIT,
    ("GET", "/admin"): ADMIN,
    ("POST", "/admin/users"): ADMIN,
    ("POST", "/admin/users/{name}"): ADMIN,
}
"""(method, route) -> accounts that get an answer; everybody else gets 403."""

COMMON = {"/compliance/{criterion}", "/admin/users/{name}", "/platforms/{ident}"}
PRIVATE = [key for key in ALLOWED if "{" in key[1] and key[1] not in COMMON]
"""Routes that name a thing of one agency."""


def address(route: str, ids: Ids) -> str:
    """A route with the ids of one commune filled in."""
    thing = {"alerts": ids.alert, "events": ids.event, "evidence": ids.evidence, "reports": ids.report}
    thing |= {"rules": ids.exception, "sources": ids.source, "search": ids.search, "hunts": ids.hunt}
    thing |= {"platforms": "public_service_portal"}
    return route.format(
        ident=thing.get(route.split("/")[1], ""),
        code=ids.incident,
        criterion="L1-05",
        name="cb.01" if route.startswith("/admin") else ids.report_file,
    )


def knock(browser: Browser, method: str, path: str, data: dict[str, str] | None = None) -> int:
    if method == "GET":
        return browser.get(path).status_code
    return browser.post(path, data, page="/me").status_code


def plain(text: str) -> str:
    """A page without its form tokens, which differ each time."""
    return re.sub(r'value="[0-9a-f]{64}"', "", text)


def test_every_route_is_in_the_table(house: House) -> None:
    found = {
        (method, route.path) for route in iter_route_contexts(house.app().routes) for method in route.methods or ()
    }
    assert found == OPEN | set(ALLOWED)


def test_nobody_gets_in_without_signing_in(house: House, ids: dict[str, Ids], visitor: Callable[..., Browser]) -> None:
    browser = visitor()
    for method, route in ALLOWED:
        path = address(route, ids["xa-mau-01"])
        answer = browser.get(path) if method == "GET" else browser.post(path)
        assert answer.status_code == 303, (method, route)
        assert answer.headers["location"].startswith("/signin"), (method, route)


@pytest.mark.parametrize("name", sorted(ACCOUNTS.keys() - {"cb.02"}))
def test_each_role_gets_what_it_works_with_and_nothing_else(
    house: House, ids: dict[str, Ids], visitor: Callable[..., Browser], name: str
) -> None:
    browser = visitor(name)
    for (method, route), allowed in ALLOWED.items():
        status = knock(browser, method, address(route, ids["xa-mau-01"]))
        expected = {200, 303, 400, 409} if name in allowed else {403}
        assert status in expected, (name, method, route, status)


@pytest.mark.parametrize(("method", "route"), PRIVATE)
def test_a_foreign_id_answers_like_a_made_up_one(
    house: House, ids: dict[str, Ids], visitor: Callable[..., Browser], method: str, route: str
) -> None:
    """Law 7: the officer of the second commune and the ids of the first."""
    if "cb.02" not in ALLOWED[method, route]:
        pytest.skip("only people of the province come here")
    browser, own = visitor("cb.02"), ids["xa-mau-02"]
    made_up = Ids(
        "nothing",
        "nothing",
        "SC-2026-9999",
        "0" * 32,
        "NL-2026-9999",
        "BC-2026-9999",
        "nothing.pdf",
        "nothing",
        "0" * 31,
        "0" * 32,
    )
    data = {"act": "note", "text": "x"} if route.startswith("/incidents") else {}
    answers = []
    for things in (ids["xa-mau-01"], made_up):
        path = address(route, things)
        answers.append(browser.get(path) if method == "GET" else browser.post(path, data, page="/me"))
    assert [answer.status_code for answer in answers] == [404, 404]
    assert plain(answers[0].text) == plain(answers[1].text)
    assert knock(browser, method, address(route, own), data) not in {404, 500}


@pytest.mark.parametrize(
    "path",
    [
        "/incidents?f.agency=xa-mau-01",
        "/incidents?exercise=DT-2026-0001",
        "/search?exercise=DT-2026-0001",
        "/alerts?exercise=DT-2026-0001",
        "/evidence?replaces={evidence}",
        "/rules/exceptions/new?alert={alert}",
    ],
)
def test_a_foreign_id_in_the_query_answers_404(
    house: House, ids: dict[str, Ids], visitor: Callable[..., Browser], path: str
) -> None:
    house.exercises.plan(house.accounts.principal("dt.01"), "portal_to_mass_export", "xa-mau-01", house.clock.now())
    assert (
        visitor("cb.02").get(path.format(evidence=ids["xa-mau-01"].evidence, alert=ids["xa-mau-01"].alert)).status_code
        == 404
    )


def test_a_foreign_id_in_a_form_answers_404(house: House, ids: dict[str, Ids], visitor: Callable[..., Browser]) -> None:
    browser = visitor("cb.02")
    form = {
        "criterion": "L1-05",
        "kind": "document",
        "observed_since": "1/1/2026",
        "observed_until": "20/11/2026",
        "made": "20/11/2026",
        "replaces": ids["xa-mau-01"].evidence,
    }
    answer = browser.post("/evidence", form, page="/evidence", files={"file": ("a.pdf", b"%PDF-1.7 x")})
    assert answer.status_code == 404


def test_an_administrator_of_a_commune_gives_out_nothing_elsewhere(
    house: House, visitor: Callable[..., Browser]
) -> None:
    form = {"name": "moi.01", "display_name": "Mới", "role": "officer", "agency": "xa-mau-09"}
    assert visitor("qt.01").post("/admin/users", form, page="/admin").status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "/today",
        "/alerts",
        "/incidents?f.status=",
        "/search",
        "/evidence",
        "/reports",
        "/rules/exceptions",
        "/sources",
        "/hunts",
    ],
)
def test_no_list_shows_anything_of_another_commune(
    house: House, ids: dict[str, Ids], visitor: Callable[..., Browser], path: str
) -> None:
    page = visitor("cb.02").get(path).text
    foreign, own = ids["xa-mau-01"], ids["xa-mau-02"]
    assert "Xã Mẫu 01" not in page
    assert "xa-mau-01" not in page
    assert not any(
        thing in page
        for thing in (
            foreign.incident,
            foreign.alert,
            foreign.evidence,
            foreign.exception,
            foreign.report,
            foreign.hunt,
        )
    )
    assert "Xã Mẫu 02" in page or own.incident in page or own.report in page or path == "/search"


def test_a_refusal_says_who_can_grant_the_right(house: House, visitor: Callable[..., Browser]) -> None:
    page = visitor("ts.01").get("/admin").text
    assert "quản trị viên có thể cấp vai trò khác" in page
    assert "an administrator can grant another role" in visitor("ts.01", lang="en").get("/admin").text


def test_somebody_in_the_middle_of_the_tree_sees_what_stands_below(
    house: House, ids: dict[str, Ids], visitor: Callable[..., Browser]
) -> None:
    unit = Agency("to-mau", "Tổ Mẫu", "Sample Team", AgencyKind.UNIT, "xa-mau-01")
    house.agencies.add(SYSTEM, [unit])
    assert "Tổ Mẫu" in visitor("cb.01").get("/incidents").text
    assert "Tổ Mẫu" not in visitor("cb.02").get("/incidents").text
