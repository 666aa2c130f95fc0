"""What a correlation reads from an event: its group, the value it measures, and what outer correlations will ask for.

Field names are resolved once per (correlation, rule it looks at). A value that an event lacks puts it in no group; a value is told from
another by its JSON type as well, so 1, 1.0, true and "1" are four.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import orjson

from detectors.sigma.correlation_rules import CorrelationRule, CorrelationType
from detectors.sigma.measure import Value
from detectors.sigma.values import MISSING, Document, number, read, text
from detectors.sigma.windows import Key

ValueOf = Callable[[str], object]
AGENCY, EXERCISE = "soc.agency", "soc.exercise"
_LARGEST = 1e300
"""A greater number is taken for none, as sums of such would be infinite."""


def default_partition(rule: CorrelationRule) -> tuple[str, ...]:
    """Marks that keep events apart besides `group-by`: no agency is mixed with another, and no exercise with the real thing.

    A rule with `vonggac: {scope: province}` looks over all agencies.
    """
    ours = rule.custom.get("vonggac")
    province = isinstance(ours, Mapping) and ours.get("scope") == "province"
    return (EXERCISE,) if province else (AGENCY, EXERCISE)


def no_partition(_rule: CorrelationRule) -> tuple[str, ...]:
    """Nothing but `group-by`."""
    return ()


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads events of one rule for one correlation.

    Attributes:
        source: index of the rule in the correlation.
        marks: fields that keep groups apart besides `group-by`.
        group: per name of `group-by` the field of this rule and the alias, which an inner correlation knows.
        fields: the same for the measured fields.
        carried: fields that outer correlations ask for.
        numeric: whether the measured value must be a number.
    """

    source: int
    marks: tuple[str, ...]
    group: tuple[tuple[str, str], ...]
    fields: tuple[tuple[str, str], ...]
    carried: tuple[str, ...]
    numeric: bool

    def key(self, value_of: ValueOf, document: Document) -> Key | None:
        """What keeps the event's group apart; None when it belongs to none.

        The marks are read from the document itself: no rule has another name for them.
        """
        parts: list[object] = []
        for name in self.marks:
            mark = document.get(name) or read(document, name)
            parts.append(mark if type(mark) is str else _keyed(plain(mark)))
        for own, alias in self.group:
            value = value_of(own)
            if type(value) is not str:
                value = _keyed(plain(value_of(alias) if value is MISSING and own != alias else value))
                if value is None:
                    return None
            parts.append(value)
        return tuple(parts)

    def value(self, value_of: ValueOf) -> Value:
        """The measured value; None for an event that has none, which is then left out."""
        own, alias = self.fields[0]
        value = value_of(own)
        if value is MISSING and own != alias:
            value = value_of(alias)
        if self.numeric:
            return _finite(value)
        if len(self.fields) > 1:
            return self._values(value_of)
        if type(value) is str:
            return value
        found = plain(value)
        return None if found is None else text(found)

    def _values(self, value_of: ValueOf) -> Value:
        found = [plain(_aliased(value_of, own, alias)) for own, alias in self.fields]
        return None if None in found else tuple(map(text, found))

    def carry(self, value_of: ValueOf) -> tuple[object, ...]:
        """The values of `carried`."""
        return tuple(plain(value_of(name)) for name in self.carried)


def readers(rule: CorrelationRule, marks: tuple[str, ...], carried: Sequence[str]) -> Mapping[str, tuple[Reader, ...]]:
    """Rule id -> how its events are read; more than one where a correlation names a rule twice."""
    found: dict[str, tuple[Reader, ...]] = {}
    measured = rule.criteria.fields if rule.type.reads_values else ()
    for index, source in enumerate(rule.sources):
        reader = Reader(
            source=index,
            marks=marks,
            group=tuple((rule.field_for(name, source), name) for name in rule.group_by),
            fields=tuple((rule.field_for(name, source), name) for name in measured),
            carried=tuple(carried),
            numeric=rule.type is not CorrelationType.VALUE_COUNT,
        )
        found[source] = (*found.get(source, ()), reader)
    return found


def fields_read(rule: CorrelationRule, source: str, marks: Sequence[str]) -> list[str]:
    """Every field that a correlation may ask an event of `source` for."""
    names = [*rule.group_by, *rule.criteria.fields]
    return list(dict.fromkeys([*marks, *(rule.field_for(name, source) for name in names), *names]))


def named_group(rule: CorrelationRule, key: Key) -> dict[str, object]:
    """Name in `group-by` -> value."""
    values = key[len(key) - len(rule.group_by) :]
    return {
        name: value[1] if isinstance(value, tuple) else value for name, value in zip(rule.group_by, values, strict=True)
    }


def _aliased(value_of: ValueOf, own: str, alias: str) -> object:
    value = value_of(own)
    return value_of(alias) if value is MISSING and own != alias else value


def plain(value: object) -> str | int | float | None:
    """A value as one scalar: anything but a scalar as JSON text; None where there is none."""
    if value is MISSING or value is None:
        return None
    if isinstance(value, list) and len(value) == 1:
        return plain(value[0])
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return str(value)
    if isinstance(value, (str, int, float)):
        return value
    return orjson.dumps(value, default=str).decode()


def _keyed(value: str | float | None) -> object:
    """A value as part of a key; what is no text carries its type, since 1, 1.0 and True are one key in Python."""
    return value if value is None or type(value) is str else (type(value).__name__, value)


def _finite(value: object) -> int | float | None:
    if type(value) is int and -(2**63) <= value < 2**63:
        return value
    found = number(plain(value))
    if found is None or not abs(found) <= _LARGEST:  # a comparison that is false for NaN as well
        return None
    return found if isinstance(found, float) or abs(found) < 2**63 else float(found)
