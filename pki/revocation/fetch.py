"""Fetches the URLs in certificates, which are untrusted.

Only http and https at the ports of the web, only public addresses and the networks that the user allows, and none
that the user denies: the gate checks the exact address of each connection. Redirects are checked like the first
URL. Time, bytes and concurrent fetches are limited for each fetch, for each visit, and for the process; each
connection also counts in the limits of all visits to the same address.
"""

from __future__ import annotations

import asyncio
from typing import Final
from urllib.parse import urljoin, urlsplit

from model.application_protocol import URL_PORTS
from model.version import user_agent
from pki.net_guard.gate import Purpose, SocketGate
from pki.net_guard.http_client import HttpClient, HttpError, HttpRequest
from pki.net_guard.look_up import OF_FETCHES, LookUp
from pki.net_guard.opening import DeniedError, judged_addresses
from pki.net_guard.politeness import ConnectionLimits, Politeness
from pki.revocation.fetch_budget import FetchBudget, FetchError, ProcessFetches

_MOST_REDIRECTS: Final = 3
_LONGEST_URL: Final = 2048
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_OK: Final = 200


class Fetcher:
    """An HTTP client within those limits, one for the process; ``gate`` says what may be contacted."""

    def __init__(
        self,
        gate: SocketGate,
        politeness: Politeness | None = None,
        *,
        timeout_seconds: float = 10.0,
        user_agent: str = user_agent(),
        look_up: LookUp = OF_FETCHES,
        process: ProcessFetches | None = None,
    ) -> None:
        self._gate = gate
        self._politeness = politeness or Politeness(ConnectionLimits())
        self._timeout_seconds = timeout_seconds
        self._headers = {"User-Agent": user_agent}
        self._look_up = look_up
        self._process = process or ProcessFetches()
        self._client = HttpClient(gate, Purpose.FETCH, look_up=look_up)

    async def fetch(
        self,
        url: str,
        *,
        most_bytes: int,
        budget: FetchBudget,
        body: bytes | None = None,
        content_type: str = "",
    ) -> bytes:
        """The answer to a GET, or to a POST of ``body``.

        Raises:
            BudgetError: if the ``budget`` of the visit, or that of the process, is used up.
            FetchError: if it cannot be fetched within the limits.
        """
        headers = self._headers | ({} if body is None else {"Content-Type": content_type})
        first = url
        for _ in range(_MOST_REDIRECTS + 1):
            budget.take(_shown(url))
            _, host, _ = _parts(url)
            async with self._process.place(host, budget, _shown(url)):
                request = HttpRequest(url=url, headers=headers, body=body)
                answer = await self._once(request, most_bytes, budget)
            if isinstance(answer, bytes):
                return answer
            url = _joined(url, answer)
        raise FetchError(f"{_shown(first)} redirects too many times.")

    async def _once(
        self, request: HttpRequest, most_bytes: int, budget: FetchBudget
    ) -> bytes | str:
        """The answer, or the redirect target."""
        shown = _shown(request.url)
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await self._answer(request, most_bytes, budget)
        except TimeoutError:
            raise FetchError(
                f"{shown} did not answer completely within {self._timeout_seconds:g} s."
            ) from None
        except DeniedError as denied:
            raise FetchError(f"{shown} must not be contacted: {denied}.") from denied
        except HttpError as error:
            raise FetchError(f"{shown} {error}.") from error
        except (OSError, UnicodeError) as error:
            words = " ".join(str(error).split())[:200] or type(error).__name__
            raise FetchError(f"{shown} could not be fetched: {words.rstrip('.')}.") from error

    async def _answer(
        self, request: HttpRequest, most_bytes: int, budget: FetchBudget
    ) -> bytes | str:
        def count(received: int) -> None:
            self._process.received(received)
            budget.received(received, _shown(request.url))

        _, host, port = _parts(request.url)
        gate = self._gate.in_zone(budget.zone)
        address, *_ = await judged_addresses(gate, host, port, Purpose.FETCH, self._look_up)
        politeness = self._politeness.for_host(host)
        async with (
            politeness.connection(politeness.gate(address)),
            self._client.ask(request, address=address, zone=budget.zone) as answer,
        ):
            if answer.status in _REDIRECTS and "location" in answer.headers:
                return answer.headers["location"]
            if answer.status != _OK:
                raise HttpError(f"answered with HTTP status {answer.status}")
            return await answer.body(most_bytes, count)


def _joined(url: str, place: str) -> str:
    try:
        return urljoin(url, place)
    except ValueError:
        raise FetchError(f"{_shown(url)} redirects to an invalid URL.") from None


def _parts(url: str) -> tuple[str, str, int]:
    """Scheme, host and port. Raises FetchError if it is not the URL of a web server."""
    invalid = FetchError(f"{_shown(url)} is not an http or https URL.")
    if len(url) > _LONGEST_URL or any(ord(one) <= 32 for one in url):
        raise invalid
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise invalid from None
    if parts.scheme not in URL_PORTS or not parts.hostname:
        raise invalid
    if parts.username is not None or parts.password is not None:
        raise FetchError(f"{_shown(url)} contains a user name.")
    return parts.scheme, parts.hostname, port or URL_PORTS[parts.scheme]


def _shown(url: str) -> str:
    return url if len(url) <= 200 else f"{url[:200]}…"
