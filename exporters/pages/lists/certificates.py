"""All leaf certificates of the fleet, each once, with where it is served."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

from exporters.pages.links import endpoint_link
from exporters.pages.rows import Expiry, Row
from model.certificates.certificate import Certificate
from model.certificates.lifetime import Lifetime
from model.frozen import frozen

_PLACES_SHOWN: Final = 3
_NEVER: Final = datetime.max.replace(tzinfo=UTC)


@frozen
class LeafLine:
    """One leaf, and the endpoints that serve it.

    A page shows a hundred of ten thousand lines: what only shown lines need is not computed before.
    """

    leaf: Certificate
    rows: tuple[Row, ...]
    haystack: str

    @property
    def sha256(self) -> str:
        """The leaf's digest."""
        return self.leaf.sha256

    @property
    def title(self) -> str:
        """The leaf's subject, or its first name."""
        return _title(self.leaf)

    @property
    def issuer(self) -> str:
        """The issuer's name."""
        return self.leaf.issuer or "unknown"

    @property
    def key(self) -> str:
        """The type and size of the leaf's key."""
        return _key(self.leaf)

    @property
    def expiry(self) -> Expiry | None:
        """When the leaf expires; None if that cannot be read."""
        if self.leaf.not_after is None:
            return None
        lifetime = Lifetime.of(self.leaf.not_before, self.leaf.not_after)
        return Expiry(not_after=self.leaf.not_after, lifetime=lifetime)

    @property
    def places(self) -> tuple[tuple[str, str], ...]:
        """The first targets that serve it, with their links."""
        first: dict[str, Row] = {}
        for row in self.rows:
            first.setdefault(row.target, row)
        shown = islice(first.items(), _PLACES_SHOWN)
        return tuple((target, endpoint_link(row)) for target, row in shown)

    @property
    def served(self) -> int:
        """The number of endpoints that serve it."""
        return len(self.rows)


SORTS: Final[Mapping[str, Callable[[LeafLine], Any]]] = {
    "expiry": lambda line: (line.leaf.not_after or _NEVER, line.sha256),
    "issuer": lambda line: (line.issuer, line.sha256),
    "key": lambda line: (line.key, line.sha256),
    "served": lambda line: (-line.served, line.sha256),
}
"""The orders of the list."""


def leaf_lines(rows: Iterable[Row]) -> list[LeafLine]:
    """Every leaf that an endpoint's own clients get, in any order."""
    leaves: dict[str, Certificate] = {}
    served: dict[str, dict[int, Row]] = {}
    for number, row in enumerate(rows):
        for chain in row.status.observation.own_certificates:
            leaves.setdefault(chain.leaf.sha256, chain.leaf)
            served.setdefault(chain.leaf.sha256, {})[number] = row
    return [_line(leaf, tuple(served[sha256].values())) for sha256, leaf in leaves.items()]


def _line(leaf: Certificate, rows: tuple[Row, ...]) -> LeafLine:
    texts = (
        _title(leaf),
        leaf.issuer or "unknown",
        _key(leaf),
        leaf.sha256,
        *leaf.dns_names,
        *leaf.ip_addresses,
        *(row.target for row in rows),
    )
    return LeafLine(leaf=leaf, rows=rows, haystack="\0".join(texts).lower())


def _title(leaf: Certificate) -> str:
    names = (*leaf.dns_names, *leaf.ip_addresses)
    return leaf.subject or ", ".join(names[:1]) or "a certificate without a subject"


def _key(leaf: Certificate) -> str:
    return f"{leaf.key_type.value.upper()} {leaf.key_bits or ''}".strip()
