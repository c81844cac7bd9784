"""Has a running service probe targets, from its place in the network: ``tlsprobe scan --service URL``.

The calls are those of the service's OpenAPI document, ``/api/openapi.json``.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import httpx

from model.encoding.observation_json import from_json
from model.observation import Observation
from model.safe_output.printable import printable
from model.target import Target, default_server_name
from service.scan.request import ScanInputError

TOKEN_VARIABLE: Final = "TLSPROBE_SERVICE_TOKEN"  # noqa: S105 (a variable's name)
_PROBES: Final = "/api/v1/probes"
_AT_ONCE: Final = 8
_SHOWN: Final = 200
_TIMES: Final = httpx.Timeout(10.0, read=60.0)
"""A service sends something every 15 seconds while a probe runs."""


class ServiceClient:
    """A client of the service at ``url``; it sends the token of ``TOKEN_VARIABLE``, if that is set."""

    def __init__(self, url: str) -> None:
        if not url.startswith(("http://", "https://")):
            raise ScanInputError(f"--service must begin with http:// or https://, not {url!r}")
        token = os.environ.get(TOKEN_VARIABLE)
        headers = {"accept": "application/json"}
        if token:
            headers["authorization"] = f"Bearer {token}"
        self._url = url.rstrip("/")
        self._headers = headers
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def probe(self, target: Target, say: Callable[[str], None]) -> list[Observation]:
        """What the service finds at each address of ``target``; ``say`` is called with each step.

        Raises:
            ScanInputError: if the service refuses or does not answer.
        """
        async with self._places:
            try:
                async with httpx.AsyncClient(
                    base_url=self._url, headers=self._headers, timeout=_TIMES
                ) as client:
                    return await _probe(client, target, say)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                reason = printable(str(error) or type(error).__name__, limit=_SHOWN)
                raise ScanInputError(
                    f"no tlsprobe service answers at {self._url} ({reason}): give the URL of one"
                ) from error
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                if isinstance(error, ScanInputError):
                    raise
                raise ScanInputError(
                    f"the answer of {self._url} is not one of a tlsprobe service of this version"
                ) from error


async def _probe(
    client: httpx.AsyncClient, target: Target, say: Callable[[str], None]
) -> list[Observation]:
    started = await client.post(_PROBES, json=_body(target))
    job = f"{_PROBES}/{_json_of(started, target)['id']}"
    try:
        await _follow(client, job, say)
    except asyncio.CancelledError:
        await client.delete(job)
        raise
    result = _json_of(await client.get(f"{job}/result"), target)
    return [from_json(one) for one in result["observations"]]


async def _follow(client: httpx.AsyncClient, job: str, say: Callable[[str], None]) -> None:
    async with client.stream("GET", f"{job}/events") as events:
        async for line in events.aiter_lines():
            if line.startswith("data: "):
                message = json.loads(line.removeprefix("data: ")).get("message")
                if message is not None:
                    say(printable(str(message), limit=_SHOWN))


def _body(target: Target) -> dict[str, str]:
    usual = default_server_name(target.host)
    body = {"target": replace(target, server_name=usual).key}
    if target.server_name not in (None, usual):
        body["server_name"] = str(target.server_name)
    return body


def _json_of(answer: httpx.Response, target: Target) -> dict[str, Any]:
    """The JSON of a success; raises ScanInputError with the service's own reason."""
    value: dict[str, Any] = answer.json()
    if answer.is_error:
        reason = printable(str(value["detail"]), limit=_SHOWN)
        raise ScanInputError(f"the service refuses {target.key}: {reason}")
    return value
