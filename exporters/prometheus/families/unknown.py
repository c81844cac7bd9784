"""What a visit could not prove: a fact without a series of its own is counted here, never shown as 0."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from exporters.prometheus.families.family import Family, Sample
from model.findings.finding import FindingStatus, Outcome
from model.observation import ClientAuthMode, Observation
from model.protocol_version import ProtocolVersion
from model.sections import ACCEPTED_SETS, named_facts
from model.snapshot import EndpointStatus
from model.verdict import UnknownCause, Verdict

THROTTLED: Final = "throttled"
"""The server slowed the visit down, and the next visit may find out more."""

UNPROVED: Final = "inconclusive"
"""The server's answers prove neither yes nor no."""

_Unknown = tuple[str, str]
"""The check, and the protocol version or an empty text."""


def _unknown(status: EndpointStatus) -> Iterator[Sample]:
    observation = status.observation
    reason = THROTTLED if observation.cost.throttled else UNPROVED
    for check, version in (*_by_version(observation), *_by_name(observation)):
        yield (check, version, reason), 1.0
    for check, version in _hidden(observation):
        yield (check, version, UnknownCause.NO_HELLO_SHOWS), 1.0
    for check in _of_chains(observation):
        yield (check, "", UNPROVED), 1.0
    unproved = (policy for policy, one in status.compliance.items() if one is Verdict.UNKNOWN)
    if not all(_needs_client_certificate(status, policy) for policy in unproved):
        yield ("policy_compliant", "", reason), 1.0


def _needs_client_certificate(status: EndpointStatus, policy: str) -> bool:
    """Whether the policy's compliance is unknown only because no client certificate was presented."""
    causes = {
        finding.result.cause
        for finding in status.findings
        if finding.result.policy == policy
        and finding.result.outcome is Outcome.UNKNOWN
        and finding.status is not FindingStatus.RESOLVED
    }
    return causes == {UnknownCause.NEEDS_CLIENT_CERTIFICATE}


def _withheld(status: EndpointStatus) -> Iterator[Sample]:
    facts = (fact for facts in named_facts(status.observation) for fact in facts.values())
    count = sum(fact.cause is UnknownCause.NEEDS_CLIENT_CERTIFICATE for fact in facts)
    if count:
        yield (), float(count)


def _by_version(observation: Observation) -> Iterator[_Unknown]:
    for version, fact in observation.protocols.items():
        if fact.verdict is Verdict.UNKNOWN:
            yield "protocol_supported", version.label
    for section in ACCEPTED_SETS:
        for version, found in section.of(observation).items():
            if not found.complete and found.cause is None:
                yield section.name, version.label
    for version, auth in observation.client_auth.items():
        if auth.mode is ClientAuthMode.UNKNOWN:
            yield "client_auth", version.label
        if auth.verifies is Verdict.UNKNOWN:
            yield "client_auth_verified", version.label
    if _post_quantum_is_unknown(observation):
        yield "post_quantum_key_exchange", ProtocolVersion.TLSV1_3.label


def _hidden(observation: Observation) -> Iterator[_Unknown]:
    for section in ACCEPTED_SETS:
        for version, found in section.of(observation).items():
            if found.cause is UnknownCause.NO_HELLO_SHOWS:
                yield section.name, version.label


def _post_quantum_is_unknown(observation: Observation) -> bool:
    finished = observation.features.get("post_quantum_handshake")
    return finished is not None and finished.verdict is Verdict.UNKNOWN


def _by_name(observation: Observation) -> Iterator[_Unknown]:
    for facts in named_facts(observation):
        for name, fact in facts.items():
            if fact.verdict is Verdict.UNKNOWN and fact.cause is None:
                yield name, ""


def _of_chains(observation: Observation) -> set[str]:
    """Independent of protocol version, and slower questions would not help."""
    undecided = set()
    for deployment in observation.own_certificates:
        if deployment.hostname_matches is Verdict.UNKNOWN:
            undecided.add("cert_hostname_matches")
        if any(trust.verdict is Verdict.UNKNOWN for trust in deployment.trust.values()):
            undecided.add("cert_verify_success")
        if any(one.is_revoked is Verdict.UNKNOWN for one in deployment.revocations):
            undecided.add("revoked")
    return undecided


UNKNOWN_FAMILIES: Final = (
    Family(
        name="check_unknown",
        fact="{check}",
        help="1 for each fact that the last visit could not prove; the fact has no other series.",
        example="count by (check, reason) (tlsprobe_check_unknown)",
        labels=("check", "protocol", "reason"),
        samples=_unknown,
    ),
    Family(
        name="facts_needing_client_certificate",
        fact="unknown",
        help="Number of facts that only a client with an accepted certificate can find out. "
        "tlsprobe_check_unknown does not count them. Absent if there are none.",
        example="tlsprobe_facts_needing_client_certificate",
        samples=_withheld,
    ),
)
