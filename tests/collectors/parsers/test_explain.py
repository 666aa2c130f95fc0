"""What a person is told of how a record is read; and options of parsers."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.explain import explain_line
from collectors.options import parser_of
from collectors.parsers import PARSERS
from collectors.platform import load_platform
from soc.cli.normalise_text import explanation_lines
from soc.core.errors import FaultsError
from soc.core.i18n import Lang

from .golden_pairs import CONTEXT, reader_of, records_of


@pytest.mark.parametrize("parser", sorted(PARSERS))
def test_every_parser_can_be_explained(parser: str) -> None:
    """On its own samples, in both languages, with its id and version first."""
    for record in records_of(parser):
        explanation = explain_line(reader_of(parser), record, CONTEXT)
        for lang in Lang:
            lines = list(explanation_lines(1, explanation, lang))
            assert f"{parser}@{PARSERS[parser].version}" in lines[0]
            assert len(lines) > 1


def test_each_raw_field_is_shown_with_its_transform_and_target_or_why_it_was_left_out() -> None:
    """A table's fields: written, without a meaning, unreadable, beaten by another."""
    text = "<134>Nov 17 08:00:00 fw-01 CEF:0|A|B|1|2|n|3|src=203.0.113.9 spt=x act= rt=1794877200000 cs1=k start=1794877200000"
    shown = "\n".join(explanation_lines(7, explain_line(parser_of("cef"), text, CONTEXT), Lang.EN))
    for line in (
        "line 7: parser cef@1",
        "syslog header taken off",
        "src = 203.0.113.9 → address → source.address, source.ip",
        "spt = x: left out, the transform port cannot read the value",
        "act = : left out, the value means that there is none",
        "rt = 1794877200000: left out, @timestamp has a value from a raw field before it",
        "cs1 = k → cef.cs1",
    ):
        assert line in shown


def test_a_refusal_is_explained_with_its_place_and_what_was_expected() -> None:
    """The column of the record, or the raw field."""
    shown = "\n".join(explanation_lines(1, explain_line(parser_of("json"), '{"a":}', CONTEXT), Lang.EN))
    assert "refused at column 6" in shown
    assert "a JSON object" in shown


def test_a_field_that_no_line_may_set_is_named() -> None:
    """Marks in a record without a table."""
    explanation = explain_line(parser_of("json"), '{"soc.agency":"x","user.name":"a"}', CONTEXT)
    assert explanation.left_out == ("soc.agency",)
    assert explanation.written == {"user.name": "a"}


@pytest.mark.parametrize(
    ("parser", "options", "told"),
    [
        ("csv", {"columns": ["a"], "delimeter": ";"}, "delimiter"),
        ("csv", {}, "columns"),
        ("cef", {"x": 1}, "'x'"),
        ("grok", {"patterns": ["%{IPP:a}"]}, "'IP'"),
        ("grok", {"patterns": ["(a+)+"]}, "'(a+)+'"),
        ("grok", {"patterns": ["%{DATA:a}%{DATA:b}"]}, "DATA"),
    ],
)
def test_an_option_that_does_not_fit_is_refused_with_advice(parser: str, options: dict[str, object], told: str) -> None:
    """Unknown, missing, of no effect, or a pattern that would be tried again and again."""
    with pytest.raises(FaultsError) as caught:
        parser_of(parser, options)
    assert told in caught.value.render(Lang.EN)


def test_faults_of_options_in_a_platform_name_their_line(tmp_path: Path) -> None:
    """As all faults of a definition do."""
    shipped = next(
        path for path in sorted((Path(__file__).parents[3] / "collectors" / "platforms").glob("antivirus.yaml"))
    )
    text = shipped.read_text("utf-8").replace(
        "    parser: cef\n", "    parser: csv\n    options: {columns: [a, a]}\n", 1
    )
    path = tmp_path / "antivirus.yaml"
    path.write_text(text, "utf-8")
    line = text[: text.index("options:")].count("\n") + 1
    with pytest.raises(FaultsError) as caught:
        load_platform(path)
    assert f"antivirus.yaml:{line}: cột 'a' lặp lại" in str(caught.value.render())
