"""The answers of ``/probe`` in another exporter's names: a target that the exporter would fail at is a failure, not an error."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from starlette.applications import Starlette

from service.config.modules.on_demand import OnDemandSettings
from service.http.probe import probe_route
from tests.service.probe_endpoint.asking import LOOPBACK, World, series
from tests.service.probe_endpoint.exporter_servers import listening
from tests.support.ports import free_port

OPENMETRICS = {"accept": "application/openmetrics-text; version=1.0.0"}
MODULES: Mapping[str, Any] = {
    "http_2xx": {"prober": "http"},
    "tls_connect": {"prober": "tcp", "tcp": {"tls": True}},
    "https": {"prober": "https"},
}


async def answer(
    module: str, target: str, networks: Sequence[str] = LOOPBACK, **headers: str
) -> httpx.Response:
    settings = OnDemandSettings.model_validate({"networks": networks, "modules": MODULES})
    app = Starlette(routes=[probe_route(World().prober(settings))])
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.get(
            "/probe", params={"module": module, "target": target}, headers=headers
        )


@pytest.mark.parametrize(
    ("module", "target", "success", "reason"),
    [
        ("http_2xx", "http://127.0.0.1:{closed}", "probe_success", "refused the connection"),
        ("http_2xx", "https://[::1/", "probe_success", "is not a URL of http or https"),
        ("tls_connect", "127.0.0.1", "probe_success", "has no port"),
        ("tls_connect", "a b", "probe_success", "'a b'"),
        ("https", "http://127.0.0.1:{closed}", "ssl_probe_success", "use https://"),
    ],
)
async def test_a_target_that_the_exporter_fails_at_has_success_0_and_the_reason(
    module: str, target: str, success: str, reason: str
) -> None:
    page = await answer(module, target.format(closed=free_port()))
    assert page.status_code == 200
    assert series(page.text)[success, frozenset()] == 0
    (comment,) = [line for line in page.text.splitlines() if line.startswith("# tlsprobe: ")]
    assert reason in comment


async def test_openmetrics_has_no_comment() -> None:
    page = await answer("tls_connect", "127.0.0.1", **OPENMETRICS)
    assert "# tlsprobe: " not in page.text
    families = {one.name for one in text_string_to_metric_families(page.text)}
    assert "probe_success" in families


@pytest.mark.parametrize("module", MODULES)
async def test_a_target_that_may_not_be_probed_is_an_error_with_its_reason(module: str) -> None:
    refused = await answer(module, "10.0.0.1:443")
    assert refused.status_code == 403
    assert "on_demand.networks" in refused.text


async def test_without_a_module_the_built_in_default_answers() -> None:
    page = await answer("", f"127.0.0.1:{free_port()}")
    assert page.status_code == 200
    assert "tlsprobe_probe_success" in page.text


async def test_a_redirect_leads_only_to_targets_that_may_be_probed() -> None:
    """127.0.0.2 is not in the networks: it would answer, but is not asked."""
    visitors: list[bytes] = []

    def redirect(connection: socket.socket) -> None:
        connection.recv(65536)
        location = f"http://127.0.0.2:{elsewhere}/admin"
        connection.sendall(f"HTTP/1.1 302 Found\r\nLocation: {location}\r\n\r\n".encode())

    def note(connection: socket.socket) -> None:
        visitors.append(connection.recv(65536))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with (
        listening(note, None, "127.0.0.2") as elsewhere,
        listening(redirect, None) as port,
    ):
        target = f"http://127.0.0.1:{port}"
        refused = await answer("http_2xx", target, networks=["127.0.0.1/32"])
        followed = await answer("http_2xx", target)
    assert series(refused.text)["probe_success", frozenset()] == 0
    assert "was not followed" in refused.text
    assert series(followed.text)["probe_success", frozenset()] == 1
    assert len(visitors) == 1
