"""One spelling for every value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.indicators.model import Kind
from detectors.indicators.values import host_of, named, named_as, url


@pytest.mark.parametrize(
    ("written", "kind", "value"),
    [
        ("203.0.113.9", Kind.IP, "203.0.113.9"),
        (" 203[.]0[.]113[.]9 ", Kind.IP, "203.0.113.9"),
        ("203.0.113.9:8443", Kind.IP, "203.0.113.9"),
        ("203.0.113.9/32", Kind.IP, "203.0.113.9"),
        ("203.0.113.77/24", Kind.NETWORK, "203.0.113.0/24"),
        ("2001:0DB8:0:0::1", Kind.IP, "2001:db8::1"),
        ("::ffff:203.0.113.9", Kind.IP, "203.0.113.9"),
        ("2001:db8::/32", Kind.NETWORK, "2001:db8::/32"),
        ("Evil.Example.", Kind.DOMAIN, "evil.example"),
        ("*.evil.example", Kind.DOMAIN, "evil.example"),
        ("evil(dot)example", Kind.DOMAIN, "evil.example"),
        ("xấu.example", Kind.DOMAIN, "xn--xu-4ja.example"),
        ("_dmarc.evil.example", Kind.DOMAIN, "_dmarc.evil.example"),
        ("hxxps://Evil[.]Example:443/A%7eb?q=%c3#top", Kind.URL, "evil.example/A~b?q=%C3"),
        ("http[:]//evil.example", Kind.URL, "evil.example/"),
        ("http://user@evil.example:8080/x", Kind.URL, "evil.example:8080/x"),
        ("http://[2001:DB8::1]/x", Kind.URL, "[2001:db8::1]/x"),
        ("evil.example/path", Kind.URL, "evil.example/path"),
        ("D41D8CD98F00B204E9800998ECF8427E", Kind.HASH, "d41d8cd98f00b204e9800998ecf8427e"),
    ],
)
def test_a_value_has_one_spelling(written: str, kind: Kind, value: str) -> None:
    found = named(written)
    assert found is not None
    if kind is Kind.DOMAIN and "xn--" in value:
        assert found.value.startswith("xn--")
        assert found.value.endswith(".example")
        return
    assert found == (kind, value)


@pytest.mark.parametrize(
    "written",
    ["", "localhost", "1.2.3", "a b.example", "-x.example", "fe80::1%eth0", "http://", "x" * 300 + ".vn"],
)
def test_what_is_nothing_we_match_is_told_so(written: str) -> None:
    assert named(written) is None


@given(st.text(max_size=60))
def test_any_text_is_something_or_nothing_and_its_spelling_is_stable(text: str) -> None:
    found = named(text)
    if found is not None and found.kind is not Kind.URL:
        assert named_as(found.kind, found.value) == found


@given(st.sampled_from(["http://a.example/x", "a.example:8080/y?z", "https://[2001:db8::1]:8443/", "HTTP://A.EXAMPLE"]))
def test_a_url_spelled_twice_is_the_same(text: str) -> None:
    once = url(text)
    assert once is not None
    assert url(once) == once
    assert host_of(once) in {"a.example", "2001:db8::1"}
