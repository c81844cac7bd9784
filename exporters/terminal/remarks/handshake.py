"""Remarks on protocol versions, cipher suites and known attacks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from exporters.terminal.remarks.remark import Remark
from model.findings.attacks import ATTACKS, attack_with_cves
from model.findings.finding import Severity
from model.observation import Observation
from model.protocol_version import ProtocolVersion
from model.registry import Strength, cipher_suite_by_name, strength_by_name
from model.verdict import Verdict

_GRADE: Final = "TP-GRADE-001"
_VERSIONS: Final = frozenset({"TP-TLS-001", _GRADE})
_VERSIONS_REQUIRED: Final = frozenset({"TP-TLS-002", _GRADE})
_SUITES: Final = frozenset({"TP-CIPHER-001", "TP-CIPHER-002", "TP-CIPHER-004", _GRADE})
_ATTACKS: Final = frozenset({"TP-VULN-001"})
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


def handshake_remarks(observation: Observation) -> Iterator[Remark]:
    """Old versions, a missing TLS 1.3, bad suites, and each attack that the endpoint is vulnerable to."""
    yield from _version_remarks(observation)
    yield from _suite_remarks(observation)
    yield from _attack_remarks(observation)


def _version_remarks(observation: Observation) -> Iterator[Remark]:
    accepted: dict[tuple[Severity, str], list[str]] = defaultdict(list)
    for version, severity, word in _OLD_VERSIONS:
        fact = observation.protocols.get(version)
        if fact is not None and fact.verdict is Verdict.YES:
            accepted[severity, word].append(version.display_name)
    for (severity, word), labels in accepted.items():
        verb = "is" if len(labels) == 1 else "are"
        names = " and ".join(labels)
        text = f"{names} {verb} offered ({word})"
        yield Remark(severity=severity, text=text, fix=f"turn off {names}", rules=_VERSIONS)
    newest = observation.protocols.get(ProtocolVersion.TLSV1_3)
    if newest is not None and newest.verdict is Verdict.NO and observation.answered:
        yield Remark(
            severity=Severity.LOW,
            text="TLS 1.3 is not offered",
            fix="turn on TLS 1.3",
            rules=_VERSIONS_REQUIRED,
        )


def _suite_remarks(observation: Observation) -> Iterator[Remark]:
    accepted: dict[Strength, dict[str, str]] = defaultdict(dict)
    for found in observation.cipher_suites.values():
        for name in found.accepted:
            if strength := strength_by_name(name):
                suite = cipher_suite_by_name(name)
                accepted[strength][name] = suite.weakness if suite else "SSL 2.0"
    for strength, severity in _SUITE_SEVERITIES.items():
        if names := accepted[strength]:
            suites = "cipher suite is" if len(names) == 1 else "cipher suites are"
            reasons = ", ".join(dict.fromkeys(names.values()))
            yield Remark(
                severity=severity,
                text=f"{len(names)} {strength} {suites} accepted: {reasons}",
                fix=f"turn off the suites that are marked {strength} below",
                rules=_SUITES,
            )


def _attack_remarks(observation: Observation) -> Iterator[Remark]:
    for name, attack in ATTACKS.items():
        fact = observation.vulnerabilities.get(name)
        if name not in _OF_SUITES and fact is not None and fact.verdict is Verdict.YES:
            yield Remark(
                severity=attack.severity,
                text=f"vulnerable to {attack_with_cves(name)}",
                fix=attack.fix,
                rules=_ATTACKS,
                named=attack.title,
            )
