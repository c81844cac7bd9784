"""Which endpoints should get post-quantum key exchange first: Mosca's inequality with the days that authorities name.

Data that are recorded now must stay secret for some years, and the change to post-quantum key exchange takes some years
too, in which more are recorded. If their sum ends after the last day of classical key exchange, the day is missed.
Both numbers are the owner's, in labels of the target; tlsprobe assumes neither, and no day of its own. A year that is
not known can only add to the sum: it cannot make a missed day one that is met.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final

from model.frozen import frozen
from model.judging.quantum import DEADLINES, Deadline, post_quantum_establishment
from model.observation import Observation
from model.target_labels import migration_years, secrecy_years
from model.verdict import Verdict

_ORDER: Final = (Verdict.NO, Verdict.UNKNOWN, Verdict.YES)
_NO_YEARS: Final = -1


@frozen
class Years:
    """The owner's numbers: how long data must stay secret, and how long the change takes; None if no label says it."""

    secrecy: int | None
    migration: int | None

    @property
    def known(self) -> int:
        """The sum of those that are known."""
        return (self.secrecy or 0) + (self.migration or 0)

    @property
    def are_all_known(self) -> bool:
        """Whether the sum is the whole one."""
        return self.secrecy is not None and self.migration is not None

    def misses(self, last_day: date, at: date) -> Verdict:
        """Whether data that are recorded on ``at`` and until the change must stay secret after ``last_day``."""
        if _later(at, self.known) > (last_day.year, last_day.month, last_day.day):
            return Verdict.YES
        return Verdict.NO if self.are_all_known else Verdict.UNKNOWN


def years_of(labels: Mapping[str, str]) -> Years:
    """The years that the labels of a target state."""
    return Years(secrecy=secrecy_years(labels), migration=migration_years(labels))


@frozen
class Exposure:
    """Whether post-quantum key exchange of one endpoint is proved, and which days it misses without it."""

    key_exchange: Verdict
    years: Years

    def missed(self, deadline: Deadline, at: datetime) -> Verdict:
        """Whether it misses the deadline, as of a time: certain only if key exchange and years are known."""
        if self.key_exchange is Verdict.YES:
            return Verdict.NO
        missed = self.years.misses(deadline.last_day, at.date())
        if missed is Verdict.YES and self.key_exchange is Verdict.UNKNOWN:
            return Verdict.UNKNOWN
        return missed

    def deadlines(self, at: datetime) -> dict[str, Verdict]:
        """Whether it misses each of the deadlines, by name and in order."""
        return {one.name: self.missed(one, at) for one in DEADLINES}


def exposure_of(observation: Observation) -> Exposure:
    """The exposure of the endpoint, by its facts and the labels of its target."""
    return Exposure(
        key_exchange=post_quantum_establishment(observation),
        years=years_of(observation.endpoint.target.labels),
    )


def migration_order(exposure: Exposure, key: str) -> tuple[int, int, str]:
    """What sorts endpoints: those without it before unknown and proved ones, and of these the most years first."""
    years = exposure.years
    is_unknown = years.secrecy is None and years.migration is None
    return (
        _ORDER.index(exposure.key_exchange),
        -(_NO_YEARS if is_unknown else years.known),
        key,
    )


def _later(at: date, years: int) -> tuple[int, int, int]:
    """The day some years later, which may be after the last one that a date can state."""
    return at.year + years, at.month, at.day
