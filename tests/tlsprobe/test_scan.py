"""Scanning by the API: real loopback servers, and arguments that are refused before anything is sent."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from socket import create_server
from typing import Any

import pytest

import tlsprobe
from service.demo import DemoFleet
from tests.support.ports import free_port

pytestmark = pytest.mark.slow


def place(fleet: DemoFleet, name: str) -> str:
    (found,) = [one for one in fleet.targets if one.server_name == f"{name}.demo.test"]
    return f"{found.host}:{found.port}"


async def test_observations_are_in_the_order_of_the_targets(fleet: DemoFleet) -> None:
    wanted = [place(fleet, "pq"), f"127.0.0.1:{free_port()}", place(fleet, "legacy")]
    found = await tlsprobe.scan(*wanted, checks=[])
    assert [one.endpoint.target.key for one in found] == wanted
    assert [one.state.value for one in found] == ["tls", "refused", "tls"]


async def test_a_name_without_address_is_an_observation() -> None:
    # RFC 6761, section 6.4: names of "invalid" never resolve.
    (found,) = await tlsprobe.scan("nothing.invalid")
    assert found.state is tlsprobe.State.DNS_ERROR
    assert "nothing.invalid" in (found.reason or "")


async def test_a_target_has_its_own_server_name_and_labels(fleet: DemoFleet) -> None:
    (target,) = [one for one in fleet.targets if one.server_name == "modern.demo.test"]
    (found,) = await tlsprobe.scan(target, checks=["certificates"])
    assert found.endpoint.target == target
    assert found.endpoint.target.labels == target.labels
    assert {one.hostname_matches for one in found.own_certificates} == {tlsprobe.Verdict.YES}


async def test_the_probe_level_is_respected(fleet: DemoFleet) -> None:
    (found,) = await tlsprobe.scan(place(fleet, "legacy"), intrusiveness="safe")
    assert found.not_asked["client_renegotiation"] is tlsprobe.Intrusiveness.FULL


async def test_without_a_client_certificate_none_is_presented(fleet: DemoFleet) -> None:
    (found,) = await tlsprobe.scan(place(fleet, "mtls"), checks=["client_auth"])
    auth = found.client_auth[tlsprobe.ProtocolVersion.TLSV1_2]
    assert (auth.mode, auth.own) == (tlsprobe.ClientAuthMode.REQUIRED, None)


async def test_the_deadline_ends_a_scan_of_a_silent_server() -> None:
    with create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        (found,) = await tlsprobe.scan(f"127.0.0.1:{port}", deadline_seconds=1)
    assert found.state is tlsprobe.State.TIMEOUT
    assert found.protocols == {} or tlsprobe.Verdict.NO not in {
        fact.verdict for fact in found.protocols.values()
    }


async def test_labels_are_those_of_the_target(fleet: DemoFleet) -> None:
    (found,) = await tlsprobe.scan(place(fleet, "pq"), checks=[], labels={"team": "web"})
    assert found.endpoint.target.labels == {"team": "web"}
    assert found.started_at <= found.ended_at <= datetime.now(UTC)


async def test_the_blocking_function_refuses_to_block_an_event_loop() -> None:
    with pytest.raises(tlsprobe.TlsprobeError, match=r"await tlsprobe\.scan"):
        tlsprobe.scan_blocking("127.0.0.1:1")


async def test_the_blocking_function_runs_in_parallel_threads(fleet: DemoFleet) -> None:
    scans = [
        asyncio.to_thread(tlsprobe.scan_blocking, place(fleet, name), checks=[])
        for name in ("modern", "legacy", "pq")
    ]
    found = [one for (one,) in await asyncio.gather(*scans)]
    tls13 = [one.protocols[tlsprobe.ProtocolVersion.TLSV1_3].verdict.value for one in found]
    assert tls13 == ["yes", "no", "yes"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"server_name": "192.0.2.1"}, "targets: '192.0.2.1'"),
        ({"protocol": "gopher"}, "targets: 'gopher'"),
        ({"checks": "suites"}, "checks: 'suites' must be a list"),
        ({"checks": ["cyphers"]}, "checks: unknown check 'cyphers'"),
        ({"intrusiveness": "rude"}, "intrusiveness: 'rude' must be one of safe, standard, full"),
        ({"deadline_seconds": 0}, "deadline_seconds: 0 must be more than 0"),
        ({"deadline_seconds": float("nan")}, "deadline_seconds: nan"),
        ({"trust_stores": {"internal": "missing.pem"}}, "trust_stores: .*missing.pem"),
        ({"trust_stores": {"a store": "missing.pem"}}, "trust_stores: .*'a store'"),
        ({"log_list": "missing.json"}, "log_list: .*missing.json"),
        ({"proxy": "ftp://proxy.example"}, "proxy: "),
        ({"proxy": "http://proxy.example", "proxy_password": "secret"}, "proxy: "),
        ({"source_address": "eth0"}, "source_address: 'eth0'"),
        ({"proxy_protocol": "v3"}, "proxy_protocol: 'v3' must be 'v1' or 'v2'"),
        ({"address_family": "ipv5"}, "address_family: 'ipv5' must be one of any, ipv4, ipv6"),
        (
            {"client_certificate": tlsprobe.ClientCertificate(file="missing.pem")},
            "client_certificate: .*missing.pem",
        ),
    ],
)
async def test_an_option_that_cannot_be_used_is_named(
    options: Any, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(tlsprobe.InputError, match=f"^{sentence}") as caught:
        await tlsprobe.scan("127.0.0.1:1", **options)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "targets", [(), ("https://",), ("127.0.0.1:0",), ("user@host",), (b"127.0.0.1",), (None,)]
)
async def test_a_target_that_cannot_be_used_is_named(targets: Any) -> None:
    with pytest.raises(tlsprobe.InputError, match=r"^targets: "):
        await tlsprobe.scan(*targets)


@pytest.mark.parametrize("option", ["server_name", "protocol", "labels"])
async def test_a_target_and_an_option_that_set_the_same_thing_are_refused(option: Any) -> None:
    target = tlsprobe.Target(host="127.0.0.1", port=1, server_name=None)
    value: Any = {"a": "b"} if option == "labels" else "smtp"
    with pytest.raises(
        tlsprobe.InputError, match=f"^{option}: the target 127.0.0.1:1 already sets it"
    ):
        await tlsprobe.scan(target, **{option: value})


async def test_an_option_that_does_not_exist_is_named() -> None:
    options: Any = {"time_out": 3}
    with pytest.raises(TypeError, match=r"unknown keyword argument 'time_out'.*deadline_seconds"):
        await tlsprobe.scan("127.0.0.1:1", **options)
