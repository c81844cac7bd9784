"""Which of the dashboards' conditions are true of a target, by the facts of all its addresses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from exporters.prometheus.families.family import Sample
from exporters.prometheus.fleet.family import Statuses, summed

_protocols = summed("protocol_supported", "protocol")
_vulnerable = summed("vulnerable")
_verified = summed("cert_verify_success", "cert")
_client_auth = summed("client_auth_verified")
_certificate_required = summed("client_auth", "protocol", mode="required")
_post_quantum = summed("post_quantum_key_exchange")
_compliant = summed("policy_compliant")

_OLD: Final = frozenset({"SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1"})


def conditions(statuses: Statuses) -> Iterator[Sample]:
    """A sample of 1 for each condition that is true. What is unknown of a target is none of its conditions."""
    for condition in _conditions(statuses):
        yield (condition,), 1.0


def _conditions(statuses: Statuses) -> Iterator[str]:
    is_up = any(one.observation.answered for one in statuses)
    yield "up" if is_up else "down"
    if any(number == 1 and label in _OLD for (label,), number in _protocols(statuses)):
        yield "old_protocols"
    if any(number == 1 for _, number in _vulnerable(statuses)):
        yield "vulnerable"
    if any(number == 0 for _, number in _client_auth(statuses)):
        yield "client_auth_not_verified"
    if numbers := [number for _, number in _certificate_required(statuses)]:
        if max(numbers):
            yield "client_certificate_required"
        if max(numbers) > min(numbers):
            yield "client_certificate_required_at_some_versions"
    if _has_untrusted(statuses):
        yield "not_trusted"
    if numbers := [number for _, number in _post_quantum(statuses)]:
        yield "post_quantum" if max(numbers) else "not_post_quantum"
    if numbers := [number for _, number in _compliant(statuses)]:
        yield "compliant" if min(numbers) else "not_compliant"


def _has_untrusted(statuses: Statuses) -> bool:
    """Whether an address serves a chain that no trust store accepts."""
    for status in statuses:
        best: dict[tuple[str, ...], float] = {}
        for cert, number in _verified([status]):
            best[cert] = max(number, best.get(cert, 0.0))
        if 0.0 in best.values():
            return True
    return False
