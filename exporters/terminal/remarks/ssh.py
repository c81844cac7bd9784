"""Remarks on SSH servers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from exporters.terminal.remarks.remark import Remark
from model.findings.finding import Severity
from model.judging.ssh import broken_algorithms, certificate_ends, rsa_bits, unsigned_certificates
from model.observation import Observation
from model.verdict import Fact, Verdict

_SHORTEST_RSA_BITS: Final = 2_048


def ssh_remarks(observation: Observation, now: datetime) -> Iterator[Remark]:
    """Version 1, Terrapin, broken algorithms, short keys, and host certificates that are not valid."""
    facts = observation.ssh
    if "version_1" in facts and facts["version_1"].verdict is Verdict.YES:
        yield Remark(
            severity=Severity.CRITICAL,
            text="version 1 of SSH is supported",
            fix="update the server: current ones have no version 1",
            rules=frozenset({"TP-SSH-004"}),
        )
    if "terrapin" in facts and facts["terrapin"].verdict is Verdict.YES:
        yield Remark(
            severity=Severity.MEDIUM,
            text=f"vulnerable to Terrapin (CVE-2023-48795), with {facts['terrapin'].value}",
            fix="update the server to one with strict key exchange",
            rules=frozenset({"TP-SSH-002"}),
        )
    for names in broken_algorithms(facts):
        yield Remark(
            severity=Severity.MEDIUM,
            text=f"broken algorithms are offered: {', '.join(names)}",
            fix="remove them from KexAlgorithms, HostKeyAlgorithms, Ciphers and MACs",
            rules=frozenset({"TP-SSH-001"}),
        )
    bits = rsa_bits(facts)
    if bits is not None and bits < _SHORTEST_RSA_BITS:
        yield Remark(
            severity=Severity.HIGH,
            text=f"the RSA host key has {bits} bits",
            fix="make a new one: ssh-keygen -t rsa -b 3072",
            rules=frozenset({"TP-SSH-005"}),
        )
    yield from _certificate_remarks(facts, now)


def _certificate_remarks(facts: Mapping[str, Fact], now: datetime) -> Iterator[Remark]:
    """Those that have expired, or that their CA did not sign."""
    for name, end in certificate_ends(facts):
        if end <= now:
            yield Remark(
                severity=Severity.HIGH,
                text=f"the host certificate of the {name} key expired on {end:%Y-%m-%d}",
                fix="sign the host key again: ssh-keygen -h -s",
                rules=frozenset({"TP-SSH-006"}),
            )
    for name in unsigned_certificates(facts):
        yield Remark(
            severity=Severity.HIGH,
            text=f"the CA's signature of the host certificate of the {name} key is not valid",
            fix="sign the host key again: ssh-keygen -h -s",
        )
