"""Which endpoints have post-quantum key exchange, and in which order the others should get it.

Data that must stay secret for longer are more exposed (Mosca's inequality), so endpoints without it come first, those with the
most years of the label ``secrecy_years`` before the others. Without the label the years are unknown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from exporters.pages.links import endpoint_link, evidence_link
from exporters.pages.rows import Badge, Mark, Row
from model.certificates.certificate import KeyType
from model.frozen import frozen
from model.judging.quantum import post_quantum_key_exchange
from model.target_labels import secrecy_years
from model.verdict import Verdict

_ORDER: Final = (Verdict.NO, Verdict.UNKNOWN, Verdict.YES)
_BADGES: Final[dict[Verdict, tuple[str, Mark]]] = {
    Verdict.YES: ("proved", "good"),
    Verdict.NO: ("none", "warning"),
    Verdict.UNKNOWN: ("unknown", "unknown"),
}


@frozen
class QuantumLine:
    """An endpoint, whether it has post-quantum key exchange, and for how many years its data must stay secret."""

    row: Row
    key_exchange: Verdict
    years: int | None

    @property
    def badge(self) -> Badge:
        """Whether a handshake finished with a post-quantum group."""
        text, mark = _BADGES[self.key_exchange]
        return Badge(text=text, mark=mark)

    @property
    def link(self) -> str:
        """The page of the endpoint."""
        return endpoint_link(self.row)

    @property
    def proof(self) -> str:
        """The page with what proves the verdict."""
        return evidence_link(self.row, "features")

    def secret_until(self, now: datetime) -> str:
        """The year until which data that are recorded now must stay secret."""
        return "unknown" if self.years is None else str(now.year + self.years)


@frozen
class QuantumLedger:
    """The endpoints that answered with TLS, the most exposed first, and the counts of endpoints and leaf certificates."""

    lines: tuple[QuantumLine, ...]
    endpoints: tuple[tuple[Badge, int], ...]
    leaves: int
    post_quantum_leaves: int


def quantum_ledger(rows: Iterable[Row]) -> QuantumLedger:
    """The ledger of the endpoints of ``rows``."""
    lines = sorted((_line(row) for row in rows if row.answered), key=_exposure)
    counts = Counter(line.key_exchange for line in lines)
    leaves = {
        chain.leaf.sha256: chain.leaf.key_type
        for line in lines
        for chain in line.row.status.observation.own_certificates
    }
    return QuantumLedger(
        lines=tuple(lines),
        endpoints=tuple(
            (Badge(text=_BADGES[verdict][0], mark=_BADGES[verdict][1]), counts[verdict])
            for verdict in reversed(_ORDER)
        ),
        leaves=len(leaves),
        post_quantum_leaves=sum(kind is KeyType.MLDSA for kind in leaves.values()),
    )


def _line(row: Row) -> QuantumLine:
    observation = row.status.observation
    return QuantumLine(
        row=row,
        key_exchange=post_quantum_key_exchange(observation),
        years=secrecy_years(observation.endpoint.target.labels),
    )


def _exposure(line: QuantumLine) -> tuple[int, int, str]:
    years = -1 if line.years is None else line.years
    return _ORDER.index(line.key_exchange), -years, line.row.key
