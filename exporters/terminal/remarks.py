"""What a reader of one Observation must see first: its faults in words, the worst at the top.

These are remarks for a person at a terminal, drawn from facts that need no policy: broken chains,
protocol versions and cipher suites that are broken or deprecated, expiry that comes too close.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final

from model.certificates.certificate import Certificate, Problem, ServedChain
from model.certificates.lifetime import Lifetime
from model.observation import ClientAuthMode, Observation, OwnAttempt
from model.protocol_version import ProtocolVersion
from model.registry import Strength, strength_by_name
from model.verdict import Verdict


class RemarkSeverity(IntEnum):
    """How much a remark matters, worst first."""

    BAD = 0
    WARNING = 1
    NOTE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One fault in one sentence, which may hold text that a server chose."""

    severity: RemarkSeverity
    text: str


_PROBLEMS: Final[dict[Problem, tuple[RemarkSeverity, str]]] = {
    Problem.EXPIRED: (RemarkSeverity.BAD, "the certificate has expired"),
    Problem.NOT_YET_VALID: (RemarkSeverity.BAD, "the certificate is not valid yet"),
    Problem.REVOKED: (RemarkSeverity.BAD, "a certificate of the chain is revoked"),
    Problem.STAPLE_MISSING: (
        RemarkSeverity.BAD,
        "the certificate demands a stapled OCSP response, and none that counts comes with it",
    ),
    Problem.UNPARSABLE: (RemarkSeverity.BAD, "a certificate of the chain cannot be read"),
    Problem.HOSTNAME_MISMATCH: (RemarkSeverity.BAD, "the certificate is for other names"),
    Problem.SELF_SIGNED: (RemarkSeverity.BAD, "the certificate is self-signed"),
    Problem.UNKNOWN_CA: (RemarkSeverity.BAD, "the chain leads to no trusted authority"),
    Problem.INCOMPLETE: (RemarkSeverity.BAD, "the chain lacks an intermediate certificate"),
    Problem.WEAK_KEY: (RemarkSeverity.BAD, "a key of the chain is weak"),
    Problem.WEAK_SIGNATURE: (RemarkSeverity.BAD, "a signature of the chain is weak"),
    Problem.LIFETIME_TOO_LONG: (
        RemarkSeverity.WARNING,
        "the certificate lives longer than a public CA may let it",
    ),
    Problem.INTERNAL_NAME: (RemarkSeverity.WARNING, "a public certificate is for an internal name"),
    Problem.MISORDERED: (RemarkSeverity.WARNING, "the chain is out of order"),
    Problem.OTHER: (RemarkSeverity.WARNING, "the chain has a fault that has no name here"),
    Problem.SURPLUS: (RemarkSeverity.NOTE, "the chain has certificates that it does not need"),
    Problem.CONTAINS_ROOT: (
        RemarkSeverity.NOTE,
        "the chain carries its root, which no client needs",
    ),
}

_OLD_VERSIONS: Final = (
    (ProtocolVersion.SSLV2, RemarkSeverity.BAD, "broken (RFC 6176)"),
    (ProtocolVersion.SSLV3, RemarkSeverity.BAD, "broken (RFC 7568)"),
    (ProtocolVersion.TLSV1_0, RemarkSeverity.WARNING, "deprecated (RFC 8996)"),
    (ProtocolVersion.TLSV1_1, RemarkSeverity.WARNING, "deprecated (RFC 8996)"),
)
_SUITE_SEVERITIES: Final = {
    Strength.INSECURE: RemarkSeverity.BAD,
    Strength.WEAK: RemarkSeverity.WARNING,
}

_ATTACKS: Final[dict[str, tuple[RemarkSeverity, str]]] = {
    "heartbleed": (RemarkSeverity.BAD, "Heartbleed"),
    "ccs_injection": (RemarkSeverity.BAD, "CCS injection"),
    "robot": (RemarkSeverity.BAD, "ROBOT"),
    "ticketbleed": (RemarkSeverity.BAD, "Ticketbleed"),
    "drown": (RemarkSeverity.BAD, "DROWN"),
    "poodle_ssl3": (RemarkSeverity.BAD, "POODLE"),
    "poodle_tls": (RemarkSeverity.BAD, "POODLE at TLS"),
    "freak": (RemarkSeverity.BAD, "FREAK"),
    "logjam": (RemarkSeverity.BAD, "Logjam"),
    "crime": (RemarkSeverity.BAD, "CRIME"),
    "insecure_renegotiation": (RemarkSeverity.BAD, "insecure renegotiation"),
    "sweet32": (RemarkSeverity.WARNING, "SWEET32"),
    "raccoon": (RemarkSeverity.WARNING, "Raccoon"),
    "starttls_injection": (RemarkSeverity.BAD, "commands injected before STARTTLS"),
    "client_renegotiation_dos": (RemarkSeverity.WARNING, "renegotiation at the client's will"),
    "beast": (RemarkSeverity.NOTE, "BEAST"),
    "lucky13": (RemarkSeverity.NOTE, "Lucky Thirteen"),
}
"""Attacks by the names they are known by; what is said of suites anyhow is not among them."""


def remarks(observation: Observation, now: datetime) -> tuple[Remark, ...]:
    """What is wrong at one endpoint, worst first; ``now`` (aware) decides how close expiry is."""
    found: list[Remark] = []
    several = len(observation.own_certificates) > 1
    for deployment in observation.own_certificates:
        prefix = f"{deployment.key_type.value}: " if several else ""
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
        Remark(severity=RemarkSeverity.WARNING, text=contradiction.subject)
        for contradiction in observation.contradictions
    ]
    if observation.answered_as_tls and observation.reason:
        found.append(Remark(severity=RemarkSeverity.WARNING, text=observation.reason))
    return tuple(sorted(dict.fromkeys(found), key=lambda remark: remark.severity))


def _clear_remarks(observation: Observation) -> Iterator[Remark]:
    """What goes without TLS. Where HTTP does nothing but lead to HTTPS, that is as it should be."""
    redirects = observation.http.get("redirects_to_https")
    leads_on = redirects is not None and redirects.verdict is Verdict.YES
    answers = observation.plaintext.get("answers_in_clear")
    if answers is not None and answers.verdict is Verdict.YES and not leads_on:
        where = f" ({answers.value})" if answers.value else ""
        offered = observation.plaintext.get("starttls_offered")
        # Mail between servers is opportunistic by design (RFC 7435): whoever wants to may go without.
        is_choice = offered is not None and offered.verdict is Verdict.YES
        severity = RemarkSeverity.WARNING if is_choice else RemarkSeverity.BAD
        yield Remark(severity=severity, text=f"it is answered without TLS too{where}")
    login = observation.plaintext.get("login_before_tls")
    if login is not None and login.verdict is Verdict.YES:
        yield Remark(severity=RemarkSeverity.BAD, text="a login is offered before TLS")
    downgrade = observation.http.get("redirect_downgrade")
    if downgrade is not None and downgrade.verdict is Verdict.YES:
        text = f"HTTPS leads on to HTTP in clear ({downgrade.value})"
        yield Remark(severity=RemarkSeverity.BAD, text=text)


def _version_remarks(observation: Observation) -> Iterator[Remark]:
    accepted: dict[tuple[RemarkSeverity, str], list[str]] = defaultdict(list)
    for version, severity, word in _OLD_VERSIONS:
        fact = observation.protocols.get(version)
        if fact is not None and fact.verdict is Verdict.YES:
            accepted[severity, word].append(version.label)
    for (severity, word), labels in accepted.items():
        verb = "is" if len(labels) == 1 else "are"
        text = f"{' and '.join(labels)} {verb} accepted, though {word}"
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
    """One for each severity, with all attacks of it."""
    open_to: dict[RemarkSeverity, list[str]] = defaultdict(list)
    for name, (severity, attack) in _ATTACKS.items():
        fact = observation.vulnerabilities.get(name)
        if fact is not None and fact.verdict is Verdict.YES:
            open_to[severity].append(attack)
    for severity, attacks in open_to.items():
        yield Remark(severity=severity, text=f"open to {', '.join(attacks)}")


def _client_auth_remarks(observation: Observation) -> Iterator[Remark]:
    """A demand that checks nothing is a hole; a request may be checked further behind."""
    for mode, severity, verb in (
        (ClientAuthMode.REQUIRED, RemarkSeverity.BAD, "demanded"),
        (ClientAuthMode.REQUESTED, RemarkSeverity.WARNING, "asked for"),
    ):
        labels = [
            version.label
            for version, found in sorted(observation.client_auth.items())
            if found.verifies is Verdict.NO and found.mode is mode
        ]
        if labels:
            where = ", ".join(labels)
            text = f"a client certificate is {verb}, and any that nobody issued is taken ({where})"
            yield Remark(severity=severity, text=text)


def _enforcement_remarks(observation: Observation) -> Iterator[Remark]:
    """What one version or name demands, and another does not, can be walked around."""
    modes: dict[ClientAuthMode, list[str]] = defaultdict(list)
    for version, found in sorted(observation.client_auth.items()):
        if found.mode is not ClientAuthMode.UNKNOWN:
            modes[found.mode].append(version.label)
    if len(modes) > 1:
        words = ", ".join(f"{mode} at {' and '.join(labels)}" for mode, labels in modes.items())
        text = f"client certificates are treated differently by version: {words}"
        yield Remark(severity=RemarkSeverity.WARNING, text=text)
    by_name = observation.features.get("server_name_selects_client_auth")
    if by_name is not None and by_name.verdict is Verdict.YES:
        text = "whether a client certificate is asked for depends on the server name"
        yield Remark(severity=RemarkSeverity.WARNING, text=text)


def _own_certificate_remarks(observation: Observation, now: datetime) -> Iterator[Remark]:
    """The user's own client certificate: refused though valid, or taken though it has expired."""
    for version, found in sorted(observation.client_auth.items()):
        for own in (found.own, found.expired):
            text = _fault_of_own(own, now) if own is not None else None
            if text is not None:
                yield Remark(severity=RemarkSeverity.BAD, text=f"{text} ({version.label})")


def _fault_of_own(own: OwnAttempt, now: datetime) -> str | None:
    has_expired = own.not_after < now
    if own.is_accepted is Verdict.YES and has_expired:
        return f"the client certificate {own.identity} is taken, though it has expired"
    if own.is_accepted is Verdict.NO and not has_expired:
        return f"the client certificate {own.identity} is refused"
    return None


def _deployment_remarks(deployment: ServedChain, now: datetime) -> Iterator[Remark]:
    for problem in deployment.problems:
        severity, text = _PROBLEMS[problem]
        yield Remark(severity=severity, text=text)
    yield from _dns_remarks(deployment)
    if Problem.EXPIRED not in deployment.problems:
        yield from _expiry_remarks(deployment.chain, now)
    # A chain with a bad problem is untrusted for that very reason, which is said already.
    if all(_PROBLEMS[problem][0] is not RemarkSeverity.BAD for problem in deployment.problems):
        yield from _trust_remarks(deployment)


def _dns_remarks(deployment: ServedChain) -> Iterator[Remark]:
    for record, severity, text in (
        ("tlsa", RemarkSeverity.BAD, "the chain is not that of the DNS"),
        ("caa", RemarkSeverity.WARNING, "the DNS forbids the issuer to issue"),
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
            severity=RemarkSeverity.BAD, text=f"the chain is not trusted by {store}{reason}"
        )


def _expiry_remarks(chain: Iterable[Certificate], now: datetime) -> Iterator[Remark]:
    for position, certificate in enumerate(chain):
        severity = expiry_severity(certificate, now)
        if severity is not None and certificate.not_after is not None:
            which = "the certificate" if position == 0 else "an intermediate certificate"
            left = describe_validity(certificate.not_after, now)
            yield Remark(severity=severity, text=f"{which}: {left}")


def expiry_severity(certificate: Certificate, now: datetime) -> RemarkSeverity | None:
    """How bad the time left is, measured by the lifetime; None where there is plenty."""
    lifetime = Lifetime.of(certificate.not_before, certificate.not_after)
    if lifetime is None:
        return None
    if now > lifetime.critical_at:
        return RemarkSeverity.BAD
    return RemarkSeverity.WARNING if now > lifetime.warning_at else None


def describe_validity(not_after: datetime, now: datetime) -> str:
    """The time to or since ``not_after``, such as ``60 days left`` or ``expired 5 hours ago``."""
    left = not_after - now
    amount = abs(left)
    if amount >= timedelta(days=2):
        span = f"{amount.days} days"
    else:
        hours = int(amount / timedelta(hours=1))
        span = "1 hour" if hours == 1 else f"{hours} hours"
    return f"{span} left" if left >= timedelta(0) else f"expired {span} ago"
