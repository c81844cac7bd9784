"""Fetches the issuers that a server failed to send, as some clients do (RFC 5280, section 4.2.2.1).

From the last certificate of the path it follows ``caIssuers`` until a self-signed certificate or the last URL.
A loop stops it, and a certificate that is not the issuer is skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from model.certificates.certificate import Certificate
from pki.certificates import parse_certificate
from pki.certificates.path_building import ancestors, read_link
from pki.revocation.fetch_budget import FetchBudget, FetchError

if TYPE_CHECKING:
    from pki.revocation.fetch import Fetcher

_MOST_FETCHES: Final = 5
_MOST_LENGTH: Final = 2**18
_MOST_CANDIDATES: Final = 32


async def missing_issuers(
    chain: Sequence[Certificate], fetcher: Fetcher, budget: FetchBudget
) -> tuple[tuple[Certificate, ...], str | None]:
    """The issuers above the chain, lowest first, and the reason if the search stopped early."""
    found: list[Certificate] = []
    below = _top(chain)
    asked: set[str] = set()
    while below is not None and len(asked) < _MOST_FETCHES:
        if read_link(below.der or b"").is_self_signed:
            return tuple(found), None
        url = next((one for one in below.issuer_urls if one not in asked), None)
        if url is None:
            return tuple(found), f"{below.subject} has no further caIssuers URL."
        asked.add(url)
        try:
            fetched = await fetcher.fetch(url, most_bytes=_MOST_LENGTH, budget=budget)
        except FetchError as error:
            return tuple(found), str(error)
        issuer = _issuer_among(_certificates(fetched), below)
        if issuer is None:
            return tuple(found), f"{url} does not contain the issuer of {below.subject}."
        found.append(issuer)
        below = issuer
    return tuple(found), f"Gave up after {_MOST_FETCHES} fetches of issuers."


def _top(chain: Sequence[Certificate]) -> Certificate | None:
    """The last certificate of the path from the leaf."""
    links = [read_link(one.der or b"") for one in chain]
    for position in sorted(ancestors(links, 0)):
        if not any(other.issued(links[position]) for other in links):
            return chain[position]
    return None


def _issuer_among(candidates: Iterator[bytes], below: Certificate) -> Certificate | None:
    link = read_link(below.der or b"")
    issuers = (der for der in candidates if read_link(der).issued(link))
    der = next(issuers, None)
    return parse_certificate(der) if der is not None else None


def _certificates(fetched: bytes) -> Iterator[bytes]:
    """One certificate in DER, or several in PEM or PKCS #7 (RFC 5280, section 4.2.2.1)."""
    # It takes a library for e-mail with it, which only fetched issuers in PKCS #7 need.
    from cryptography.hazmat.primitives.serialization import pkcs7

    yield fetched
    for read in (
        x509.load_pem_x509_certificates,
        pkcs7.load_der_pkcs7_certificates,
        pkcs7.load_pem_pkcs7_certificates,
    ):
        for certificate in _read_by(read, fetched)[:_MOST_CANDIDATES]:
            yield certificate.public_bytes(Encoding.DER)


def _read_by(
    read: Callable[[bytes], list[x509.Certificate]], fetched: bytes
) -> list[x509.Certificate]:
    try:
        return read(fetched)
    # Untrusted bytes in a large library: any exception means that they have another format.
    except Exception:
        return []
