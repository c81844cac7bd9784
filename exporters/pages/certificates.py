"""All leaf certificates of the fleet, each once, with where it is served."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from exporters.pages.links import endpoint_link
from exporters.pages.rows import Expiry, Row
from exporters.word_search import has_words
from model.certificates.certificate import Certificate
from model.certificates.lifetime import Lifetime
from model.frozen import frozen

_PLACES_SHOWN: Final = 3
_NEVER: Final = datetime.max.replace(tzinfo=UTC)


@frozen
class LeafLine:
    """One leaf; ``places`` are the first endpoints that serve it, with their links, ``served`` is their number."""

    title: str
    issuer: str
    key: str
    sha256: str
    expiry: Expiry | None
    places: tuple[tuple[str, str], ...]
    served: int
    haystack: str


SORTS: Final[Mapping[str, Callable[[LeafLine], Any]]] = {
    "expiry": lambda line: (line.expiry.not_after if line.expiry else _NEVER, line.sha256),
    "issuer": lambda line: (line.issuer, line.sha256),
    "key": lambda line: (line.key, line.sha256),
    "served": lambda line: (-line.served, line.sha256),
}
"""The orders of the list."""


def leaf_lines(rows: Iterable[Row]) -> list[LeafLine]:
    """Every leaf that an endpoint's own clients get, by expiry."""
    leaves: dict[str, Certificate] = {}
    served: dict[str, dict[int, Row]] = {}
    for number, row in enumerate(rows):
        for chain in row.status.observation.own_certificates:
            leaves.setdefault(chain.leaf.sha256, chain.leaf)
            served.setdefault(chain.leaf.sha256, {})[number] = row
    lines = (_line(leaf, tuple(served[sha256].values())) for sha256, leaf in leaves.items())
    return sorted(lines, key=SORTS["expiry"])


def chosen(lines: Iterable[LeafLine], text: str, sort: str) -> list[LeafLine]:
    """The lines that contain every word of ``text``, in the wanted order."""
    found = [line for line in lines if has_words(line.haystack, text)]
    return sorted(found, key=SORTS[sort])


def _line(leaf: Certificate, rows: tuple[Row, ...]) -> LeafLine:
    names = (*leaf.dns_names, *leaf.ip_addresses)
    title = leaf.subject or ", ".join(names[:1]) or "a certificate without a subject"
    issuer = leaf.issuer or "unknown"
    key = f"{leaf.key_type.value.upper()} {leaf.key_bits or ''}".strip()
    lifetime = Lifetime.of(leaf.not_before, leaf.not_after)
    targets: dict[str, Row] = {}
    for row in rows:
        targets.setdefault(row.target, row)
    return LeafLine(
        title=title,
        issuer=issuer,
        key=key,
        sha256=leaf.sha256,
        expiry=Expiry(not_after=leaf.not_after, lifetime=lifetime) if leaf.not_after else None,
        places=tuple(
            (row.target, endpoint_link(row)) for row in [*targets.values()][:_PLACES_SHOWN]
        ),
        served=len(rows),
        haystack="\0".join((title, issuer, key, leaf.sha256, *names, *targets)).lower(),
    )
