"""Enrichment that takes a memory: what the stream has taught so far, told of each event before it is stored.

| field | told of | value |
|---|---|---|
| `soc.baseline.new_source` | an account with a source address | whether account and network (/24, /48) were not seen together for 30 days |
| `soc.baseline.bytes_ratio` | an answered page | its size against the median of the last 31 minutes in which the page was asked for |
| `soc.baseline.sign_hourly` | a signature | median of the signatures of the account over the last 31 hours in which it signed |
| `soc.baseline.sign_ratio` | a signature | those of this hour so far, this one among them, against that median |
| `soc.payment.amount_mismatch` | a payment notice | whether its amount differs from that the payment was made with, at most a day ago |
| `soc.vehicle.jump_kmh` | a position of a vehicle | speed needed to come there from the position before |
| `soc.station.unchanged` | a reading in measurement | how many readings in a row, this one among them, had this very value |
| `soc.gap` | a numbered record of a device | whether numbers before it are missing (`collectors.enrich.sequence`) |

Unknown stays absent: `new_source` is only true once the account was seen on 3 days, or its platform and agency were heard for 30 days, and
not where the memory had to forget pairs of these 30 days; a ratio wants 10 sizes, an hourly figure 8 hours. What failed teaches nothing, or
guessing would make the guesser's network known. What an exercise does is measured and teaches nothing. Times are those of the events; what
comes late is measured against what is known, and moves nothing back.

The memory is bounded, holds hashes of names alone, and changes only with the batch it belongs to (`collectors.enrich.memory`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from math import asin, cos, isfinite, radians, sin, sqrt
from statistics import median
from typing import Protocol

from collectors.enrich.memory import Memory, key_of
from collectors.enrich.networks import network_of
from collectors.enrich.sequence import SequenceGap
from soc.core.event import Event, Value

WINDOW_DAYS = 30
LEAST_DAYS = 3
"""An account seen on so many days before has habits: a network it was never seen in tells something."""
SAMPLES = 31
LEAST_SIZES, LEAST_HOURS = 10, 8
DAY_S, HOUR_S, MINUTE_S = 86_400, 3_600, 60
EARTH_KM = 6_371.0
STANDSTILL_KM = 0.1
"""Less than this is the error of the receiver."""

Fields = Mapping[str, Value]
Added = dict[str, Value]


class Baseline(Protocol):
    """One memory and what it tells."""

    @property
    def memories(self) -> tuple[Memory, ...]: ...

    def add(self, event: Event, *, teach: bool) -> Added:
        """The fields to add to `event`; with `teach` it becomes part of the memory."""
        ...


class NewSource:
    """`soc.baseline.new_source`."""

    def __init__(self, bound: int = 150_000) -> None:
        self._pairs = Memory("new_source", bound)
        self._histories = Memory("new_source_since", 10_000)
        self._accounts = Memory("new_source_days", bound // 2)
        self.memories = (self._pairs, self._histories, self._accounts)

    def add(self, event: Event, *, teach: bool) -> Added:
        fields = event.fields
        account, address = fields.get("user.name") or fields.get("user.id"), fields.get("source.ip")
        if account is None or not isinstance(address, str):
            return {}
        day = _second(event) // DAY_S
        origin = _origin(fields)
        pair, owner = key_of(origin, account, network_of(address)), key_of(origin, account)
        last = self._pairs.get(pair)
        new = self._unseen(origin, owner, day) if last is None else day - _number(last) > WINDOW_DAYS
        if teach and fields.get("event.outcome") != "failure":
            self._teach(origin, pair, owner, day)
        return {} if new is None else {"soc.baseline.new_source": new}

    def _unseen(self, origin: str, owner: str, day: int) -> bool | None:
        since, days = self._histories.get(origin), _numbers(self._accounts.get(owner)) or []
        heard_long_enough = since is not None and day - _number(since) >= WINDOW_DAYS
        has_habits = sum(day - WINDOW_DAYS <= seen < day for seen in days) >= LEAST_DAYS
        may_be_forgotten = self._pairs.evicted > 0 and self._pairs.horizon >= day - WINDOW_DAYS
        return True if (heard_long_enough or has_habits) and not may_be_forgotten else None

    def _teach(self, origin: str, pair: str, owner: str, day: int) -> None:
        last, since = self._pairs.get(pair), self._histories.get(origin)
        if last is None or day > _number(last):
            self._pairs.put(pair, day)
        if since is None or day < _number(since):
            self._histories.put(origin, day)
        days = _numbers(self._accounts.get(owner)) or []
        if day not in days:
            self._accounts.put(owner, sorted([*days, day])[-LEAST_DAYS - 1 :])


class BytesRatio:
    """`soc.baseline.bytes_ratio`; one size a minute and page is remembered, so that a flood does not become the measure of itself."""

    def __init__(self, bound: int = 20_000) -> None:
        self._pages = Memory("bytes_ratio", bound)
        self.memories = (self._pages,)

    def add(self, event: Event, *, teach: bool) -> Added:
        fields = event.fields
        size = fields.get("http.response.body.bytes", fields.get("http.response.bytes"))
        path, status = fields.get("url.path"), fields.get("http.response.status_code", 200)
        if path is None or not isinstance(size, int) or not isinstance(status, int) or not 200 <= status < 300:
            return {}
        page = key_of(_origin(fields), fields.get("url.domain"), path)
        minute, *sizes = _numbers(self._pages.get(page)) or [-1]
        now = _second(event) // MINUTE_S
        if teach and now > minute and fields.get("event.outcome") != "failure":
            self._pages.put(page, [now, *sizes[-SAMPLES + 1 :], size])
        if len(sizes) < LEAST_SIZES:
            return {}
        return {"soc.baseline.bytes_ratio": round(size / max(median(sizes), 1), 2)}


class SignHourly:
    """`soc.baseline.sign_hourly` and `soc.baseline.sign_ratio`."""

    def __init__(self, bound: int = 20_000) -> None:
        self._signers = Memory("sign_hourly", bound)
        self.memories = (self._signers,)

    def add(self, event: Event, *, teach: bool) -> Added:
        fields = event.fields
        account = fields.get("user.name")
        if fields.get("event.action") != "sign" or account is None or fields.get("event.outcome") == "failure":
            return {}
        signer = key_of(_origin(fields), account)
        hour, count, *before = _numbers(self._signers.get(signer)) or [-1, 0]
        now = _second(event) // HOUR_S
        if now > hour:
            before, count = [*before, count][-SAMPLES:] if count else before, 0
        if teach and now >= hour:
            self._signers.put(signer, [now, count + 1, *before])
        if len(before) < LEAST_HOURS:
            return {}
        usual = float(median(before))
        return {"soc.baseline.sign_hourly": usual, "soc.baseline.sign_ratio": round((count + 1) / max(usual, 1), 2)}


class AmountMismatch:
    """`soc.payment.amount_mismatch`."""

    def __init__(self, bound: int = 50_000) -> None:
        self._payments = Memory("amount_mismatch", bound)
        self.memories = (self._payments,)

    def add(self, event: Event, *, teach: bool) -> Added:
        fields = event.fields
        payment, amount = fields.get("soc.payment.txn"), _amount(fields.get("soc.payment.amount"))
        action = str(fields.get("event.action", "")).upper()
        if payment is None or amount is None or action not in ("CREATE", "IPN"):
            return {}
        key, now = key_of(fields.get("soc.platform"), payment), _second(event)
        made = _numbers(self._payments.get(key))
        if action == "CREATE":
            if teach and made is None:
                self._payments.put(key, [now, amount])
            return {}
        if made is None or now - made[0] > DAY_S or fields.get("event.outcome") == "failure":
            return {}
        return {"soc.payment.amount_mismatch": made[1] != amount}


class VehicleJump:
    """`soc.vehicle.jump_kmh`: 0 for a vehicle that stands still."""

    def __init__(self, bound: int = 20_000) -> None:
        self._vehicles = Memory("vehicle_jump", bound)
        self.memories = (self._vehicles,)

    def add(self, event: Event, *, teach: bool) -> Added:
        fields = event.fields
        vehicle = fields.get("device.id")
        place = [_amount(fields.get(f"observer.geo.location.{axis}")) for axis in ("lat", "lon")]
        if vehicle is None or place[0] is None or place[1] is None:
            return {}
        key, now = key_of(fields.get("soc.platform"), vehicle), _second(event)
        before = _numbers(self._vehicles.get(key))
        if before is not None and now <= before[0]:
            return {}
        if teach:
            self._vehicles.put(key, [now, place[0], place[1]])
        if before is None:
            return {}
        way = distance_km(before[1], before[2], place[0], place[1])
        speed = 0.0 if way < STANDSTILL_KM else way / ((now - before[0]) / HOUR_S)
        return {"soc.vehicle.jump_kmh": round(speed, 1)}


class StationUnchanged:
    """`soc.station.unchanged`: 1 for a value that differs from the one before; calibration and errors begin anew."""

    def __init__(self, bound: int = 20_000) -> None:
        self._readings = Memory("station_unchanged", bound)
        self.memories = (self._readings,)

    def add(self, event: Event, *, teach: bool) -> Added:
        fields = event.fields
        value, parameter = _amount(fields.get("soc.station.value")), fields.get("soc.station.parameter")
        if value is None or parameter is None:
            return {}
        station = fields.get("soc.station.id") or fields.get("device.id") or fields.get("soc.source")
        key, now = key_of(_origin(fields), station, parameter), _second(event)
        before = _numbers(self._readings.get(key))
        if before is not None and now <= before[0]:
            return {}
        measuring = str(fields.get("soc.station.status", "00")) in ("0", "00")
        count = int(before[2]) + 1 if measuring and before is not None and before[1] == value else 1
        if teach:
            self._readings.put(key, [now, value, count if measuring else 0])
        return {"soc.station.unchanged": count} if measuring else {}


@dataclass(frozen=True, slots=True)
class Baselines:
    """All of them, over one stream."""

    baselines: Sequence[Baseline]

    @property
    def memories(self) -> list[Memory]:
        """Every memory, by which the state is kept and reported."""
        return [memory for one in self.baselines for memory in one.memories]

    def enrich(self, events: Sequence[Event], new: Collection[str]) -> list[Event]:
        """The events with what the baselines tell; what an earlier call has staged is thrown away first.

        Args:
            events: one batch in its order.
            new: the ids that the store does not hold yet; all others, and second copies, are passed on as they are.
        """
        self.rollback()
        waiting = set(new)
        return [self._enriched(event, waiting) for event in events]

    def commit(self) -> None:
        """What the last batch taught stays."""
        for memory in self.memories:
            memory.commit()

    def rollback(self) -> None:
        """What the last batch taught goes."""
        for memory in self.memories:
            memory.rollback()

    def _enriched(self, event: Event, waiting: set[str]) -> Event:
        if event.id not in waiting:
            return event
        waiting.discard(event.id)
        added: Added = {}
        teach = event.exercise is None
        for one in self.baselines:
            if told := one.add(event, teach=teach):
                added |= told
        return Event({**event.fields, **added}) if added else event


def default_baselines() -> Baselines:
    """The baselines, all empty."""
    sized = (NewSource(), BytesRatio(), SignHourly(), AmountMismatch(), VehicleJump(), StationUnchanged())
    return Baselines((*sized, SequenceGap()))


def distance_km(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Great-circle distance of two points in degrees (haversine)."""
    up, right = radians(other_lat - lat) / 2, radians(other_lon - lon) / 2
    a = sin(up) ** 2 + cos(radians(lat)) * cos(radians(other_lat)) * sin(right) ** 2
    return 2 * EARTH_KM * asin(min(1.0, sqrt(a)))


def _second(event: Event) -> int:
    return _second_of(str(event.fields["@timestamp"])[:19])


@lru_cache(maxsize=4096)
def _second_of(text: str) -> int:
    """`2026-11-17T01:05:11` in UTC as seconds since 1970; events come many to a second."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def _origin(fields: Fields) -> str:
    """What no baseline mixes: platform and agency."""
    return _origin_of(str(fields.get("soc.platform")), str(fields.get("soc.agency")))


_origin_of = lru_cache(maxsize=4096)(key_of)


def _number(state: object) -> int:
    return state if isinstance(state, int) else 0


def _numbers(state: object) -> list[int | float] | None:
    return list(state) if isinstance(state, list) else None


def _amount(value: Value | None) -> float | None:
    try:
        number = None if value is None or isinstance(value, list) else float(value)
    except ValueError:
        return None
    return number if number is not None and isfinite(number) else None
