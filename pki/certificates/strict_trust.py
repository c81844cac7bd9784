"""Whether a chain conforms to the Web PKI profile, by cryptography's verifier (RFC 5280, CA/B Forum).

OpenSSL accepts what lenient clients accept; this verifier enforces all rules on names, usages, key sizes,
algorithms and versions. It also requires a name and is given the leaf's own one, because the host name is
checked separately.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Final

from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from model.certificates.certificate import Certificate
from model.verdict import Verdict
from pki.certificates.reading.bounds import beyond_bounds
from pki.certificates.reading.strict_reading import load_certificate, load_trusted

_LONGEST_REASON: Final = 300
_WILDCARD: Final = "*."
_NO_PATH: Final = "all candidates exhausted with no interior errors"
_EXTENSIONS: Final = {
    "2.5.29.14": "subjectKeyIdentifier",
    "2.5.29.15": "keyUsage",
    "2.5.29.17": "subjectAltName",
    "2.5.29.19": "basicConstraints",
    "2.5.29.30": "nameConstraints",
    "2.5.29.35": "authorityKeyIdentifier",
    "2.5.29.37": "extendedKeyUsage",
}


class StrictStore:
    """The anchors of one trust store, loaded on first use."""

    def __init__(self, read: Callable[[], Sequence[bytes]]) -> None:
        self._read = read

    def verify(self, chain: Sequence[Certificate], at: datetime) -> tuple[Verdict, str | None]:
        """The verdict at that aware time, and the reason if it is not yes."""
        loaded = [load_certificate(certificate.der) for certificate in chain]
        if not loaded or (leaf := loaded[0]) is None:
            reason = beyond_bounds(chain[0].der or b"") if chain else None
            return Verdict.UNKNOWN, reason or "The leaf cannot be read."
        subject = _own_name(leaf)
        if subject is None:
            return (
                Verdict.NO,
                "The leaf has no subject alternative name that is a valid server name.",
            )
        if self._store is None:
            return Verdict.UNKNOWN, "The store has no anchor that passes strict parsing."
        policy = PolicyBuilder().store(self._store).time(at.astimezone(UTC).replace(tzinfo=None))
        try:
            verifier = policy.build_server_verifier(subject)
        except ValueError:
            return Verdict.NO, "The leaf's first name is not a valid server name."
        try:
            verifier.verify(leaf, [each for each in loaded[1:] if each is not None])
        except VerificationError as error:
            return Verdict.NO, _sentence(str(error))
        return Verdict.YES, None

    @cached_property
    def _store(self) -> Store | None:
        anchors = [anchor for der in self._read() if (anchor := load_trusted(der)) is not None]
        return Store(anchors) if anchors else None


def _own_name(leaf: x509.Certificate) -> x509.DNSName | x509.IPAddress | None:
    """A name that the leaf is for; for a wildcard, a name that it matches."""
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    # Untrusted bytes in a large library: any exception means that there is no name.
    except Exception:
        return None
    for name in names:
        if isinstance(name, x509.IPAddress):
            return name
        if isinstance(name, x509.DNSName):
            plain = name.value
            return x509.DNSName("any." + plain[2:]) if plain.startswith(_WILDCARD) else name
    return None


def _sentence(words: str) -> str:
    """The verifier's message without its prefixes and its list of tried candidates."""
    told = " ".join(words.removeprefix("validation failed: ").split())
    told = told.partition("(encountered processing")[0].strip()
    told = told.removeprefix("candidates exhausted: ")
    if told == _NO_PATH:
        return "There is no path from the leaf to an anchor of the store."
    for identifier, name in _EXTENSIONS.items():
        told = told.replace(identifier, name)
    return f"{told[:1].upper()}{told[1:_LONGEST_REASON].rstrip('.')}."
