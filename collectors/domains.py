"""The parts of a domain name: what was registered, under which suffix, and what its owner put in front.

No list of public suffixes ships with us. Where registries sell names under a second label (`com.vn`, `co.uk`), that label is one of few
words, and under `.vn` also a province; all else is taken to be sold under the last label. A wrong guess splits a name one label off.
"""

from __future__ import annotations

from functools import lru_cache

from collectors.parsing import Record

_SECOND_LEVEL = frozenset(
    ("com", "net", "org", "gov", "edu", "mil", "int", "ac", "co", "go", "or", "ne", "gob", "gouv")
)
"""Labels that registries of two-letter domains sell names under. Source: publicsuffix.org list, section ICANN, most frequent labels."""
_VIETNAM = frozenset(
    (
        *("biz", "health", "id", "info", "io", "name", "pro", "ai"),
        *(
            "angiang",
            "bacgiang",
            "backan",
            "baclieu",
            "bacninh",
            "baria-vungtau",
            "bentre",
            "binhdinh",
            "binhduong",
            "binhphuoc",
        ),
        *(
            "binhthuan",
            "camau",
            "cantho",
            "caobang",
            "daklak",
            "daknong",
            "danang",
            "dienbien",
            "dongnai",
            "dongthap",
            "gialai",
        ),
        *(
            "hagiang",
            "haiduong",
            "haiphong",
            "hanam",
            "hanoi",
            "hatinh",
            "haugiang",
            "hoabinh",
            "hungyen",
            "khanhhoa",
            "kiengiang",
        ),
        *(
            "kontum",
            "laichau",
            "lamdong",
            "langson",
            "laocai",
            "longan",
            "namdinh",
            "nghean",
            "ninhbinh",
            "ninhthuan",
            "phutho",
        ),
        *(
            "phuyen",
            "quangbinh",
            "quangnam",
            "quangngai",
            "quangninh",
            "quangtri",
            "soctrang",
            "sonla",
            "tayninh",
            "thaibinh",
        ),
        *(
            "thainguyen",
            "thanhhoa",
            "thanhphohochiminh",
            "thuathienhue",
            "tiengiang",
            "travinh",
            "tuyenquang",
            "vinhlong",
        ),
        *("vinhphuc", "yenbai"),
    )
)
"""Labels under `.vn` that names are registered under: of VNNIC's general and geographical second-level domains."""


def put_domain_parts(fields: Record, prefix: str, name: str) -> None:
    """Write `registered_domain`, `subdomain` and `top_level_domain` of `name` under `prefix`; nothing for addresses and reverse names."""
    parts = domain_parts(name)
    if parts is None:
        return
    subdomain, registered, suffix = parts
    fields[f"{prefix}.registered_domain"] = registered
    fields[f"{prefix}.top_level_domain"] = suffix
    if subdomain:
        fields[f"{prefix}.subdomain"] = subdomain


@lru_cache(maxsize=16384)
def domain_parts(name: str) -> tuple[str, str, str] | None:
    """(sub-domain, registered domain, suffix) of `name`; None when nothing can be registered there: one label, an address, `.arpa`."""
    labels = name.rstrip(".").lower().split(".")
    if len(labels) < 2 or not all(labels) or labels[-1].isdecimal() or labels[-1] == "arpa":
        return None
    taken = 2 if len(labels) > 2 and _sold_under_two(labels[-2], labels[-1]) else 1
    return ".".join(labels[: -taken - 1]), ".".join(labels[-taken - 1 :]), ".".join(labels[-taken:])


def _sold_under_two(second: str, top: str) -> bool:
    return len(top) == 2 and (second in _SECOND_LEVEL or (top == "vn" and second in _VIETNAM))
