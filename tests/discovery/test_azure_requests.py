"""Requests to Azure Resource Manager: pages, tokens, refusals, throttling, and answers that are not Azure's."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from discovery.source import SourceError
from pki.net_guard.gate import SocketGate
from service.config.clouds.azure import AzureSettings
from service.config.discovery import AnySourceSettings
from service.config.sources import SourceContext
from tests.discovery.azure_answers import (
    ADDRESSES,
    BASE,
    GATEWAYS,
    POLICIES,
    SUBSCRIPTION,
    files_of,
    gateway,
    listener,
    read,
    reader,
)
from tests.pki.revocation.servers import web_server


async def test_all_pages_are_read_from_the_same_server_only() -> None:
    other = gateway(listener("second", hostName="second.example.com"))
    files = files_of([])
    async with web_server(files) as server:
        following = f"{BASE}/applicationGateways?$skiptoken=2"
        first = {"value": [gateway()], "nextLink": server.url(following)}
        server.files[GATEWAYS] = json.dumps(first).encode()
        server.files[following] = json.dumps({"value": [other]}).encode()
        found = await read(server)
        names = sorted(str(target.server_name) for target in found.targets)
        assert names == ["second.example.com", "www.example.com"]
        for link in (
            "https://attacker.example/next",
            "http://[",
            f"http://localhost:{server.port}/",
        ):
            first["nextLink"] = link
            server.files[GATEWAYS] = json.dumps(first).encode()
            with pytest.raises(SourceError, match="Azure's nextLink"):
                await read(server)


def refusal(code: str, message: str) -> bytes:
    """An error in the form of Azure Resource Manager."""
    return json.dumps({"error": {"code": code, "message": message}}).encode()


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (
            401,
            "ExpiredAuthenticationToken",
            "the token is not valid, or has expired: write a new one",
        ),
        (404, "SubscriptionNotFound", "there is no such subscription: check `subscription`"),
        (
            409,
            "MissingSubscriptionRegistration",
            "register the resource provider of this action",
        ),
        (429, "TooManyRequests", "Azure still throttles: raise refresh_seconds"),
        (500, "InternalServerError", "failed with HTTP status 500"),
    ],
)
async def test_a_refusal_names_the_action_and_says_what_to_do(
    status: int, code: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_TOKEN", "a-secret-token")
    async with web_server({GATEWAYS: refusal(code, "Azure's own\nwords.")}) as server:
        server.status = f"{status} Refused"
        with pytest.raises(SourceError, match=words) as caught:
            await read(server)
        assert "authorization: bearer a-secret-token" in server.heads[0].lower()
    text = str(caught.value)
    assert text.startswith("Microsoft.Network/applicationGateways/read: ")
    assert f"({code}: Azure's own words)" in text
    assert "a-secret-token" not in text


@pytest.mark.parametrize(
    ("path", "action"),
    [
        (GATEWAYS, "Microsoft.Network/applicationGateways/read"),
        (ADDRESSES, "Microsoft.Network/publicIPAddresses/read"),
        (
            POLICIES,
            "Microsoft.Network/applicationGatewayAvailableSslOptions/predefinedPolicies/read",
        ),
    ],
)
async def test_a_list_that_may_not_be_read_keeps_the_last_reading_for_a_while(
    path: str, action: str
) -> None:
    now = 0.0
    async with web_server(files_of([gateway()])) as server:
        source = reader(server, lambda: now)
        complete = await source.read()
        server.files[path] = refusal("AuthorizationFailed", "No.")
        server.statuses[path] = "403 Forbidden"
        now = 60.0
        during = await source.read()
        now = 61.0
        after = await source.read()
    assert during.targets == complete.targets != ()
    (skipped,) = during.skipped
    assert str(skipped).startswith(f"subscription {SUBSCRIPTION}: {action}: not permitted: ")
    if path in (GATEWAYS, ADDRESSES):
        assert after.targets == ()
    else:
        (target,) = after.targets
        assert "azure_ssl_policy" in {one.name for one in target.claims if one.unprovable}


@pytest.mark.parametrize("status", ["200 OK", "403 Forbidden"])
async def test_a_page_of_a_proxy_is_not_taken_for_azures_word(status: str) -> None:
    page = b"<!DOCTYPE html><html><body>Please log in</body></html>"
    async with web_server(dict.fromkeys(files_of([]), page)) as server:
        server.status = status
        with pytest.raises(SourceError, match="does not come from Azure: check the proxy"):
            await read(server)


@pytest.mark.parametrize(
    ("header", "tries"), [({"Retry-After": "0"}, 3), ({"Retry-After": "3600"}, 1), ({}, 1)]
)
async def test_a_throttled_request_waits_as_azure_asks(
    header: Mapping[str, str], tries: int
) -> None:
    async with web_server({GATEWAYS: refusal("TooManyRequests", "Slow down.")}, header) as server:
        server.status = "429 Too Many Requests"
        with pytest.raises(SourceError, match="Azure still throttles"):
            await read(server)
    assert len(server.asked) == tries


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
async def test_a_reading_goes_on_after_the_time_that_azure_asks_for(status: str) -> None:
    async with web_server(files_of([gateway()]), {"Retry-After": "0"}) as server:
        server.status = status
        reading = asyncio.create_task(read(server))
        await server.next_request()
        server.status = "200 OK"
        assert len((await reading).targets) == 1
    assert len(server.asked) == 4


async def test_the_settings_read_a_renewed_token_from_its_file(tmp_path: Path) -> None:
    token = tmp_path / "token"
    context = SourceContext(gate=SocketGate(), statuses=lambda: ())
    async with web_server(files_of([])) as server:
        settings = AzureSettings(
            type="azure", subscription=SUBSCRIPTION, url=server.url(""), token_file=token
        )
        read_once = settings.reader("azure", context)
        for text in ("first", "second"):
            token.write_text(text + "\n")
            await read_once()
            assert f"authorization: bearer {text}\r\n" in server.heads[-1].lower()


def test_settings_that_cannot_be_right_say_what_to_write() -> None:
    for settings, words in (
        (
            {"type": "azure", "subscription": "prod"},
            "'prod' is not the identifier of a subscription",
        ),
        ({"type": "google_cloud", "project": "My project"}, "is not the identifier of a project"),
        ({"type": "azure", "subscription": SUBSCRIPTION}, "set token_file or token_variable"),
    ):
        token = {} if "token" in words else {"token_variable": "AZURE_TOKEN"}
        with pytest.raises(ValidationError, match=words):
            TypeAdapter(AnySourceSettings).validate_python(settings | token)


async def test_what_is_not_the_api_is_an_error() -> None:
    for body in (b"[]", b"{}", b'{"value": 5}', b'{"value": [5]}'):
        async with web_server(dict.fromkeys(files_of([]), body)) as server:
            with pytest.raises(SourceError):
                await read(server)
