"""Requests JSON from a web API that the user configured, with limits on time and size.

The user chose the URL, so all networks are allowed except reserved addresses that the configuration does not
allow. The answer is untrusted, and redirects are not followed.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import field
from pathlib import Path
from typing import Any, Final

import httpx

from discovery.apis.json_text import parse_json
from discovery.source import SourceError
from model.frozen import frozen
from model.safe_output.secret_text import SecretMask, secrets_in_url
from model.version import user_agent
from pki.net_guard.gate import Purpose, SocketGate
from pki.net_guard.http_client import HttpAnswer, HttpClient, HttpError, HttpRequest

_MOST_BYTES: Final = 64 * 1024 * 1024
_MOST_REFUSAL_BYTES: Final = 64 * 1024
_OK: Final = 200


class RefusedError(SourceError):
    """The API answered with a ``status`` other than 200.

    ``body`` is the text of the answer, empty if it is longer than 64 KiB; ``retry_after`` is the header of that name.
    """

    def __init__(self, message: str, *, status: int, body: str = "", retry_after: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.body = body
        self.retry_after = retry_after


@frozen
class WebApi:
    """The location and the credentials of an API; the ``gate`` decides whether it may be contacted.

    ``token_variable`` is the environment variable with a bearer token; ``read_token`` returns the present one instead: it
    may block, and raises ValueError with a message that has no secret. ``token_header`` is the header for the token
    instead of Authorization. ``ca_file`` is a PEM file; ``unix_socket`` is the path of a socket that replaces the
    URL's host.
    """

    url: str
    gate: SocketGate = field(default_factory=SocketGate)
    token_variable: str | None = None
    token_header: str | None = None
    read_token: Callable[[], str] | None = None
    ca_file: Path | None = None
    unix_socket: Path | None = None
    timeout_seconds: float = 30.0

    async def get(self, path: str = "", **parameters: str) -> Any:
        """The JSON at ``path`` below the URL.

        Raises:
            SourceError: if it cannot be fetched or parsed.
        """
        url = f"{self.url.rstrip('/')}{path}" if path else self.url
        text = await self.get_text(url, parameters)
        try:
            return await parse_json(text)
        except ValueError as error:
            raise SourceError(f"{url} did not answer with usable JSON: {error}.") from error

    async def get_text(self, url: str, parameters: Mapping[str, str] | None = None) -> str:
        """The text at ``url``.

        Raises:
            RefusedError: if the status is not 200.
            SourceError: if there is no complete answer.
        """
        try:
            async with asyncio.timeout(self.timeout_seconds):
                async with self.ask(url, parameters) as answer:
                    if answer.status != _OK:
                        raise await _refusal(url, answer)
                    received = await answer.body(_MOST_BYTES)
        except TimeoutError:
            reason = f"did not answer completely within {self.timeout_seconds:g} s"
            raise SourceError(f"{url} {reason}.") from None
        except HttpError as error:
            raise SourceError(f"{url} {error}.") from error
        except (httpx.InvalidURL, OSError, ValueError) as error:
            known = SecretMask((self._variable(), *secrets_in_url(self.url)))
            words = " ".join(known.masked(str(error)).split())[:200] or type(error).__name__
            raise SourceError(f"{url} could not be read: {words.rstrip('.')}.") from error
        return received.decode("utf-8", "replace")

    @asynccontextmanager
    async def ask(
        self, url: str, parameters: Mapping[str, str] | None = None
    ) -> AsyncIterator[HttpAnswer]:
        """The answer at ``url``, streamed; without a time limit of its own.

        Raises:
            OSError: if the file of the CA cannot be read.
            ValueError: if the token or the URL is not valid.
        """
        whole = httpx.URL(url)
        if parameters:
            whole = whole.copy_merge_params(parameters)
        context = ssl.create_default_context(cafile=str(self.ca_file)) if self.ca_file else None
        client = HttpClient(
            self.gate, Purpose.SOURCE, context=context, unix_socket=self.unix_socket
        )
        headers = {"User-Agent": user_agent(), **await self._authorization()}
        request = HttpRequest(url=str(whole), headers=headers, accepts_gzip=True)
        async with client.ask(request) as answer:
            yield answer

    async def _authorization(self) -> dict[str, str]:
        """The header with the present token, if there is one; raises ValueError."""
        token = self._variable()
        if self.read_token is not None:
            token = await asyncio.to_thread(self.read_token)
        if not token:
            return {}
        if not (token.isascii() and token.isprintable()):
            raise ValueError("its token has a character that a header cannot have")
        if self.token_header is not None:
            return {self.token_header: token}
        return {"Authorization": f"Bearer {token}"}

    def _variable(self) -> str:
        return os.environ.get(self.token_variable, "").strip() if self.token_variable else ""


async def _refusal(url: str, answer: HttpAnswer) -> RefusedError:
    try:
        body = await answer.body(_MOST_REFUSAL_BYTES)
    except HttpError:
        body = b""
    return RefusedError(
        f"{url} answered with HTTP status {answer.status}.",
        status=answer.status,
        body=body.decode("utf-8", "replace"),
        retry_after=answer.headers.get("retry-after", ""),
    )
