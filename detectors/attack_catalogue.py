"""The ATT&CK matrix that tags of rules refer to: tactics in their order, techniques, and which belongs to which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from detectors.alert import Names
from detectors.checks.attack import VERSION, attack_table

_VIETNAMESE: Mapping[str, str] = MappingProxyType(
    {
        "reconnaissance": "Trinh sát",
        "resource-development": "Chuẩn bị nguồn lực",
        "initial-access": "Truy cập ban đầu",
        "execution": "Thực thi",
        "persistence": "Duy trì",
        "privilege-escalation": "Leo thang đặc quyền",
        "stealth": "Ẩn mình",
        "defense-impairment": "Làm suy yếu phòng thủ",
        "credential-access": "Lấy thông tin xác thực",
        "discovery": "Dò xét",
        "lateral-movement": "Di chuyển ngang",
        "collection": "Thu thập",
        "command-and-control": "Chỉ huy và điều khiển",
        "exfiltration": "Chuyển dữ liệu ra ngoài",
        "impact": "Tác động",
    }
)
"""Tactics in the order of the matrix, with our names; ATT&CK has English ones only."""


@dataclass(frozen=True, slots=True)
class Tactic:
    """A column of the matrix: what an attacker wants to reach. `id` as in tags and layers ("lateral-movement")."""

    id: str
    name: Names


@dataclass(frozen=True, slots=True)
class Technique:
    """A way to reach it; names are ATT&CK's own and English. `T1110.003` is a sub-technique of `T1110`."""

    id: str
    name: str
    tactics: tuple[str, ...]

    @property
    def parent(self) -> str:
        """The technique that this one is a part of, or itself."""
        return self.id.partition(".")[0]

    @property
    def is_part(self) -> bool:
        """Whether it is a sub-technique."""
        return "." in self.id


@dataclass(frozen=True, slots=True)
class AttackCatalogue:
    """One version of ATT&CK Enterprise; tactics in the order of the matrix, techniques in force only.

    Attributes:
        others: techniques of ATT&CK for ICS and of ATLAS, which have no place in the Enterprise matrix and so no tactics here.
    """

    version: str
    tactics: tuple[Tactic, ...]
    techniques: Mapping[str, Technique]
    others: Mapping[str, Technique]


@cache
def attack_catalogue() -> AttackCatalogue:
    """The version that the suite is pinned to, that of `soc rules check`."""
    table = attack_table()
    return AttackCatalogue(
        version=VERSION,
        tactics=tuple(Tactic(ident, {"vi": name, "en": table.tactics[ident]}) for ident, name in _VIETNAMESE.items()),
        techniques={ident: Technique(ident, name, table.tactics_of[ident]) for ident, name in table.techniques.items()},
        others={ident: Technique(ident, name, ()) for ident, name in table.others.items()},
    )
