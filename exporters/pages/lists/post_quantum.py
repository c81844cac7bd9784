"""Which endpoints have post-quantum key exchange, and in which order the others should get it.

Data that must stay secret for longer are more exposed (Mosca's inequality, ``model.judging.exposure``), so endpoints without it
come first, those with the most years of the labels ``secrecy_years`` and ``migration_years`` before the others. Without a label
the years are unknown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from exporters.pages.links import endpoint_link, evidence_link
from exporters.pages.rows import Badge, Mark, Row
from model.frozen import frozen
from model.judging.exposure import Exposure, exposure_of, migration_order
from model.judging.quantum import DEADLINES
from model.observation import State
from model.records.fleet_count import served_leaves
from model.verdict import Verdict

_ORDER: Final = (Verdict.YES, Verdict.UNKNOWN, Verdict.NO)
_BADGES: Final[dict[Verdict, tuple[str, Mark]]] = {
    Verdict.YES: ("proved", "good"),
    Verdict.NO: ("none", "warning"),
    Verdict.UNKNOWN: ("unknown", "unknown"),
}
_SECTIONS: Final = {State.SSH: "ssh", State.IKE: "ike"}
"""The section with the fact, for protocols with an encryption of their own."""


@frozen
class QuantumLine:
    """An endpoint, and its exposure without post-quantum key exchange."""

    row: Row
    exposure: Exposure

    @property
    def badge(self) -> Badge:
        """Whether post-quantum key exchange is proved."""
        text, mark = _BADGES[self.exposure.key_exchange]
        return Badge(text=text, mark=mark)

    @property
    def link(self) -> str:
        """The page of the endpoint."""
        return endpoint_link(self.row)

    @property
    def proof(self) -> str:
        """The page with what proves the verdict."""
        return evidence_link(self.row, _SECTIONS.get(self.row.status.observation.state, "features"))

    def secret_until(self, now: datetime) -> str:
        """The year until which data that are recorded now must stay secret."""
        years = self.exposure.years.secrecy
        return "unknown" if years is None else str(now.year + years)

    def missed(self, now: datetime) -> tuple[Badge, ...]:
        """The deadlines that it misses, and those of which that is unknown."""
        return missed_badges(self.exposure, now)


@frozen
class QuantumLedger:
    """The endpoints that answered, the most exposed first, and the counts of endpoints and leaf certificates."""

    lines: tuple[QuantumLine, ...]
    endpoints: tuple[tuple[Badge, int], ...]
    leaves: int
    post_quantum_keys: int
    post_quantum_signatures: int


def quantum_ledger(rows: Iterable[Row]) -> QuantumLedger:
    """The ledger of the endpoints of ``rows``."""
    answered = [row for row in rows if row.answered]
    lines = sorted(map(_line, answered), key=lambda one: migration_order(one.exposure, one.row.key))
    counts = Counter(row.post_quantum for row in answered)
    leaves = {leaf for row in answered for leaf in served_leaves(row.status.observation)}
    return QuantumLedger(
        lines=tuple(lines),
        endpoints=tuple(
            (Badge(text=_BADGES[verdict][0], mark=_BADGES[verdict][1]), counts[verdict])
            for verdict in _ORDER
        ),
        leaves=len(leaves),
        post_quantum_keys=sum(one.has_post_quantum_key for one in leaves),
        post_quantum_signatures=sum(one.has_post_quantum_signature for one in leaves),
    )


def missed_badges(exposure: Exposure, now: datetime) -> tuple[Badge, ...]:
    """A badge for each deadline that is missed, and one for all of which that is unknown."""
    return tuple(_missed(exposure, now))


def _missed(exposure: Exposure, now: datetime) -> Iterator[Badge]:
    unknown = []
    for deadline in DEADLINES:
        words = f"{deadline.title}, {deadline.last_day}"
        match exposure.missed(deadline, now):
            case Verdict.YES:
                yield Badge(text=deadline.title, mark="bad", title=f"missed: {words}")
            case Verdict.UNKNOWN:
                unknown.append(words)
    if unknown:
        what = "key exchange" if exposure.key_exchange is Verdict.UNKNOWN else "years"
        title = f"the {what} of the endpoint are not known, and so is whether it misses {'; '.join(unknown)}"
        yield Badge(
            text="unknown" if len(unknown) == len(DEADLINES) else "others unknown",
            mark="unknown",
            title=title,
        )


def _line(row: Row) -> QuantumLine:
    return QuantumLine(row=row, exposure=exposure_of(row.status.observation))
