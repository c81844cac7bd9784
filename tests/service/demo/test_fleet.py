"""The fleet starts completely or not at all, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import socket
import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import uvloop
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store

from service.demo import DemoFleet
from service.demo.authority import DemoAuthority
from service.demo.fleet import HOST
from tests.service.demo.clients import client_context, fetch, read_to_the_end, target_of

pytestmark = pytest.mark.slow

CONTEXT = client_context(ssl.TLSVersion.TLSv1_3)


def test_there_are_six_targets_with_names_and_labels(fleet: DemoFleet) -> None:
    assert [(each.server_name, set(each.labels), each.source) for each in fleet.targets] == [
        (f"{name}.demo.test", {"team", "env"}, "demo")
        for name in ("modern", "legacy", "expired", "incomplete", "mtls", "pq")
    ]


def test_all_of_them_listen_on_loopback_only(fleet: DemoFleet) -> None:
    assert {each.host for each in fleet.targets} == {"127.0.0.1"}


def test_the_private_key_of_the_client_is_readable_only_by_its_owner(fleet: DemoFleet) -> None:
    assert stat.S_IMODE(fleet.client_certificate.stat().st_mode) == 0o600


async def test_closing_ends_ports_connections_and_tasks() -> None:
    before = asyncio.all_tasks()
    # A client that sends nothing more is not waited for: its own limit would be 15 s.
    async with asyncio.timeout(10), DemoFleet() as fleet:
        target = target_of(fleet, "modern")
        reader, writer = await asyncio.open_connection(target.host, target.port)
        writer.write(b"\x16\x03\x01")
        await fetch(target, CONTEXT)
        directory = fleet.directory
    assert await read_to_the_end(reader) == b""
    writer.transport.abort()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(target.host, target.port)
    assert (asyncio.all_tasks(), directory.exists()) == (before, False)


async def test_fixed_ports_are_six_in_a_row() -> None:
    fleet = await _fleet_on_fixed_ports()
    assert [each.port for each in fleet.targets] == list(
        range(fleet.targets[0].port, fleet.targets[0].port + 6)
    )


async def _fleet_on_fixed_ports() -> DemoFleet:
    for _ in range(20):
        with socket.create_server((HOST, 0)) as free:
            first_port = free.getsockname()[1]
        try:
            async with DemoFleet(first_port=first_port) as fleet:
                return fleet
        except (OSError, OverflowError):
            continue
    raise AssertionError("no six free ports in a row in 20 attempts")


async def test_a_port_in_use_is_reported_and_nothing_stays_open() -> None:
    fleet = await _fleet_on_fixed_ports()
    first_port = fleet.targets[0].port
    with (
        socket.create_server((HOST, first_port + 5)),
        pytest.raises(OSError, match="address already in use"),
    ):
        async with DemoFleet(first_port=first_port):
            pass
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(HOST, first_port)


def test_the_service_also_runs_on_uvloop() -> None:
    async def ask() -> bytes:
        async with DemoFleet() as fleet:
            return await fetch(target_of(fleet, "pq"), CONTEXT)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(ask()).startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_strict_verifier_accepts_the_authority() -> None:
    now = datetime.now(UTC)
    authority = DemoAuthority(now)
    verifier = (
        PolicyBuilder()
        .store(Store([authority.root.certificate]))
        .time(now)
        .build_server_verifier(x509.DNSName("one.demo.test"))
    )
    leaf = authority.server("one.demo.test", "rsa", days_left=60)
    path = verifier.verify(leaf.certificate, [authority.intermediate.certificate])
    assert len(path) == 3


@pytest.mark.parametrize("days_left", [60, -3])
def test_a_leaf_expires_on_the_requested_day(days_left: int) -> None:
    now = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)
    leaf = DemoAuthority(now).server("one.demo.test", "ecdsa", days_left)
    assert leaf.certificate.not_valid_after_utc == now + timedelta(days=days_left)


async def test_a_directory_of_the_caller_is_not_removed(tmp_path: Path) -> None:
    async with DemoFleet(directory=tmp_path) as fleet:
        assert fleet.trust_stores == {"demo": tmp_path / "root.pem"}
    assert (tmp_path / "root.pem").exists()
