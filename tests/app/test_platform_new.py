"""A platform file made from a sample."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.platform import load_platform
from soc.app.platform_new import new_platform
from soc.core.errors import ConflictError, InputError, SocError
from soc.core.i18n import Lang

JSON = "".join(
    json.dumps({"thoiGian": f"2026-11-17T08:00:0{n}+07:00", "taiKhoan": f"cb.0{n}", "ip": f"192.0.2.{n}"} | rest) + "\n"
    for n, rest in (
        (1, {"hanhDong": "XEM", "ketQua": "OK", "matKhau": "x", "soCccd": "1", "la": "?"}),
        (2, {"hanhDong": "SUA", "ketQua": "LOI", "matKhau": "y", "soCccd": "2", "la": "!"}),
    )
)
ROWS = "time;user;src_ip;status\n2026-11-17 08:00:00;cb.01;192.0.2.7;200\n2026-11-17 08:00:01;cb.02;192.0.2.8;404\n"
FIREWALL = (
    'date=2026-11-17 time=08:00:00 devname="fw" logid="0000000013" type="traffic" subtype="forward"'
    " srcip=192.0.2.7 dstip=203.0.113.9\n"
)


def made(folder: Path, text: str, **more: str) -> Path:
    (folder / "mau.log").write_text(text, "utf-8")
    return new_platform("phan_mem_moi", folder / "mau.log", folder, **more)[0]


def test_names_in_vietnamese_find_their_fields(tmp_path: Path) -> None:
    """Secrets and personal data are left out, unknown names kept under the platform's prefix, and every guess is told."""
    (tmp_path / "mau.log").write_text(JSON, "utf-8")
    file, draft = new_platform("phan_mem_moi", tmp_path / "mau.log", tmp_path)
    form = load_platform(file).format()
    targets = {raw: rule.to for raw, rule in form.fields.fields.items()}
    assert targets == {
        "thoiGian": ["@timestamp"],
        "taiKhoan": ["user.name"],
        "ip": ["source"],
        "hanhDong": ["event.action"],
        "ketQua": ["event.outcome"],
        "matKhau": [],
        "soCccd": [],
    }
    assert form.fields.fields["ketQua"].values == {"OK": "success", "LOI": "failure"}
    assert (form.parser, form.fields.keep, draft.read) == ("json", "phan_mem_moi", 2)
    assert [guess.field for guess in draft.guesses] == ["", *targets]
    assert all(guess.said.render(Lang.EN) in draft.text for guess in draft.guesses)


def test_rows_under_names_become_columns(tmp_path: Path) -> None:
    form = load_platform(made(tmp_path, ROWS)).format()
    assert (form.parser, form.options) == ("csv", {"columns": ["time", "user", "src_ip", "status"], "delimiter": ";"})
    assert form.fields.fields["status"].to == ["http.response.status_code"]


def test_a_known_device_is_read_by_its_own_parser(tmp_path: Path) -> None:
    """Named or not; a parser that speaks ECS needs no table."""
    form = load_platform(made(tmp_path, FIREWALL, parser="fortigate")).format()
    assert form.parser == "fortigate"
    assert not form.fields.fields


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """Neither a file there, nor the id of a shipped platform."""
    before = made(tmp_path, JSON).read_bytes()
    with pytest.raises(ConflictError):
        made(tmp_path, ROWS)
    assert (tmp_path / "phan_mem_moi.yaml").read_bytes() == before
    with pytest.raises(ConflictError):
        new_platform("one_stop", tmp_path / "mau.log", tmp_path)


@pytest.mark.parametrize(
    ("ident", "text", "parser"),
    [
        ("Hoa", JSON, None),
        ("../x", JSON, None),
        ("moi", "", None),
        ("moi", "  \n", None),
        ("moi", JSON, "jsn"),
        ("moi", JSON, "grok"),
    ],
)
def test_what_cannot_be_drafted_says_why(tmp_path: Path, ident: str, text: str, parser: str | None) -> None:
    """And writes nothing."""
    (tmp_path / "mau.log").write_text(text, "utf-8")
    with pytest.raises(SocError) as caught:
        new_platform(ident, tmp_path / "mau.log", tmp_path, parser)
    assert caught.value.render(Lang.EN)
    assert not list(tmp_path.glob("*.yaml"))


def test_a_sample_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        new_platform("moi", tmp_path / "khong-co.log", tmp_path)


ANY = st.text(max_size=120) | st.dictionaries(
    st.text(max_size=12) | st.sampled_from(["ip", "time", "ketQua", "status", "user"]),
    st.text(max_size=12) | st.integers(-(2**53), 2**53) | st.none() | st.sampled_from(["OK", "loi", "192.0.2.1"]),
    max_size=6,
).map(json.dumps)


@given(lines=st.lists(ANY, max_size=4), parser=st.sampled_from(["json", "kv", "csv", "cef"]) | st.none())
def test_any_text_gives_a_file_that_loads_or_a_reason(lines: list[str], parser: str | None) -> None:
    """Never a file that does not load, never another error."""
    with TemporaryDirectory() as folder:
        sample = Path(folder) / "mau.log"
        sample.write_text("\n".join(lines), "utf-8", "surrogatepass")
        try:
            file, _ = new_platform("moi", sample, Path(folder), parser)
        except SocError as problem:
            told = problem.render(Lang.EN)
            written = list(Path(folder).glob("*.yaml"))
        else:
            told, written = str(file), []
            assert load_platform(file).formats
        assert told
        assert not written
