"""Which certificate issued which, by what they say of themselves.

By names and key identifiers, as a client looks for an issuer before it checks a signature
(RFC 5280, section 6.1; RFC 4158). Whether the signatures hold is for ``trust.py``: here no
hostile key costs any arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pki.certificates.memoized import remembered
from pki.certificates.reading.fields import read_fields
from pki.certificates.reading.names import NameKey


@dataclass(frozen=True, slots=True, kw_only=True)
class PathElement:
    """What of one certificate decides whom it issued and who issued it."""

    der: bytes
    subject: NameKey | None
    issuer: NameKey | None
    own_key: bytes | None
    issuer_key: bytes | None

    @property
    def is_readable(self) -> bool:
        """Whether it says whose it is and who issued it."""
        return self.subject is not None and self.issuer is not None

    @property
    def is_self_signed(self) -> bool:
        """Whether it names itself as its issuer; its signature is not checked."""
        return self.issued(self)

    def issued(self, other: PathElement) -> bool:
        """Whether ``other`` names this one as its issuer, and its key if both name keys."""
        if self.subject is None or self.subject != other.issuer:
            return False
        return None in (self.own_key, other.issuer_key) or self.own_key == other.issuer_key


@remembered
def read_link(der: bytes) -> PathElement:
    """The link that the certificate in ``der`` is; never raises."""
    fields = read_fields(der)
    return PathElement(
        der=der,
        subject=fields.subject.key() if fields.subject else None,
        issuer=fields.issuer.key() if fields.issuer else None,
        own_key=fields.subject_key_identifier(),
        issuer_key=fields.authority_key_identifier(),
    )


def ancestors(links: Sequence[PathElement], start: int) -> frozenset[int]:
    """The positions of all links that issued that at ``start``, directly or not, and its own."""
    return _closure(links, start, upwards=True)


def descendants(links: Sequence[PathElement], start: int) -> frozenset[int]:
    """The positions of all links that the one at ``start`` issued, directly or not, and its own."""
    return _closure(links, start, upwards=False)


def _closure(links: Sequence[PathElement], start: int, *, upwards: bool) -> frozenset[int]:
    found = {start}
    waiting = [start]
    while waiting:
        current = links[waiting.pop()]
        for position, link in enumerate(links):
            related = link.issued(current) if upwards else current.issued(link)
            if related and position not in found:
                found.add(position)
                waiting.append(position)
    return frozenset(found)
