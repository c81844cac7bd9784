"""The most important problems of one Observation, the most severe first.

These remarks for a person at a terminal need no policy: broken chains, protocol versions and cipher suites
that are broken or deprecated, certificates that expire soon. Severities are those of findings.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from model.certificates.certificate import Certificate, Problem, ServedChain
from model.certificates.lifetime import Lifetime, expiry_text
from model.certificates.problem_text import PROBLEM_TEXTS
from model.findings.attacks import ATTACKS
from model.findings.finding import Severity
from model.observation import ClientAuthMode, Observation, OwnAttempt
from model.protocol_version import ProtocolVersion
from model.registry import Strength, strength_by_name
from model.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """The problem in one sentence, which may contain text that a server chose."""

    severity: Severity
    text: str


_PROBLEMS: Final[Mapping[Problem, Severity]] = {
    Problem.EXPIRED: Severity.CRITICAL,
    Problem.NOT_YET_VALID: Severity.CRITICAL,
    Problem.REVOKED: Severity.CRITICAL,
    Problem.STAPLE_MISSING: Severity.HIGH,
    Problem.UNPARSABLE: Severity.HIGH,
    Problem.HOSTNAME_MISMATCH: Severity.HIGH,
    Problem.SELF_SIGNED: Severity.HIGH,
    Problem.UNKNOWN_CA: Severity.HIGH,
    Problem.INCOMPLETE: Severity.HIGH,
    Problem.WEAK_KEY: Severity.HIGH,
    Problem.WEAK_SIGNATURE: Severity.HIGH,
    Problem.LIFETIME_TOO_LONG: Severity.LOW,
    Problem.INTERNAL_NAME: Severity.MEDIUM,
    Problem.MISORDERED: Severity.LOW,
    Problem.OTHER: Severity.MEDIUM,
    Problem.SURPLUS: Severity.INFO,
    Problem.CONTAINS_ROOT: Severity.INFO,
}

_OLD_VERSIONS: Final = (
    (ProtocolVersion.SSLV2, Severity.CRITICAL, "broken, RFC 6176"),
    (ProtocolVersion.SSLV3, Severity.CRITICAL, "broken, RFC 7568"),
    (ProtocolVersion.TLSV1_0, Severity.MEDIUM, "deprecated, RFC 8996"),
    (ProtocolVersion.TLSV1_1, Severity.MEDIUM, "deprecated, RFC 8996"),
)
_SUITE_SEVERITIES: Final = {
    Strength.INSECURE: Severity.HIGH,
    Strength.WEAK: Severity.MEDIUM,
}

_OF_SUITES: Final = frozenset({"anonymous_suites", "export_suites", "null_suites", "rc4"})
"""Attacks that the remark on insecure cipher suites covers."""


def remarks(observation: Observation, now: datetime) -> tuple[Remark, ...]:
    """The problems of one endpoint, most severe first; ``now`` (aware) decides how close expiry is."""
    found: list[Remark] = []
    several = len(observation.own_certificates) > 1
    for deployment in observation.own_certificates:
        prefix = f"{deployment.key_type.value.upper()} " if several else ""
        found += [
            Remark(severity=remark.severity, text=prefix + remark.text)
            for remark in _deployment_remarks(deployment, now)
        ]
    found += _client_auth_remarks(observation)
    found += _enforcement_remarks(observation)
    found += _own_certificate_remarks(observation, now)
    found += _version_remarks(observation)
    found += _suite_remarks(observation)
    found += _attack_remarks(observation)
    found += _clear_remarks(observation)
    found += [
        Remark(severity=Severity.MEDIUM, text=contradiction.subject)
        for contradiction in observation.contradictions
    ]
    if observation.answered_as_tls and observation.reason:
        found.append(Remark(severity=Severity.MEDIUM, text=observation.reason))
    return tuple(sorted(dict.fromkeys(found), key=lambda remark: -remark.severity.rank))


def _clear_remarks(observation: Observation) -> Iterator[Remark]:
    """Service without TLS. HTTP that only redirects to HTTPS is not a problem."""
    redirects = observation.http.get("redirects_to_https")
    leads_on = redirects is not None and redirects.verdict is Verdict.YES
    answers = observation.plaintext.get("answers_in_plaintext")
    if answers is not None and answers.verdict is Verdict.YES and not leads_on:
        where = f" ({answers.value})" if answers.value else ""
        offered = observation.plaintext.get("starttls_offered")
        # Mail between servers is opportunistic by design (RFC 7435): clients may do without TLS.
        is_choice = offered is not None and offered.verdict is Verdict.YES
        severity = Severity.MEDIUM if is_choice else Severity.HIGH
        yield Remark(severity=severity, text=f"the service also answers without TLS{where}")
    login = observation.plaintext.get("login_before_tls")
    if login is not None and login.verdict is Verdict.YES:
        yield Remark(severity=Severity.HIGH, text="login is offered in plaintext, before TLS")
    downgrade = observation.http.get("redirect_downgrade")
    if downgrade is not None and downgrade.verdict is Verdict.YES:
        text = f"HTTPS redirects to plain HTTP ({downgrade.value})"
        yield Remark(severity=Severity.HIGH, text=text)


def _version_remarks(observation: Observation) -> Iterator[Remark]:
    accepted: dict[tuple[Severity, str], list[str]] = defaultdict(list)
    for version, severity, word in _OLD_VERSIONS:
        fact = observation.protocols.get(version)
        if fact is not None and fact.verdict is Verdict.YES:
            accepted[severity, word].append(version.display_name)
    for (severity, word), labels in accepted.items():
        verb = "is" if len(labels) == 1 else "are"
        text = f"{' and '.join(labels)} {verb} offered ({word})"
        yield Remark(severity=severity, text=text)


def _suite_remarks(observation: Observation) -> Iterator[Remark]:
    accepted: dict[Strength, set[str]] = defaultdict(set)
    for found in observation.cipher_suites.values():
        for name in found.accepted:
            if strength := strength_by_name(name):
                accepted[strength].add(name)
    for strength, severity in _SUITE_SEVERITIES.items():
        if names := accepted[strength]:
            suites = "cipher suite is" if len(names) == 1 else "cipher suites are"
            yield Remark(severity=severity, text=f"{len(names)} {strength} {suites} accepted")


def _attack_remarks(observation: Observation) -> Iterator[Remark]:
    """One remark for each severity, with all its attacks."""
    vulnerable_to: dict[Severity, list[str]] = defaultdict(list)
    for name, attack in ATTACKS.items():
        fact = observation.vulnerabilities.get(name)
        if name not in _OF_SUITES and fact is not None and fact.verdict is Verdict.YES:
            vulnerable_to[attack.severity].append(attack.title)
    for severity, titles in vulnerable_to.items():
        yield Remark(severity=severity, text=f"vulnerable to {', '.join(titles)}")


def _client_auth_remarks(observation: Observation) -> Iterator[Remark]:
    """Requiring a certificate without verifying it is a hole; the application may check a requested one."""
    for mode, severity, verb in (
        (ClientAuthMode.REQUIRED, Severity.CRITICAL, "required"),
        (ClientAuthMode.REQUESTED, Severity.MEDIUM, "requested"),
    ):
        labels = [
            version.display_name
            for version, found in sorted(observation.client_auth.items())
            if found.verifies is Verdict.NO and found.mode is mode
        ]
        if labels:
            where = ", ".join(labels)
            text = f"client certificates are {verb} but not verified: a forged one was accepted"
            yield Remark(severity=severity, text=f"{text} ({where})")


def _enforcement_remarks(observation: Observation) -> Iterator[Remark]:
    """A requirement of one version or name can be bypassed if another lacks it."""
    modes: dict[ClientAuthMode, list[str]] = defaultdict(list)
    for version, found in sorted(observation.client_auth.items()):
        if found.mode is not ClientAuthMode.UNKNOWN:
            modes[found.mode].append(version.display_name)
    if len(modes) > 1:
        words = ", ".join(f"{mode} at {' and '.join(labels)}" for mode, labels in modes.items())
        text = f"client certificates are treated differently by version: {words}"
        yield Remark(severity=Severity.MEDIUM, text=text)
    by_name = observation.features.get("server_name_selects_client_auth")
    if by_name is not None and by_name.verdict is Verdict.YES:
        text = "whether a client certificate is requested depends on the server name"
        yield Remark(severity=Severity.MEDIUM, text=text)


def _own_certificate_remarks(observation: Observation, now: datetime) -> Iterator[Remark]:
    """The user's own client certificate: refused though valid, or accepted though expired."""
    for version, found in sorted(observation.client_auth.items()):
        for own in (found.own, found.expired):
            text = _fault_of_own(own, now) if own is not None else None
            if text is not None:
                yield Remark(severity=Severity.HIGH, text=f"{text} ({version.display_name})")


def _fault_of_own(own: OwnAttempt, now: datetime) -> str | None:
    has_expired = own.not_after < now
    if own.is_accepted is Verdict.YES and has_expired:
        return f"the client certificate {own.identity} is accepted, though it has expired"
    if own.is_accepted is Verdict.NO and not has_expired:
        return f"the client certificate {own.identity} is refused"
    return None


def _deployment_remarks(deployment: ServedChain, now: datetime) -> Iterator[Remark]:
    for problem in deployment.problems:
        text = f"certificate {_problem_text(problem, deployment.leaf, now)}"
        yield Remark(severity=_PROBLEMS[problem], text=text)
    yield from _dns_remarks(deployment)
    if Problem.EXPIRED not in deployment.problems:
        yield from _expiry_remarks(deployment, now)
    # A chain with a severe problem is untrusted for that reason, which is reported already.
    if all(_PROBLEMS[problem].rank < Severity.HIGH.rank for problem in deployment.problems):
        yield from _trust_remarks(deployment)


def _problem_text(problem: Problem, leaf: Certificate, now: datetime) -> str:
    end = leaf.not_after
    if problem is Problem.EXPIRED and end is not None and end < now:
        return expiry_text(end, now)
    return PROBLEM_TEXTS[problem]


def _dns_remarks(deployment: ServedChain) -> Iterator[Remark]:
    for record, severity, text in (
        ("tlsa", Severity.HIGH, "certificate chain does not match the TLSA records"),
        ("caa", Severity.MEDIUM, "certificate issuer is not permitted by the CAA records"),
    ):
        found = deployment.dns.get(record)
        if found is not None and found.verdict is Verdict.NO:
            reason = (found.reason or "").rstrip(".")
            yield Remark(severity=severity, text=f"{text} ({reason})")


def _trust_remarks(deployment: ServedChain) -> Iterator[Remark]:
    if any(found.verdict is not Verdict.NO for found in deployment.trust.values()):
        return
    for store, found in sorted(deployment.trust.items()):
        reason = f" ({found.reason.rstrip('.')})" if found.reason else ""
        yield Remark(
            severity=Severity.HIGH, text=f"certificate chain is not trusted by {store}{reason}"
        )


def _expiry_remarks(deployment: ServedChain, now: datetime) -> Iterator[Remark]:
    for position, certificate in enumerate(deployment.chain):
        if deployment.is_surplus(position, now):
            continue
        severity = expiry_severity(certificate, now)
        if severity is not None and certificate.not_after is not None:
            which = "certificate" if position == 0 else "intermediate certificate"
            expiry = expiry_text(certificate.not_after, now)
            yield Remark(severity=severity, text=f"{which} {expiry}")


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
