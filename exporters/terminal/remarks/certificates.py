"""Remarks on the chains that the target's own clients get."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from exporters.terminal.remarks.remark import Remark
from model.certificates.certificate import Certificate, Problem, ServedChain
from model.certificates.lifetime import Lifetime, expiry_text
from model.certificates.problem_text import problem_text
from model.findings.finding import Severity
from model.observation import Observation
from model.verdict import Verdict

_TRUST, _PROBLEMS, _GRADE = "TP-TRUST-001", "TP-CERT-006", "TP-GRADE-001"
_EXPIRY: Final = frozenset({"TP-CERT-004", "TP-CERT-005", _PROBLEMS, _TRUST, _GRADE})
_RENEW: Final = "renew the certificate, and reload the server"
_FIXES: Final[Mapping[Problem, tuple[Severity, str, frozenset[str]]]] = {
    problem: (severity, fix, frozenset({*rules, _PROBLEMS, _GRADE}))
    for problem, severity, fix, *rules in (
        (Problem.EXPIRED, Severity.CRITICAL, _RENEW, "TP-CERT-004", "TP-CERT-005", _TRUST),
        (
            Problem.NOT_YET_VALID,
            Severity.CRITICAL,
            "set the clock of the server, or use a certificate that is valid now",
            "TP-CERT-005",
            _TRUST,
        ),
        (
            Problem.REVOKED,
            Severity.CRITICAL,
            "get a new certificate with a new key",
            "TP-REVOCATION-001",
        ),
        (
            Problem.STAPLE_MISSING,
            Severity.HIGH,
            "turn on OCSP stapling, or get a certificate that does not require it",
            "TP-REVOCATION-002",
        ),
        (Problem.UNPARSABLE, Severity.HIGH, "replace the unreadable certificate", _TRUST),
        (
            Problem.HOSTNAME_MISMATCH,
            Severity.HIGH,
            "get a certificate for this name, or scan the right name (--server-name)",
            "TP-TRUST-003",
            _TRUST,
        ),
        (
            Problem.SELF_SIGNED,
            Severity.HIGH,
            "get a certificate of a CA; if it is meant to be trusted, give it with --trust-store NAME=FILE",
            _TRUST,
        ),
        (
            Problem.UNKNOWN_CA,
            Severity.HIGH,
            "give the private CA's certificate with --trust-store NAME=FILE, or use a public CA",
            _TRUST,
        ),
        (
            Problem.INCOMPLETE,
            Severity.HIGH,
            "give the private CA's certificate with --trust-store NAME=FILE, or let the server send every intermediate",
            _TRUST,
        ),
        (
            Problem.WEAK_KEY,
            Severity.HIGH,
            "use a key of RSA 2048 bits or more, or P-256",
            "TP-CERT-001",
        ),
        (
            Problem.WEAK_SIGNATURE,
            Severity.HIGH,
            "get a certificate that is signed with SHA-256 or better",
            "TP-CERT-002",
        ),
        (
            Problem.LIFETIME_TOO_LONG,
            Severity.LOW,
            "get a certificate with a shorter lifetime",
            "TP-CERT-003",
        ),
        (Problem.INTERNAL_NAME, Severity.MEDIUM, "get a certificate for public names only"),
        (
            Problem.MISORDERED,
            Severity.LOW,
            "send the leaf first, and each certificate before its issuer",
        ),
        (
            Problem.OTHER,
            Severity.MEDIUM,
            "read what each trust store says of the certificate below",
            _TRUST,
        ),
        (Problem.SURPLUS, Severity.INFO, "send only the leaf and its intermediates"),
        (Problem.CONTAINS_ROOT, Severity.INFO, "do not send the root"),
    )
}


def certificate_remarks(observation: Observation, now: datetime) -> Iterator[Remark]:
    """The faults of each chain; with several chains, each fault names the key type."""
    chains = observation.own_certificates
    for chain in chains:
        prefix = f"{chain.key_type.value.upper()} " if len(chains) > 1 else ""
        for remark in _chain_remarks(chain, now):
            yield replace(remark, text=prefix + remark.text)


def _chain_remarks(chain: ServedChain, now: datetime) -> Iterator[Remark]:
    for problem in chain.problems:
        severity, fix, rules = _FIXES[problem]
        text = f"certificate {_problem_text(problem, chain, now)}"
        yield Remark(severity=severity, text=text, fix=fix, rules=rules)
    yield from _dns_remarks(chain)
    if Problem.EXPIRED not in chain.problems:
        yield from _expiry_remarks(chain, now)
    # A chain with a severe problem is untrusted for that reason, which is reported already.
    if all(_FIXES[problem][0].rank < Severity.HIGH.rank for problem in chain.problems):
        yield from _trust_remarks(chain)


def _problem_text(problem: Problem, chain: ServedChain, now: datetime) -> str:
    end = chain.leaf.not_after
    if problem is Problem.EXPIRED and end is not None and end < now:
        return expiry_text(end, now)
    return problem_text(problem, chain, private_ca="a private CA (--trust-store)")


def _dns_remarks(chain: ServedChain) -> Iterator[Remark]:
    for record, severity, text, fix in (
        (
            "tlsa",
            Severity.HIGH,
            "certificate chain does not match the TLSA records",
            "publish TLSA records for this chain",
        ),
        (
            "caa",
            Severity.MEDIUM,
            "certificate issuer is not permitted by the CAA records",
            "add the issuer to the CAA records, or find out who requested this certificate",
        ),
    ):
        found = chain.dns.get(record)
        if found is not None and found.verdict is Verdict.NO:
            reason = (found.reason or "").rstrip(".")
            yield Remark(severity=severity, text=f"{text} ({reason})", fix=fix)


def _trust_remarks(chain: ServedChain) -> Iterator[Remark]:
    if any(found.verdict is not Verdict.NO for found in chain.trust.values()):
        return
    for store, found in sorted(chain.trust.items()):
        reason = f" ({found.reason.rstrip('.')})" if found.reason else ""
        yield Remark(
            severity=Severity.HIGH,
            text=f"certificate chain is not trusted by {store}{reason}",
            rules=frozenset({_TRUST, _GRADE}),
        )


def _expiry_remarks(chain: ServedChain, now: datetime) -> Iterator[Remark]:
    for position, certificate in enumerate(chain.chain):
        if chain.is_surplus(position, now):
            continue
        severity = expiry_severity(certificate, now)
        if severity is not None and certificate.not_after is not None:
            which = "certificate" if position == 0 else "intermediate certificate"
            expiry = expiry_text(certificate.not_after, now)
            fix = _RENEW if position == 0 else "get a chain with a newer intermediate from the CA"
            yield Remark(severity=severity, text=f"{which} {expiry}", fix=fix, rules=_EXPIRY)


def expiry_severity(certificate: Certificate, now: datetime) -> Severity | None:
    """The severity of the time left in relation to the lifetime, as in alerts; None if enough is left."""
    lifetime = Lifetime.of(certificate.not_before, certificate.not_after)
    if lifetime is None:
        return None
    if now > lifetime.not_after:
        return Severity.CRITICAL
    if now > lifetime.critical_at:
        return Severity.HIGH
    return Severity.MEDIUM if now > lifetime.warning_at else None
