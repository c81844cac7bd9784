"""How an endpoint fares: whether it answers, why not, when it was asked, and what that cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from exporters.prometheus.family import Family, Sample
from model.observation import ClientAuthMode, Observation, State
from model.snapshot import EndpointStatus
from model.verdict import Verdict

_STAGES: Final = {
    State.DNS_ERROR: "resolve",
    State.UNREACHABLE: "connect",
    State.REFUSED: "connect",
    State.TIMEOUT: "answer",
    State.PLAINTEXT: "answer",
    State.NOT_TLS: "answer",
    State.ERROR: "internal",
}


def _up(status: EndpointStatus) -> Iterator[Sample]:
    yield (), float(status.observation.answered_as_tls)


def _failure(status: EndpointStatus) -> Iterator[Sample]:
    state = status.observation.state
    if state is not State.TLS:
        yield (_STAGES[state], state.value), 1.0


def _duration(status: EndpointStatus) -> Iterator[Sample]:
    yield (), status.observation.cost.duration_seconds


def _connections(status: EndpointStatus) -> Iterator[Sample]:
    yield (), float(status.observation.cost.connections)


def _throttled(status: EndpointStatus) -> Iterator[Sample]:
    yield (), float(status.observation.cost.throttled)


def _last_probe(status: EndpointStatus) -> Iterator[Sample]:
    yield (), status.last_probe_at.timestamp()


def _last_success(status: EndpointStatus) -> Iterator[Sample]:
    if status.last_success_at is not None:
        yield (), status.last_success_at.timestamp()


def _interval(status: EndpointStatus) -> Iterator[Sample]:
    yield (), status.interval_seconds


def _failures_in_a_row(status: EndpointStatus) -> Iterator[Sample]:
    yield (), float(status.consecutive_failures)


def _info(status: EndpointStatus) -> Iterator[Sample]:
    target = status.observation.endpoint.target
    name = target.server_name or ""
    yield (target.host, str(target.port), name, target.protocol, target.source), 1.0


def _unknown(status: EndpointStatus) -> Iterator[Sample]:
    observation = status.observation
    reason = "throttled" if observation.cost.throttled else "unproved"
    for version, fact in observation.protocols.items():
        if fact.verdict is Verdict.UNKNOWN:
            yield ("protocol_supported", version.label, reason), 1.0
    for check, sets in (
        ("cipher_suites", observation.cipher_suites),
        ("groups", observation.groups),
    ):
        for version, found in sets.items():
            if not found.complete:
                yield (check, version.label, reason), 1.0
    for version, found_auth in observation.client_auth.items():
        if found_auth.mode is ClientAuthMode.UNKNOWN:
            yield ("client_auth", version.label, reason), 1.0
    yield from _undecided(observation)


def _undecided(observation: Observation) -> Iterator[Sample]:
    """Of no protocol version, and no matter of being asked more gently."""
    for deployment in observation.own_certificates:
        if deployment.hostname_matches is Verdict.UNKNOWN:
            yield ("cert_hostname_matches", "", "unproved"), 1.0
        if any(trust.verdict is Verdict.UNKNOWN for trust in deployment.trust.values()):
            yield ("cert_verify_success", "", "unproved"), 1.0


ENDPOINT_FAMILIES: Final = (
    Family(
        name="up",
        help="1 where the endpoint answered the last visit as TLS, 0 where it did not. "
        "Visits are scheduled: last_probe_timestamp_seconds says when.",
        samples=_up,
    ),
    Family(
        name="probe_failure",
        help="1 where the last visit did not find TLS, with the stage that it came to and why.",
        labels=("stage", "reason"),
        samples=_failure,
    ),
    Family(
        name="probe_duration_seconds",
        help="How long the last visit took.",
        samples=_duration,
    ),
    Family(
        name="connections_used",
        help="TCP connections that the last visit opened.",
        samples=_connections,
    ),
    Family(
        name="probe_throttled",
        help="1 where the last visit slowed down because the server reset or fell silent.",
        samples=_throttled,
    ),
    Family(
        name="last_probe_timestamp_seconds",
        help="When the last visit ended.",
        samples=_last_probe,
    ),
    Family(
        name="last_success_timestamp_seconds",
        help="When a visit last found TLS; absent where none ever did.",
        samples=_last_success,
    ),
    Family(
        name="probe_interval_seconds",
        help="The time between two visits of the endpoint.",
        samples=_interval,
    ),
    Family(
        name="consecutive_failures",
        help="How many visits in a row did not find TLS.",
        samples=_failures_in_a_row,
    ),
    Family(
        name="endpoint_info",
        help="1, with what the inventory says of the endpoint.",
        labels=("host", "port", "server_name", "protocol", "source"),
        samples=_info,
    ),
    Family(
        name="check_unknown",
        help="1 for each fact that the last visit could not prove, which has no other series.",
        labels=("check", "protocol", "reason"),
        samples=_unknown,
    ),
)
