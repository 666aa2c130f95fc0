"""Evidence through the console: handed in, returned, corrected, accepted, opened by an auditor."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx
import pytest

from tests.web.house import Browser, House, Ids

Visitor = Callable[..., Browser]
PDF = ("quyết định đào tạo.pdf", b"%PDF-1.7 " + b"x" * 500)


def hand_in(browser: Browser, file: tuple[str, bytes] = PDF, **changes: str) -> httpx.Response:
    form = {
        "criterion": "L1-05",
        "kind": "document",
        "observed_since": "1/1/2026",
        "observed_until": "20/11/2026",
        "made": "2026-11-20",
        "valid_until": "",
        "note": "Danh sách và chứng chỉ",
        "replaces": "",
    }
    return browser.post("/evidence", form | changes, page="/evidence", files={"file": file})


def receipt_of(page: str) -> str:
    found = re.search(r"Biên nhận (BN-\d{4}-\d{5})", page)
    assert found is not None
    return found[1]


def test_evidence_goes_the_whole_way(house: House, visitor: Visitor) -> None:
    officer, reviewer, auditor = visitor("cb.01"), visitor("td.01"), visitor("dg.01")

    handed = hand_in(officer)
    assert handed.status_code == 303
    path = handed.headers["location"]
    page = officer.get(path).text
    first = receipt_of(page)
    assert "20/11/2026" in page
    assert "22/11/2026 10:42" in page
    assert re.search(r'class="code">[0-9a-f]{64}<', page)

    assert path in reviewer.get("/evidence/review").text
    assert reviewer.post(f"{path}/review", {"decision": "return", "reason": " "}, page=path).status_code == 400
    reason = "Ảnh chụp không có ngày lập"
    assert reviewer.post(f"{path}/review", {"decision": "return", "reason": reason}, page=path).status_code == 303
    assert path not in reviewer.get("/evidence/review").text

    assert "bằng chứng bị trả lại" in officer.get("/today").text
    assert reason in officer.get(path).text
    again = hand_in(officer, ("sửa.pdf", b"%PDF-1.7 corrected"), replaces=path.rsplit("/", 1)[1])
    corrected = again.headers["location"]
    assert receipt_of(officer.get(corrected).text) != first

    accept = {"decision": "accept", "valid_until": "31/12/2027"}
    assert reviewer.post(f"{corrected}/review", accept, page=corrected).status_code == 303
    assert "31/12/2027" in officer.get(corrected).text

    assert auditor.get(corrected).status_code == 200
    answer = auditor.get(f"{corrected}/file")
    assert answer.content == b"%PDF-1.7 corrected"
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"].startswith('attachment; filename="s_a.pdf"; filename*=UTF-8')


def test_every_reading_is_in_the_trail_with_person_and_address(
    house: House, ids: dict[str, Ids], visitor: Visitor
) -> None:
    own, auditor = ids["xa-mau-01"], visitor("dg.01")
    auditor.get(f"/evidence/{own.evidence}")
    auditor.get(f"/evidence/{own.evidence}/file")
    auditor.get(f"/reports/{own.report}/files/{own.report_file}")
    auditor.get(f"/events/{own.event}")
    auditor.get("/audit/pack")
    with house.database.transaction() as session:
        entries = house.audit.entries(session, size=5)
    assert [entry.action for entry in entries] == [
        "audit.export",
        "event.read",
        "report.download",
        "evidence.download",
        "evidence.read",
    ]
    assert {(entry.actor, entry.origin) for entry in entries} == {("dg.01", "192.0.2.7")}


def test_a_fault_keeps_what_was_typed_and_says_what_to_do(house: House, visitor: Visitor) -> None:
    officer = visitor("cb.01")
    answer = hand_in(officer, observed_until="31/02/2026")
    assert answer.status_code == 400
    assert "31/02/2026" in answer.text
    assert "ngày/tháng/năm" in answer.text
    assert "Danh sách và chứng chỉ" in answer.text
    assert "chọn lại tệp" in answer.text


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (("a.exe", b"MZ\x00\x01"), "loại tệp không được nhận"),
        (("a.pdf", b""), "tệp rỗng"),
        (("a.png", b"%PDF-1.7"), "không khớp"),
    ],
)
def test_a_refused_file_says_why(visitor: Visitor, file: tuple[str, bytes], said: str) -> None:
    answer = hand_in(visitor("cb.01"), file)
    assert answer.status_code == 400
    assert said in answer.text


def test_the_same_file_twice_names_the_first_receipt_and_keeps_the_draft(visitor: Visitor) -> None:
    officer = visitor("cb.01")
    receipt = receipt_of(officer.get(hand_in(officer).headers["location"]).text)
    answer = hand_in(officer)
    assert answer.status_code == 409
    assert receipt in answer.text
    assert "bản nháp" in officer.get("/evidence?f.state=draft").text


def test_the_limit_is_stated_and_a_larger_upload_is_refused_in_words(visitor: Visitor) -> None:
    officer = visitor("cb.01")
    assert "không quá 20 MB" in officer.get("/evidence").text
    answer = hand_in(officer, ("to.pdf", b"%PDF-1.7 " + b"x" * 21_000_000))
    assert answer.status_code == 413
    assert "quá lớn" in answer.text


def test_an_upload_just_under_the_limit_is_received(visitor: Visitor) -> None:
    answer = hand_in(visitor("cb.01"), ("to.pdf", b"%PDF-1.7 " + b"x" * 19_900_000))
    assert answer.status_code == 303


def test_a_decision_can_be_undone(house: House, ids: dict[str, Ids], visitor: Visitor) -> None:
    reviewer, path = visitor("td.01"), f"/evidence/{ids['xa-mau-01'].evidence}"
    reviewer.post(f"{path}/review", {"decision": "accept"}, page=path)
    assert "Hoàn tác quyết định gần nhất" in reviewer.get(path).text
    reviewer.post(f"{path}/review", {"decision": "undo"}, page=path)
    assert path in reviewer.get("/evidence/review").text


def test_deciding_twice_shows_the_conflict_and_keeps_the_reason(
    house: House, ids: dict[str, Ids], visitor: Visitor
) -> None:
    reviewer, path = visitor("td.01"), f"/evidence/{ids['xa-mau-01'].evidence}"
    token = reviewer.token(path)
    reviewer.post(f"{path}/review", {"decision": "accept", "csrf": token})
    answer = reviewer.post(f"{path}/review", {"decision": "return", "reason": "Thiếu chữ ký", "csrf": token})
    assert answer.status_code == 409
    assert "Chấp nhận" in answer.text


def test_a_draft_is_seen_by_its_agency_only(house: House, visitor: Visitor) -> None:
    officer = visitor("cb.01")
    hand_in(officer)
    hand_in(officer)
    draft = re.search(r'href="(/evidence/[0-9a-f]{32})">bản nháp', officer.get("/evidence").text)
    assert draft is not None
    assert officer.get(draft[1]).status_code == 200
    assert visitor("td.01").get(draft[1]).status_code == 404
