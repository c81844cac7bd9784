"""The attacks behind the vulnerability facts: their usual names, and how severe each is.

The severities are those of the profile ``known-vulnerabilities``, so that a scan without a policy agrees with
a finding.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from model.findings.finding import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """``title`` follows ``Vulnerable to`` in a sentence."""

    title: str
    severity: Severity


ATTACKS: Final[Mapping[str, Attack]] = MappingProxyType(
    {
        name: Attack(title=title, severity=severity)
        for name, title, severity in (
            ("heartbleed", "Heartbleed", Severity.CRITICAL),
            ("ccs_injection", "CCS injection", Severity.CRITICAL),
            ("ticketbleed", "Ticketbleed", Severity.CRITICAL),
            ("robot", "ROBOT", Severity.CRITICAL),
            ("drown", "DROWN", Severity.CRITICAL),
            ("poodle_tls", "POODLE over TLS", Severity.CRITICAL),
            ("anonymous_suites", "interception through anonymous suites", Severity.CRITICAL),
            ("null_suites", "eavesdropping through suites without encryption", Severity.CRITICAL),
            ("export_suites", "attacks on export cipher suites", Severity.CRITICAL),
            ("starttls_injection", "command injection before STARTTLS", Severity.HIGH),
            ("insecure_renegotiation", "insecure renegotiation", Severity.HIGH),
            ("poodle_ssl3", "POODLE", Severity.HIGH),
            ("freak", "FREAK", Severity.HIGH),
            ("logjam", "Logjam", Severity.HIGH),
            ("rc4", "RC4 biases", Severity.HIGH),
            ("sweet32", "SWEET32", Severity.MEDIUM),
            ("crime", "CRIME", Severity.MEDIUM),
            ("raccoon", "Raccoon", Severity.LOW),
            ("beast", "BEAST", Severity.LOW),
            ("lucky13", "Lucky Thirteen", Severity.LOW),
            ("client_renegotiation_dos", "denial of service by renegotiation", Severity.LOW),
        )
    }
)
"""By the names of ``docs/reference/checks.md``."""


def attack_title(name: str) -> str:
    """The usual name of the attack; the fact's name if the table does not have it."""
    return ATTACKS[name].title if name in ATTACKS else name
