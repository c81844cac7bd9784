"""Fetches are limited to permitted addresses, to a number of bytes and to a time, whatever a URL says."""

from __future__ import annotations

import pytest

from pki.net_guard.deny import DenyList
from pki.revocation.fetch import Fetcher
from pki.revocation.fetch_budget import FetchBudget, FetchError
from tests.pki.revocation.fetching import LOOPBACK, fetch_gate
from tests.pki.revocation.servers import web_server


async def refusal(fetcher: Fetcher, url: str, most_bytes: int = 1000) -> str:
    with pytest.raises(FetchError) as refused:
        await fetcher.fetch(url, most_bytes=most_bytes, budget=FetchBudget())
    return str(refused.value)


async def test_a_resource_is_fetched_after_redirects() -> None:
    async with web_server({"/crl": b"list"}) as server:
        server.redirects["/old"] = "/older"
        server.redirects["/older"] = server.url("/crl")
        fetcher = Fetcher(fetch_gate(LOOPBACK))
        assert (
            await fetcher.fetch(server.url("/old"), most_bytes=10, budget=FetchBudget()) == b"list"
        )
        assert server.asked == ["/old", "/older", "/crl"]


async def test_private_networks_are_never_contacted_unless_allowed() -> None:
    async with web_server({"/crl": b"list"}) as server:
        for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0x7f000001"):
            url = f"http://{host}:{server.port}/crl"
            assert "must not be contacted" in await refusal(Fetcher(fetch_gate()), url)
        for address in ("10.0.0.1", "169.254.169.254", "[fe80::1]", "[fd00::1]", "224.0.0.1"):
            assert "must not be contacted" in await refusal(
                Fetcher(fetch_gate()), f"http://{address}/crl"
            )
        assert server.asked == []


async def test_an_address_denied_to_probing_is_not_fetched_from() -> None:
    async with web_server({"/crl": b"list"}) as server:
        for entry in (f"127.0.0.1:{server.port}", "127.0.0.0/8"):
            fetcher = Fetcher(fetch_gate(LOOPBACK, deny=DenyList([entry])))
            assert (await refusal(fetcher, server.url("/crl"))).endswith(".")
        named = Fetcher(fetch_gate(LOOPBACK, deny=DenyList(["local*"])))
        url = f"http://localhost:{server.port}/crl"
        assert "denied by the configuration" in await refusal(named, url)
        assert server.asked == []


async def test_a_redirect_is_checked_like_the_first_address() -> None:
    async with web_server() as server:
        server.redirects["/crl"] = "http://169.254.169.254/latest"
        assert "must not be contacted" in await refusal(
            Fetcher(fetch_gate(LOOPBACK)), server.url("/crl")
        )
        server.redirects["/loop"] = "/loop"
        assert "redirects too many times" in await refusal(
            Fetcher(fetch_gate(LOOPBACK)), server.url("/loop")
        )


async def test_a_flood_and_silence_are_bounded() -> None:
    async with web_server() as server:
        fetcher = Fetcher(fetch_gate(LOOPBACK), timeout_seconds=0.3)
        assert "more than 1000 bytes" in await refusal(fetcher, server.url("/flood"))
        assert "did not answer completely within 0.3 s" in await refusal(
            fetcher, server.url("/silence")
        )
        assert "compressed" in await refusal(Fetcher(fetch_gate(LOOPBACK)), server.url("/bomb"))
        assert "HTTP status 404" in await refusal(fetcher, server.url("/nothing"))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ldap://ca.test/cn=crl",
        "file:///etc/passwd",
        "http://",
        "http://user:secret@ca.test/",
        "http://ca.test:99999/",
        "http://[/",
        "http://" + 3000 * "a",
        "http://ca.test/\r\nHost: evil",
    ],
)
async def test_an_invalid_web_server_address_is_refused(url: str) -> None:
    assert (await refusal(Fetcher(fetch_gate(LOOPBACK)), url)).endswith(".")
