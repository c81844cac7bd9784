"""Asks a web API that the user named for JSON, within bounds of time and size.

The URL is the user's own choice, so any network may be asked; what comes back is not trusted.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from model.version import user_agent
from probe.discovery.json_text import parse_json
from probe.discovery.source import SourceError

_MOST_BYTES: Final = 64 * 1024 * 1024
_OK: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class WebApi:
    """Where an API is and how it is spoken to.

    ``token_variable`` is the environment variable with a bearer token, ``token_header`` the header that
    it goes into in place of Authorization. ``ca_file`` is a PEM file; ``unix_socket`` the path of a
    socket that takes the place of the URL's host.
    """

    url: str
    token_variable: str | None = None
    token_header: str | None = None
    token_file: Path | None = None
    ca_file: Path | None = None
    unix_socket: Path | None = None
    timeout_seconds: float = 30.0

    async def get(self, path: str = "", **parameters: str) -> Any:
        """The JSON at ``path`` below the URL.

        Raises:
            SourceError: where there is none.
        """
        url = f"{self.url.rstrip('/')}{path}" if path else self.url
        text = await self.get_text(url, parameters)
        try:
            return await parse_json(text)
        except ValueError as error:
            raise SourceError(f"{url} does not answer with usable JSON: {error}.") from error

    async def get_text(self, url: str, parameters: dict[str, str] | None = None) -> str:
        """The text at ``url``; raises SourceError."""
        try:
            async with asyncio.timeout(self.timeout_seconds), self.client() as client:
                request = client.build_request(
                    "GET", url, params=parameters or None, headers=self.headers()
                )
                answer = await client.send(request, stream=True)
                try:
                    return await _read(answer, url)
                finally:
                    await answer.aclose()
        except TimeoutError:
            reason = f"gave no whole answer within {self.timeout_seconds:g} s"
            raise SourceError(f"{url} {reason}.") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            words = " ".join(str(error).split())[:200] or type(error).__name__
            raise SourceError(f"{url} could not be read: {words.rstrip('.')}.") from error

    def client(self) -> httpx.AsyncClient:
        """A client for that API; raises OSError where the CA file cannot be read."""
        verify = ssl.create_default_context(cafile=str(self.ca_file) if self.ca_file else None)
        transport = None
        if self.unix_socket is not None:
            transport = httpx.AsyncHTTPTransport(uds=str(self.unix_socket))
        return httpx.AsyncClient(
            headers={"User-Agent": user_agent()},
            verify=verify,
            transport=transport,
            timeout=self.timeout_seconds,
            trust_env=False,
        )

    def headers(self) -> dict[str, str]:
        """Those that show the token, where there is one; it is read anew each time."""
        token = os.environ.get(self.token_variable, "") if self.token_variable else ""
        if self.token_file is not None:
            token = self.token_file.read_text(encoding="ascii").strip()
        if not token:
            return {}
        if self.token_header is not None:
            return {self.token_header: token}
        return {"Authorization": f"Bearer {token}"}


async def _read(answer: httpx.Response, url: str) -> str:
    if answer.status_code != _OK:
        raise SourceError(f"{url} answers with HTTP status {answer.status_code}.")
    received = bytearray()
    async for piece in answer.aiter_bytes():
        received += piece
        if len(received) > _MOST_BYTES:
            raise SourceError(f"{url} sends more than {_MOST_BYTES >> 20} MiB.")
    return received.decode("utf-8", "replace")
