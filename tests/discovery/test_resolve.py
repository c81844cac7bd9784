"""Names to endpoints: every address once, failures in one sentence."""

from __future__ import annotations

import asyncio
import socket
from datetime import UTC, datetime
from typing import Any

from model.observation import State
from model.target import Target
from pki.net_guard.look_up import LookUp
from scheduling.resolve import MOST_ADDRESSES, resolve, unresolved

NAMED = Target(host="shop.example", port=443, server_name="shop.example")


def answers(*addresses: str) -> LookUp:
    async def look_up(host: str, port: int) -> list[Any]:
        return [(0, 0, 0, "", (address, port)) for address in addresses]

    return look_up


def fails(error: Exception) -> LookUp:
    async def look_up(host: str, port: int) -> list[Any]:
        raise error

    return look_up


async def never(host: str, port: int) -> list[Any]:
    await asyncio.Event().wait()
    return []


async def test_each_address_is_one_endpoint_in_the_order_of_the_resolver() -> None:
    found = await resolve(NAMED, look_up=answers("2001:db8::1", "192.0.2.1", "2001:db8::1"))
    assert [endpoint.address for endpoint in found.endpoints] == ["2001:db8::1", "192.0.2.1"]
    assert found.failure is None


async def test_the_zone_of_a_link_local_address_stays() -> None:
    """The loopback interface has the number 1 in every network namespace."""

    async def look_up(host: str, port: int) -> list[Any]:
        return [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("fe80::1", port, 0, 1))]

    found = await resolve(NAMED, look_up=look_up)
    assert [endpoint.address for endpoint in found.endpoints] == ["fe80::1%lo"]


async def test_a_final_dot_reaches_the_resolver() -> None:
    asked: list[str] = []

    async def look_up(host: str, port: int) -> list[Any]:
        asked.append(host)
        return []

    await resolve(Target(host="web.test.", port=443, server_name="web.test"), look_up=look_up)
    assert asked == ["web.test."]


async def test_an_ip_address_resolves_to_itself() -> None:
    target = Target(host="192.0.2.1", port=443, server_name=None)
    found = await resolve(target, look_up=fails(AssertionError("asked")))
    assert [endpoint.address for endpoint in found.endpoints] == ["192.0.2.1"]


async def test_loopback_resolves_by_the_system() -> None:
    target = Target(host="localhost", port=443, server_name="localhost")
    found = await resolve(target)
    assert {endpoint.address for endpoint in found.endpoints} <= {"127.0.0.1", "::1"}
    assert found.endpoints


async def test_a_missing_name_is_reported() -> None:
    missing = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    found = await resolve(NAMED, look_up=fails(missing))
    assert found.failure == "The name shop.example does not resolve: Name or service not known."


async def test_a_silent_resolver_times_out() -> None:
    found = await resolve(NAMED, timeout_seconds=0.01, look_up=never)
    assert (found.endpoints, "within 0.01 s" in (found.failure or "")) == ((), True)


async def test_a_name_without_an_address_is_reported() -> None:
    assert (await resolve(NAMED, look_up=answers())).failure is not None


async def test_a_name_with_very_many_addresses_is_bounded() -> None:
    many = answers(*(f"192.0.{number // 256}.{number % 256}" for number in range(1000)))
    assert len((await resolve(NAMED, look_up=many)).endpoints) == MOST_ADDRESSES


def test_an_unresolved_name_is_an_observation() -> None:
    observed = unresolved(NAMED, "It is gone.", datetime(2026, 1, 1, tzinfo=UTC))
    assert (observed.state, observed.reason, observed.endpoint.address) == (
        State.DNS_ERROR,
        "It is gone.",
        None,
    )
