"""Whether a chain keeps to the Web PKI's profile, by cryptography's verifier (RFC 5280, CA/B Forum).

OpenSSL says what lenient clients take; this verifier wants every rule kept: names, usages, key sizes,
algorithms, versions. It wants a name to look for too, and gets the leaf's own, for whether the
certificate is for the target is judged by itself.
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
from pki.certificates.reading.strict_reading import load_certificate

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
    """The anchors of one trust store, read when they are first needed."""

    def __init__(self, read: Callable[[], Sequence[bytes]]) -> None:
        self._read = read

    def verify(self, chain: Sequence[Certificate], at: datetime) -> tuple[Verdict, str | None]:
        """The verdict at that aware time, and why it is not yes."""
        loaded = [load_certificate(certificate.der) for certificate in chain]
        if not loaded or (leaf := loaded[0]) is None:
            reason = beyond_bounds(chain[0].der or b"") if chain else None
            return Verdict.UNKNOWN, reason or "The leaf cannot be read."
        subject = _own_name(leaf)
        if subject is None:
            return Verdict.NO, "The leaf has no subject alternative name that a server can have."
        if self._store is None:
            return Verdict.UNKNOWN, "The store has no anchor that a strict reader takes."
        policy = PolicyBuilder().store(self._store).time(at.astimezone(UTC).replace(tzinfo=None))
        try:
            verifier = policy.build_server_verifier(subject)
        except ValueError:
            return Verdict.NO, "The leaf's first name is none that a server can have."
        try:
            verifier.verify(leaf, [each for each in loaded[1:] if each is not None])
        except VerificationError as error:
            return Verdict.NO, _sentence(str(error))
        return Verdict.YES, None

    @cached_property
    def _store(self) -> Store | None:
        anchors = [anchor for der in self._read() if (anchor := load_certificate(der)) is not None]
        return Store(anchors) if anchors else None


def _own_name(leaf: x509.Certificate) -> x509.DNSName | x509.IPAddress | None:
    """A name that the leaf is for; one below it where that is a wildcard."""
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    # Hostile bytes meet a large library: whichever way it fails, there is no name to be had.
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
    """The verifier's words, without its prefixes and the traces of candidates that it tried."""
    told = " ".join(words.removeprefix("validation failed: ").split())
    told = told.partition("(encountered processing")[0].strip()
    told = told.removeprefix("candidates exhausted: ")
    if told == _NO_PATH:
        return "No path leads from the leaf to an anchor of the store."
    for identifier, name in _EXTENSIONS.items():
        told = told.replace(identifier, name)
    return f"{told[:1].upper()}{told[1:_LONGEST_REASON].rstrip('.')}."
