"""Would the CAA records of this name permit this CA to issue today (RFC 8659)?

A CA checks them at issuance, so a no means that the next renewal will fail, that the records have changed since,
or that the CA never checked.
"""

from __future__ import annotations

from typing import Final

from cryptography.x509.oid import NameOID
from dns.rdtypes.ANY.CAA import CAA

from model.certificates.certificate import Certificate, Judgement
from model.verdict import Verdict
from pki.certificates.reading.strict_reading import load_certificate
from pki.dns.caa_domains import CAA_DOMAINS
from pki.dns.lookup import DnsLookup, LookupFailedError

_CRITICAL: Final = 128
_KNOWN_TAGS: Final = frozenset({"issue", "issuewild", "iodef", "issuemail", "issuevmc"})
_MOST_LABELS: Final = 16
_SHOWN: Final = 200


async def judge_caa(leaf: Certificate, host: str, lookup: DnsLookup) -> Judgement:
    """Whether the leaf's issuer may issue for ``host``; unknown if that cannot be determined.

    The records of the closest ancestor that has any apply (section 3).
    """
    try:
        where, records = await _relevant(host, lookup)
    except LookupFailedError as error:
        return Judgement(verdict=Verdict.UNKNOWN, reason=str(error))
    if not records:
        return Judgement(verdict=Verdict.YES, reason=f"No CAA record applies to {host}.")
    if strange := [one for one in records if _is_critical_stranger(one)]:
        reason = (
            f"{where} has a critical CAA property that CAs do not support: {_text(strange[0].tag)}."
        )
        return Judgement(verdict=Verdict.NO, reason=reason)
    allowed = _issuers(records, is_wildcard=host not in leaf.dns_names)
    if allowed is None:
        return Judgement(
            verdict=Verdict.YES, reason=f"The CAA records of {where} do not restrict issuance."
        )
    return _judged(leaf, where, allowed)


async def _relevant(host: str, lookup: DnsLookup) -> tuple[str, list[CAA]]:
    labels = host.rstrip(".").split(".")[-_MOST_LABELS:]
    for position in range(len(labels)):
        name = ".".join(labels[position:])
        answer = await lookup.records(f"{name}.", "CAA")
        records = [one for one in answer.found if isinstance(one, CAA)]
        if records:
            return name, records
    return host, []


def _is_critical_stranger(record: CAA) -> bool:
    return bool(record.flags & _CRITICAL) and _text(record.tag).lower() not in _KNOWN_TAGS


def _issuers(records: list[CAA], *, is_wildcard: bool) -> tuple[str, ...] | None:
    """The domains that may issue; None if no property concerns issuance (sections 4.2 and 4.3)."""
    by_tag: dict[str, list[str]] = {}
    for record in records:
        domain = _text(record.value).partition(";")[0].strip().lower().rstrip(".")
        by_tag.setdefault(_text(record.tag).lower(), []).append(domain)
    wild = by_tag.get("issuewild") if is_wildcard else None
    found = wild if wild is not None else by_tag.get("issue")
    return None if found is None else tuple(domain for domain in found if domain)


def _judged(leaf: Certificate, where: str, allowed: tuple[str, ...]) -> Judgement:
    listed = ", ".join(allowed)[:_SHOWN] or "no CA"
    if not allowed:
        return Judgement(
            verdict=Verdict.NO, reason=f"The CAA records of {where} forbid issuance by any CA."
        )
    issuer = _organization(leaf)
    domains = CAA_DOMAINS.get(issuer or "")
    if domains is None:
        reason = f"{where} permits {listed}; the CAA domain of the issuer is unknown."
        return Judgement(verdict=Verdict.UNKNOWN, reason=reason)
    if set(domains) & set(allowed):
        return Judgement(verdict=Verdict.YES)
    reason = f"{where} permits {listed}, but not {issuer}."
    return Judgement(verdict=Verdict.NO, reason=reason)


def _organization(leaf: Certificate) -> str | None:
    certificate = load_certificate(leaf.der)
    try:
        found = (
            certificate.issuer.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
            if certificate
            else []
        )
    except ValueError:
        return None
    return str(found[0].value) if found else None


def _text(octets: bytes) -> str:
    return octets.decode("ascii", "backslashreplace")
