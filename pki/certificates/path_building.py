"""Which certificate issued which, according to their names and key identifiers.

A client searches for an issuer in the same way before it checks a signature (RFC 5280, section 6.1; RFC 4158).
``trust.py`` verifies the signatures: here a hostile key causes no arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence

from model.frozen import frozen
from pki.certificates.memoized import remembered
from pki.certificates.reading.fields import read_fields
from pki.certificates.reading.names import NameKey


@frozen
class PathElement:
    """The parts of a certificate that determine its issuer and the certificates that it issued."""

    der: bytes
    subject: NameKey | None
    issuer: NameKey | None
    own_key: bytes | None
    issuer_key: bytes | None

    @property
    def is_readable(self) -> bool:
        """Whether subject and issuer can be read."""
        return self.subject is not None and self.issuer is not None

    @property
    def is_self_signed(self) -> bool:
        """Whether it names itself as its issuer; the signature is not checked."""
        return self.issued(self)

    def issued(self, other: PathElement) -> bool:
        """Whether ``other`` names this one as its issuer, and its key if both have key identifiers."""
        if self.subject is None or self.subject != other.issuer:
            return False
        return None in (self.own_key, other.issuer_key) or self.own_key == other.issuer_key


@remembered
def read_link(der: bytes) -> PathElement:
    """The path element for the certificate in ``der``; never raises."""
    fields = read_fields(der)
    return PathElement(
        der=der,
        subject=fields.subject.key() if fields.subject else None,
        issuer=fields.issuer.key() if fields.issuer else None,
        own_key=fields.subject_key_identifier(),
        issuer_key=fields.authority_key_identifier(),
    )


def ancestors(links: Sequence[PathElement], start: int) -> frozenset[int]:
    """The position ``start``, and those of all direct and indirect issuers of its certificate."""
    return _closure(links, start, upwards=True)


def descendants(links: Sequence[PathElement], start: int) -> frozenset[int]:
    """The position ``start``, and those of all certificates that it issued directly or indirectly."""
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
