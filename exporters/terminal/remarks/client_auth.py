"""Remarks on client authentication."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from exporters.terminal.remarks.remark import Remark
from model.findings.finding import Severity
from model.observation import ClientAuthMode, Observation, OwnAttempt
from model.verdict import Verdict

_REQUIRED: Final = frozenset({"TP-MTLS-001"})
_VERIFIED: Final = frozenset({"TP-MTLS-002"})
_EVERYWHERE: Final = "require client certificates at every version and for every name, or at none"


def client_auth_remarks(observation: Observation, now: datetime) -> Iterator[Remark]:
    """Certificates that are not verified, gaps in a requirement, and the fate of the user's own certificate."""
    yield from _verification_remarks(observation)
    yield from _enforcement_remarks(observation)
    yield from _own_certificate_remarks(observation, now)


def _verification_remarks(observation: Observation) -> Iterator[Remark]:
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
            yield Remark(
                severity=severity,
                text=f"{text} ({where})",
                fix="verify client certificates against the CA that issues them",
                rules=_VERIFIED,
            )


def _enforcement_remarks(observation: Observation) -> Iterator[Remark]:
    """A requirement of one version or name can be bypassed if another lacks it."""
    modes: dict[ClientAuthMode, list[str]] = defaultdict(list)
    for version, found in sorted(observation.client_auth.items()):
        if found.mode is not ClientAuthMode.UNKNOWN:
            modes[found.mode].append(version.display_name)
    if len(modes) > 1:
        words = ", ".join(f"{mode} at {' and '.join(labels)}" for mode, labels in modes.items())
        text = f"client certificates are treated differently by version: {words}"
        yield Remark(severity=Severity.MEDIUM, text=text, fix=_EVERYWHERE, rules=_REQUIRED)
    by_name = observation.features.get("server_name_selects_client_auth")
    if by_name is not None and by_name.verdict is Verdict.YES:
        text = "whether a client certificate is requested depends on the server name"
        yield Remark(severity=Severity.MEDIUM, text=text, fix=_EVERYWHERE, rules=_REQUIRED)


def _own_certificate_remarks(observation: Observation, now: datetime) -> Iterator[Remark]:
    """The user's own client certificate: refused though valid, or accepted though expired."""
    for version, found in sorted(observation.client_auth.items()):
        for own in (found.own, found.expired):
            if own is not None and (fault := _fault_of_own(own, now)) is not None:
                text, fix = fault
                yield Remark(
                    severity=Severity.HIGH, text=f"{text} ({version.display_name})", fix=fix
                )


def _fault_of_own(own: OwnAttempt, now: datetime) -> tuple[str, str] | None:
    has_expired = own.not_after < now
    if own.is_accepted is Verdict.YES and has_expired:
        return (
            f"the client certificate {own.identity} is accepted, though it has expired",
            "let the server check the validity period of client certificates",
        )
    if own.is_accepted is Verdict.NO and not has_expired:
        return (
            f"the client certificate {own.identity} is refused",
            "compare the issuer of the client certificate with the CAs that the server accepts",
        )
    return None
