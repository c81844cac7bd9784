"""Fetches what a certificate points at, for its URLs are a stranger's choice.

Only http and https, only addresses of the public internet and of the networks that the user allows, none
that the user denies to all probing, and the connection goes to the very address that was checked. Redirects are checked like the first URL;
time and length are bounded.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Sequence
from functools import partial
from typing import Final
from urllib.parse import urljoin, urlsplit

import httpx

from model.version import user_agent
from probe.addresses import Address, Network, is_public
from probe.discovery.deny import DenyList

_PORTS: Final = {"http": 80, "https": 443}
_MOST_REDIRECTS: Final = 3
_LONGEST_URL: Final = 2048
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_OK: Final = 200
_PLAIN: Final = "identity"
"""A few bytes of what is compressed may be gigabytes of what is not."""


class FetchError(Exception):
    """Nothing was fetched; the message is one sentence."""


class Fetcher:
    """An HTTP client within those bounds. ``allowed`` networks may be asked though they are private,
    what is ``denied`` never."""

    def __init__(
        self,
        allowed: Sequence[Network] = (),
        *,
        denied: DenyList | None = None,
        timeout_seconds: float = 10.0,
        user_agent: str = user_agent(),
    ) -> None:
        self._allowed = tuple(allowed)
        self._denied = denied or DenyList()
        self._timeout_seconds = timeout_seconds
        self._user_agent = user_agent
        self._context: ssl.SSLContext | None = None

    async def fetch(
        self, url: str, *, most_bytes: int, body: bytes | None = None, content_type: str = ""
    ) -> bytes:
        """The answer to a GET, or to a POST of ``body``.

        Raises:
            FetchError: where it cannot be had within the bounds.
        """
        self._context = self._context or ssl.create_default_context()
        client = httpx.AsyncClient(trust_env=False, verify=self._context)
        try:
            async with asyncio.timeout(self._timeout_seconds), client:
                for _ in range(_MOST_REDIRECTS + 1):
                    answer = await self._once(client, url, most_bytes, body, content_type)
                    if isinstance(answer, bytes):
                        return answer
                    url = urljoin(url, answer)
        except TimeoutError:
            reason = f"gave no whole answer within {self._timeout_seconds:g} s"
            raise FetchError(f"{_shown(url)} {reason}.") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            words = " ".join(str(error).split())[:200] or type(error).__name__
            raise FetchError(f"{_shown(url)} could not be fetched: {words.rstrip('.')}.") from error
        raise FetchError(f"{_shown(url)} leads from one place to the next without an end.")

    async def _once(
        self,
        client: httpx.AsyncClient,
        url: str,
        most_bytes: int,
        body: bytes | None,
        content_type: str,
    ) -> bytes | str:
        """The answer, or where it redirects to."""
        scheme, host, port = _parts(url)
        address = await self._address(host, port, url)
        pinned = httpx.URL(url).copy_with(host=address, port=port)
        headers = {
            "Host": host if port == _PORTS[scheme] else f"{host}:{port}",
            "Accept-Encoding": _PLAIN,
            "User-Agent": self._user_agent,
        }
        if body is not None:
            headers["Content-Type"] = content_type
        request = client.build_request(
            "GET" if body is None else "POST",
            pinned,
            content=body,
            headers=headers,
            extensions={"sni_hostname": host},
            timeout=self._timeout_seconds,
        )
        answer = await client.send(request, stream=True)
        try:
            if answer.status_code in _REDIRECTS and "location" in answer.headers:
                return str(answer.headers["location"])
            if answer.status_code != _OK:
                raise FetchError(f"{_shown(url)} answers with HTTP status {answer.status_code}.")
            if answer.headers.get("content-encoding", _PLAIN) != _PLAIN:
                raise FetchError(
                    f"{_shown(url)} sends what is compressed, which was not asked for."
                )
            return await _read(answer, most_bytes, url)
        finally:
            await answer.aclose()

    async def _address(self, host: str, port: int, url: str) -> str:
        """The first address of the host that may be asked."""
        if self._denied.forbids_address(host, port):
            raise FetchError(f"{_shown(url)} is on the list of what may not be probed.")
        found = await asyncio.get_running_loop().run_in_executor(
            None, partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        )
        for *_, place in found:
            address = ipaddress.ip_address(str(place[0]).partition("%")[0])
            if self._may_be_asked(address, port):
                return str(address)
        raise FetchError(f"{_shown(url)} leads into a network that may not be asked.")

    def _may_be_asked(self, address: Address, port: int) -> bool:
        if self._denied.forbids_address(str(address), port):
            return False
        return any(address in network for network in self._allowed) or is_public(address)


def _parts(url: str) -> tuple[str, str, int]:
    """Scheme, host and port. Raises FetchError for what is no URL of a web server."""
    parts = urlsplit(url) if len(url) <= _LONGEST_URL else None
    if parts is None or parts.scheme not in _PORTS or not parts.hostname:
        raise FetchError(f"{_shown(url)} is no address of a web server.")
    if parts.username is not None or parts.password is not None:
        raise FetchError(f"{_shown(url)} has a user's name in it.")
    return parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme]


async def _read(answer: httpx.Response, most_bytes: int, url: str) -> bytes:
    received = bytearray()
    async for piece in answer.aiter_raw():
        received += piece
        if len(received) > most_bytes:
            raise FetchError(f"{_shown(url)} sends more than {most_bytes} bytes.")
    return bytes(received)


def _shown(url: str) -> str:
    return url if len(url) <= 200 else f"{url[:200]}…"
