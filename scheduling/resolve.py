"""Which addresses does a target's name have? Each one is a separate Endpoint."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from model.frozen import frozen
from model.observation import Cost, Mode, Observation, State
from model.target import Endpoint, Target, is_ip_address
from model.target_labels import ADDRESS_FAMILY
from model.version import TOOL_VERSION
from pki.net_guard.gate import SocketGate
from pki.net_guard.look_up import OF_TARGETS, LookUp, address_in

MOST_ADDRESSES: Final = 64
"""A name with more addresses is machine-generated, and probing all of them would be a scan."""


class AddressFamily(StrEnum):
    """The IP versions to visit."""

    ANY = "any"
    IPV4 = "ipv4"
    IPV6 = "ipv6"

    def has(self, address: str) -> bool:
        """Whether ``address`` belongs to the family."""
        return self is AddressFamily.ANY or (":" in address) == (self is AddressFamily.IPV6)


@frozen
class Resolution:
    """A target's endpoints, or in one sentence why there are none."""

    endpoints: tuple[Endpoint, ...]
    failure: str | None


async def resolve(
    target: Target,
    *,
    timeout_seconds: float = 5.0,
    look_up: LookUp | None = None,
    family: AddressFamily = AddressFamily.ANY,
) -> Resolution:
    """One endpoint for each distinct address of the target, in the resolver's order.

    An IP address needs no lookup. ``look_up`` None means the system's resolver. Only addresses of ``family`` count,
    unless the target's label names another one.
    """
    wanted = target.labels.get(ADDRESS_FAMILY, family)
    if wanted not in set(AddressFamily):
        return _failed(f"The label {ADDRESS_FAMILY} of {target.key} must be any, ipv4 or ipv6.")
    if is_ip_address(target.host):
        return _resolution(target, [target.host])
    try:
        async with asyncio.timeout(timeout_seconds):
            found = await (look_up or OF_TARGETS)(target.host, target.port)
    except TimeoutError:
        return _failed(f"The name {target.host} did not resolve within {timeout_seconds:g} s.")
    except socket.gaierror as error:
        return _failed(f"The name {target.host} does not resolve: {error.strerror}.")
    except (OSError, UnicodeError) as error:
        return _failed(f"The name {target.host} could not be looked up: {error}.")
    addresses = [address_in(place) for *_, place in found]
    fitting = [address for address in addresses if AddressFamily(wanted).has(address)]
    if addresses and not fitting:
        return _failed(f"The name {target.host} has no {wanted} address.")
    return _resolution(target, fitting)


def allowed(found: Resolution, gate: SocketGate) -> Resolution:
    """``found`` without the addresses that the gate refuses, whatever name resolves to them."""
    endpoints = tuple(
        one
        for one in found.endpoints
        if gate.for_target(one.target).refusal(one.address or "", one.target.port) is None
    )
    return replace(found, endpoints=endpoints)


def refusals(found: Resolution, gate: SocketGate) -> list[str]:
    """Why the gate refuses addresses, one clause for each that it refuses."""
    asked = (
        gate.for_target(one.target).refusal(one.address or "", one.target.port)
        for one in found.endpoints
    )
    return [refusal for refusal in asked if refusal is not None]


def _resolution(target: Target, addresses: list[str]) -> Resolution:
    distinct = list(dict.fromkeys(addresses))[:MOST_ADDRESSES]
    if not distinct:
        return _failed(f"The name {target.host} has no address.")
    endpoints = tuple(Endpoint(target=target, address=address) for address in distinct)
    return Resolution(endpoints=endpoints, failure=None)


def _failed(failure: str) -> Resolution:
    return Resolution(endpoints=(), failure=failure)


def unresolved(target: Target, failure: str, started_at: datetime) -> Observation:
    """The Observation of a target whose name did not resolve."""
    return Observation(
        tool_version=TOOL_VERSION,
        mode=Mode.ENUMERATE,
        endpoint=Endpoint(target=target, address=None),
        started_at=started_at,
        cost=Cost(),
        state=State.DNS_ERROR,
        reason=failure,
    )
