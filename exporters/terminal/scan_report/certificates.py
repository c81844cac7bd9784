"""The part of the scan report about one served chain."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from rich.console import Group, RenderableType

from exporters.terminal.remarks import expiry_severity
from exporters.terminal.safe_text import SafeText
from exporters.terminal.scan_report.layout import nested, versions_text
from exporters.terminal.words import NAME_LIMIT, SEVERITY_STYLES, listed, reason, say
from model.certificates.certificate import (
    Certificate,
    Completion,
    NameAsked,
    Revocation,
    RevocationMethod,
    ServedChain,
    TrustVerdict,
)
from model.certificates.lifetime import Lifetime, expiry_text
from model.verdict import Verdict

_CERTIFICATES_SHOWN: Final = 6
_REVOCATION_WORDS: Final = {
    Verdict.YES: ("revoked", "bold red"),
    Verdict.NO: ("not revoked", "green"),
    Verdict.UNKNOWN: ("unknown", "magenta"),
}
_METHODS: Final = {
    RevocationMethod.STAPLE: "stapled OCSP",
    RevocationMethod.OCSP: "OCSP",
    RevocationMethod.CRL: "CRL",
}
_TRUST_STYLES: Final = {
    Verdict.YES: "green",
    Verdict.NO: "bold red",
    Verdict.UNKNOWN: "magenta",
}


def certificate_rows(chain: ServedChain, now: datetime, *, verbose: bool) -> RenderableType:
    """Its certificates, who trusts them, revocation, logs and DNS, and which clients get the chain.

    ``verbose`` adds serial numbers and fingerprints, and shows each issuer as completely as the leaf.
    """
    leaf = chain.leaf
    rows = list(_leaf_rows(leaf, now, verbose=verbose))
    names = (*leaf.dns_names, *leaf.ip_addresses)
    rows.insert(0, ("names", listed(names)))
    for store, found in sorted(chain.trust.items()):
        rows.append(("trusted", _trust(store, found, leaf)))
    if chain.completion is not None:
        rows.append(("fetched", _completion(chain.completion)))
    rows += [("revoked", _revocation(found)) for found in chain.revocations]
    if chain.scts:
        rows.append(("logged", _timestamps(chain)))
    for record, judged in sorted(chain.dns.items()):
        because = f" ({said})" if (said := reason(judged.reason)) else ""
        verdict = (judged.verdict, _TRUST_STYLES[judged.verdict])
        rows.append(("DNS", SafeText.of(f"matches {record.upper()} records: ", verdict, because)))
    rows.append(("served", _served(chain)))
    parts: list[RenderableType] = [_subject(leaf), nested(rows)]
    for issuer in chain.chain[1:_CERTIFICATES_SHOWN]:
        line = SafeText.of(("then ", "dim"), _subject(issuer))
        if verbose:
            parts += [line, nested(_leaf_rows(issuer, now, verbose=True))]
        else:
            parts.append(line.append(_brief(issuer, now)))
    if (more := len(chain.chain) - _CERTIFICATES_SHOWN) > 0:
        parts.append(SafeText(f"and {more} more", style="dim"))
    return Group(*parts)


def _subject(certificate: Certificate) -> SafeText:
    if certificate.parse_error is not None:
        return SafeText(f"unreadable ({reason(certificate.parse_error)})", style="bold red")
    return say(certificate.subject or "no subject", limit=NAME_LIMIT)


def _leaf_rows(
    certificate: Certificate, now: datetime, *, verbose: bool
) -> Iterator[tuple[str, RenderableType]]:
    if certificate.parse_error is None:
        yield "issuer", say(certificate.issuer or "no issuer", limit=NAME_LIMIT)
        signed = f", signed with {certificate.signature_algorithm}"
        key = f"{_key(certificate)}{signed if certificate.signature_algorithm else ''}"
        yield "key", say(key, limit=NAME_LIMIT)
        yield "valid", _validity(certificate, now)
    if verbose:
        if certificate.serial_number is not None:
            yield "serial", say(certificate.serial_number, limit=NAME_LIMIT)
        yield "SHA-256", say(certificate.sha256, limit=NAME_LIMIT)


def _brief(issuer: Certificate, now: datetime) -> SafeText:
    if issuer.parse_error is not None or issuer.not_after is None:
        return SafeText()
    severity = expiry_severity(issuer, now)
    expiry = expiry_text(issuer.not_after, now)
    return SafeText.of(
        f", {_key(issuer)}, ",
        (expiry, "green" if severity is None else SEVERITY_STYLES[severity]),
        f" ({_day(issuer.not_after)})",
    )


def _key(certificate: Certificate) -> str:
    bits = f" {certificate.key_bits} bits" if certificate.key_bits else ""
    return f"{certificate.key_type.value.upper()}{bits}"


def _validity(certificate: Certificate, now: datetime) -> SafeText:
    if certificate.not_after is None:
        return SafeText("no expiry date", style="magenta")
    start = certificate.not_before
    since = f"from {_day(start)} " if start is not None else ""
    line = SafeText(f"{since}until {_day(certificate.not_after)}, ")
    severity = expiry_severity(certificate, now)
    style = "green" if severity is None else SEVERITY_STYLES[severity]
    line.append(expiry_text(certificate.not_after, now), style=style)
    lifetime = Lifetime.of(certificate.not_before, certificate.not_after)
    if lifetime is not None and lifetime.not_before <= now < lifetime.not_after:
        line.append(f", {lifetime.fraction_left(now):.0%} of its lifetime left", style="dim")
    return line


def _day(moment: datetime) -> str:
    return moment.astimezone(UTC).date().isoformat()


def _trust(store: str, found: TrustVerdict, leaf: Certificate) -> SafeText:
    verdict = (found.verdict, _TRUST_STYLES[found.verdict])
    return SafeText.of("by ", say(store), ": ", verdict, _because(found), _until(leaf, found))


def _because(found: TrustVerdict) -> str:
    """Why the chain is not trusted, or why a strict client rejects it although it is."""
    if found.reason:
        return f" ({reason(found.reason)})"
    if found.verdict is Verdict.YES and found.strict is Verdict.NO:
        return f", but not by a strict client ({reason(found.strict_reason)})"
    return ""


def _until(leaf: Certificate, found: TrustVerdict) -> str:
    """The end of trust, if a certificate of the best path expires before the leaf."""
    end = found.path_not_after
    if found.verdict is not Verdict.YES or end is None or end == leaf.not_after:
        return ""
    return f", until {_day(end)}"


def _completion(found: Completion) -> SafeText:
    names = listed([issuer.subject or "no subject" for issuer in found.issuers])
    text = SafeText.of(("missing issuers, from the certificate's URLs: ", "dim"), names)
    for store, trust in sorted(found.trust.items()):
        verdict = (trust.verdict, _TRUST_STYLES[trust.verdict])
        text = SafeText.of(text, ", then trusted by ", say(store), ": ", verdict)
    said = reason(found.reason)
    return text.append(f" ({said})" if said else "")


def _timestamps(chain: ServedChain) -> SafeText:
    valid = sum(one.is_valid is Verdict.YES for one in chain.scts)
    operators = {one.operator for one in chain.scts if one.is_valid is Verdict.YES}
    text = SafeText.of(
        ("in public logs: ", "dim"),
        f"{len(chain.scts)} timestamps, {valid} proved valid",
        f", of {len(operators)} operators" if operators else "",
    )
    for policy, found in sorted(chain.transparency.items()):
        text.append(f", {policy}: ").append(found.verdict, style=_TRUST_STYLES[found.verdict])
    return text


def _revocation(found: Revocation) -> SafeText:
    which = "leaf" if found.position == 0 else f"certificate {found.position + 1}"
    word, style = _REVOCATION_WORDS[found.is_revoked]
    because = f" ({reason(found.reason)})" if found.reason else ""
    return SafeText.of((f"{which} by {_METHODS[found.method]}: ", "dim"), (word, style), because)


def _served(chain: ServedChain) -> SafeText:
    versions = versions_text(chain.versions) or "no version"
    by_name = "with" if chain.served_with_server_name else "without"
    whom = f"{by_name} server name" if chain.is_own else _to_whom(chain)
    return SafeText(f"at {versions}, {whom}", style="dim")


def _to_whom(chain: ServedChain) -> str:
    """The requests that return this chain, if the target's own clients do not get it."""
    names = {NameAsked.NO_NAME: "no name", NameAsked.UNKNOWN_NAME: "an unknown name"}
    return f"only to clients that send {' or '.join(names[name] for name in chain.names)}"
