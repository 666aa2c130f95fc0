"""What is masked by the name of its field leaves the field, the original and the texts beside it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import orjson
import pytest

from collectors.field_masks import REMEMBERED_NAMES, FieldMasks, RedactSpec
from collectors.normalise import Normaliser
from collectors.personal import Kind, Pseudonyms
from collectors.platform import load_platform, load_platforms
from collectors.record import RawRecord
from collectors.sources import Source
from soc.core.errors import FaultsError
from soc.core.event import Event, Fields

PSEUDONYMS = Pseudonyms(bytes(range(32)), 2026)
NOW = datetime(2026, 11, 17, 2, tzinfo=UTC)
USUAL = FieldMasks.of(RedactSpec(), PSEUDONYMS)


def masked(fields: Fields, spec: RedactSpec | None = None) -> tuple[Fields, int]:
    masks = FieldMasks.of(spec, PSEUDONYMS) if spec else USUAL
    return fields, masks.apply(fields)


@pytest.mark.parametrize(
    "name",
    [
        "app.password",
        "http.request.headers.cookie",
        "x.newPassword",
        "oauth.access_token",
        "app.mat_khau",
        "PIN",
        "a.Client-Secret",
    ],
)
def test_a_field_that_says_secret_is_hidden_on_every_platform(name: str) -> None:
    fields, count = masked({name: "hush one", "event.original": "a hush one b", "message": "hush one"})
    assert (fields, count) == ({name: "***", "event.original": "a *** b", "message": "***"}, 1)


@pytest.mark.parametrize(
    "name", ["tokens", "x.token_type", "x.password_age", "user.name", "x.pinned", "winlog.event_data.PublicKeyToken"]
)
def test_a_field_that_only_sounds_like_one_stays(name: str) -> None:
    given: Fields = {name: "value-1234", "event.original": "value-1234"}
    assert masked(dict(given)) == (given, 0)


def test_personal_values_become_the_hashes_of_the_raw_text() -> None:
    """However they were written: one person, one hash."""
    fields, count = masked(
        {"x.soDienThoai": "+84 912 345 678", "x.phone": "Model 15", "soc.patient.maBN": ["BN-001", "BN-002"]}
    )
    phone = PSEUDONYMS.of(Kind.PHONE, "0912345678")
    codes = [PSEUDONYMS.of(Kind.PATIENT, code) for code in ("BN001", "BN002")]
    assert (fields, count) == ({"x.soDienThoai": phone, "x.phone": "Model 15", "soc.patient.maBN": codes}, 3)
    assert masked(dict(fields)) == (fields, 0)


def test_a_platform_drops_and_hashes_what_it_declares() -> None:
    spec = RedactSpec(drop=["soc.ai.prompt"], hash=["soc.parent"])
    fields, count = masked(
        {
            "soc.ai.prompt": "câu hỏi riêng",
            "soc.parent": "Người Mẫu",
            "event.original": '{"p":"câu hỏi riêng","c":"Người Mẫu"}',
        },
        spec,
    )
    hashed = PSEUDONYMS.of(Kind.OTHER, "Người Mẫu")
    assert (fields, count) == ({"soc.parent": hashed, "event.original": f'{{"p":"***","c":"{hashed}"}}'}, 2)


SECRET = 'hu"sh & <ngon>/é'


@pytest.mark.parametrize(
    "written",
    [
        SECRET,
        orjson.dumps(SECRET).decode(),
        '"hu\\"sh & <ngon>/\\u00e9"',
        quote(SECRET),
        quote(SECRET, safe=""),
        "hu&quot;sh &amp; &lt;ngon&gt;/é",
    ],
)
def test_the_value_leaves_the_original_in_every_way_it_is_written(written: str) -> None:
    fields, _ = masked({"x.password": SECRET, "event.original": f"a {written} b", "url.query": f"q={quote(SECRET)}"})
    assert "ngon" not in str(fields["event.original"])
    assert "ngon" not in str(fields["url.query"])


def test_a_short_value_goes_only_where_it_stands_alone() -> None:
    fields, _ = masked({"x.pin": "1", "event.original": "2026-11-17 pin 1 of 1234"})
    assert fields["event.original"] == "2026-11-17 pin *** of 1234"


def test_marks_and_names_of_accounts_are_never_rewritten() -> None:
    fields, _ = masked({"x.password": "so-mau-01", "soc.agency": "so-mau-01", "user.name": "so-mau-01"})
    assert (fields["soc.agency"], fields["user.name"]) == ("so-mau-01", "so-mau-01")


def test_names_without_end_take_no_memory_without_end() -> None:
    masks = FieldMasks.of(RedactSpec(), PSEUDONYMS)
    for start in range(0, 3 * REMEMBERED_NAMES, 1000):
        masks.apply({f"x.f{number}": "v" for number in range(start, start + 1000)})
    assert len(masks._ordinary) <= REMEMBERED_NAMES


def test_a_declared_form_is_hashed_before_the_record_is_parsed() -> None:
    """So it is in no field, and the same in all of them."""
    platform = load_platforms()["one_stop"]
    spec = RedactSpec.model_validate({"patterns": {"patient": ["BN@######"]}})
    normaliser = Normaliser({"one_stop": platform.model_copy(update={"redact": spec})}, pseudonyms=PSEUDONYMS)
    line = b'{"thoiGian":"2026-11-17T08:00:00+07:00","taiKhoan":"a","maHoSo":"BNA000123","donVi":"XBNA000123"}'
    event = normaliser.normalise(
        RawRecord("s", 0, line, NOW, "t"), Source(id="s", platform="one_stop", agency="a"), "i", redacted=1
    )
    hashed = PSEUDONYMS.of(Kind.PATIENT, "BNA000123")
    assert (event.fields["soc.dossier.id"], event.fields["soc.unit"], event.fields["soc.redacted"]) == (
        hashed,
        "XBNA000123",
        2,
    )
    assert "BNA000123" not in event.original.replace("XBNA000123", "")
    assert isinstance(event, Event)


@pytest.mark.parametrize(
    "faulty",
    [
        "drop: [soc.agency]",
        "hash: [source.ip]",
        "hash: [event.original]",
        "patterns: {patient: ['BN#']}",
        "patterns: {ten: ['BN#####']}",
    ],
)
def test_a_declaration_that_cannot_be_kept_is_refused_with_its_line(tmp_path: Path, faulty: str) -> None:
    text = (Path(load_platforms.__code__.co_filename).parent / "platforms" / "commune_network.yaml").read_text("utf-8")
    file = tmp_path / "commune_network.yaml"
    file.write_text(f"{text}\nredact: {{{faulty}}}\n", "utf-8")
    with pytest.raises(FaultsError) as caught:
        load_platform(file)
    assert caught.value.faults[0].where == f"{file}:{len(text.splitlines()) + 2}"
