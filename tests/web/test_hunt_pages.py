"""Retro-hunts on the console: filed, followed, stopped, read, taken along."""

from __future__ import annotations

import html
from collections.abc import Callable

import orjson
import pytest

from soc.access.principal import SYSTEM
from soc.app.hunt_model import HuntState
from tests.web.house import RULE, SCRIPT, Browser, House, Ids

Visitor = Callable[..., Browser]
FORM = {"rules": RULE, "since": "21/11/2026", "until": "22/11/2026 10:00", "share": "0.25", "reason": "đối tác báo"}


def test_a_hunt_is_filed_from_a_form_and_belongs_to_the_agency_of_its_author(house: House, visitor: Visitor) -> None:
    answer = visitor("cb.01").post("/hunts", FORM, page="/hunts/new")
    assert answer.status_code == 303
    (hunt,) = house.hunts.all(SYSTEM)
    assert answer.headers["location"] == f"/hunts/{hunt.id}"
    assert (hunt.by, hunt.scope.agencies, hunt.throttle) == ("cb.01", frozenset({"xa-mau-01"}), 0.25)
    page = visitor("cb.01").get(f"/hunts/{hunt.id}").text
    assert "đang chờ" in page
    assert "Chưa có tuyên bố" in page
    assert house.trail("hunt.file") == [f"hunt/{hunt.id}"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"rules": RULE.replace("contains", "contians")}, "contians"),
        ({"rules": "title: nothing"}, "chưa lập được"),
        ({"since": "32/13/2026"}, "không đọc được ngày"),
        ({"until": "20/11/2026"}, "khoảng thời gian rỗng"),
        ({"raises": "1"}, "không có quyền này"),
    ],
)
def test_what_was_typed_is_kept_when_it_is_refused(
    house: House, visitor: Visitor, wrong: dict[str, str], said: str
) -> None:
    answer = visitor("cb.01").post("/hunts", {**FORM, **wrong}, page="/hunts/new")
    page = html.unescape(answer.text)
    assert answer.status_code in {400, 403}
    assert said.casefold() in page.casefold()
    assert {**FORM, **wrong}["rules"].strip() in page
    assert str(house.settings.home) not in page
    assert house.hunts.all(SYSTEM) == []


def test_a_statement_is_shown_in_both_languages_and_taken_along(
    house: House, ids: dict[str, Ids], visitor: Visitor
) -> None:
    path = f"/hunts/{ids['xa-mau-01'].hunt}"
    page = visitor("cb.01").get(path).text
    assert "Đã nhìn lại 1 ngày, từ 21/11/2026 10:42 đến 22/11/2026 10:42: 60 sự kiện, 3 lần khớp." in page
    assert "kho chỉ có sự kiện từ 22/11/2026 03:42" in page
    assert SCRIPT not in page
    english = visitor("cb.01", lang="en").get(path).text
    assert "Looked back 1 days, from 21 Nov 2026 10:42 to 22 Nov 2026 10:42: 60 events, 3 matches." in english
    answer = visitor("cb.01").get(f"{path}/statement")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert orjson.loads(answer.content)["matches"] == 3
    assert house.trail("hunt.export") == [path[1:].replace("hunts", "hunt")]


def test_its_author_or_a_shift_lead_pauses_resumes_and_cancels_it(house: House, visitor: Visitor) -> None:
    visitor("ts.01").post("/hunts", FORM, page="/hunts/new")
    (hunt,) = house.hunts.all(SYSTEM)
    path, author, lead = f"/hunts/{hunt.id}/acts", visitor("ts.01"), visitor("tc.01")
    assert author.post(path, {"act": "pause"}, page="/me").status_code == 303
    assert author.post(path, {"act": "pause"}, page="/me").status_code == 409
    assert lead.post(path, {"act": "resume"}, page="/me").status_code == 303
    assert lead.post(path, {"act": "cancel"}, page="/me").status_code == 303
    assert house.hunts.get(SYSTEM, hunt.id).state is HuntState.CANCELLED
    assert 'value="resume"' not in author.get(f"/hunts/{hunt.id}").text


def test_what_was_found_goes_into_incidents_by_the_hand_of_an_analyst(
    house: House, ids: dict[str, Ids], visitor: Visitor
) -> None:
    """The stream told it already: nothing is told twice."""
    path = f"/hunts/{ids['xa-mau-02'].hunt}"
    assert 'value="raise"' not in visitor("cb.02").get(path).text
    assert visitor("cb.02").post(f"{path}/acts", {"act": "raise"}, page="/me").status_code == 403
    assert visitor("ts.01").post(f"{path}/acts", {"act": "raise"}, page="/me").status_code == 303
    assert house.trail("hunt.raise") == [path[1:].replace("hunts", "hunt")]
