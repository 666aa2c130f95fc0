"""A bounded memory whose changes wait until what they belong to is committed.

A batch that is repeated, after an error or after kill -9, must see the memory as it was before the batch; so what a batch teaches is
staged, and either committed with the position of the batch or thrown away.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TypeAlias

State: TypeAlias = int | Sequence[int | float]
"""What is known of one key; anything JSON keeps as it is."""

TALLY = "#"
"""The key under which a memory keeps how much it had to forget."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What a batch comes to: entries put, in the order of their last change, and keys dropped."""

    put: Sequence[tuple[str, State]]
    dropped: Sequence[str]


class Memory:
    """Key -> state, at most `bound` of them; the one whose last change is longest ago goes first.

    The bound is held at each commit: between two there may be a batch more.

    Attributes:
        evicted: how many entries had to go so far.
        horizon: highest number that an evicted entry began with: for entries that hold a day, what was last seen on that day or before
            may be forgotten.
    """

    def __init__(self, name: str, bound: int) -> None:
        self.name, self.bound = name, bound
        self.evicted, self.horizon = 0, 0
        self._kept: dict[str, State] = {}
        self._staged: dict[str, State] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: str) -> State | None:
        """What is known of `key`, with what the batch under way has taught."""
        state = self._staged.get(key)
        return self._kept.get(key) if state is None else state

    def put(self, key: str, state: State) -> None:
        """Stage a new state."""
        self._staged.pop(key, None)
        self._staged[key] = state

    def rollback(self) -> None:
        """Throw away what is staged."""
        self._staged.clear()

    def changes(self) -> Changes:
        """What a commit would change; the tally is among it when something has to go."""
        fresh = sum(key not in self._kept for key in self._staged)
        excess = len(self._kept) + fresh - self.bound
        if excess <= 0:
            return Changes(list(self._staged.items()), ())
        dropped = self._oldest(excess)
        put = [(key, state) for key, state in self._staged.items() if key not in dropped]
        horizon = max(self.horizon, *(_first(self.get(key)) for key in dropped))
        return Changes([*put, (TALLY, [self.evicted + len(dropped), horizon])], sorted(dropped))

    def commit(self) -> None:
        """Make what is staged part of the memory."""
        changes = self.changes()
        for key in changes.dropped:
            self._kept.pop(key, None)
        for key, state in changes.put:
            self._settle(key, state)
        self._staged.clear()

    def entries(self) -> Iterable[tuple[str, State]]:
        """What is committed, in the order of its last change."""
        return self._kept.items()

    def load(self, entries: Iterable[tuple[str, State]]) -> None:
        """Begin anew with `entries`, in the order of their last change."""
        self._kept.clear()
        self._staged.clear()
        self.evicted, self.horizon = 0, 0
        for key, state in entries:
            self._settle(key, state)

    def _settle(self, key: str, state: State) -> None:
        if key == TALLY and not isinstance(state, int):
            self.evicted, self.horizon = int(state[0]), int(state[1])
            return
        self._kept.pop(key, None)
        self._kept[key] = state

    def _oldest(self, count: int) -> set[str]:
        found: set[str] = set()
        for key in (*(key for key in self._kept if key not in self._staged), *self._staged):
            if len(found) == count:
                break
            found.add(key)
        return found


def key_of(*parts: object) -> str:
    """A key of fixed size that tells nobody what it was made of."""
    return blake2b("\x1f".join(map(str, parts)).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _first(state: State | None) -> int:
    if state is None:
        return 0
    return state if isinstance(state, int) else int(state[0])
