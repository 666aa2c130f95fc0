"""Lucene text as a condition, and what is said of text that is none."""

from __future__ import annotations

import threading

import pytest

from soc.core.errors import QueryError
from soc.core.i18n import Lang
from soc.storage.conditions import AllOf, AnyOf, Between, Condition, Equals, Everything, Exists, Like, Not, Wild, Words
from soc.storage.query import MAX_CHARS, parse

ANY, ONE = Wild.ANY, Wild.ONE
HOUR_MICROS = 3_600_000_000
NOV_17 = 1_794_848_400_000_000
"""2026-11-17T00:00+07:00 in microseconds of the epoch."""


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("  ", Everything()),
        ("*", Everything()),
        ("user.name:Admin", Equals("user.name", "admin")),
        ('user.name:"Trấn Biên"', Equals("user.name", "trấn biên")),
        (r"user.name:DOMAIN\\admin", Equals("user.name", "domain\\admin")),
        (r'a:"say \"x\" *"', Equals("a", 'say "x" *')),
        (r"odd\ name:1", Equals("odd name", "1")),
        ("a:x*y?", Like("a", ("x", ANY, "y", ONE))),
        (r"a:x\*y**", Like("a", ("x*y", ANY))),
        ("a:**", Exists("a")),
        ("_exists_:a.b", Exists("a.b")),
        ("url.path:/a/b.php", Equals("url.path", "/a/b.php")),
        ("url.path:/wp-*", Like("url.path", ("/wp-", ANY))),
        ("url.path:(/a OR /b)", AnyOf((Equals("url.path", "/a"), Equals("url.path", "/b")))),
        ("source.port:-1", Equals("source.port", -1)),
        ("source.port:5.5", Between("source.port", 6, 5)),
        ("source.port:>5.5", Between("source.port", 5, None, include_low=False)),
        ("a:{1 TO b]", Between("a", "1", "b", include_low=False)),
        ("a:[-5 TO *}", Between("a", -5.0, None, include_high=False, numeric=True)),
        ("a:[* TO *]", Exists("a")),
        ("source.ip:192.0.2.1", Equals("source.ip", 0xFFFF_C000_0201)),
        ("source.ip:192.0.2.77/31", Between("source.ip", 0xFFFF_C000_024C, 0xFFFF_C000_024D)),
        ("@timestamp:2026-11-17", Between("@timestamp", NOV_17, NOV_17 + 24 * HOUR_MICROS - 1)),
        ("@timestamp:{2026-11-17T00 TO *}", Between("@timestamp", NOV_17 + HOUR_MICROS - 1, None, include_low=False, include_high=False)),
        ('@timestamp:<"2026-11-16T17:00:00Z"', Between("@timestamp", None, NOV_17, include_high=False)),
        ("@timestamp:[2026 TO 2026-12]", Between("@timestamp", 1_767_200_400_000_000, 1_798_736_399_999_999)),
        ("Đăng nhập", AllOf((Words(None, (("dang",),)), Words(None, (("nhap",),))))),
        ('message:"web-shell.php"', Words("message", (("web",), ("shell",), ("php",)))),
        ("message:*/wp-lo?in*", Words("message", (("wp",), ("lo", ONE, "in", ANY)))),
        ("a:x OR b:y c:z", AllOf((AnyOf((Equals("a", "x"), Equals("b", "y"))), Equals("c", "z")))),
        ("+a:x -b:y", AllOf((Equals("a", "x"), Not(Equals("b", "y"))))),
        ("NOT a:x AND b:y", AllOf((Not(Equals("a", "x")), Equals("b", "y")))),
    ],
)  # fmt: skip
def test_text_means_a_condition(text: str, condition: Condition) -> None:
    assert parse(text) == condition


@pytest.mark.parametrize(
    ("text", "column", "found"),
    [
        ("user.name:(an OR", 17, "breaks off"),
        ("a AND OR b", 7, "OR b"),
        ("a:b)", 4, ")"),
        ('a:"open', 3, '"open'),
        ("source.ip:2001:db8::1", 20, ":1"),
        ("url.path:/a x:y:z", 15, "inside"),
        ("x:/re.*x/ y", 3, "regular"),
        ("a:(b AND c:d)", 10, "field c stands inside the value of field a"),
        ("path:C:\\\\x", 6, "field C"),
        ("user.*:x", 1, "wildcard in field name"),
        ("foo~2", 1, "fuzzy"),
        ('"a b"~3', 1, "fuzzy"),
        ("foo^2", 1, "not supported"),
        ("a:x && b:y", 5, "&&"),
        ("!a", 1, "!"),
        ("status http.response.status_code:abc", 34, "abc"),
        ("source.ip:999.1.1.1", 11, "999.1.1.1"),
        ("@timestamp:[now-1d TO now]", 12, "now-1d"),
        ("@timestamp:2026-13", 12, "2026-13"),
        ("@timestamp:2026-1*", 12, "wildcard"),
        ("soc.time.in_hours:yes", 19, "yes"),
        ("message:[a TO b]", 9, "range"),
        ("[a TO b]", 1, "range"),
        ("message:a/*/b", 9, "alone"),
        ('"---"', 1, "no letter"),
        ("a:[(b) TO c]", 4, "(b)"),
        ("event.risk_score:>1e999", 18, "1e999"),
        ("(" * 50 + "a" + ")" * 50, 42, "nested"),
        ("a" * (MAX_CHARS + 1), MAX_CHARS, "long"),
    ],
)
def test_text_that_is_no_query_is_refused_with_column_and_advice_in_both_languages(
    text: str, column: int, found: str
) -> None:
    with pytest.raises(QueryError) as refused:
        parse(text)
    error = refused.value
    assert (error.where, found in error.found.render(Lang.EN)) == (str(column), True), error.render(Lang.EN)
    assert error.advice is not None
    for lang in Lang:
        assert error.render(lang).startswith(f"{column}: ")
    assert error.render(Lang.EN) != error.render(Lang.VI)


def test_many_threads_may_parse_at_once() -> None:
    expected = parse("(a:1 OR b:[2 TO 3]) AND NOT c:x*")
    results: list[bool] = []

    def work() -> None:
        results.extend(parse("(a:1 OR b:[2 TO 3]) AND NOT c:x*") == expected for _ in range(20))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 80
