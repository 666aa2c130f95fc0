"""The host name in a syslog header, without reading the rest: it tells the devices behind a relay apart.

Source: RFC 5424 section 6, RFC 3164 section 4.1.2, and the ISO time that rsyslog writes in place of the latter's.
"""

from __future__ import annotations

import re

_LONGEST = 400
_RFC5424 = re.compile(rb"<\d{1,3}>1 \S{1,64} (\S{1,255}) ")
_RFC3164 = re.compile(
    rb"(?:<\d{1,3}>)?(?:[*.]?[A-Z][a-z]{2} {1,2}\d{1,2} (?:\d{4} )?\d\d:\d\d:\d\d(?:\.\d{1,6})?|\d{4}-\d\d-\d\dT\S{1,40}):? "
    rb"([A-Za-z0-9_.:\[\]-]{1,255}) "
)


def hostname_of(data: bytes) -> str:
    """Host name of one record; "" where it has none."""
    head = data[:_LONGEST]
    found = _RFC5424.match(head) or _RFC3164.match(head)
    name = "" if found is None else found[1].decode("ascii", "replace")
    return "" if name == "-" else name
