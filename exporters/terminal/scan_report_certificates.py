"""The part of the scan report about one served chain."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from rich.console import Group, RenderableType
from rich.text import Text

from exporters.terminal.console import printable
from exporters.terminal.remarks import expiry_severity
from exporters.terminal.scan_report_words import (
    NAME_LIMIT,
    REASON_LIMIT,
    SEVERITY_STYLES,
    listed,
    say,
)
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


def certificate_rows(deployment: ServedChain, now: datetime) -> RenderableType:
    """Its certificates, who trusts them, revocation, logs and DNS, and which clients get the chain."""
    lines = [_certificate(certificate, now) for certificate in deployment.chain]
    surplus = len(lines) - _CERTIFICATES_SHOWN
    if surplus > 0:
        lines[_CERTIFICATES_SHOWN:] = [Text(f"and {surplus} more", style="dim")]
    names = (*deployment.leaf.dns_names, *deployment.leaf.ip_addresses)
    lines.insert(1, Text.assemble(("for ", "dim"), listed(names)))
    for store, found in sorted(deployment.trust.items()):
        verdict = (found.verdict, _trust_style(found.verdict))
        lines.append(
            Text.assemble(
                ("trusted by ", "dim"),
                say(store),
                ": ",
                verdict,
                _because(found),
                _until(deployment.leaf, found),
            )
        )
    if deployment.completion is not None:
        lines.append(_completion(deployment.completion))
    lines += [_revocation(found) for found in deployment.revocations]
    if deployment.scts:
        lines.append(_timestamps(deployment))
    for record, judged in sorted(deployment.dns.items()):
        verdict = (judged.verdict, _trust_style(judged.verdict))
        reason = printable(judged.reason or "", limit=REASON_LIMIT).rstrip(".")
        because = f" ({reason})" if reason else ""
        lines.append(
            Text.assemble((f"matches {record.upper()} records: ", "dim"), verdict, because)
        )
    served = " ".join(version.label for version in deployment.versions)
    by_name = "with" if deployment.served_with_server_name else "without"
    whom = f"{by_name} server name" if deployment.is_own else _to_whom(deployment)
    lines.append(Text(f"served at {served or 'no version'} {whom}", style="dim"))
    return Group(*lines)


def _to_whom(deployment: ServedChain) -> str:
    """The requests that return this chain, if the target's own clients do not get it."""
    names = {NameAsked.NO_NAME: "no name", NameAsked.UNKNOWN_NAME: "an unknown name"}
    return f"only to clients that send {' or '.join(names[name] for name in deployment.names)}"


def _because(found: TrustVerdict) -> str:
    """Why the chain is not trusted, or why a strict client rejects it although it is."""
    if found.reason:
        return f" ({printable(found.reason, limit=REASON_LIMIT).rstrip('.')})"
    if found.verdict is Verdict.YES and found.strict is Verdict.NO:
        reason = printable(found.strict_reason or "", limit=REASON_LIMIT).rstrip(".")
        return f", but not by a strict client ({reason})"
    return ""


def _until(leaf: Certificate, found: TrustVerdict) -> str:
    """The end of trust, if a certificate of the best path expires before the leaf."""
    end = found.path_not_after
    if found.verdict is not Verdict.YES or end is None or end == leaf.not_after:
        return ""
    return f", until {end.astimezone(UTC).date().isoformat()}"


def _completion(found: Completion) -> Text:
    names = listed([issuer.subject or "no subject" for issuer in found.issuers])
    text = Text.assemble(("with issuers fetched via AIA: ", "dim"), names)
    for store, trust in sorted(found.trust.items()):
        verdict = (trust.verdict, _trust_style(trust.verdict))
        text = Text.assemble(text, ", trusted by ", say(store), ": ", verdict)
    reason = printable(found.reason or "", limit=REASON_LIMIT).rstrip(".")
    return text.append(f" ({reason})" if reason else "")


def _timestamps(deployment: ServedChain) -> Text:
    valid = sum(one.is_valid is Verdict.YES for one in deployment.scts)
    operators = {one.operator for one in deployment.scts if one.is_valid is Verdict.YES}
    text = Text.assemble(
        ("public logs: ", "dim"),
        f"{len(deployment.scts)} timestamps, {valid} proved valid",
        f", of {len(operators)} operators" if operators else "",
    )
    for policy, found in sorted(deployment.transparency.items()):
        text.append(f", {policy}: ").append(found.verdict, style=_trust_style(found.verdict))
    return text


def _revocation(found: Revocation) -> Text:
    which = "leaf" if found.position == 0 else f"certificate {found.position + 1}"
    word, style = _REVOCATION_WORDS[found.is_revoked]
    reason = f" ({printable(found.reason, limit=REASON_LIMIT).rstrip('.')})" if found.reason else ""
    return Text.assemble((f"{which} by {_METHODS[found.method]}: ", "dim"), (word, style), reason)


def _certificate(certificate: Certificate, now: datetime) -> Text:
    if certificate.parse_error is not None:
        error = printable(certificate.parse_error, limit=REASON_LIMIT)
        return Text(f"unreadable ({error})", style="bold red")
    key = f"{certificate.key_type.value} {certificate.key_bits or ''}".rstrip()
    line = Text.assemble(
        say(certificate.subject or "no subject", limit=NAME_LIMIT), (f", {key}, ", "dim")
    )
    if certificate.not_after is None:
        return line.append("no expiry date", style="magenta")
    severity = expiry_severity(certificate, now)
    style = "green" if severity is None else SEVERITY_STYLES[severity]
    line.append(expiry_text(certificate.not_after, now), style=style)
    lifetime = Lifetime.of(certificate.not_before, certificate.not_after)
    if lifetime is not None and lifetime.not_before <= now < lifetime.not_after:
        line.append(f", {lifetime.fraction_left(now):.0%} of its lifetime left", style="dim")
    day = certificate.not_after.astimezone(UTC).date().isoformat()
    return line.append(f" ({day})", style="dim")


def _trust_style(verdict: Verdict) -> str:
    return {Verdict.YES: "green", Verdict.NO: "bold red", Verdict.UNKNOWN: "magenta"}[verdict]
