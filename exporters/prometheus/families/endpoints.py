"""The state of an endpoint: whether it answers, why not, when it was probed, and the cost of the visit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from exporters.prometheus.families.family import Family, Sample
from model.observation import Observation, State
from model.snapshot import EndpointStatus

STAGES: Final = ("resolve", "connect", "handshake", "internal")
FAILURES: Final = (
    State.DNS_ERROR,
    State.UNREACHABLE,
    State.REFUSED,
    State.TIMEOUT,
    State.PLAINTEXT,
    State.NOT_TLS,
    State.DENIED,
    State.ERROR,
)
"""The states of a visit that found neither TLS nor SSH."""


def _stage(observation: Observation) -> str:
    """The stage at which the visit failed: that of the handshake once the server was reached.

    A port that refuses connections fails to connect; a server that refuses every hello fails in the handshake.
    """
    match observation.state:
        case State.DNS_ERROR:
            return "resolve"
        case State.ERROR | State.DENIED:
            return "internal"
        case State.UNREACHABLE:
            return "connect"
    cost, is_datagram = observation.cost, observation.endpoint.target.is_datagram
    is_reached = bool(cost.bytes_received if is_datagram else cost.connections)
    return "handshake" if is_reached else "connect"


def _failure(status: EndpointStatus) -> Iterator[Sample]:
    state = status.observation.state
    if not status.observation.answered:
        yield (_stage(status.observation), state.value), 1.0


def _duration(status: EndpointStatus) -> Iterator[Sample]:
    yield ("total",), status.observation.cost.duration_seconds


def _connections(status: EndpointStatus) -> Iterator[Sample]:
    yield (), float(status.observation.cost.connections)


def _throttled(status: EndpointStatus) -> Iterator[Sample]:
    if status.observation.cost.throttled:
        yield (), 1.0


def _last_probe(status: EndpointStatus) -> Iterator[Sample]:
    yield (), status.last_probe_at.timestamp()


def _last_success(status: EndpointStatus) -> Iterator[Sample]:
    if status.last_success_at is not None:
        yield (), status.last_success_at.timestamp()


def _interval(status: EndpointStatus) -> Iterator[Sample]:
    if status.interval_seconds > 0:
        yield (), status.interval_seconds


def _failures_in_a_row(status: EndpointStatus) -> Iterator[Sample]:
    yield (), float(status.consecutive_failures)


def _contradictions(status: EndpointStatus) -> Iterator[Sample]:
    observation: Observation = status.observation
    if observation.contradictions:
        yield (), float(len(observation.contradictions))


ENDPOINT_FAMILIES: Final = (
    Family(
        name="probe_failure",
        fact="state",
        help="1 if the address did not answer the last visit; the labels show the stage that failed and why.",
        example="count by (stage, reason) (tlsprobe_probe_failure)",
        labels=("stage", "reason"),
        samples=_failure,
    ),
    Family(
        name="probe_duration_seconds",
        fact="cost",
        help="Duration of the last visit in seconds.",
        example='topk(10, tlsprobe_probe_duration_seconds{phase="visit"})',
        labels=("phase",),
        samples=_duration,
    ),
    Family(
        name="connections_used",
        fact="cost",
        help="Number of TCP connections that the last visit opened.",
        example="sum(tlsprobe_connections_used)",
        samples=_connections,
    ),
    Family(
        name="probe_throttled",
        fact="cost",
        help="1 if the last visit slowed down because the server reset connections or stopped "
        "answering; absent if it did not.",
        example="tlsprobe_probe_throttled == 1",
        samples=_throttled,
    ),
    Family(
        name="last_probe_timestamp_seconds",
        fact="state",
        help="Time at which the last visit ended.",
        example="time() - tlsprobe_last_probe_timestamp_seconds",
        samples=_last_probe,
    ),
    Family(
        name="last_success_timestamp_seconds",
        help="Time at which the address last answered a visit; absent if it never did.",
        example="time() - tlsprobe_last_success_timestamp_seconds > 86400",
        samples=_last_success,
    ),
    Family(
        name="probe_interval_seconds",
        help="Time between two visits of the endpoint in seconds; absent if it is probed on "
        "demand.",
        example="time() - tlsprobe_last_probe_timestamp_seconds > "
        "3 * tlsprobe_probe_interval_seconds",
        samples=_interval,
    ),
    Family(
        name="consecutive_failures",
        help="Number of consecutive visits that the address did not answer.",
        example="tlsprobe_consecutive_failures >= 3",
        samples=_failures_in_a_row,
    ),
    Family(
        name="contradictions",
        fact="contradictions",
        help="Number of questions with two answers that cannot come from one configuration; "
        "absent if there are none.",
        example="tlsprobe_contradictions > 0",
        samples=_contradictions,
    ),
)
