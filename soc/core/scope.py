"""Who may see what, as a value. Every query of every store takes a Scope, so there is one gate for tenants and for exercises."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scope:
    """The part of the data that a question may touch.

    Attributes:
        agencies: ids of the agencies whose data may be seen; None = all of the province.
        exercise: None = real data only (nothing tagged `soc.exercise`); an id = only that exercise run.
    """

    agencies: frozenset[str] | None
    exercise: str | None = None

    def sees(self, agency: str, exercise: str | None = None) -> bool:
        """Whether a thing of `agency`, tagged `exercise` or real, lies within."""
        return (self.agencies is None or agency in self.agencies) and exercise == self.exercise

    def during(self, exercise: str) -> Scope:
        """The same agencies, looking at one exercise run."""
        return Scope(self.agencies, exercise)


PROVINCE = Scope(agencies=None)
"""All real data of the province: for the suite's own work, never taken from a request."""
