"""Does the chain match the TLSA records of its port and name (DANE, RFC 6698 and RFC 7671)?

Only records that the resolver validated with DNSSEC count (RFC 6698, section 4.1).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Final

from dns.rdtypes.ANY.TLSA import TLSA

from model.certificates.certificate import Judgement, ServedChain
from model.verdict import Verdict
from pki.certificates.path_building import ancestors, read_link
from pki.certificates.reading.fields import read_fields
from pki.dns.lookup import DnsLookup, LookupFailedError

MAX_DNS_RECORDS: Final = 100
"""Records of one name and type that are compared with a chain."""

_PKIX_TA, _PKIX_EE, _DANE_TA, _DANE_EE = range(4)
"""The certificate usages by their names in RFC 7218."""

_WHOLE, _PUBLIC_KEY = range(2)
_MATCHINGS: Final[dict[int, Callable[[bytes], bytes]]] = {
    0: bytes,
    1: lambda octets: hashlib.sha256(octets).digest(),
    2: lambda octets: hashlib.sha512(octets).digest(),
}


async def judge_tlsa(
    found: ServedChain, host: str, port: int, lookup: DnsLookup
) -> Judgement | None:
    """Whether any record matches; None if the name has none for this port."""
    name = f"_{port}._tcp.{host}."
    try:
        answer = await lookup.records(name, "TLSA")
    except LookupFailedError as error:
        return Judgement(verdict=Verdict.UNKNOWN, reason=str(error))
    records = [one for one in answer.found if isinstance(one, TLSA)]
    if not records:
        return None
    if not answer.is_authenticated:
        reason = f"The TLSA records of {name} are not validated by DNSSEC."
        return Judgement(verdict=Verdict.UNKNOWN, reason=reason)
    sent = [one.der for one in found.chain if one.der is not None]
    above = _above(sent)
    if any(_matches(record, found, sent[:1], above) for record in records[:MAX_DNS_RECORDS]):
        return Judgement(verdict=Verdict.YES)
    if len(records) > MAX_DNS_RECORDS:
        reason = (
            f"None of the first {MAX_DNS_RECORDS} of {len(records)} TLSA records of {name} matches."
        )
        return Judgement(verdict=Verdict.UNKNOWN, reason=reason)
    reason = f"None of the {len(records)} TLSA records of {name} matches the chain."
    return Judgement(verdict=Verdict.NO, reason=reason)


def _matches(
    record: TLSA, found: ServedChain, leaf: Sequence[bytes], above: Sequence[bytes]
) -> bool:
    if record.usage in {_PKIX_EE, _DANE_EE}:
        is_there = any(matches_certificate(record, der) for der in leaf)
    elif record.usage in {_PKIX_TA, _DANE_TA}:
        is_there = any(matches_certificate(record, der) for der in above)
    else:
        return False
    needs_path = record.usage in {_PKIX_TA, _PKIX_EE}
    is_trusted = any(one.verdict is Verdict.YES for one in found.trust.values())
    return is_there and (is_trusted or not needs_path)


def _above(sent: Sequence[bytes]) -> list[bytes]:
    """The certificates that issued the leaf, directly or indirectly."""
    if not sent:
        return []
    links = [read_link(der) for der in sent]
    return [sent[position] for position in sorted(ancestors(links, 0) - {0})]


def matches_certificate(record: TLSA, der: bytes) -> bool:
    """Whether the record's selector and matching type yield its data from this certificate (RFC 6698, section 2.1)."""
    matching = _MATCHINGS.get(record.mtype)
    selected = _selected(record.selector, der)
    return matching is not None and selected is not None and matching(selected) == record.cert


def _selected(selector: int, der: bytes) -> bytes | None:
    if selector == _WHOLE:
        return der
    if selector != _PUBLIC_KEY:
        return None
    info = read_fields(der).public_key
    return info.encode() if info is not None else None
