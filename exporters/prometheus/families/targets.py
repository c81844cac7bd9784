"""Facts of a target as a whole, however many addresses its name has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from exporters.prometheus.families.family import Sample, TargetFamily
from model.snapshot import EndpointStatus


def _up(statuses: Sequence[EndpointStatus]) -> Iterator[Sample]:
    yield (), float(any(one.observation.answered for one in statuses))


def _addresses(statuses: Sequence[EndpointStatus]) -> Iterator[Sample]:
    found = sum(one.observation.endpoint.address is not None for one in statuses)
    yield (), float(found)


def _address_up(statuses: Sequence[EndpointStatus]) -> Iterator[Sample]:
    for status in statuses:
        address = status.observation.endpoint.address
        if address is not None:
            yield (address,), float(status.observation.answered)


def _info(statuses: Sequence[EndpointStatus]) -> Iterator[Sample]:
    target = statuses[0].observation.endpoint.target
    name = target.server_name or ""
    yield (target.host, str(target.port), name, target.protocol, target.source), 1.0


TARGET_FAMILIES: Final = (
    TargetFamily(
        name="up",
        help="1 if an address of the target answered the last visit with TLS, SSH or IKE, 0 if none did. "
        "Visits are scheduled: last_probe_timestamp_seconds shows when the last one ended.",
        example="tlsprobe_up == 0",
        samples=_up,
    ),
    TargetFamily(
        name="addresses",
        help="Number of addresses of the target's name; 0 if it does not resolve.",
        example="tlsprobe_addresses > 1",
        samples=_addresses,
    ),
    TargetFamily(
        name="address_up",
        help="1 if the address answered the last visit with TLS, SSH or IKE, 0 if it did not.",
        example="tlsprobe_address_up == 0",
        labels=("address",),
        samples=_address_up,
    ),
    TargetFamily(
        name="endpoint_info",
        help="Always 1; the labels describe the target as in the inventory.",
        example="tlsprobe_up * on (target) group_left (host, port) tlsprobe_endpoint_info",
        labels=("host", "port", "server_name", "protocol", "source"),
        samples=_info,
    ),
)
