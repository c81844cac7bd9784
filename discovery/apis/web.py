"""Asks a web API that the user named for JSON, within bounds of time and size.

The URL is the user's own choice, so any network may be asked, but for reserved ones that are not opened; what comes
back is not trusted, and redirects are not followed.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

from discovery.apis.json_text import parse_json
from discovery.source import SourceError
from model.safe_output.secret_text import SecretMask, secrets_in_url
from model.version import user_agent
from pki.net_guard.gate import Purpose, SocketGate
from pki.net_guard.http_client import HttpAnswer, HttpClient, HttpError, HttpRequest

_MOST_BYTES: Final = 64 * 1024 * 1024
_OK: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class WebApi:
    """Where an API is and how it is spoken to; the ``gate`` says whether it may be.

    ``token_variable`` is the environment variable with a bearer token, ``token_header`` the header that
    it goes into in place of Authorization. ``ca_file`` is a PEM file; ``unix_socket`` the path of a
    socket that takes the place of the URL's host.
    """

    url: str
    gate: SocketGate = field(default_factory=SocketGate)
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

    async def get_text(self, url: str, parameters: Mapping[str, str] | None = None) -> str:
        """The text at ``url``; raises SourceError."""
        try:
            async with asyncio.timeout(self.timeout_seconds):
                async with self.ask(url, parameters) as answer:
                    if answer.status != _OK:
                        reason = f"answers with HTTP status {answer.status}"
                        raise SourceError(f"{url} {reason}.", status=answer.status)
                    received = await answer.body(_MOST_BYTES)
        except TimeoutError:
            reason = f"gave no whole answer within {self.timeout_seconds:g} s"
            raise SourceError(f"{url} {reason}.") from None
        except HttpError as error:
            raise SourceError(f"{url} {error}.") from error
        except (httpx.InvalidURL, OSError, ValueError) as error:
            known = SecretMask((*self._tokens(), *secrets_in_url(self.url)))
            words = " ".join(known.masked(str(error)).split())[:200] or type(error).__name__
            raise SourceError(f"{url} could not be read: {words.rstrip('.')}.") from error
        return received.decode("utf-8", "replace")

    def ask(
        self, url: str, parameters: Mapping[str, str] | None = None
    ) -> AbstractAsyncContextManager[HttpAnswer]:
        """The answer at ``url``, as it comes and for as long as that takes.

        Raises:
            OSError: where a file that it needs cannot be read.
            ValueError: where the token or the URL is not valid.
        """
        whole = httpx.URL(url)
        if parameters:
            whole = whole.copy_merge_params(parameters)
        context = ssl.create_default_context(cafile=str(self.ca_file)) if self.ca_file else None
        client = HttpClient(
            self.gate, Purpose.SOURCE, context=context, unix_socket=self.unix_socket
        )
        request = HttpRequest(url=str(whole), headers=self._headers(), accepts_gzip=True)
        return client.ask(request)

    def _headers(self) -> dict[str, str]:
        """Who asks, and the token, where there is one; it is read from its file each time."""
        headers = {"User-Agent": user_agent()}
        tokens = self._tokens()
        if tokens and self.token_header is not None:
            headers[self.token_header] = tokens[-1]
        elif tokens:
            headers["Authorization"] = f"Bearer {tokens[-1]}"
        return headers

    def _tokens(self) -> list[str]:
        """Those that there are now, the one that counts last; raises OSError."""
        found = [os.environ.get(self.token_variable, "") if self.token_variable else ""]
        if self.token_file is not None:
            found.append(self.token_file.read_text(encoding="ascii").strip())
        return [one for one in found if one]
