"""Whether a served chain verifies against a trust store, by OpenSSL's path building.

OpenSSL is as lenient as clients: the sent certificates are candidates in any order, and every certificate of
the store is an anchor, root or not (as in curl, Go and Python 3.13). pyOpenSSL does not check the purpose, so
it is checked here in the same way as OpenSSL's ``sslserver``. Weak keys and signatures do not make a chain
untrusted; they are separate problems.
"""

from __future__ import annotations

import contextlib
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Final

from OpenSSL import crypto
from OpenSSL.SSL import X509VerificationCodes as Codes

from model.certificates.certificate import Certificate, TrustFailure, TrustVerdict
from model.frozen import frozen
from model.verdict import Verdict
from pki.certificates.certification_paths import ways_up
from pki.certificates.path_building import PathElement, read_link
from pki.certificates.reading.bounds import beyond_bounds
from pki.certificates.reading.fields import (
    AnchorFields,
    CertificateFields,
    read_anchor_fields,
    read_fields,
)
from pki.certificates.reading.names import NameKey
from pki.certificates.strict_trust import StrictStore

_SERVER_PURPOSES: Final = frozenset(
    {
        "1.3.6.1.5.5.7.3.1",  # id-kp-serverAuth
        "1.3.6.1.4.1.311.10.3.3",  # server-gated cryptography, Microsoft
        "2.16.840.1.113730.4.1",  # server-gated cryptography, Netscape
    }
)
_SERVER_KEY_USAGE: Final = 0b1010_1000
"""digitalSignature, keyEncipherment, keyAgreement: any one of them is enough for TLS."""

_REASONS: Final[Mapping[int, str]] = {
    Codes.ERR_CERT_HAS_EXPIRED: "{subject} has expired.",
    Codes.ERR_CERT_NOT_YET_VALID: "{subject} is not valid yet.",
    Codes.ERR_UNABLE_TO_GET_ISSUER_CERT: "{issuer} was not sent and is not in the store.",
    Codes.ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "{issuer} was not sent and is not in the store.",
    Codes.ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE: "{issuer} was not sent and is not in the store.",
    Codes.ERR_DEPTH_ZERO_SELF_SIGNED_CERT: "{subject} is self-signed and not in the store.",
    Codes.ERR_SELF_SIGNED_CERT_IN_CHAIN: "The chain ends in {subject}, which is not in the store.",
    Codes.ERR_CERT_SIGNATURE_FAILURE: "The signature on {subject} is not by {issuer}.",
    Codes.ERR_INVALID_CA: "{subject} issued a certificate but is not a CA.",
    Codes.ERR_PATH_LENGTH_EXCEEDED: "{subject} allows fewer CAs below it than the chain has.",
}
_FAILURES: Final[Mapping[int, TrustFailure]] = {
    Codes.ERR_INVALID_PURPOSE: TrustFailure.PURPOSE,
    **dict.fromkeys(
        (
            Codes.ERR_PERMITTED_VIOLATION,
            Codes.ERR_EXCLUDED_VIOLATION,
            Codes.ERR_SUBTREE_MINMAX,
            Codes.ERR_UNSUPPORTED_CONSTRAINT_TYPE,
            Codes.ERR_UNSUPPORTED_CONSTRAINT_SYNTAX,
            Codes.ERR_UNSUPPORTED_NAME_SYNTAX,
        ),
        TrustFailure.NAME_CONSTRAINT,
    ),
}
"""OpenSSL's codes (X509_STORE_CTX_get_error(3)) for errors that no Problem of a chain covers."""

_ISSUER_MISSING: Final = frozenset(
    {
        Codes.ERR_UNABLE_TO_GET_ISSUER_CERT,
        Codes.ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
        Codes.ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
    }
)
_BEYOND_OPENSSL: Final = frozenset(
    {
        Codes.ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY,
        Codes.ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE,
        Codes.ERR_OUT_OF_MEM,
    }
)
"""Codes for chains that OpenSSL cannot verify, for example because it lacks the key's algorithm."""


_MOST_JUDGED: Final = 4096
"""Maximum number of verdicts that each store caches."""

_EVER: Final = (
    datetime.min.replace(tzinfo=UTC) + timedelta(days=1),
    datetime.max.replace(tzinfo=UTC) - timedelta(days=1),
)


@frozen
class _Judged:
    """A verdict and its period of validity."""

    verdict: TrustVerdict
    since: datetime
    until: datetime


class TrustStore:
    """A named set of trust anchors, loaded on first use.

    ``read`` returns the anchors' DER; its exceptions are raised on first use. A store that ``is_public`` holds
    the CAs of the Web PKI, which are bound by the CA/Browser Forum's limits.
    """

    def __init__(
        self, name: str, read: Callable[[], Sequence[bytes]], *, is_public: bool = False
    ) -> None:
        self.name = name
        self.is_public = is_public
        self._read = read
        self._strict = StrictStore(lambda: self._certificates)
        self._judged: OrderedDict[tuple[str, ...], _Judged] = OrderedDict()

    def verify(self, chain: Sequence[Certificate], at: datetime) -> TrustVerdict:
        """Whether the chain, leaf first and the rest in any order, verifies at that aware time.

        A no has a reason, and so has an unknown: a certificate that OpenSSL cannot read and that may be the missing
        one, or a key of an algorithm that OpenSSL lacks. A chain is verified again when the validity of one of its
        certificates, or of one in the store, begins or ends; in between the verdict cannot change.
        """
        if any(one.not_before is None or one.not_after is None for one in chain):
            return self._verify(chain, at)
        key = tuple(certificate.sha256 for certificate in chain)
        judged = self._judged.pop(key, None)
        if judged is None or not judged.since <= at < judged.until:
            since, until = self._unchanging_around(chain, at)
            judged = _Judged(verdict=self._verify(chain, at), since=since, until=until)
        self._judged[key] = judged
        if len(self._judged) > _MOST_JUDGED:
            self._judged.popitem(last=False)
        return judged.verdict

    def has_turned(self, since: datetime, until: datetime) -> bool:
        """Whether the validity of a certificate of the store began or ended between these times."""
        return bisect_left(self._turns, since) < bisect_right(self._turns, until)

    def _unchanging_around(
        self, chain: Sequence[Certificate], at: datetime
    ) -> tuple[datetime, datetime]:
        """The interval around ``at`` in which no certificate's validity begins or ends."""
        turns = [*self._turns]
        for certificate in chain:
            turns += _turns(certificate.not_before, certificate.not_after)
        return (
            max((turn for turn in turns if turn <= at), default=_EVER[0]),
            min((turn for turn in turns if turn > at), default=_EVER[1]),
        )

    def _verify(self, chain: Sequence[Certificate], at: datetime) -> TrustVerdict:
        strict, reason = self._strict.verify(chain, at)
        return replace(self._leniently(chain, at), strict=strict, strict_reason=reason)

    def _leniently(self, chain: Sequence[Certificate], at: datetime) -> TrustVerdict:
        """OpenSSL's verdict, with the end of the best path if there are several."""
        sent = [certificate.der or b"" for certificate in chain]
        found = _path(sent, _store(self._loaded, at))
        links = [read_link(der) for der in sent]
        ways = ways_up(links, self.issuers_of) if links else ()
        if found.verdict is Verdict.UNKNOWN or (found.verdict is Verdict.YES and len(ways) == 1):
            return found
        along = (_path((sent[0], *way[:-1]), _store([_load(way[-1])], at)) for way in ways)
        ends = [one.path_not_after for one in along if one.verdict is Verdict.YES]
        best = max((end for end in ends if end is not None), default=None)
        if best is None:
            return found
        if found.verdict is Verdict.YES:
            return replace(found, path_not_after=best)
        reason = f"{found.reason} Clients that also try cross-signed issuers find a valid path."
        return replace(found, reason=reason, path_not_after=best)

    def path(self, chain: Sequence[Certificate], at: datetime) -> tuple[bytes, ...]:
        """The DER of the path by which the chain verifies at that time, leaf first; empty if there is none."""
        if self.verify(chain, at).verdict is not Verdict.YES:
            return ()
        leaf, *others = [_load(certificate.der or b"") for certificate in chain]
        if leaf is None:
            return ()
        known = [each for each in others if each is not None]
        context = crypto.X509StoreContext(_store(self._loaded, at), leaf, known)
        return tuple(
            crypto.dump_certificate(crypto.FILETYPE_ASN1, each)
            for each in context.get_verified_chain()
        )

    def anchors(self, link: PathElement) -> bool:
        """Whether a path may end at ``link``: this certificate, or an issuer of it, is in the store."""
        return bool(self.issuers_of(link)) or link.der in self._named(link.subject)

    @property
    def certificates(self) -> Sequence[bytes]:
        """The DER of the anchors."""
        return self._certificates

    def issuers_of(self, link: PathElement) -> tuple[bytes, ...]:
        """The DER of the store's certificates that ``link`` names as its issuer."""
        return tuple(der for der in self._named(link.issuer) if read_link(der).issued(link))

    def _named(self, subject: NameKey | None) -> Sequence[bytes]:
        return self._by_subject.get(subject, ()) if subject is not None else ()

    @cached_property
    def _certificates(self) -> Sequence[bytes]:
        return self._read()

    @cached_property
    def _loaded(self) -> Sequence[crypto.X509]:
        return [crypto.load_certificate(crypto.FILETYPE_ASN1, der) for der in self._certificates]

    @cached_property
    def _fields(self) -> Sequence[AnchorFields]:
        return [read_anchor_fields(der) for der in self._certificates]

    @cached_property
    def _turns(self) -> Sequence[datetime]:
        return sorted(
            turn for each in self._fields for turn in _turns(each.not_before, each.not_after)
        )

    @cached_property
    def _by_subject(self) -> Mapping[NameKey, Sequence[bytes]]:
        found: dict[NameKey, list[bytes]] = {}
        for der, fields in zip(self._certificates, self._fields, strict=True):
            if fields.subject is not None:
                found.setdefault(fields.subject.key(), []).append(der)
        return found


def _store(anchors: Sequence[crypto.X509 | None], at: datetime) -> crypto.X509Store:
    """A new store for each call (90 microseconds with Mozilla's list): OpenSSL keeps the first time that is set
    on a store, and ignores later ones."""
    store = crypto.X509Store()
    store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)
    store.set_time(at.astimezone(UTC))
    for anchor in anchors:
        if anchor is not None:
            store.add_cert(anchor)
    return store


def _path(sent: Sequence[bytes], store: crypto.X509Store) -> TrustVerdict:
    """OpenSSL's verdict on the sent certificates, leaf first, and when the first of the path expires."""
    read = [_load(der) for der in sent]
    if not read or (leaf := read[0]) is None:
        reason = (beyond_bounds(sent[0]) if sent else None) or "The leaf cannot be read."
        return TrustVerdict(verdict=Verdict.UNKNOWN, reason=reason)
    intermediates = [each for each in read[1:] if each is not None]
    try:
        path = crypto.X509StoreContext(store, leaf, intermediates).get_verified_chain()
    except crypto.X509StoreContextError as error:
        _clear_openssl_errors()
        return _failure(error, all_readable=len(intermediates) == len(read) - 1)
    # The leaf as sent: OpenSSL need not be able to encode it, because its key is not used.
    fields = [read_fields(sent[0]), *map(_fields, path[1:])]
    unfit = _purpose_reason(fields)
    ends = [one.not_after for one in fields if one.not_after is not None]
    return TrustVerdict(
        verdict=Verdict.NO if unfit else Verdict.YES,
        reason=unfit,
        failure=TrustFailure.PURPOSE if unfit else None,
        path_not_after=min(ends, default=None),
    )


def _turns(not_before: datetime | None, not_after: datetime | None) -> list[datetime]:
    """When validity may begin or end; implementations disagree on whether ``not_after`` itself counts."""
    turns = [not_before] if not_before else []
    if not_after and not_after < _EVER[1]:
        turns += [not_after, not_after + timedelta(seconds=1)]
    return turns


def _load(der: bytes) -> crypto.X509 | None:
    if beyond_bounds(der) is not None or read_fields(der).public_key is None:
        return None
    try:
        return crypto.load_certificate(crypto.FILETYPE_ASN1, der)
    except crypto.Error:
        return None


def _clear_openssl_errors() -> None:
    """Empties this thread's queue of OpenSSL errors.

    An invalid signature leaves an error in the queue, which the thread's next pyOpenSSL connection would mistake
    for its own. pyOpenSSL empties the queue whenever it raises from it.
    """
    with contextlib.suppress(crypto.Error):
        crypto.load_certificate(crypto.FILETYPE_ASN1, b"")


def _fields(certificate: crypto.X509) -> CertificateFields:
    return read_fields(crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate))


def _failure(error: crypto.X509StoreContextError, *, all_readable: bool) -> TrustVerdict:
    code, _, words = error.errors
    if code in _ISSUER_MISSING and not all_readable:
        return TrustVerdict(
            verdict=Verdict.UNKNOWN,
            reason="An issuer is missing, and a certificate of the chain cannot be read.",
        )
    failed = _failed_fields(error)
    reason = _REASONS.get(code, "{subject} does not verify: " + words.replace("{", "") + ".")
    return TrustVerdict(
        verdict=Verdict.UNKNOWN if code in _BEYOND_OPENSSL else Verdict.NO,
        failure=_FAILURES.get(code),
        reason=reason.format(
            subject=(failed.subject and failed.subject.text()) or "A certificate without a name",
            issuer=(failed.issuer and failed.issuer.text()) or "An issuer without a name",
        ),
    )


def _failed_fields(error: crypto.X509StoreContextError) -> CertificateFields:
    """The fields of the certificate that failed; empty if OpenSSL cannot encode it."""
    try:
        return _fields(error.certificate)
    except crypto.Error:
        # pyOpenSSL copies a certificate by encoding and decoding it, which fails for damaged ones.
        return CertificateFields()


def _purpose_reason(path: Sequence[CertificateFields]) -> str | None:
    """Why a verified path, leaf first, is not valid for a TLS server; None if it is."""
    for fields in path:
        purposes = fields.extended_key_usage()
        if purposes is not None and not purposes & _SERVER_PURPOSES:
            name = fields.subject.text() if fields.subject else ""
            return f"{name or 'A certificate without a name'} may not be used for TLS servers."
    usage = path[0].key_usage()
    if usage is not None and not usage & _SERVER_KEY_USAGE:
        return "The leaf's key usage does not permit TLS server authentication."
    return None
