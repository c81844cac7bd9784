"""Which TLSA records match the chains that a mail server serves: DANE for SMTP (RFC 7672, section 3).

It differs from ``pki.dns.tlsa`` in its rules: PKIX usages are not usable, usage 3 ignores names and dates, and
usage 2 needs a valid path to the trust anchor that the record names, and the server's name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from dns.rdtypes.ANY.TLSA import TLSA

from model.certificates.certificate import ServedChain
from model.mail.mail_domain import Rollover, TlsaRecord
from model.verdict import Verdict
from pki.certificates.hostname import matches
from pki.certificates.trust import TrustStore
from pki.dns.tlsa import MAX_DNS_RECORDS, matches_certificate

_DANE_TA: Final = 2
_DANE_EE: Final = 3
_WHOLE: Final = 0
_PUBLIC_KEY: Final = 1
_MATCHING_TYPES: Final = frozenset(range(3))
"""The data itself, SHA-256 and SHA-512 (RFC 6698, section 2.1.3); the codec checks the lengths of the digests."""


def match_records(
    records: Sequence[TLSA], chains: Sequence[ServedChain], names: Sequence[str], at: datetime
) -> tuple[TlsaRecord, ...]:
    """Each record with what it matches of the ``chains``, of which the first ``MAX_DNS_RECORDS`` are compared.

    ``names`` are those of which the certificate must have one for usage 2; ``at`` is the aware time of the check.
    """
    return tuple(_matched(one, chains, names, at) for one in records[:MAX_DNS_RECORDS])


def chain_verdict(
    records: Sequence[TLSA], chain: ServedChain, names: Sequence[str], at: datetime
) -> Verdict:
    """Whether any usable record authenticates the chain; unknown without one, or without the chain's bytes."""
    found = [one for one in match_records(records, (chain,), names, at) if one.is_usable]
    if any(one.matches is Verdict.YES for one in found):
        return Verdict.YES
    is_cut = len(records) > MAX_DNS_RECORDS
    if not found or is_cut or any(one.matches is Verdict.UNKNOWN for one in found):
        return Verdict.UNKNOWN
    return Verdict.NO


def rollover_of(records: Sequence[TlsaRecord]) -> Rollover | None:
    """What the next certificate may be; None if no record is usable or nothing served is known."""
    usable = [one for one in records if one.is_usable]
    if not usable or any(one.matches is Verdict.UNKNOWN for one in usable):
        return None
    matching = [one for one in usable if one.matches is Verdict.YES]
    if not matching:
        return Rollover.BROKEN
    if any(one.usage == _DANE_TA for one in matching):
        return Rollover.SAME_CA
    if len(matching) < len(usable):
        return Rollover.OTHER_RECORD
    if any(one.selector == _PUBLIC_KEY for one in matching):
        return Rollover.SAME_KEY
    return Rollover.SAME_CERTIFICATE


def why_unusable(record: TLSA) -> str | None:
    """Why SMTP clients do not apply the record (RFC 7672, section 3.1), as a sentence; None if they do."""
    if record.usage not in {_DANE_TA, _DANE_EE}:
        return f"Usage {record.usage} is not for SMTP (RFC 7672, section 3.1.3)."
    if record.selector not in {_WHOLE, _PUBLIC_KEY}:
        return f"Selector {record.selector} is not known."
    if record.mtype not in _MATCHING_TYPES:
        return f"Matching type {record.mtype} is not known."
    return None


def _matched(
    record: TLSA, chains: Sequence[ServedChain], names: Sequence[str], at: datetime
) -> TlsaRecord:
    problem = why_unusable(record)
    found = TlsaRecord(
        usage=record.usage,
        selector=record.selector,
        matching_type=record.mtype,
        data=record.cert,
        is_usable=problem is None,
        reason=problem,
    )
    if problem is not None or not chains:
        return found
    tries = [_in_chain(record, chain, names, at) for chain in chains]
    matched = tuple(dict.fromkeys(sha256 for verdict, sha256, _ in tries if sha256 is not None))
    if matched:
        return replace(found, matches=Verdict.YES, matched=matched)
    is_unknown = any(verdict is Verdict.UNKNOWN for verdict, _, _ in tries)
    reasons = [reason for _, _, reason in tries if reason is not None]
    return replace(
        found,
        matches=Verdict.UNKNOWN if is_unknown else Verdict.NO,
        reason=next(iter(reasons), "It matches nothing that is served."),
    )


def _in_chain(
    record: TLSA, chain: ServedChain, names: Sequence[str], at: datetime
) -> tuple[Verdict, str | None, str | None]:
    """Whether the record authenticates the chain, the SHA-256 of what it matches there, and why it does not."""
    if any(one.der is None for one in chain.chain):
        return Verdict.UNKNOWN, None, "The certificates' bytes are not known."
    if record.usage == _DANE_EE:
        leaf = chain.leaf
        is_match = matches_certificate(record, leaf.der or b"")
        return (Verdict.YES, leaf.sha256, None) if is_match else (Verdict.NO, None, None)
    for one in chain.chain:
        if matches_certificate(record, one.der or b""):
            return _below(one.der or b"", one.sha256, chain, names, at)
    if record.selector == _WHOLE and record.mtype == 0:
        return _below(record.cert, chain.leaf.sha256, chain, names, at)
    return Verdict.NO, None, None


def _below(
    anchor: bytes, sha256: str, chain: ServedChain, names: Sequence[str], at: datetime
) -> tuple[Verdict, str | None, str | None]:
    """Whether the chain verifies below this trust anchor, for one of the names (RFC 7672, section 3.2.2)."""
    trust = TrustStore("dane", lambda: [anchor]).verify(chain.chain, at)
    if trust.verdict is not Verdict.YES:
        return trust.verdict, None, trust.reason
    named = {matches(chain.leaf, name) for name in names}
    if Verdict.YES in named:
        return Verdict.YES, sha256, None
    is_unknown = Verdict.UNKNOWN in named
    words = f"The certificate is not for {' or '.join(names)}."
    return (Verdict.UNKNOWN if is_unknown else Verdict.NO), None, words
